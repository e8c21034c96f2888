"""The file that keeps the learner's progress: the solved exercises and questions, and the tries of lesson 01.

It is one small JSON file at the top of the course; git ignores it.
"""

import datetime
import json
import os
import threading
from pathlib import Path

from helpers.commands import ROOT

PATH = Path(os.environ.get("TUNING_PROGRESS", ROOT / "progress.json"))
ONE_AT_A_TIME = threading.Lock()  # a try of lesson 01 ends in a thread of its own, perhaps while a question is answered


def _read():
    empty = {"solved": {}, "tries": []}
    try:
        return empty | json.loads(PATH.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return empty
    except (ValueError, TypeError):
        kept = PATH.with_suffix(".broken")
        os.replace(PATH, kept)
        print(f"{PATH.name} could not be read, so your progress starts again; the old file is kept as {kept.name}.")
        return empty


def _write(progress):
    """Replaces the file in one step, so that a reader never sees half of it. A read-only folder is not an error."""
    draft = PATH.with_suffix(f".{os.getpid()}")
    try:
        draft.write_text(json.dumps(progress, indent=1), encoding="utf-8")
        os.replace(draft, PATH)
    except OSError as error:
        print(f"Your progress can't be kept in {PATH} ({error.strerror}); the lesson continues without it.")


def solve(name):
    """Records that an exercise ("03.2") or a question ("03 question 1") is solved; the first time counts."""
    with ONE_AT_A_TIME:
        progress = _read()
        if name not in progress["solved"]:
            progress["solved"][name] = datetime.datetime.now().isoformat(timespec="seconds")
            _write(progress)


def solved():
    """{name of a solved item: when it was solved first, in ISO format}, the latest last."""
    with ONE_AT_A_TIME:
        return _read()["solved"]


def add_try(settings):
    """Records one try of the HandTuner: a dict with accuracy, seconds and the settings."""
    with ONE_AT_A_TIME:
        progress = _read()
        progress["tries"].append(settings)
        _write(progress)


def tries():
    """The tries of the HandTuner so far, the oldest first."""
    with ONE_AT_A_TIME:
        return _read()["tries"]


def reset():
    """Clears all solved items and all tries."""
    with ONE_AT_A_TIME:
        PATH.unlink(missing_ok=True)
    print("Your progress is empty.")
