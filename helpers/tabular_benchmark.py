"""A tabular benchmark: trials are looked up instead of trained, so hundreds of studies take the time of one.

The table holds a grid of Transformers on card hands; each was trained once, with seed 0, for 12 epochs
(`python -m tests.bench.table --record`).
"""

import functools
import math

import optuna

from helpers import recorded

SETTINGS = ["lr", "optimizer", "n_layers", "d_model", "norm_first", "dropout", "batch_size"]
RATES = [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1]


@functools.cache
def load():
    """{settings, in the order of SETTINGS: (validation accuracy after each epoch, seconds per epoch)}."""
    table = recorded.load_table("bench/table")
    curves = table.filter(like="epoch_").to_numpy().tolist()
    keys = table[SETTINGS].itertuples(index=False, name=None)
    return dict(zip(keys, zip(curves, table["seconds"], strict=True), strict=True))


def row(params):
    """The key of the table for the settings of a trial; its learning rate is rounded to the nearest in the table."""
    return min(RATES, key=lambda rate: abs(math.log(rate / params["lr"]))), *(params[name] for name in SETTINGS[1:])


def ask(trial, even=False):
    """Asks a trial for its settings and looks them up: (validation accuracy after each epoch, seconds per epoch).

    even: draw the learning rate evenly, as the article did, and not on a log scale. Either way the nearest rate of the
    table is used, so a study may get the same row more than once.
    """
    trial.suggest_float("lr", RATES[0], RATES[-1], log=not even)
    trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    trial.suggest_int("n_layers", 1, 2)
    trial.suggest_int("d_model", 32, 64, step=32)
    trial.suggest_categorical("norm_first", [False, True])
    trial.suggest_float("dropout", 0.0, 0.2, step=0.2)
    trial.suggest_categorical("batch_size", [64, 128])
    return load()[row(trial.params)]


def objective(trial):
    """The objective of lesson 03, looked up: reports each epoch, may be pruned, returns the best epoch's accuracy."""
    curve, seconds = ask(trial)
    trial.set_user_attr("seconds_per_epoch", seconds)
    for epoch, val_accuracy in enumerate(curve, start=1):
        trial.report(val_accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return max(curve)
