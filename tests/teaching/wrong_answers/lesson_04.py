"""Common mistakes in lesson 04, each with words that its hint has to contain."""

import optuna
from optuna.trial import TrialState

from helpers.study import finished


def complete(study):
    return len(study.get_trials(states=(TrialState.COMPLETE,)))


def objective(report, value, prunes=True, epochs=slice(None)):
    """Reports report(loss, accuracy) after each of the epochs and returns value(losses, accuracies)."""

    def fixed_objective(trial, losses, accuracies):
        for epoch, (loss, accuracy) in list(enumerate(zip(losses, accuracies, strict=True), start=1))[epochs]:
            trial.report(report(loss, accuracy), epoch)
            if prunes and trial.should_prune():
                raise optuna.TrialPruned()
        return value(losses, accuracies)

    return fixed_objective


def loss_of(loss, accuracy):
    return loss


def accuracy_of(loss, accuracy):
    return accuracy


def last_loss(losses, accuracies):
    return losses[-1]


def last_accuracy(losses, accuracies):
    return accuracies[-1]


def reports_nothing(trial, losses, accuracies):
    return accuracies[-1]


def returns_early(trial, losses, accuracies):
    for epoch, accuracy in enumerate(accuracies, start=1):
        trial.report(accuracy, epoch)
        if trial.should_prune():
            return accuracy
    return accuracies[-1]


def prunes_always(trial, losses, accuracies):
    trial.report(accuracies[0], 1)
    raise optuna.TrialPruned


WRONG = {
    "04.1": [
        (lambda study, total: total, "means how many more"),
        (lambda study, total: max(0, total - len(study.trials)), "a trial that failed, or is still running"),
        (lambda study, total: max(0, total - complete(study)), "counts only the complete ones"),
        (lambda study, total: finished(study), "how many there are, not how many are missing"),
        (lambda study, total: total + 1, "not the number that is missing"),
    ],
    "04.2": [
        (objective(loss_of, last_accuracy), "report 1.9, 1.8, 1.5, 1.1."),
        (objective(loss_of, last_loss), "it would look for the worst model"),
        (objective(accuracy_of, lambda losses, accuracies: -losses[-1]), "it should return 0.34, the last accuracy"),
        (objective(lambda loss, accuracy: 1 - accuracy, last_accuracy), "report 0.7, 0.68, 0.5, 0.3."),
        (objective(lambda loss, accuracy: 1, last_accuracy), "report 1, 1, 1, 1."),
        (objective(accuracy_of, last_accuracy, prunes=False), "it trained to round 3"),
        (objective(accuracy_of, last_accuracy, epochs=slice(0, 2)), "got 2 reports in 3 rounds"),
        (reports_nothing, "got 0 reports"),
        (returns_early, "the trial counts as complete"),
        (prunes_always, "the pruner never said stop"),
    ],
    "04.3": [
        (54, "trial 54 was not pruned"),  # the best one
        (93, "was stopped only after epoch 9"),  # already above the start when it was cut
        (41, "stays near the majority baseline"),
        (64, "does rise, to"),  # higher when it was cut than most that pass the start
        (100, "no trial 100"),
        ("trial 76", "it should be a number"),
        (76.5, "no trial 76.5"),
        (None, "the number of the trial is None"),
    ],
}
