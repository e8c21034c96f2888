"""A stand-in for a trial: it shows the exercises on pruning what an objective reports and when it stops."""

import math

import optuna

from helpers.teaching.checks import Wrong, need, number, returned


class WatchedTrial(optuna.trial.FixedTrial):
    """Records its reports, asks to be pruned after `patience` of them, and refuses to suggest anything."""

    def __init__(self, patience=math.inf):
        super().__init__({})
        self.patience, self.steps, self.values = patience, [], []

    def report(self, value, step):
        self.values.append(float(value))
        self.steps.append(step)

    def should_prune(self):
        return len(self.values) >= self.patience

    def suggest_int(self, name, *_, **__):
        raise Wrong(f"it asks the trial for {name!r}; nothing is tuned here, so use what your function is given.")

    suggest_categorical = suggest_float = suggest_int


def to_the_end(objective, *arguments):
    """Runs an objective on a trial that is never pruned: (the number that it returns, the trial)."""
    trial = WatchedTrial()
    try:
        return number(returned(objective, trial, *arguments), "it returns"), trial
    except optuna.TrialPruned:
        raise Wrong("the pruner never said stop, but the trial was pruned. When do you raise TrialPruned?") from None


def need_reports(trial, rounds):
    """Raises Wrong unless the trial has one report per round, under 0, 1, 2, ... or 1, 2, 3, ..."""
    need(len(trial.values) == rounds,
         f"the trial got {len(trial.values)} reports in {rounds} rounds of training; report once after each.")
    need(trial.steps in ([*range(rounds)], [*range(1, rounds + 1)]),
         f"the steps of its reports are {trial.steps}; the pruner compares trials at equal steps, so pass the number "
         "of the round.")


def need_pruned(patience, rounds, objective, *arguments):
    """Raises Wrong unless the objective stops after `patience` reports, as the pruner says, and the trial is pruned.

    rounds: a function of the trial, the number of rounds that were trained.
    """
    trial, pruned = WatchedTrial(patience), False
    try:
        objective(trial, *arguments)
    except optuna.TrialPruned:
        pruned = True
    need(rounds(trial) == patience,
         f"the pruner said stop after round {patience}, but it trained to round {rounds(trial)}. Ask "
         "trial.should_prune() after each report, and stop if it returns True.")
    need(pruned, f"the pruner said stop after round {patience}, and training stopped, but the trial counts as "
                 "complete. Where is optuna.TrialPruned raised, and does Optuna see it?")
