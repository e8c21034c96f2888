"""What checks itself and what one can touch: exercises, quick questions, progress, and widgets.

Every lesson but 10 uses it. `checks` checks the exercises (their checks stand in `exercises/`), `quizzes` asks the
questions of `quiz_questions.toml`, `progress` shows how far one is, `widgets` holds the parts with sliders and buttons.
"""

from helpers.teaching import checks, progress, quizzes
from helpers.teaching.quizzes import Quiz

__all__ = ["Quiz", "checks", "progress", "quizzes"]
