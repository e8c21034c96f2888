"""Recordings that go on where they were stopped: studies that are kept when done, and tables that grow row by row.

Each study runs in one process with one thread, so it can be repeated. Seconds are of the processor, so that they hold
on a machine that does other things as well.
"""

import time

import optuna
import pandas as pd
import torch
from joblib import Parallel
from optuna.storages import InMemoryStorage

from helpers.authoring.provenance import WORKERS
from helpers.recorded import study_storage
from helpers.study import FINISHED


def prepare():
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def keep_study(name, file, objective, n_trials, seconds=0, starts=(), after=(), **options):
    """Runs a study until it has its trials and has taken this many seconds. One that is recorded already is kept.

    starts: settings that are tried first. after: trials of a study that it goes on from. options: sampler and pruner.
    """
    prepare()
    there, storage = study_storage(file), InMemoryStorage()
    if name in optuna.get_all_study_names(there):
        return
    study = optuna.create_study(study_name=name, storage=storage, direction="maximize", **options)
    study.add_trials(after)
    for start in starts:
        study.enqueue_trial(start)

    def timed(trial):
        start = time.process_time()
        try:
            return objective(trial)
        finally:
            trial.set_user_attr("seconds", round(time.process_time() - start, 2))

    def stop_when_done(study, _):
        own = [trial.user_attrs["seconds"] for trial in study.get_trials(states=FINISHED)[len(after):]]
        if len(own) >= n_trials and sum(own) >= seconds:
            study.set_user_attr("seconds", round(sum(own)))
            study.stop()

    study.optimize(timed, callbacks=[stop_when_done])
    if name not in optuna.get_all_study_names(there):  # by a worker of a recording that was stopped, and ran on
        optuna.copy_study(from_study_name=name, from_storage=storage, to_storage=there)  # a line per trial


def add_rows(path, key, wanted):
    """Runs the jobs whose rows a table lacks, and adds each row at once; returns the table.

    wanted: {values of the columns `key`: a delayed function that returns the row}.
    """
    there = set(pd.read_csv(path)[key].itertuples(index=False, name=None)) if path.exists() else set()
    jobs = [job for values, job in wanted.items() if values not in there]
    for row in Parallel(n_jobs=WORKERS, return_as="generator_unordered")(jobs):
        pd.DataFrame([row]).to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")
    return pd.read_csv(path)


def took(seconds):
    """For the provenance: a recording may be made in pieces, and beside other work."""
    return {"seconds": round(seconds / WORKERS), "seconds_are": "of the processor, shared by the workers"}
