"""The checks of lesson 08, in the library you use."""

import numpy as np

from helpers.teaching.checks import compare, exercise, nearly, need
from helpers.teaching.exercises.watched_trial import need_pruned, need_reports, to_the_end

CURVES = [[0.3, 0.6, 0.5], [0.2, 0.8, 0.9, 0.7], [0.5]]


class Rounds:
    """A library that knows nothing about Optuna: it trains one round at a time, and returns its current score."""

    def __init__(self, curve):
        self.curve, self.trained = curve, 0

    def train_a_round(self):
        self.trained += 1

    def score(self):
        need(0 < self.trained <= len(self.curve), "it asks for a score before round 1, or trains too many rounds.")
        return self.curve[self.trained - 1]


@exercise("08.1")
def train(function):
    for curve in CURVES:
        model = Rounds(curve)
        given, trial = to_the_end(function, model, len(curve))
        need(model.trained == len(curve), f"it trained {model.trained} of {len(curve)} rounds.")
        need_reports(trial, len(curve))
        need(np.allclose(trial.values, curve),
             f"the scores were {curve}, but the reports were {trial.values}. Report each as it is.")
        need(nearly(given, curve[-1]), f"the scores were {curve}, and it returned {given}. The scripts of the gallery "
                                       "return the score after the last round.")
    for patience in (1, 3):
        model = Rounds(CURVES[1])
        need_pruned(patience, lambda trial, model=model: model.trained, function, model, 4)
    return "Any library that trains in rounds can be pruned."


class Boost:
    """A library with callbacks: after each round it passes them its error, and it swallows what they raise."""

    def __init__(self, errors):
        self.errors, self.error, self.trained, self.swallowed = errors, 1, 0, None

    def fit(self, after_round):
        for number, error in enumerate(self.errors):
            self.error, self.trained = error, self.trained + 1
            try:
                go_on = after_round(number, {"error": self.error})
            except Exception as error:
                self.swallowed, go_on = error, False
            if not go_on:
                break


ERRORS = [0.75, 0.5, 0.25]


@exercise("08.2")
def hook(function):
    model = Boost(ERRORS)
    given, trial = to_the_end(function, model)
    need(model.swallowed is None, f"after_round raised {type(model.swallowed).__name__}, which the library swallowed: "
                                  f"{model.swallowed}")
    need(model.trained == len(ERRORS), f"the pruner never said stop, but the library trained {model.trained} of "
                                       f"{len(ERRORS)} rounds. It continues if after_round returns True.")
    need_reports(trial, len(ERRORS))
    need(trial.values == sorted(set(trial.values)),
         f"the errors were {ERRORS}, and the reports were {trial.values}. This study maximizes, so the pruner "
         "takes a larger number for a better one. Report the accuracy, 1 - error.")
    need(nearly(given, 1 - ERRORS[-1]), f"the last error was {ERRORS[-1]}, and it returned {given}. Return the last "
                                        "accuracy, 1 - error.")
    model = Boost(ERRORS)
    need_pruned(2, lambda trial: model.trained, function, model)
    return "Reported in the right direction, and raised where Optuna sees it."


SEARCHES = [([120, 40, 13], [159, 477, 1431], 1437, 3), ([81, 27, 9, 3], [10, 30, 90, 270], 270, 5),
            ([40], [1000], 1000, 3)]


def runs(candidates, rows, all_rows, folds):
    return sum(number * size for number, size in zip(candidates, rows, strict=True)) / all_rows * folds


def wrong_runs(candidates, rows, all_rows, folds):
    right = runs(candidates, rows, all_rows, folds)
    return {
        "that counts a run on few rows as a full one.": sum(candidates) * folds,
        "that counts a run on few rows as a full one, and leaves out the folds.": sum(candidates),
        "each candidate is trained once per fold.": right / folds,
        "the candidates that were dropped earlier were trained too.": candidates[-1] * folds,
        "these are rows; how many full training runs do they make?": right * all_rows,
        "each rung trains all of its candidates, not one.": sum(rows) / all_rows * folds,
        "parts of a run count, so don't round.": round(right),
        "parts of a run count, so don't cut them off.": int(right),
    }


@exercise("08.3")
def cost(function):
    compare(
        function, runs, SEARCHES, wrong_runs, otherwise="that is not what they cost.")
    return "Now the budgets can be compared."
