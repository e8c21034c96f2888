"""The checks of lesson 08, in the library you use."""

import optuna

from helpers.teaching.checks import Wrong, answered, exercise, need

CURVES = [[0.3, 0.6, 0.5], [0.2, 0.8, 0.9, 0.7], [0.5]]


class Trial:
    """Stands in for a trial: records its reports, and asks to be pruned after `patience` of them."""

    def __init__(self, patience=None):
        self.reports, self.patience = [], patience

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return self.patience is not None and len(self.reports) >= self.patience


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
        model, trial = Rounds(curve), Trial()
        given = function(trial, model, len(curve))
        answered(given)
        need(model.trained == len(curve), f"it trained {model.trained} of {len(curve)} rounds.")
        values = [value for _, value in trial.reports]
        need(values, "the trial got no report. Report the score after each round.")
        need(len(values) == len(curve), f"over {len(curve)} rounds the trial got {len(values)} reports. The pruner "
                                        "needs one after each round, while there is something left to save.")
        need(values == curve, f"the scores were {curve}, but the reports were {values}. Report each as it is.")
        steps = [step for step, _ in trial.reports]
        need(steps == list(range(len(curve))), f"the steps of its reports are {steps}; the pruner compares trials at "
                                               "equal steps, so pass the number of the round.")
        need(given == curve[-1], f"the scores were {curve}, and it returned {given}. The scripts of the gallery return "
                                 "the score after the last round.")
    for patience in (1, 3):
        model, trial = Rounds(CURVES[1]), Trial(patience)
        try:
            function(trial, model, 4)
        except optuna.TrialPruned:
            need(model.trained == patience, f"the pruner said stop after round {patience}, but it trained "
                                            f"{model.trained}. Call should_prune after each report.")
        else:
            need(model.trained == patience, f"the pruner said stop after round {patience}, but it trained to round "
                                            f"{model.trained}. Who calls should_prune?")
            raise Wrong(f"the pruner said stop after round {patience}, but the trial counts as complete. Which "
                        "exception tells Optuna that a trial was pruned?")
    return "Any library that trains in rounds can be pruned."


class Boost:
    """A library with callbacks: after each round it passes them its error, and it swallows what they raise."""

    def __init__(self, errors):
        self.errors, self.error, self.trained = errors, 1, 0

    def fit(self, after_round):
        for number, error in enumerate(self.errors):
            self.error, self.trained = error, self.trained + 1
            try:
                go_on = after_round(number, {"error": self.error})
            except Exception:
                go_on = False
            if not go_on:
                break


ERRORS = [0.75, 0.5, 0.25]


@exercise("08.2")
def hook(function):
    model, trial = Boost(ERRORS), Trial()
    try:
        given = function(trial, model)
    except optuna.TrialPruned:
        raise Wrong("the pruner never said stop, but the trial was pruned. When does yours raise?") from None
    answered(given)
    need(trial.reports, "the trial got no report. Report in after_round.")
    need(model.trained == len(ERRORS), f"the pruner never said stop, but the library trained {model.trained} of "
                                       f"{len(ERRORS)} rounds. It continues if after_round returns True.")
    values = [value for _, value in trial.reports]
    need(values != ERRORS, f"the reports were the errors, {values}. This study maximizes: the pruner would stop the "
                           "best trials. Report the accuracy, 1 - error.")
    need(values == [1 - error for error in ERRORS], f"the errors were {ERRORS}, and the reports were {values}; report "
                                                    "the accuracies, 1 - error.")
    steps = [step for step, _ in trial.reports]
    need(steps == list(range(len(ERRORS))), f"the steps of its reports are {steps}; pass the number of the round.")
    need(given == 1 - ERRORS[-1], f"the last error was {ERRORS[-1]}, and it returned {given}. Return the last value "
                                  "that was reported.")
    model, trial = Boost(ERRORS), Trial(patience=2)
    try:
        function(trial, model)
    except optuna.TrialPruned:
        pass
    else:
        raise Wrong("the pruner said stop, but the trial counts as complete. This library swallows what after_round "
                    "raises: raise optuna.TrialPruned after fit.")
    need(model.trained == 2, f"the pruner said stop after the second round, but the library trained {model.trained}. "
                             "It stops if after_round returns False.")
    return "Reported in the right direction, and raised where Optuna sees it."


def halving(candidates, rows, factor, rungs):
    """The candidates and the rows of each rung."""
    return [candidates // factor**rung for rung in range(rungs)], [rows * factor**rung for rung in range(rungs)]


SEARCHES = [(*halving(120, 159, 3, 3), 1437, 3), (*halving(81, 10, 3, 4), 270, 5), ([40], [1000], 1000, 3)]


@exercise("08.3")
def cost(function):
    for candidates, rows, all_rows, folds in SEARCHES:
        given = function(candidates, rows, all_rows, folds)
        answered(given)
        worked = sum(number * size for number, size in zip(candidates, rows, strict=True))
        right = worked / all_rows * folds
        where = (f"{candidates} candidates on {rows} of {all_rows} rows with {folds} folds, and your function returns "
                 f"{given}")
        reasons = {
            sum(candidates) * folds: "that counts a run on few rows as a full one.",
            sum(candidates): "that counts a run on few rows as a full one, and leaves out the folds.",
            worked / all_rows: "each candidate is trained once per fold.",
            candidates[-1] * folds: "the candidates that were dropped earlier were trained too.",
            worked * folds: "these are rows; how many full training runs do they make?",
            sum(rows) / all_rows * folds: "each rung trains all of its candidates, not one.",
        }
        close = [reason for value, reason in reasons.items() if abs(given - value) < 1e-6 and abs(value - right) > 1e-6]
        need(abs(given - right) < 1e-6, f"{where}: {close[0] if close else 'that is not what they cost.'}")
    return "Now the budgets can be compared."
