"""One study for a room of laptops, with a leader board: `python -m helpers classroom`, or `serve`.

Lesson 07 uses it. `server` starts it, `access_control` decides what a laptop may do to the study, `leaderboard` shows
who found what.
"""

from helpers.classroom.server import serve

__all__ = ["serve"]
