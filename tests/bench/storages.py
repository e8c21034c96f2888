"""What a storage costs: trials of 10 parameters and 12 reports that train nothing, by 1, 2, 8 and 30 writers.

Dask keeps the study in its scheduler and starts the writers; Ray starts them, and the study is in a journal.

python -m tests.bench.storages (--record writes data/recorded/storages.csv)
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import optuna

from helpers.study import open_storage
from tests.servers import Postgres, free_port

ROOT = Path(__file__).resolve().parents[2]
WRITERS = (1, 2, 8, 30)
RAY_WRITERS = (1, 2, 8)  # thirty take minutes to start on two cores
PROXY = "import sys, optuna; from helpers.study import open_storage; " \
    "optuna.storages.run_grpc_proxy_server(open_storage(sys.argv[1]), host='127.0.0.1', port=int(sys.argv[2]))"


def objective(trial):
    value = sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(10))
    for epoch in range(12):
        trial.report(value, epoch)
        trial.should_prune()
    return value


def write(name, storage, n_trials):
    """Opens the study in this process; a function that runs so many trials of it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler, pruner = optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()
    study = optuna.load_study(study_name=name, storage=open_storage(storage), sampler=sampler, pruner=pruner)
    return lambda: study.optimize(objective, n_trials)


def write_when_told(name, storage, n_trials, ready, go):
    work = write(name, storage, n_trials)
    ready.release()
    go.wait()
    work()


def with_processes(name, storage, writers, n_trials):
    context = multiprocessing.get_context("forkserver")
    ready, go = context.Semaphore(0), context.Event()
    arguments = (name, storage, n_trials, ready, go)
    processes = [context.Process(target=write_when_told, args=arguments) for _ in range(writers)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    start = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    return time.perf_counter() - start


def with_ray(name, storage, writers, n_trials):
    import ray

    ray.init(num_cpus=writers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    @ray.remote
    class Writer:
        def open(self):
            self.work = write(name, storage, n_trials)

        def go(self):
            self.work()

    try:
        all_writers = [Writer.remote() for _ in range(writers)]
        ray.get([writer.open.remote() for writer in all_writers])
        start = time.perf_counter()
        ray.get([writer.go.remote() for writer in all_writers])
        return time.perf_counter() - start
    finally:
        ray.shutdown()


def with_dask(name, storage, writers, n_trials):
    from distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None, "silence_logs": logging.ERROR}
    with LocalCluster(n_workers=writers, **options) as cluster, Client(cluster) as client:
        client.run(optuna.logging.set_verbosity, optuna.logging.ERROR)
        client.run(warnings.simplefilter, "ignore")
        sampler, pruner = optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()
        study = optuna.create_study(storage=storage(client=client), sampler=sampler, pruner=pruner)
        workers = list(client.scheduler_info(n_workers=-1)["workers"])

        def on_each(trials):
            client.gather([client.submit(study.optimize, objective, trials, workers=[worker], pure=False)
                           for worker in workers])

        on_each(0)  # so that all have loaded what they need
        start = time.perf_counter()
        on_each(n_trials)
        seconds = time.perf_counter() - start
        check(study, writers * n_trials)
    return seconds


def check(study, n_trials):
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE"] * n_trials, states


def measure(way, storage, writers, n_trials):
    """Seconds of n_trials of each writer, from the moment at which every writer has opened the study."""
    if way is with_dask:
        return way(None, storage, writers, n_trials)
    name = f"study {time.time_ns()}"
    study = optuna.create_study(study_name=name, storage=open_storage(storage))
    seconds = way(name, storage, writers, n_trials)
    check(study, writers * n_trials)
    return seconds


def in_memory(n_trials):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(), pruner=optuna.pruners.NopPruner())
    start = time.perf_counter()
    study.optimize(objective, n_trials)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=120, help="of each measurement, by all writers together")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")  # Optuna calls some of this experimental
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
                   "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "PYTHONPATH": str(ROOT)}
    multiprocessing.set_forkserver_preload(["__main__"])  # so that thirty writers need not each import Optuna
    import pandas as pd  # these two here, since each writer imports what this module does
    from optuna_integration import DaskStorage

    from helpers.authoring.provenance import write_provenance
    from helpers.recorded import RECORDED

    start, rows = time.perf_counter(), []

    def row(storage, writers, repeat, n_trials, seconds):
        rows.append({
            "storage": storage, "writers": writers, "repeat": repeat, "trials": n_trials,
            "seconds": round(seconds, 2), "trials_per_second": round(n_trials / seconds, 1)})
        print(rows[-1], flush=True)

    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(Postgres())
        arms = {
            "journal": (with_processes, f"{directory}/a.journal"),
            "SQLite": (with_processes, f"sqlite:///{directory}/a.db"),
            "PostgreSQL": (with_processes, server.new_database()),
        }
        for behind, storage in (("SQLite", f"sqlite:///{directory}/b.db"), ("PostgreSQL", server.new_database())):
            port = free_port()
            proxy = subprocess.Popen([sys.executable, "-c", PROXY, storage, str(port)], cwd=ROOT)
            stack.callback(proxy.kill)
            arms[f"gRPC proxy on {behind}"] = with_processes, f"grpc://127.0.0.1:{port}"
        arms |= {"Dask": (with_dask, DaskStorage), "Ray, on a journal": (with_ray, f"{directory}/ray.journal")}
        for repeat in range(arguments.repeats):
            row("in memory", 1, repeat, arguments.trials, in_memory(arguments.trials))
            for kind, (way, storage) in arms.items():
                for writers in RAY_WRITERS if way is with_ray else WRITERS:
                    each = arguments.trials // writers
                    row(kind, writers, repeat, each * writers, measure(way, storage, writers, each))
    table = pd.DataFrame(rows)
    by = {"index": "storage", "columns": "writers", "sort": False}
    print(table.pivot_table(**by, values="trials_per_second", aggfunc="median"))
    if arguments.record:
        table.to_csv(RECORDED / "storages.csv", index=False)
        what = "Trials that train nothing, by storage and number of writers: what the storage takes a trial."
        command = f"python -m tests.bench.storages --trials {arguments.trials} --repeats {arguments.repeats} --record"
        write_provenance("storages", what, command, start, seeds="none", workers="1 to 30")


if __name__ == "__main__":
    main()
