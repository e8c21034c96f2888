"""The checks of lesson 11, in your own project."""

from optuna.trial import TrialState

from helpers.teaching.checks import compare, compare_numbers, exercise, need, returned
from helpers.teaching.exercises.lesson_04 import study_with

LOSSES = [(0.49, 80.0), (0.5, 77.0), (1.0, 3.0), (0.04, 0.5), (2.25, 1000.0)]


def wrong_units(loss, scale):
    return {
        "that is in units of the scaled target: multiply by the scale to get the target's.": loss**0.5,
        "the unit of that is squared. The loss is a mean of squares; take its root.": loss * scale,
        "that is the mean squared error, in squared units. Take its root.": loss * scale**2,
        "the root belongs to the loss alone; the scale is in the target's units already.": (loss * scale) ** 0.5,
        "the targets were divided by the scale; to come back, multiply.": loss**0.5 / scale,
    }


@exercise("11.1")
def error_in_units(function):
    compare(
        function, lambda loss, scale: loss**0.5 * scale, LOSSES, wrong_units,
        otherwise="not the root mean squared error in the target's units.")
    return "An error that you can say aloud, with its unit."


COMPLETE, PRUNED, FAIL, RUNNING, WAITING = (
    TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING)
STUDIES = [
    [(COMPLETE, 0.7), (COMPLETE, 0.9), (COMPLETE, 0.8)],
    [(COMPLETE, 0.9), (PRUNED, 0.95), (COMPLETE, 0.8), (PRUNED, 0.2)],
    [(COMPLETE, 0.9), (COMPLETE, 0.9), (COMPLETE, 0.5)],
    [(FAIL, None), (COMPLETE, 0.5), (RUNNING, None), (COMPLETE, 0.6), (WAITING, None)],
    [(COMPLETE, -3.0), (COMPLETE, -5.0)],
    [(COMPLETE, 0.0)],
]


def reason(state, value, best):
    """Why a trial should be in the list, or not."""
    if state == FAIL:
        return "a failed one; the next section resumes it."
    if state in (RUNNING, WAITING):
        return f"{state.name.lower()}, so its model is not finished."
    if state == PRUNED:
        return "pruned, so its model goes, whatever it reported last."
    if value == best:
        return f"complete with {value}, and none has more. It stays, even if another one is equally good."
    return f"complete with {value}, and was beaten by {best}."


@exercise("11.2")
def beaten(function):
    for trials in STUDIES:
        best = max(value for state, value in trials if state == COMPLETE)
        reasons = {number: f"it is {reason(*one, best)}" for number, one in enumerate(trials)}
        gone = [number for number, (state, value) in enumerate(trials)
                if state == PRUNED or (state == COMPLETE and value < best)]
        compare_numbers(returned(function, study_with(trials).trials), reasons, gone)
    return "The beaten go, the best stays, and nobody loses a checkpoint."


WORKERS = [(0, "4,5"), (1, "4,5"), (2, "4,5"), (0, "3"), (7, "0,2,10"), (1, "GPU-7f3a,GPU-91c0")]


@exercise("11.3")
def device(function):
    for worker, allowed in WORKERS:
        given = returned(function, worker, allowed)
        what = f"for worker {worker} of a job that has the GPUs {allowed!r}, your function returns {given!r}"
        gpus = allowed.split(",")
        need(not isinstance(given, (list, tuple)), f"{what}; return a string with one GPU.")
        need(not isinstance(given, int), f"{what}; an environment variable is a string.")
        need(given != str(worker) or given in gpus,
             f"{what}. That is the number of the worker, and that GPU belongs to another job.")
        need(given in gpus, f"{what}. It should be one of the job's GPUs.")
        need(given == gpus[worker % len(gpus)], f"{what}. The workers take the GPUs in turn, from the first.")
    return "Each worker sees one GPU, and nobody takes a neighbour's."
