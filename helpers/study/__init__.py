"""Open, run and resume a study without losing trials: around `optuna.create_study` and `study.optimize`.

Lessons 04 to 07 and 12 use it. `lifecycle` opens, runs and sums up a study, `optimization` continues after a
storage failure, `workers` spreads it over processes, `behind` does so in the background, `storage`, `journal` and
`database` keep it, `journal_repair` repairs a damaged file.
"""

from helpers.study.behind import run_behind
from helpers.study.errors import StudyError
from helpers.study.lifecycle import FINISHED, STATE_NAMES, count_trials, finished, open_study, run_until, summarize
from helpers.study.storage import open_storage
from helpers.study.workers import run_workers

__all__ = ["FINISHED", "STATE_NAMES", "StudyError", "count_trials", "finished", "open_storage", "open_study",
           "run_behind", "run_until", "run_workers", "summarize"]  # fmt: skip
