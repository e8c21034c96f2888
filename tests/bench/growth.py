"""What the tuner itself takes per trial, in seconds and in memory, as a study grows; by sampler and by storage.

A trial asks ten of the Transformer's questions, reports twelve epochs, asks after each whether it is to be pruned (by
the median, and goes on all the same), and trains nothing. Each measurement is a process of its own.

python -m tests.bench.growth (--record writes data/recorded/bench/growth.csv; CMA-ES: the extra "bench")
"""

import argparse
import importlib.util
import itertools
import math
import multiprocessing
import os
import random
import statistics
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext

import numpy as np
import optuna
import psutil
from optuna.trial import TrialState

from helpers.study import open_storage
from tests.servers import Postgres, programs

SIZES = (10, 100, 1_000, 10_000)
REPORTS = 12
MEASURED = 5  # trials; fewer where they take longer than PATIENCE seconds
PATIENCE = 30
HURTS = 0.05 * 10  # seconds a trial: 5 % of one that trains for 10 seconds
SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "TPE": optuna.samplers.TPESampler,
    "TPE, multivariate=False": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=False),
    "CMA-ES": optuna.samplers.CmaEsSampler,
    "GP": optuna.samplers.GPSampler,
}
SIZES_OF = {"GP": (10, 100, 300, 1_000, 3_000),  # in three thousand a trial takes seconds, and it only gets worse
            "SQLite": SIZES[:3], "PostgreSQL": SIZES[:3]}  # ten thousand take a quarter of an hour to fill
REUSED = 1_000  # a study in a file or database that is as large as that is measured again, a few trials larger


def ask(trial):
    trial.suggest_int("d_model", 32, 96, step=16)
    trial.suggest_categorical("n_heads", [2, 4, 8])
    trial.suggest_int("n_layers", 1, 4)
    trial.suggest_float("dropout", 0.0, 0.4)
    trial.suggest_categorical("norm_first", [False, True])
    trial.suggest_categorical("batch_size", [32, 64, 128, 256])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_float("warmup", 0.0, 0.3)
    trial.suggest_float("label_smoothing", 0.0, 0.2)
    if trial.suggest_categorical("optimizer", ["Adam", "SGD"]) == "SGD":
        trial.suggest_float("momentum", 0.0, 0.99)
    return 1 - abs(math.log10(lr) + 3) / 2  # best at 0.001


def report(trial, skill, epoch):
    trial.report(skill * (1 - 0.8**epoch) + random.gauss(0, 0.02), epoch)


def live(study, n_trials):
    """A past of so many trials at random; half of them were pruned at some epoch."""
    for number in range(n_trials):
        trial = study.ask()
        skill = ask(trial)
        last = random.randint(4, REPORTS) if number % 2 else REPORTS
        for epoch in range(1, last + 1):
            report(trial, skill, epoch)
        if number % 2:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, skill)


def create(address=None):
    options = {"sampler": optuna.samplers.RandomSampler(seed=0), "pruner": optuna.pruners.MedianPruner()}
    return optuna.create_study(study_name="growth", storage=open_storage(address), direction="maximize", **options)


def fill(address, n_trials):
    """A study of so many trials in a new file or database. A journal gets each of their steps as a line of its own."""
    quiet()
    study = create(address)
    if "://" not in address:
        os.fsync = lambda _: None  # this file need not outlive a power cut, and is made many times faster
        live(study, n_trials)
    else:
        past = create()
        live(past, n_trials)
        study.add_trials(past.trials)


def measure(sampler, address, n_trials, seed):
    """What a few trials cost in a study that holds n_trials; without an address it is in memory, and made here."""
    quiet()
    warm = create()
    warm.sampler = SAMPLERS[sampler](seed=seed)
    warm.optimize(ask, 15)  # what is imported and made once is not growth
    if address and "://" in address:
        optuna.get_all_study_names(open_storage(address))
    before, start = memory(), clock()
    if address:
        study = optuna.load_study(study_name="growth", storage=open_storage(address))
        study.get_trials(deepcopy=False)
        load, load_cpu = clock() - start
    else:
        study = create()
        live(study, n_trials)
        load = load_cpu = math.nan
    study.sampler, study.pruner = SAMPLERS[sampler](seed=seed), optuna.pruners.MedianPruner()
    stamps = [clock()]

    def objective(trial):
        skill = ask(trial)
        stamps.append(clock())
        for epoch in range(1, REPORTS + 1):
            report(trial, skill, epoch)
            trial.should_prune()
        stamps.append(clock())
        return skill

    study.optimize(objective, MEASURED, timeout=PATIENCE, callbacks=[lambda *_: stamps.append(clock())])
    steps = np.diff(stamps, axis=0).reshape(-1, 3, 2)  # trial; ask, report, tell; wall, cpu
    seconds, cpu = np.median(steps.sum(axis=1), axis=0)
    asking, reporting, telling = np.median(steps[:, :, 0], axis=0)
    return {"measured": len(steps), "seconds": seconds, "cpu_seconds": cpu, "ask": asking, "report": reporting,
            "tell": telling, "load": load, "load_cpu": load_cpu, "megabytes": memory() - before}


