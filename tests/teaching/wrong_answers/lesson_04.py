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


def asks_at_the_end(trial, losses, accuracies):
    for epoch, accuracy in enumerate(accuracies, start=1):
        trial.report(accuracy, epoch)
    if trial.should_prune():
        raise optuna.TrialPruned()
    return accuracies[-1]


WRONG = {
    "04.1": [
        (lambda study, total: total, "means how many more"),
        (lambda study, total: max(0, total - len(study.trials)), "One that failed"),
        (lambda study, total: max(0, total - complete(study)), "counts only the complete ones"),
        (lambda study, total: total - finished(study), "a negative number"),
        (lambda study, total: finished(study), "not the number that is missing"),
    ],
    "04.2": [
        (objective(loss_of, last_accuracy), "it reports the loss and returns the accuracy"),
        (objective(loss_of, last_loss), "it would look for the worst model"),
        (objective(accuracy_of, lambda losses, accuracies: -losses[-1]), "it should return 0.34, the last accuracy"),
        (objective(lambda loss, accuracy: -loss, last_accuracy), "with its sign flipped"),
        (objective(accuracy_of, last_accuracy, prunes=False), "ran to the end"),
        (objective(accuracy_of, last_accuracy, epochs=slice(0, 2)), "report each, after its epoch"),
        (reports_nothing, "it reports nothing"),
        (asks_at_the_end, "stopped later"),
    ],
    "04.3": [
        (54, "trial 54 was not pruned"),  # the best one
        (93, "was stopped only after epoch 9"),  # already above the start when it was cut
        (41, "stays near the majority baseline"),
        (64, "A near miss"),  # higher when it was cut than most that pass the start
        (100, "no trial 100"),
        ("trial 76", "give a whole number"),
    ],
}
