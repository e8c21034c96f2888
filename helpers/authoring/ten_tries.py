"""Records ten tries of Optuna for lesson 05, from where a learner's ten tries by hand began."""

import math
import warnings

from joblib import Parallel, delayed
from optuna.pruners import NopPruner
from optuna.samplers import TPESampler
from optuna.trial import FixedTrial

from helpers import search
from helpers.authoring.kept import keep_study
from helpers.authoring.provenance import WORKERS
from helpers.teaching.widgets.hand_tuner import FIXED

SEEDS = range(5)  # of the sampler; each training has seed 0, like a try by hand
N_TRIALS = 10
PAPER = {"lr": 0.002, "warmup_steps": 4_000, "n_layers": 6, "d_model": 64, "norm_first": False, "pooling": "mean",
         "dropout": 0.1, "optimizer": "Adam"}  # where the sliders of lesson 01 begin


def objective(trial):
    """Validation accuracy with settings that the sliders of lesson 01 can reach."""
    n_steps = search.EPOCHS * math.ceil(len(search.data.x_train) / FIXED["batch_size"])
    settings = {
        "lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True),
        "warmup": trial.suggest_int("warmup_steps", 0, 4_000, step=100) / n_steps,
        "n_layers": trial.suggest_int("n_layers", 1, 6),
        "d_model": trial.suggest_categorical("d_model", [32, 64, 96, 128]),
        "norm_first": trial.suggest_categorical("norm_first", [False, True]),
        "pooling": trial.suggest_categorical("pooling", ["mean", "max"]),
        "dropout": trial.suggest_float("dropout", 0, 0.4, step=0.05),
        "optimizer": trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"]),
    }
    with warnings.catch_warnings():  # the paper's layers and warm-up are outside of the space of `define_transformer`
        warnings.simplefilter("ignore", UserWarning)
        return search.train(FixedTrial(FIXED | settings), search.define_transformer)[1]


def run_search(seed):
    """Ten trials from the paper's settings; TPE chooses from the sixth on."""
    keep_study(f"seed {seed}", "ten_tries", objective, N_TRIALS, starts=[PAPER], pruner=NopPruner(),
               sampler=TPESampler(n_startup_trials=5, seed=seed))


def record_ten_tries():
    """Ten trials of Optuna from the paper's settings, with the sliders of lesson 01; a search per seed."""
    Parallel(n_jobs=WORKERS)(delayed(run_search)(seed) for seed in SEEDS)
