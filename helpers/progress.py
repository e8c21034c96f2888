"""The learner's own record: which exercises and questions are solved, and the tries by hand of lesson 01.

It is one small JSON file at the top of the course, which git ignores. `show()` draws it, `reset()` empties it.
"""

import datetime
import json
import os
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

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


def show():
    """Shows how much of each lesson is solved, as bars or as text, and what is open in the lesson that you are in."""
    lessons, record = known(), list(_read()["solved"])
    counts = {lesson: (len(set(names) & set(record)), len(names)) for lesson, names in lessons.items()}
    words = [
        what_next(lessons, record),
        f"The record is kept in {PATH.name}, on this machine only. To begin anew: progress.reset()",
    ]
    lines = [f"lesson {lesson}  {'#' * done + '.' * (total - done)}  {done} of {total}"
             for lesson, (done, total) in counts.items()]
    text = "\n".join([*lines, *words])
    if get_ipython() is None:
        print(text)
        return
    bars = "".join(bar(lesson, *count) for lesson, count in counts.items())
    notes = "".join(f"<p>{sentence}</p>" for sentence in words)
    display({"text/plain": text, "text/html": f"<div>{bars}{notes}</div>"}, raw=True)


def known():
    """The names of all exercises and questions that there are: {lesson: names}."""
    from helpers import checks, quizzes  # here, since both of them note what is solved

    checks.load_exercises()
    names = sorted(checks.EXERCISES) + [name for lesson in quizzes.QUESTIONS for name in quizzes.names(lesson)]
    return {lesson: [name for name in names if name[:2] == lesson] for lesson in sorted({name[:2] for name in names})}


def what_next(lessons, record):
    """One sentence on what is open in the lesson of the latest solution; if nothing is, in the next one where it is.

    lessons: {lesson: names}; record: the names of what is solved, the latest last.
    """
    begun = [lesson for name in record for lesson, names in lessons.items() if name in names]
    if not begun:
        return f"What you solve will show here. The first exercises and questions wait in lesson {min(lessons)}."
    for lesson in sorted(lessons, key=lambda lesson: (lesson < begun[-1], lesson)):
        still_open = [name for name in lessons[lesson] if name not in record]
        if still_open:
            return f"Still open in lesson {lesson}: {', '.join(still_open)}."
    return "All exercises and questions are solved."


def bar(lesson, done, total):
    """A bar in HTML, with its numbers in words beside it and for screen readers."""
    return (
        '<div style="display: flex; align-items: center; gap: 12px">'
        f'<span>lesson {lesson}</span><div role="progressbar" aria-label="lesson {lesson}" aria-valuemin="0" '
        f'aria-valuemax="{total}" aria-valuenow="{done}" aria-valuetext="{done} of {total}" '
        'style="width: 16em; height: 0.8em; border: 1px solid var(--jp-border-color1, #888)">'
        f'<div style="width: {done / total:.0%}; height: 100%; background: var(--jp-success-color1, #2e7d32)"></div>'
        f"</div><span>{done} of {total}</span></div>"
    )
