"""The checks of lesson 09, going further."""

import numpy as np
from optuna.trial import FrozenTrial, create_trial

from helpers.teaching.checks import compare, exercise, nearly, need, returned
from helpers.teaching.exercises.watched_trial import need_pruned, need_reports, to_the_end

SEARCHES = [(np.array([[3, 1, 2], [6, 4, 5]]),), (np.array([[0.5], [0.25]]),), (np.array([[1, 9], [8, 4], [3, 3]]),)]


def wrong_means(values):
    return {
        "the mean of all numbers. A search reports its best.": values.mean(),
        "the largest of all. Each search (a row) has its own best.": values.max(),
        "the best of the means. Each search reports its best.": values.mean(axis=1).max(),
        "the gain over the mean of all. Return the mean of the best values itself.":
            values.max(axis=1).mean() - values.mean(),
        "the mean of the worst values.": values.min(axis=1).mean(),
        "the mean of the column maxima. A search is a row.": values.max(axis=0).mean(),
        "the median of the best values, not their mean.": np.median(values.max(axis=1)),
        "the sum of the best values, not their mean.": values.max(axis=1).sum(),
    }


@exercise("09.1")
def best_of_luck(function):
    compare(
        function, lambda values: values.max(axis=1).mean(), SEARCHES, wrong_means,
        what=lambda values: f"for {values.tolist()} it returns",
        otherwise="not the mean of the best value of each row.")
    return "The more trials, the more luck; but it grows slowly."


MIXED = [(0.97, 9_000), (0.60, 10), (0.93, 800)]
RISING = [(0.90, 100), (0.94, 400), (0.95, 900), (0.954, 5_000)]
LOW = [(0.60, 900), (0.592, 100)]
FRONTS = [(MIXED, 0, 9_000), (MIXED, 5, 800), (RISING, 1, 900), (RISING, 2, 400), (LOW, 1, 100)]


@exercise("09.2")
def smallest_within(function):
    for values, points, right in FRONTS:
        trials = [create_trial(values=list(pair)) for pair in values]
        given = returned(function, trials, points)
        need(isinstance(given, FrozenTrial),
             f"it returned a value of type {type(given).__name__}; return one of the trials.")
        where = f"from {values}, within {points} points of the best, it chose {tuple(given.values)}"
        best = max(accuracy for accuracy, _ in values)
        need(best - given.values[0] <= points / 100 + 1e-9, f"{where}, which is {100 * (best - given.values[0]):.1f} "
                                                            "points below the best. One point is 0.01.")
        need(given.values[1] == right, f"{where}; a smaller one is good enough: size {right}.")
    return "A rule that you fixed before you looked."


VALUES = {3: 0.5, 7: 0.75, 1: 0.125, 8: 1.0}


def training(trained):
    """The `train` of the exercise, which adds the seeds that it is given to a list."""
    return lambda trial, seed: trained.append(seed) or VALUES.get(seed, 0.0)


@exercise("09.3")
def objective(function):
    for seeds in ([3, 7, 1, 8], [8]):
        trained = []
        given, trial = to_the_end(function, training(trained), list(seeds))
        need(trained == seeds, f"the seeds were {seeds}, and it trained {trained}. Train each of them once.")
        need_reports(trial, len(seeds))
        values = [VALUES[seed] for seed in seeds]
        means = [float(np.mean(values[: number + 1])) for number in range(len(values))]
        where = f"the values were {values}, and it reported {trial.values}"
        need(len(values) == 1 or trial.values != values,
             f"{where}. One seed alone may be lucky: report the mean so far.")
        need(np.allclose(trial.values, means), f"{where}; the means so far are {means}.")
        need(nearly(given, means[-1]), f"the values were {values}, and it returned {given}; their mean is {means[-1]}.")
    trained = []
    need_pruned(2, lambda trial: len(trained), function, training(trained), [3, 7, 1, 8])
    return "The settings are tuned, and there is less luck in the value."