def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")


def clock():
    return np.array([time.perf_counter(), time.process_time()])


def memory():
    return psutil.Process().memory_info().rss / 1e6


def alone(function, *arguments):
    """Calls the function in a new process, with one thread."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def hurts_at(seconds):
    """The number of trials at which one takes HURTS seconds, between two sizes on a log scale. {size: seconds}."""
    sizes = sorted(seconds)
    if seconds[sizes[0]] >= HURTS:
        return f"{sizes[0]:,} or fewer"
    for small, large in itertools.pairwise(sizes):
        if seconds[large] >= HURTS:
            share = math.log(HURTS / seconds[small]) / math.log(seconds[large] / seconds[small])
            return f"about {float(f'{small * (large / small) ** share:.2g}'):,.0f}"
    return f"more than {sizes[-1]:,}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="one repeat, studies of 10 and 100 trials")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    largest, repeats = (SIZES[1], 1) if arguments.small else (SIZES[-1], arguments.repeats)
    os.environ["OMP_NUM_THREADS"] = "1"
    start, load = time.perf_counter(), os.getloadavg()[0]  # of others: seconds by the clock are no good above 0.5
    rows, filled = [], {}
    samplers = [name for name in SAMPLERS if name != "CMA-ES" or importlib.util.find_spec("cmaes")]
    if "CMA-ES" not in samplers:
        print("CMA-ES is left out: make bench PART=growth installs it")
    if not programs():
        print("PostgreSQL is left out: its programs are not installed")
    kinds = ["journal", "SQLite", *(["PostgreSQL"] if programs() else [])]
    stored = ["TPE"] if arguments.small else ["random", "TPE"]
    cases = [("memory", sampler, size) for sampler in samplers for size in SIZES_OF.get(sampler, SIZES)]
    cases += [(kind, sampler, size) for kind in kinds for sampler in stored for size in SIZES_OF.get(kind, SIZES)]
    cases = [case for case in cases if case[2] <= largest]
    with tempfile.TemporaryDirectory() as folder, Postgres() if programs() else nullcontext() as server:

        def new_address(kind, number):
            if kind == "PostgreSQL":
                return server.new_database()
            return f"{folder}/{number}.journal" if kind == "journal" else f"sqlite:///{folder}/{number}.db"

        for repeat in range(repeats):
            for storage, sampler, size in cases:
                address = None
                if storage != "memory":
                    address = filled.get((storage, size)) or new_address(storage, len(rows))
                    if (storage, size) not in filled:
                        alone(fill, address, size)
                    if size >= REUSED:
                        filled[storage, size] = address
                row = {"storage": storage, "sampler": sampler, "trials": size, "repeat": repeat}
                rows.append(row | alone(measure, sampler, address, size, repeat))
                print(" ".join(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
                               for key, value in rows[-1].items()), flush=True)
    show(rows)
    if arguments.record:
        record(rows, f"python -m tests.bench.growth --repeats {repeats} --record", start, repeats, load)


def show(rows):
    print(f"\nThe tuner's price of a trial of 10 questions and {REPORTS} reports, milliseconds (medians); of the "
          "processor where the study is in memory, by the clock where a disk or a server takes part")
    for storage, sampler in dict.fromkeys((row["storage"], row["sampler"]) for row in rows):
        price, load = {}, {}
        for row in rows:
            if (row["storage"], row["sampler"]) == (storage, sampler):
                which = "cpu_seconds" if storage == "memory" else "seconds"
                price.setdefault(row["trials"], []).append(row[which])
                load.setdefault(row["trials"], []).append(row["load"])
        price = {size: statistics.median(of) for size, of in price.items()}
        prices = ", ".join(f"{1000 * of:,.1f} at {size:,}" for size, of in price.items())
        print(f"  {storage:11s}{sampler:24s}{prices}")
        print(f"{'':13s}{hurts_at(price)} trials until it is 5 % of a trial of 10 seconds", end="")
        largest = max(load)
        if storage != "memory":
            print(f"; {statistics.median(load[largest]):.2f} s to load {largest:,} trials", end="")
        print()


def record(rows, command, start, repeats, load):
    import pandas as pd

    from helpers.authoring.provenance import write_provenance
    from helpers.recorded import RECORDED

    pd.DataFrame(rows).to_csv(RECORDED / "bench" / "growth.csv", index=False, float_format="%.4g")
    what = "What the tuner takes per trial as a study grows: seconds by the clock and of the processor, and megabytes."
    write_provenance("bench/growth", what, command, start, workers=1, seeds=f"0 to {repeats - 1}",
                              load_before=load)


if __name__ == "__main__":
    main()
