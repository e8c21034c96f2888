"""A worker for a second terminal or another machine: `python -m helpers worker MODULE:FUNCTION --study ...`."""

import importlib
import os
import sys
from pathlib import Path

from helpers.journal import StudyError
from helpers.study import count_trials, open_study, run_until


def work(objective, study, storage, n_trials, who=None, direction="maximize"):
    """Runs trials of a study, in this process with one torch thread, until it holds `n_trials` finished ones in all.

    objective: MODULE:FUNCTION, a module of the present directory or an installed one.
    Raises StudyError where there is no such function, or the storage can't be opened.
    """
    function = find(objective)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    study = open_study(study, storage, direction, who)
    try:
        run_until(study, function, n_trials)
    except KeyboardInterrupt:
        print("interrupted; what finished is in the storage")
    print(f"{study.study_name}: {count_trials(study)}")


def find(objective):
    """The function that MODULE:FUNCTION names. Raises StudyError where there is none."""
    module, _, function = objective.partition(":")
    module = module.removesuffix(".py")
    if not module or not function:
        raise StudyError(f"{objective} names no function; write MODULE:FUNCTION, like helpers.search:objective")
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise StudyError(f"there is no module {module} in {Path.cwd()} or among the installed packages") from error
        raise
    if not callable(getattr(found, function, None)):
        raise StudyError(f"the module {module} ({found.__file__}) has no function {function}")
    return getattr(found, function)
