"""`check("03.2", answer)` says whether an answer is right, or what is wrong with it and where to look.

The checks themselves are in `helpers/teaching/exercises/`, one file per lesson. Each is a function that takes the
answer and raises `Wrong` with a hint, or `NotAnswered`, or returns words of praise.
"""

import _thread
import copy
import importlib
import logging
import math
import reprlib
import signal
import threading
import traceback
import warnings
from collections import namedtuple
from numbers import Real
from pathlib import Path

from helpers.teaching import progress_store
from helpers.teaching.feedback import say

EXERCISES = {}  # "03.2": Exercise


class Wrong(Exception):
    """The answer is not right; the message says why, and where to look."""


class NotAnswered(Exception):
    """The three dots of the stub are still there."""


Exercise = namedtuple("Exercise", "check seconds")  # check: answer -> praise; raises Wrong or NotAnswered


def exercise(name, seconds=30):
    """Registers a function as the check of an exercise; seconds: the time limit of the answer."""

    def register(function):
        EXERCISES[name] = Exercise(function, seconds)
        return function

    return register


def need(condition, hint):
    """Raises Wrong with the hint unless the condition holds."""
    if not condition:
        raise Wrong(hint)


def returned(function, *arguments):
    """What the learner's function returns. Raises NotAnswered if that is the `...` of its stub, and Wrong if None."""
    need(callable(function), f"{function!r} is not a function; pass the function itself, without calling it.")
    value = function(*arguments)
    if value is ...:
        raise NotAnswered
    need(value is not None, "your function returns None. Is the return missing, or does it print the result instead?")
    return value


def number(value, what):
    """The value as a Python number; a NumPy or PyTorch scalar counts. Raises Wrong for anything else.

    what: begins the hint, such as "points is".
    """
    if value is ...:
        raise NotAnswered
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    need(isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value),
         f"{what} {reprlib.repr(value)}; it should be a number.")
    return value


def nearly(a, b):
    return math.isclose(a, b, rel_tol=1e-6)


def compare(function, right, cases, mistakes, otherwise, what=None, equal=nearly):
    """The numbers that the function returns for the cases, which are tuples of arguments.

    Raises Wrong unless they are those of `right`. mistakes: a function of a case, {hint: wrong number}; the hint to
    give is the first that explains every number that is wrong, or else `otherwise`. what: a function of a case that
    begins the hint, up to the number; without it, the call itself does.
    """
    name = getattr(function, "__name__", "your function")
    what = what or (lambda *case: f"{name}({', '.join(map(repr, case))}) returns")
    given = [number(returned(function, *map(copy.copy, case)), what(*case)) for case in cases]
    wrong = [(value, case) for value, case in zip(given, cases, strict=True) if not equal(value, right(*case))]
    if wrong:
        value, case = wrong[0]
        explains = [hint for hint in mistakes(*case) if all(equal(one, mistakes(*other)[hint]) for one, other in wrong)]
        raise Wrong(f"{what(*case)} {value:g}: {[*explains, otherwise][0]}")
    return given


def compare_numbers(given, reasons, right, when=""):
    """Raises Wrong unless `given` is a list of the numbers of the trials in `right`, each once.

    reasons: {number of a trial: why it belongs in the list or does not}. when: begins a hint.
    """
    need(isinstance(given, (list, set, tuple)), f"it returns {given!r}; return a list of numbers.")
    for one in given:
        need(one in list(reasons) and not isinstance(one, bool),
             f"your list holds {one!r}, which is not a trial number; return the numbers of the trials.")
    for number, reason in reasons.items():
        need((number in given) == (number in right),
             f"{when}trial {number} is {'in' if number in given else 'missing from'} your list: {reason}")
    need(len(given) == len(right), f"it returns {list(given)!r}; name each trial once.")


def check(name, answer=...):
    """Shows whether the answer to an exercise is right; never raises because of an answer.

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
    logging.disable(logging.WARNING)  # what Optuna says of its trials would hide the verdict
    try:
        if any(part is ... for part in (answer if isinstance(answer, tuple) else [answer])):
            raise NotAnswered
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "suggest_", FutureWarning)  # Optuna's old names; the message has the new
            return "right", within(exercise.seconds, exercise.check, answer)
    except Wrong as wrong:
        return "not yet", str(wrong)
    except (Exception, SystemExit) as error:
        if isinstance(error, NotAnswered) or "ellipsis" in str(error):
            where = f"the three dots{line_of(error)}"
            return "not answered yet", f"write your answer in place of {where}, then run the cell again."
        what = f": {error}" if str(error) else "."
        return "not yet", f"your code raised {type(error).__name__}{line_of(error)}{what}"
    finally:
        logging.disable(logging.NOTSET)


def within(seconds, function, *arguments):
    """Returns function(*arguments). Stops it after some seconds, as the button ■ of the toolbar would: raises Wrong."""
    late = threading.Event()

    def stop():
        late.set()
        if hasattr(signal, "pthread_kill"):  # a signal wakes an answer that sleeps or waits
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:
            _thread.interrupt_main()

    timer = threading.Timer(seconds, stop)
    try:
        try:
            timer.start()
            value = function(*arguments)
        finally:
            timer.cancel()
            timer.join()  # an interrupt that is on its way arrives here
    except KeyboardInterrupt:
        if not late.is_set():  # the learner has pressed the button
            raise
    need(not late.is_set(), f"your code was still running after {seconds} seconds and was stopped. "
                            "Is there a loop that never ends, or a training that is much too long?")
    return value


def line_of(error):
    """ " in line 3 of the cell", if the error passed through code of a notebook cell."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if "ipykernel" in frame.filename]
    return f" in line {lines[-1]} of the cell" if lines else ""


def load_exercises():
    """Imports the checks of all lessons; they import torch and Optuna, so not before they are needed."""
    for path in sorted((Path(__file__).parent / "exercises").glob("lesson_*.py")):
        importlib.import_module(f"helpers.teaching.exercises.{path.stem}")
