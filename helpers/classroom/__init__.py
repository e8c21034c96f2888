"""One study for a room of laptops, with a leader board: `python -m helpers classroom`, or `serve`.

Lesson 12 uses it. `server` starts it; `access_control` decides what a laptop may do to the study, `limits` what a trial
may hold, `one_study` what can be read; `leaderboard` shows who found what; `teacher` removes what should not count
(`removal` empties it), writes the board as CSV and makes the join card.
"""

from helpers.classroom.server import serve
from helpers.classroom.teacher import join_card, remove, write_csv

__all__ = ["join_card", "remove", "serve", "write_csv"]
