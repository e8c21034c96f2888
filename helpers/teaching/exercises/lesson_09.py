"""The checks of lesson 09, going further."""

import numpy as np
import optuna
from optuna.trial import create_trial

from helpers.teaching.checks import Wrong, answered, exercise, need
from helpers.teaching.exercises import lesson_08


@exercise("09.1")
def best_of_luck(function):
    for values, right in [([[3, 1, 2], [6, 4, 5]], 4.5), ([[0.5], [0.25]], 0.375), ([[1, 2], [8, 4], [3, 3]], 13 / 3)]:
        given = function(np.array(values))
        answered(given)
        need(np.ndim(given) == 0, f"it returned {np.size(given)} numbers; return one, the mean over searches.")
        where = f"for {values} it returned {given:.4g}"
        reasons = {
            np.mean(values): "the mean of all numbers. A search reports its best.",
            np.max(values): "the largest of all. Each search (a row) has its own best.",
            np.min(values, axis=1).mean(): "the mean of the worst values.",
            np.max(values, axis=0).mean(): "the mean of the column maxima. A search is a row.",
            np.median(np.max(values, axis=1)): "the median of the best values, not their mean.",
            np.max(values, axis=1).sum(): "the sum of the best values, not their mean.",
        }
        close = [reason for value, reason in reasons.items() if np.isclose(value, given)]
        close.append(f"but the mean of the best values is {right:.4g}.")
        need(np.isclose(given, right), f"{where}, {close[0]}")
    return "The more trials, the more luck; but it grows slowly."


MIXED = [(0.97, 9_000), (0.60, 10), (0.93, 800)]
RISING = [(0.90, 100), (0.94, 400), (0.95, 900), (0.954, 5_000)]
LOW = [(0.60, 900), (0.592, 100)]
FRONTS = [(MIXED, 0, 9_000), (MIXED, 5, 800), (RISING, 1, 900), (RISING, 2, 400), (LOW, 1, 100)]


@exercise("09.2")
def smallest_within(function):
    for values, points, right in FRONTS:
        trials = [create_trial(values=list(pair)) for pair in values]
        given = function(trials, points)
        answered(given)
        need(hasattr(given, "values"), f"it returned a value of type {type(given).__name__}; return one of the trials.")
        where = f"from {values}, within {points} points of the best, it chose {tuple(given.values)}"
        best = max(accuracy for accuracy, _ in values)
        need(best - given.values[0] <= points / 100 + 1e-9, f"{where}, which is {100 * (best - given.values[0]):.1f} "
                                                            "points below the best. One point is 0.01.")
        need(given.values[1] == right, f"{where}; a smaller one is good enough: size {right}.")
    return "A rule that you fixed before you looked."


class Trial(lesson_08.Trial):
    """Stands in for a trial: accepts any attribute, and refuses to suggest anything."""

    def set_user_attr(self, key, value):
        pass

    def suggest_int(self, name, *_, **__):
        raise Wrong(f"it asked the trial for {name!r}. Do not tune the seed: use the seeds that are given.")

    suggest_categorical = suggest_float = suggest_int


VALUES = {3: 0.5, 7: 0.75, 1: 0.125, 8: 1.0}


@exercise("09.3")
def objective(function):
    for seeds in ([3, 7, 1, 8], [8]):
        trained, trial = [], Trial()

        def train(trial, seed, trained=trained):
            trained.append(seed)
            return VALUES[seed]

        given = function(trial, train, seeds)
        answered(given)
        need(trained == list(seeds), f"the seeds were {seeds}, and it trained {trained}. Train each of them once.")
        values = [VALUES[seed] for seed in seeds]
        right = [float(np.mean(values[: number + 1])) for number in range(len(values))]
        need(trial.reports, "the trial got no report. Report the mean so far after each training.")
        told = [value for _, value in trial.reports]
        need(len(told) == len(right), f"the trial got {len(told)} reports over {len(seeds)} trainings; report once "
                                      "after each.")
        need(np.allclose(told, right), f"the values were {values}, and it reported {told}; the means so far are "
                                       f"{right}. One seed alone may be lucky.")
        steps = [step for step, _ in trial.reports]
        need(steps == list(range(len(seeds))), f"the steps of its reports are {steps}. Count from 0: the pruner "
                                               "compares trials at equal steps.")
        need(np.ndim(given) == 0 and np.isclose(given, right[-1]),
             f"the values were {values}, and it returned {given}; their mean is {right[-1]}.")
    trained, trial = [], Trial(patience=2)

    def train_again(trial, seed):
        trained.append(seed)
        return VALUES[seed]

    try:
        function(trial, train_again, [3, 7, 1, 8])
    except optuna.TrialPruned:
        need(len(trained) == 2, f"the pruner stopped the trial after the second training, but it trained "
                                f"{len(trained)}. Ask after each report.")
    else:
        raise Wrong("the pruner stopped the trial after the second training, but it counts as complete. Where do you "
                    "raise optuna.TrialPruned?")
    return "The settings are tuned, and there is less luck in the value."
