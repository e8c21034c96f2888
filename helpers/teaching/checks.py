"""`check("03.2", answer)` says whether an answer is right, or what is wrong with it and where to look.

The checks themselves are in `helpers/teaching/exercises/`, one file per lesson. Each is a function that takes the
answer and raises `Wrong` with a hint, or `NotAnswered`, or returns words of praise. The task, the stub and the folded
solution are in the notebook.
"""

import ctypes
import importlib
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from helpers.teaching import progress_store
from helpers.teaching.feedback import say

EXERCISES = {}  # "03.2": Exercise


class Wrong(Exception):
    """The answer is not right; the message says why, and where to look."""


class NotAnswered(Exception):
    """The stub is unchanged."""


class TimeIsUp(BaseException):
    """Raised inside an answer that runs for too long; not an Exception, so that `except Exception` can't swallow it."""


@dataclass
class Exercise:
    name: str
    check: callable  # answer -> words of praise; raises Wrong or NotAnswered
    seconds: float


def exercise(name, seconds=10):
    """Registers a function as the check of an exercise; seconds: the time limit of the answer."""

    def register(function):
        EXERCISES[name] = Exercise(name, function, seconds)
        return function

    return register


def need(condition, hint):
    """Raises Wrong with the hint unless the condition holds."""
    if not condition:
        raise Wrong(hint)


def answered(*values):
    """Raises NotAnswered if one of the values is still the `...` of the stub, or the None of an empty function."""
    if any(value is None or value is ... for value in values):
        raise NotAnswered


def check(name, answer=...):
    """Shows whether the answer to an exercise is right; never raises because of an answer, and never hangs.

    Raises ValueError if there is no such exercise.
    """
    load_exercises()
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; the exercises are {', '.join(sorted(EXERCISES))}")
    verdict, words = run_check(EXERCISES[name], answer)
    if verdict == "right":
        progress_store.solve(name)
    say(name, verdict, words)


def run_check(exercise, answer):
    """Runs the check of an exercise on an answer: ("right" | "not yet" | "not answered yet", words)."""
    try:
        answered(answer)
        return "right", within(exercise.seconds, exercise.check, answer)
    except NotAnswered:
        return "not answered yet", "write your answer in place of the three dots, then run the cell again."
    except Wrong as wrong:
        return "not yet", str(wrong)
    except TimeIsUp:
        return "not yet", (
            f"your code was still running after {exercise.seconds} seconds and was stopped. "
            "Is there a loop that never ends, or a training that is much too long?"
        )
    except (Exception, SystemExit) as error:
        what = f": {error}" if str(error) else "."
        return "not yet", f"your code raised {type(error).__name__}{line_of(error)}{what}"


def within(seconds, function, *arguments):
    """Returns function(*arguments), or raises TimeIsUp when it takes longer. Other exceptions come through.

    It runs in a thread, which is stopped when the time is over. Code that does not return to Python by then, such as a
    long sleep, is left running and no longer waited for.
    """
    outcome = {}

    def work():
        try:
            outcome["value"] = function(*arguments)
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:  # also when the learner interrupts the cell
        late = not outcome
        if late:
            stop(thread, outcome)
    if late:
        raise TimeIsUp
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def stop(thread, outcome):
    """Raises TimeIsUp in the thread until there is an outcome, for a second at most.

    Once is not always enough, since a bare `except:` in the answer swallows what is raised inside its `try`. So from
    the second time on it is raised often, and Python switches threads more often: one will hit between two `try`s.
    """
    given_up, usual, pause = time.monotonic() + 1, sys.getswitchinterval(), 0.1
    try:
        while not outcome and time.monotonic() < given_up:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeIsUp))
            thread.join(pause)
            pause = 1e-4
            sys.setswitchinterval(1e-5)
    finally:
        sys.setswitchinterval(usual)


def line_of(error):
    """ " in line 3 of the cell", if the error passed through code of a notebook cell."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if "ipykernel" in frame.filename]
    return f" in line {lines[-1]} of the cell" if lines else ""


def load_exercises():
    """Imports the checks of all lessons; they import torch and Optuna, so not before they are needed."""
    for path in sorted((Path(__file__).parent / "exercises").glob("lesson_*.py")):
        importlib.import_module(f"helpers.teaching.exercises.{path.stem}")
