"""The interactive parts of the lessons: exercises, quick questions, progress, and widgets.

Every lesson but 10 uses it. `checks` checks the exercises (their checks are in `exercises/`), `quizzes` asks the
questions of `quiz_questions.toml`, `progress` shows the learner's progress, `widgets` has the sliders and buttons.
For teachers: `handing_in` gathers the progress of a class.
"""

from helpers.teaching import checks, progress, quizzes
from helpers.teaching.quizzes import Quiz

__all__ = ["Quiz", "checks", "progress", "quizzes"]
