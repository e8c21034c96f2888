"""The learner's own record: which exercises and questions are solved, and the tries by hand of lesson 01.

It is one small JSON file at the top of the course, which git ignores. `reset()` empties it.
"""

import datetime
import json
import os
from pathlib import Path

PATH = Path(os.environ.get("TUNING_PROGRESS", Path(__file__).resolve().parent.parent / "progress.json"))


def _read():
    empty = {"solved": {}, "tries": []}
    try:
        return empty | json.loads(PATH.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return empty
    except (ValueError, TypeError):
        kept = PATH.with_suffix(".broken")
        os.replace(PATH, kept)
        print(f"{PATH.name} could not be read, so your record begins anew; the old file is kept as {kept.name}.")
        return empty


def _write(record):
    """Replaces the file in one step, so that a reader never sees half of it. A folder without access is no error."""
    draft = PATH.with_suffix(f".{os.getpid()}")
    try:
        draft.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(draft, PATH)
    except OSError as error:
        print(f"Your progress can't be kept in {PATH} ({error.strerror}); the lesson goes on without it.")


def solve(name):
    """Notes that an exercise ("03.2") or a question ("03 question 1") is solved; the first time counts."""
    record = _read()
    if name not in record["solved"]:
        record["solved"][name] = datetime.datetime.now().isoformat(timespec="seconds")
        _write(record)


def solved():
    """The names of what is solved."""
    return set(_read()["solved"])


def add_try(settings):
    """Notes one try of the HandTuner: a dict with accuracy, seconds and the settings."""
    record = _read()
    record["tries"].append(settings)
    _write(record)


def tries():
    """The tries of the HandTuner so far, the oldest first."""
    return _read()["tries"]


def reset():
    """Forgets everything that is solved and tried."""
    PATH.unlink(missing_ok=True)
    print("Your record is empty.")
