"""What a tuner itself takes, with two workers: trainings that only sleep.

Seconds until the first one begins, and milliseconds that pass in a worker from one beginning to the next, beyond the
sleep. Both count the start of the processes. How well each tunes is the race's question: `tests.bench.race`. (The rows
"real" of data/recorded/bench/tuners.csv are an earlier, shorter race, with scikit-learn's random search by skorch; its
"ours" was one study by run_workers.)

Hyperopt has one worker: on one machine it has no more without Spark or MongoDB. Keras Tuner is left out: it tunes
models of Keras, not ours.

python -m tests.bench.tuners (--small: two arms, one seed; the tuners' environment first:
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

import numpy as np
import pandas as pd
import psutil

from tests.bench.tuners.arms import ARMS, SLEEP

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv" / "bench" / "tuners" / "bin" / "python"
ASLEEP = [arm for arm in ARMS if arm not in ("the article's", "our rounds")]  # threads mix their gaps; two studies


def run(arm, training, seed, n_trials, seconds, of_cores=False):
    """One row: the arm runs until its trials are done or the seconds are over.

    With `of_cores`, seconds are those that cores worked for the arm, halved: the time on two cores with nothing beside
    it. So other work on the machine costs it nothing, and waiting is free.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [PYTHON, "-m", "tests.bench.tuners.arms", arm, training, str(seed), str(n_trials), folder]
        log = Path(folder) / "log"
        start = time.time()
        (Path(folder) / "times").touch()
        with log.open("w") as file:
            environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
            environment |= {} if arm == "the article's" else {"OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        peak, clock = watch(process, start, seconds, of_cores)
        if process.returncode:
            raise RuntimeError(f"{arm} ended with exit code {process.returncode}:\n{log.read_text()[-3000:]}")
        notes = [json.loads(line) for line in (Path(folder) / "times").read_text().splitlines()]
    times = pd.DataFrame(notes, columns=["training", "process", "time", "val_accuracy"])
    times["time"] = np.interp(times["time"], clock["time"], clock["seconds"])
    row = {"arm": arm, "training": training, "seed": seed, "seconds": min(clock["seconds"].iloc[-1], seconds)}
    return row | {"megabytes": peak}, times


def watch(process, start, seconds, of_cores):
    """Waits for a process, and at last ends it and all below it.

    Returns the peak of their memory, and a table of times and the seconds that were counted until then.
    """
    peak, family, worked, clock = 0, [], {}, [(start, 0)]
    while process.poll() is None and clock[-1][1] < seconds:
        time.sleep(0.5)
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        peak = max(peak, sum(map(memory, family)))
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                worked[member] = sum(member.cpu_times()[:2])  # in its own code and in the kernel
        now = time.time()
        clock.append((now, sum(worked.values()) / 2 if of_cores else now - start))
    if process.poll() is None:
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        process.returncode = 0
    psutil.wait_procs(family, timeout=20)
    return peak, pd.DataFrame(clock, columns=["time", "seconds"])


def memory(process):
    try:
        return process.memory_full_info().pss / 1e6
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


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


def check_environment():
    if not PYTHON.exists():
        sys.exit("the tuners have an environment of their own: python -m venv .venv/bench/tuners && "
                 ".venv/bench/tuners/bin/pip install -r tests/bench/requirements-tuners.txt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--small", action="store_true", help="two arms, one seed, 300 hands, 8 trials")
    arguments = parser.parse_args()
    check_environment()
    seeds, n_trials, arms = arguments.seeds, arguments.trials, ASLEEP
    if arguments.small:
        os.environ["TUNING_BUDGET"] = "smoke"
        seeds, n_trials, arms = 1, 8, ("one blind study", "Ray Tune, ASHA")
    rows = []
    for seed in range(seeds):
        for arm in arms:
            rows.append(measure_asleep(arm, seed, n_trials))
            print(pd.Series(rows[-1]).to_json(double_precision=3), flush=True)
    print(pd.DataFrame(rows).groupby("arm", sort=False).median(numeric_only=True).drop(columns="seed").round(3)
          .to_string())


if __name__ == "__main__":
    main()
