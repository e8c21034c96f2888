"""Equal trials by one process, by n_jobs=-1, by two workers, and by two bare processes without a study, interleaved.

n_jobs=-1 runs twice: as it is pasted, with torch's default number of threads, and with one torch thread.

python -m tests.bench.workers (--record writes data/recorded/workers.csv; with --larger, trials of a model that is
twice as wide and twice as deep, and data/recorded/workers_larger.csv)
"""

import argparse
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
import pandas as pd

from helpers import recorded, search
from helpers.authoring.provenance import write_provenance
from helpers.study import count_trials, open_study, run_workers

ROOT = Path(__file__).resolve().parents[2]
SMALL = search.PAPER_START | {"d_model": 32, "n_layers": 1, "n_heads": 2, "ff_factor": 1, "batch_size": 256}
SIZES = {"small": (SMALL, 12), "larger": (search.PAPER_START, 3)}  # settings and epochs of the trials
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}
DEFAULT_THREADS = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}


def objective(trial, epochs):
    search.data.n_classes  # noqa: B018  # read before the clock starts
    begun = time.time()
    _, val_accuracy = search.train(trial, search.define_transformer, epochs=epochs)
    with open(os.environ["TIMES"], "a") as times:
        times.write(f"{begun} {time.time()}\n")
    return val_accuracy


def equals(directory, n_trials, size):
    """A study with equal trials in its queue, and their objective."""
    settings, epochs = SIZES[size]
    never = optuna.pruners.NopPruner()  # threads spoil the seeds, so equal trials differ, and some would be pruned
    study = open_study("equals", Path(directory) / "study.journal", pruner=never)
    for _ in range(n_trials):
        study.enqueue_trial(settings)
    return study, functools.partial(objective, epochs=epochs)


def optimize(n_trials, n_jobs, size):
    """What people write: one process, a study in a file, n_jobs."""
    with tempfile.TemporaryDirectory() as directory:
        study, train = equals(directory, n_trials, size)
        study.optimize(train, n_trials, n_jobs=n_jobs)
        assert count_trials(study) == f"{n_trials} complete"


def two_workers(n_trials, size):
    with tempfile.TemporaryDirectory() as directory:
        study, train = equals(directory, n_trials, size)
        run_workers(train, study, n_trials, workers=2)
        assert count_trials(study) == f"{n_trials} complete"


def bare(n_trials, size):
    """The same trainings and nothing else: the limit."""
    settings, epochs = SIZES[size]
    for _ in range(n_trials):
        objective(optuna.trial.FixedTrial(settings), epochs)


def processes(call, environment, number=1):
    """Seconds from the start of the processes to the end of the last, and from the first training to the last."""
    code = f"import optuna; optuna.logging.set_verbosity(40); from tests.bench import workers; workers.{call}"
    with tempfile.NamedTemporaryFile() as times:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        options = quiet | {"cwd": ROOT, "env": environment | {"TIMES": times.name}}
        start = time.perf_counter()
        running = [subprocess.Popen([sys.executable, "-c", code], **options) for _ in range(number)]
        if any(process.wait() for process in running):
            raise RuntimeError(f"{call} failed")
        seconds = time.perf_counter() - start
        at_work = [float(time) for line in times for time in line.split()]
    return {"seconds": round(seconds, 2), "seconds_at_work": round(max(at_work) - min(at_work), 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--larger", action="store_true", help="train the larger model")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    n, start, rows = arguments.trials, time.perf_counter(), []
    size = "larger" if arguments.larger else "small"
    arms = {
        "one process": lambda: processes(f"optimize({n}, 1, {size!r})", ONE_THREAD),
        "n_jobs=-1": lambda: processes(f"optimize({n}, -1, {size!r})", DEFAULT_THREADS),
        "n_jobs=-1, one torch thread": lambda: processes(f"optimize({n}, -1, {size!r})", ONE_THREAD),
        "two processes": lambda: processes(f"two_workers({n}, {size!r})", ONE_THREAD),
        "two processes without Optuna": lambda: processes(f"bare({n // 2}, {size!r})", ONE_THREAD, number=2),
    }
    for repeat in range(arguments.repeats):
        for arm, run in arms.items():
            rows.append({"arm": arm, "repeat": repeat, "trials": n} | run())
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    seconds = table.pivot(index="repeat", columns="arm", values="seconds")
    print(f"{n} equal trials, {arguments.repeats} repeats, interleaved; ratios of one repeat's seconds")
    for arm in arms:
        ratio = seconds["one process"] / seconds[arm]
        print(f"  {arm:30s}{seconds[arm].median():7.1f} s   {ratio.median():.2f} times as fast as one process "
              f"({ratio.min():.2f} to {ratio.max():.2f})")
    for what, column in {"with": "seconds", "without": "seconds_at_work"}.items():
        table_of = table.pivot(index="repeat", columns="arm", values=column)
        over = table_of["two processes"] / table_of["two processes without Optuna"] - 1
        print(f"  over the bare trainings, {what} the start of the processes: {over.median():.1%} "
              f"({over.min():.1%} to {over.max():.1%})")
    if arguments.record:
        name = "workers_larger" if arguments.larger else "workers"
        table.to_csv(recorded.RECORDED / f"{name}.csv", index=False)
        what = "The same trials by one process, by threads and by two processes, with and without Optuna."
        options = f"--trials {n} --repeats {arguments.repeats}{' --larger' * arguments.larger} --record"
        command = f"python -m tests.bench.workers {options}"
        write_provenance(name, what, command, start, seeds="0 for each training",
                                  threads_per_worker="1 (n_jobs=-1: torch's default)")


if __name__ == "__main__":
    main()
