"""Common mistakes in lesson 05, each with words that its hint has to contain."""

import numpy as np
import optuna
from optuna.trial import FixedTrial, TrialState
from scipy import stats
from torch import nn

from helpers.models import TransformerClassifier
from helpers.search import data, define_transformer, train
from helpers.training import accuracy

SETTINGS = {"d_model": 32, "n_heads": 2, "n_layers": 1, "ff_factor": 1, "dropout": 0.0, "norm_first": True,
            "pooling": "mean", "batch_size": 64, "optimizer": "Adam", "beta1": 0.9, "warmup": 0.1,
            "label_smoothing": 0.1}


def my_train(trial, seed, epochs):
    settings = SETTINGS | {"lr": trial.suggest_float("lr", 1e-3, 1e-2, log=True)}
    return train(FixedTrial(settings), define_transformer, seed, epochs)


def study(n_trials=3, direction="maximize", state=TrialState.COMPLETE):
    """A study as my_train would leave it behind."""
    distributions = {"lr": optuna.distributions.FloatDistribution(1e-3, 1e-2, log=True)}
    value = 0.9 if state == TrialState.COMPLETE else None
    trial = optuna.trial.create_trial(state=state, value=value, params={"lr": 2e-3}, distributions=distributions)
    made = optuna.create_study(direction=direction)
    made.add_trials([trial] * n_trials)
    return made


class Guesser(nn.Module):
    """Predicts a class computed from the tokens and the seed; without a seed, always the most frequent one."""

    def __init__(self, seed=None):
        super().__init__()
        self.seed = seed

    def forward(self, tokens):
        if self.seed is None:
            said = data.y_train.mode().values.expand(len(tokens))
        else:
            said = (tokens.sum(dim=1) + self.seed) % data.n_classes
        return nn.functional.one_hot(said, data.n_classes).float()


def scored(model):
    return model, accuracy(model, data.x_val, data.y_val)


def boasts(trial, seed, epochs):
    model, val_accuracy = my_train(trial, seed, epochs)
    return model, val_accuracy + 0.1


def asks_for_more_than_the_study_knew(trial, seed, epochs):
    trial.suggest_float("dropout", 0.0, 0.4)
    return my_train(trial, seed, epochs)


def space(d_model=(64, 128), n_layers=(2, 4), dropout=(0.0, 0.1), n_heads=8):
    """A second space as in the solution, but for the ends of some ranges."""

    def define_second(trial):
        size = trial.suggest_int("d_model", *d_model, step=32)
        return TransformerClassifier(
            data.vocab_size, data.n_classes, data.max_length, size, n_heads=n_heads,
            n_layers=trial.suggest_int("n_layers", *n_layers), d_ff=2 * size,
            dropout=trial.suggest_float("dropout", *dropout))

    return define_second


def ask(trial):
    for name in ("lr", "warmup", "beta1", "label_smoothing"):
        trial.suggest_float(name, 0.0, 1.0)


def interval(values, factor=None, ddof=1, root=True):
    n = len(values)
    factor = factor(n) if factor else stats.t.ppf(0.975, n - 1)
    return factor * np.std(values, ddof=ddof) / (n**0.5 if root else 1)


def asks_nothing(trial):
    return TransformerClassifier(data.vocab_size, data.n_classes, data.max_length, d_model=128, n_heads=8, n_layers=3,
                                 d_ff=256, dropout=0.0)


WRONG = {
    "05.1": [
        (space(d_model=(64, 96)), "widen the range there"),
        (space(d_model=(64, 256)), "a trial would take minutes"),
        (space(d_model=(32, 128)), "Begin at 64 or above"),
        (space(n_layers=(1, 3)), "have one layer"),
        (space(dropout=(0.0, 0.4)), "end the range low"),
        (space(dropout=(0.1, 0.2)), "dropout is never below 0.1"),
        (lambda trial: (ask(trial), space()(trial))[1], "fix what made no difference"),
        (lambda trial: nn.Linear(1, 1), "it returns a Linear"),
        (asks_nothing, "it asks the trial for nothing"),
        (space(n_heads=4), "leave n_heads at 8"),
    ],
    "05.2": [
        (lambda values: interval(values, factor=lambda n: 1.96), "as for a large sample"),
        (lambda values: interval(values, factor=lambda n: 1.96, ddof=0), "two things are too small"),
        (lambda values: interval(values, root=False), "how far single values spread"),
        (lambda values: interval(values, ddof=0), "look at its argument ddof"),
        (lambda values: interval(values, factor=lambda n: stats.t.ppf(0.975, n)), "with n degrees of freedom"),
        (lambda values: interval(values, factor=lambda n: stats.t.ppf(0.95, n - 1)), "leaves 5 % on one side"),
        (lambda values: 2 * interval(values), "width of the whole interval"),
        (lambda values: interval(values, factor=lambda n: 1), "the factor from Student's t is missing"),
        (np.mean, "the margin is a product of three"),
        (lambda values: -interval(values), "where is the upper end?"),
        (lambda values: 100 * interval(values), "that is in percent"),
        (lambda values: round(interval(values), 3), "don't round it"),
        (lambda values: np.mean(values) + interval(values), "the upper end of the interval"),
        (lambda values: (0.1, 0.2), "it should be a number"),
    ],
    "05.3": [
        ((my_train, study(n_trials=11)), "the study has 11 finished trials"),
        ((my_train, study(n_trials=100, state=TrialState.PRUNED)), "no trial of the study is complete"),
        ((my_train, study(direction="minimize")), "the study minimizes, and its best value is 0.900"),
        ((lambda trial, seed, epochs: None, study()), "your function returns None"),
        ((my_train, study().best_params), "pass the study itself"),
        (my_train, "pass two things"),
        ((lambda trial, seed, epochs: my_train(trial, seed, epochs)[::-1], study()), "in this order"),
        ((asks_for_more_than_the_study_knew, study()), "Did my_train change"),
        ((boasts, study()), "return the validation accuracy of the weights"),
        ((lambda trial, seed, epochs: my_train(trial, 0, epochs), study()), "two seeds gave the very same model"),
        ((lambda trial, seed, epochs: scored(Guesser()), study()), "the same answer to every hand"),
        ((lambda trial, seed, epochs: scored(Guesser(seed)), study()), "change the model"),
    ],
}
