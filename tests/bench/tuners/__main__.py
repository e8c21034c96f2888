"""Other tuners that people would pick: the same space and the same trainings, two workers, the same seconds.

Two measurements. Real: the Transformer on card hands, as in lesson 05; how soon a training first reaches the target,
and how good the best is when the time is up. Asleep: trainings that only sleep, to see what the tuner itself takes:
seconds until the first one begins, and milliseconds that pass in a worker from one beginning to the next, beyond the
sleep. Both count the start of the processes, and the memory of all of them (shared pages once).

Ours, the article's, Optuna and Ray Tune search by TPE and Hyperopt by its own; scikit-learn draws at random. Ours and
Optuna prune by the median, and so does Ray's ASHA in its way; the others train all trials to the end. The article's
draws the learning rate evenly, and runs its trials by n_jobs=-1 with torch's own threads. Hyperopt has one worker: on
one machine it has no more without Spark or MongoDB. Keras Tuner is left out: it tunes models of Keras, not ours.

python -m tests.bench.tuners (--record writes data/recorded/bench/tuners.csv; the tuners' environment first:
python -m venv .venv/bench/tuners && .venv/bench/tuners/bin/pip install -r tests/bench/requirements-tuners.txt)
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from tests.bench.article import target
from tests.bench.tuners.arms import ARMS, SLEEP

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv" / "bench" / "tuners" / "bin" / "python"
TUNERS = [arm for arm in ARMS if arm != "no tuner"]


def run(arm, training, seed, n_trials, seconds):
    """One row: the arm runs until its trials are done or the seconds are over."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [PYTHON, "-m", "tests.bench.tuners.arms", arm, training, str(seed), str(n_trials), folder]
        log = Path(folder) / "log"
        start = time.time()
        (Path(folder) / "times").touch()
        with log.open("w") as file:
            environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
            environment |= {} if arm == "the article's" else {"OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        peak = watch(process, start + seconds)
        took = min(time.time() - start, seconds)
        if process.returncode:
            raise RuntimeError(f"{arm} ended with exit code {process.returncode}:\n{log.read_text()[-3000:]}")
        notes = [json.loads(line) for line in (Path(folder) / "times").read_text().splitlines()]
    times = pd.DataFrame(notes, columns=["training", "process", "time", "val_accuracy"])
    times["time"] -= start
    return {"arm": arm, "training": training, "seed": seed, "seconds": took, "megabytes": peak}, times


def watch(process, until):
    """Waits for a process, and at last ends it and all below it. Returns the peak of their memory."""
    peak, family = 0, []
    while process.poll() is None and time.time() < until:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        peak = max(peak, sum(map(memory, family)))
        time.sleep(0.5)
    if process.poll() is None:
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        process.returncode = 0
    psutil.wait_procs(family, timeout=20)
    return peak


def memory(process):
    try:
        return process.memory_full_info().pss / 1e6
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


def measure_real(arm, seed, seconds, target):
    row, times = run(arm, "real", seed, 1_000, seconds)
    times = times[times["time"] <= seconds]
    reached = times[times["val_accuracy"] >= target]
    return row | {
        "trials": times["training"].nunique(),
        "seconds_to_target": reached["time"].min() if len(reached) else None,
        "val_accuracy": times["val_accuracy"].max(),
        "seconds_to_start": times["time"].min(),
    }


def measure_asleep(arm, seed, n_trials):
    row, times = run(arm, "asleep", seed, n_trials, 300)
    begins = times.groupby("training").agg(process=("process", "first"), time=("time", "min")).sort_values("time")
    of_worker = begins.groupby("process")
    to_the_next = of_worker["time"].diff()[of_worker.cumcount() > 1]  # a worker's first trial imports this and that
    return row | {
        "trials": len(begins),
        "seconds_to_start": times["time"].min(),
        "ms_per_trial": 1000 * (to_the_next.mean() - SLEEP),
        "seconds_to_end": row["seconds"] - times["time"].max(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=240, help="of each arm and seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=40, help="of those that sleep")
    parser.add_argument("--only", choices=["real", "asleep"])
    parser.add_argument("--arms", nargs="*", choices=TUNERS)
    parser.add_argument("--small", action="store_true", help="two arms, one seed, 300 hands, 2 epochs, 12 seconds")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    if not PYTHON.exists():
        sys.exit("the tuners have an environment of their own: python -m venv .venv/bench/tuners && "
                 ".venv/bench/tuners/bin/pip install -r tests/bench/requirements-tuners.txt")
    seconds, seeds, n_trials = arguments.seconds, arguments.seeds, arguments.trials
    arms = arguments.arms or TUNERS
    if arguments.small:
        os.environ["TUNING_BUDGET"] = "smoke"
        arms, seconds, seeds, n_trials = arguments.arms or ("ours", "Ray Tune"), 12, 1, 8
    goal = target()
    start, load, rows = time.perf_counter(), os.getloadavg()[0], []
    for seed in range(seeds):
        for arm in arms:
            if arguments.only != "asleep":
                rows.append(measure_real(arm, seed, seconds, goal))
                print(pd.Series(rows[-1]).to_json(double_precision=3), flush=True)
        for arm in ["no tuner", *arms]:
            if arguments.only != "real" and arm != "the article's":  # its threads share a process, and their gaps mix
                rows.append(measure_asleep(arm, seed, n_trials))
                print(pd.Series(rows[-1]).to_json(double_precision=3), flush=True)
    table = pd.DataFrame(rows)
    print(f"the target is {goal:.3f}: ten points above the untuned LSTM; medians of {seeds} seeds")
    never = (table["training"] == "real") & table["seconds_to_target"].isna()
    for training, group in table.assign(
            seconds_to_target=table["seconds_to_target"].mask(never, float("inf"))).groupby("training", sort=False):
        print(training)
        print(group.groupby("arm", sort=False).median(numeric_only=True).drop(columns="seed").dropna(axis=1, how="all")
              .round(3).to_string())
    if arguments.record:
        table.to_csv(recorded.RECORDED / "bench" / "tuners.csv", index=False, float_format="%.5g")
        what = "Tuners side by side: the same space and trainings, two workers, the same seconds; and sleeping trials."
        command = f"python -m tests.bench.tuners --seconds {seconds} --seeds {seeds} --trials {n_trials} --record"
        write_provenance("bench/tuners", what, command, start, target=round(goal, 4), load_before=load,
                                  seeds=f"0 to {seeds - 1} for the tuner, 0 for each training")


if __name__ == "__main__":
    main()
