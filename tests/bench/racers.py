"""The same trainings in each arm of the race, which starts it with the tuners' own Python:

python -m tests.bench.racers ARM SEED TRIALS FOLDER

Each training writes the times of its begin, its epochs and its end to FOLDER/times.
"""

import contextlib
import functools
import json
import math
import multiprocessing
import os
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import optuna
import torch
from optuna.pruners import NopPruner, PercentilePruner
from optuna.samplers import RandomSampler, TPESampler

from helpers import search
from helpers.study import open_study, run_workers

ROUND_ONE = 16  # trials
ANY = search.PAPER_START | {"alpha": 0.9, "momentum": 0.9}
WIDE = functools.partial(search.train, define_model=search.define_transformer)
NARROW = functools.partial(search.train_narrow, define_model=search.define_narrow_transformer)


def ask(trial):
    """The questions of search.train, without a training."""
    model = search.define_transformer(trial)
    trial.suggest_categorical("batch_size", [32, 64, 128, 256])
    search.define_optimizer(trial, model, n_steps=1)
    trial.suggest_float("label_smoothing", 0.0, 0.2)


def space(optimizer):
    """The questions of a trial with this optimizer, as Optuna's distributions by name."""
    trial = optuna.trial.FixedTrial(ANY | {"optimizer": optimizer})
    ask(trial)
    return trial.distributions


class Training:
    """What all arms run: a function of a trial that trains and notes its times."""

    one_thread = True

    def __init__(self, folder, train=WIDE):
        self.folder, self.train = Path(folder), train

    def __call__(self, trial, on_epoch=lambda epoch: None):
        """Returns the validation accuracy of the best epoch."""
        with self.noted() as note:

            def each(epoch):
                note(epoch)
                on_epoch(epoch)

            if self.one_thread:
                torch.set_num_threads(1)
            return self.train(trial, on_epoch=each)[1]

    @contextlib.contextmanager
    def noted(self):
        """Notes a begin and an end, and hands out a function that notes an epoch."""
        name = uuid.uuid4().hex

        def note(**facts):
            with open(self.folder / "times", "a") as file:
                file.write(json.dumps({"training": name, "time": time.time()} | facts) + "\n")

        note()
        try:
            yield lambda epoch: note(val_accuracy=epoch["val_accuracy"])
        finally:
            note()


def blind_study(training, seed, n_trials):
    """The first try of lesson 04."""
    study = open_study("blind", training.folder / "blind.journal", sampler=TPESampler(n_startup_trials=20, seed=seed),
                       pruner=PercentilePruner(25, n_startup_trials=5, n_warmup_steps=4))
    study.enqueue_trial(search.PAPER_START)
    run_workers(training, study, n_trials, workers=2)


def rounds(training, seed, n_trials):
    """Round one of lesson 04, then round two of lesson 05, whose space a person wrote who had looked at round one."""
    first = open_study("one", training.folder / "one.journal", sampler=TPESampler(n_startup_trials=8, seed=seed),
                       pruner=NopPruner())
    for start in search.TRANSFORMER_STARTS:
        first.enqueue_trial(start)
    run_workers(training, first, ROUND_ONE, workers=2)
    second = open_study("two", training.folder / "two.journal", sampler=TPESampler(n_startup_trials=8, seed=seed),
                        pruner=search.NARROW_PRUNER)
    run_workers(Training(training.folder, NARROW), second, n_trials - ROUND_ONE, workers=2)


def plain_optuna(training, seed, n_trials):
    in_two_processes(optimize, *[(training, n_trials // 2, TPESampler(seed=2 * seed + worker)) for worker in range(2)])


def random_search(training, seed, n_trials):
    in_two_processes(optimize, *[(training, n_trials // 2, RandomSampler(seed=2 * seed + worker), NopPruner())
                                 for worker in range(2)])


def optimize(training, n_trials, sampler, pruner=None):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = optuna.storages.journal.JournalFileBackend(str(training.folder / "plain.journal"))
    storage = optuna.storages.JournalStorage(file)
    study = optuna.create_study(study_name="plain", storage=storage, load_if_exists=True, direction="maximize",
                                sampler=sampler, pruner=pruner)
    study.optimize(training, n_trials)


class Even:
    """A trial that draws the learning rate evenly, as the article did."""

    def __init__(self, trial):
        self.trial = trial

    def suggest_float(self, name, low, high, log=False):
        return self.trial.suggest_float(name, low, high)

    def report(self, value, step):
        """The article reports nothing, so nothing is ever pruned."""

    def should_prune(self):
        return False

    def __getattr__(self, name):
        return getattr(self.trial, name)


def article(training, seed, n_trials):
    """The article's way: an even draw of the learning rate, no pruning, n_jobs=-1, in memory, torch's own threads."""
    training.one_thread = False
    study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed))
    study.optimize(lambda trial: training(Even(trial)), n_trials, n_jobs=-1)


def ray_tune_with_asha(training, seed, n_trials):
    """With reuse_actors, without which Ray starts a new process for each trial."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
                   "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    def trainable(config):
        best = 0

        def report(epoch):
            nonlocal best
            best = max(best, epoch["val_accuracy"])  # Ray's search is told the last value
            tune.report({"val_accuracy": best})

        training(optuna.trial.FixedTrial(config), report)

    asha = ASHAScheduler("training_iteration", "val_accuracy", "max", max_t=search.EPOCHS,
                         grace_period=min(4, search.EPOCHS - 1), reduction_factor=2)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
             _temp_dir=str(training.folder / "ray"))
    tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(space=ask, metric="val_accuracy", mode="max", sampler=TPESampler(seed=seed)),
            scheduler=asha, num_samples=n_trials, reuse_actors=True),
        run_config=tune.RunConfig(storage_path=str(training.folder / "results"), verbose=0),
    ).fit()


def hyperopt(training, seed, n_trials):
    """In one process: without Spark or MongoDB it has no workers."""
    from hyperopt import fmin, hp, tpe
    from hyperopt.pyll import scope

    def dimension(name, kind):
        if isinstance(kind, optuna.distributions.CategoricalDistribution):
            return hp.choice(name, kind.choices)
        if isinstance(kind, optuna.distributions.IntDistribution):
            return scope.int(hp.quniform(name, kind.low, kind.high, kind.step))
        if kind.log:
            return hp.loguniform(name, math.log(kind.low), math.log(kind.high))
        return hp.uniform(name, kind.low, kind.high)

    spaces = {name: space(name) for name in ("Adam", "RMSprop", "SGD")}
    own = {"Adam": "beta1", "RMSprop": "alpha", "SGD": "momentum"}
    dimensions = {name: dimension(name, kind) for name, kind in spaces["SGD"].items() if name != "momentum"}
    dimensions["optimizer"] = hp.choice("optimizer", [
        {"optimizer": optimizer, name: dimension(name, spaces[optimizer][name])} for optimizer, name in own.items()])

    def loss(drawn):
        return -training(optuna.trial.FixedTrial(drawn | drawn["optimizer"]))

    fmin(loss, dimensions, algo=tpe.suggest, max_evals=n_trials, rstate=np.random.default_rng(seed), verbose=False,
         show_progressbar=False)


def in_two_processes(function, *arguments):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=function, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


ARMS = {
    "the article's": article,
    "one blind study": blind_study,
    "our rounds": rounds,
    "Optuna": plain_optuna,
    "Ray Tune, ASHA": ray_tune_with_asha,
    "Hyperopt": hyperopt,
    "random search": random_search,
}


if __name__ == "__main__":
    arm, seed, n_trials, folder = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ARMS[arm](Training(folder), int(seed), int(n_trials))
