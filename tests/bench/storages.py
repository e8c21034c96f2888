"""What a storage costs: trials of 10 parameters and 12 reports that train nothing, by 1, 2, 8 and 30 writers.

python -m tests.bench.storages (--record writes data/recorded/storages.csv)
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna

from helpers.storage import open_storage
from tests.servers import Postgres, free_port

ROOT = Path(__file__).resolve().parents[2]
WRITERS = (1, 2, 8, 30)
PROXY = "import sys, optuna; from helpers.storage import open_storage; " \
    "optuna.storages.run_grpc_proxy_server(open_storage(sys.argv[1]), host='127.0.0.1', port=int(sys.argv[2]))"


def objective(trial):
    value = sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(10))
    for epoch in range(12):
        trial.report(value, epoch)
        trial.should_prune()
    return value


def write(name, storage, n_trials, ready, go):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler, pruner = optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()
    study = optuna.load_study(study_name=name, storage=open_storage(storage), sampler=sampler, pruner=pruner)
    ready.release()
    go.wait()
    study.optimize(objective, n_trials)


def measure(storage, writers, n_trials):
    """Seconds of n_trials in all, from the moment at which every writer has opened the study."""
    context = multiprocessing.get_context("forkserver")
    name = f"writers {writers}"
    opened = open_storage(storage)
    study = optuna.create_study(study_name=name, storage=opened)
    ready, go = context.Semaphore(0), context.Event()
    arguments = (name, storage, n_trials // writers, ready, go)
    processes = [context.Process(target=write, args=arguments) for _ in range(writers)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    start = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - start
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE"] * (n_trials // writers * writers), states
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=240)
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    multiprocessing.set_forkserver_preload(["__main__"])  # so that thirty writers need not each import Optuna
    start, rows = time.perf_counter(), []

    def row(storage, writers, n_trials, seconds):
        rows.append({
            "storage": storage, "writers": writers, "trials": n_trials, "seconds": round(seconds, 2),
            "ms_per_trial": round(1000 * seconds / n_trials, 1), "trials_per_second": round(n_trials / seconds, 1)})
        print(rows[-1], flush=True)

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(), pruner=optuna.pruners.NopPruner())
    begun = time.perf_counter()
    study.optimize(objective, arguments.trials)
    row("in memory", 1, arguments.trials, time.perf_counter() - begun)
    with tempfile.TemporaryDirectory() as directory, Postgres(Path(directory) / "postgres") as server:
        proxies, addresses = [], {
            "journal": f"{directory}/a.journal",
            "SQLite": f"sqlite:///{directory}/a.db",
            "PostgreSQL": server.new_database(),
        }
        for behind, storage in (("SQLite", f"sqlite:///{directory}/b.db"), ("PostgreSQL", server.new_database())):
            port = free_port()
            proxies.append(subprocess.Popen([sys.executable, "-c", PROXY, storage, str(port)], cwd=ROOT))
            addresses[f"gRPC proxy on {behind}"] = f"grpc://127.0.0.1:{port}"
        try:
            for kind, address in addresses.items():
                for writers in WRITERS:
                    n_trials = arguments.trials // writers * writers
                    row(kind, writers, n_trials, measure(address, writers, n_trials))
        finally:
            for proxy in proxies:
                proxy.kill()
    if arguments.record:
        import pandas as pd

        from helpers import recorded

        pd.DataFrame(rows).to_csv(recorded.RECORDED / "storages.csv", index=False)
        what = "Trials that train nothing, by storage and number of writers: what the storage takes a trial."
        command = f"python -m tests.bench.storages --trials {arguments.trials} --record"
        recorded.write_provenance("storages", what, command, start, seeds="none", workers="1 to 30")


if __name__ == "__main__":
    main()
