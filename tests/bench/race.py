"""The race: searches that people would pick, on real trainings of the Transformer, the same eight minutes of two cores.

Seven arms, five seeds of the search each: some five hours of two cores. A piece is one seed of one arm. Each call runs
the next ones that data/recorded/bench/race.csv does not hold yet, and adds them to it; all arms take their turn before
the next seed begins. What is there is shown as a table and as build/race.png.

The article's way draws the learning rate evenly, prunes nothing, and runs its trials by n_jobs=-1 with torch's own
threads. The blind study is the first try of lesson 04; the rounds are those of lessons 04 and 05, by the clock alone:
what the person who looks between them needs is not counted. Optuna has its defaults. All search the wide space, except
the rounds, whose second space a person wrote. Seconds are those that cores worked for the arm, all its processes and
their start included, halved: the time on two cores with nothing beside it. So the race may run beside other work, and
Hyperopt, which has one process, gets as much work as the others.

python -m tests.bench.race --record (--pieces 7: as many pieces; without --record they are shown and kept nowhere;
--seconds, --arm and --seed for a try; the tuners' environment first:
python -m venv .venv/bench/tuners && .venv/bench/tuners/bin/pip install -r tests/bench/requirements-tuners.txt)
"""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from helpers import plots, recorded
from helpers.authoring.provenance import machine, write_provenance
from helpers.evaluation import interval
from tests.bench.racers import ARMS

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bench" / "tuners" / "bin" / "python"
SEEDS = range(5)
SECONDS = 480
GOALS = (0.75, 0.85, 0.9)  # validation accuracy
STEP = 30  # seconds between two points of a curve


def run(arm, seed, seconds):
    """Runs an arm for so many seconds. Returns the peak of its memory in MB, and its epochs with their times."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log, times = Path(folder, "log"), Path(folder, "times")
        times.touch()
        environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        environment |= {} if arm == "the article's" else {"OMP_NUM_THREADS": "1"}
        command = [PYTHON, "-m", "tests.bench.racers", arm, str(seed), "1000", folder]
        with log.open("w") as file:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        peak, clock = watch(process, seconds)
        if process.returncode:
            raise RuntimeError(f"{arm} ended with exit code {process.returncode}:\n{log.read_text()[-3000:]}")
        notes = [json.loads(line) for line in times.read_text().splitlines()]
    epochs = pd.DataFrame(notes, columns=["training", "time", "val_accuracy"])
    epochs["time"] = np.interp(epochs["time"], clock["time"], clock["seconds"])
    return peak, epochs


def watch(process, seconds):
    """Waits for a process until it and all below it have worked for so long, and ends them.

    Returns the peak of their memory in MB, and a table of times and the seconds that were counted until then: those
    that cores worked, halved. So other work on the machine costs an arm nothing, and waiting is free.
    """
    peak, family, worked, clock = 0, [], {}, [(time.time(), 0)]
    while process.poll() is None and clock[-1][1] < seconds:
        time.sleep(0.5)
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        peak = max(peak, sum(map(memory, family)))
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                worked[member] = sum(member.cpu_times()[:2])  # in its own code and in the kernel
        clock.append((time.time(), sum(worked.values()) / 2))
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


def measure(arm, seed, seconds):
    """One row: the best validation accuracy after 30, 60, ... seconds, and when each goal was reached first."""
    peak, times = run(arm, seed, seconds)
    times = times[times["time"] <= seconds]
    best = {f"best_{at}": times.loc[times["time"] <= at, "val_accuracy"].max()
            for at in range(STEP, seconds + 1, STEP)}
    reached = {f"to_{goal}": times.loc[times["val_accuracy"] >= goal, "time"].min() for goal in GOALS}
    return {"arm": arm, "seed": seed, "seconds": seconds, "trials": times["training"].nunique(), "megabytes": peak,
            "load": os.getloadavg()[0], "machine": machine()} | reached | best


def missing(table):
    """The pieces, (arm, seed), that have no row yet, in the order in which they are run."""
    there = set(table[["arm", "seed"]].itertuples(index=False, name=None)) if len(table) else set()
    return [(arm, seed) for seed in SEEDS for arm in ARMS if (arm, seed) not in there]


def summary(table):
    """One row per arm: the best at the end, and the median seconds to each goal of those that reached it."""
    rows = []
    for arm, group in table.groupby("arm", sort=False):
        best = group.filter(like="best_").max(axis=1)
        row = {"arm": arm, "best": f"{best.mean():.3f} ± {interval(best):.3f}", "trials": group["trials"].mean()}
        for goal in GOALS:
            reached = group[f"to_{goal}"].dropna()
            median = f"{reached.median():.0f} s " if len(reached) else ""
            row[f"to {goal}"] = f"{median}({len(reached)} of {len(group)})"
        rows.append(row)
    return pd.DataFrame(rows).set_index("arm")


def show(table):
    print(summary(table).to_string())
    curves = {arm: rows.filter(like="best_").rename(columns=lambda column: int(column.split("_")[1]))
              for arm, rows in table.groupby("arm", sort=False)}
    (ROOT / "build").mkdir(exist_ok=True)
    plots.bands(curves, "seconds").figure.savefig(ROOT / "build" / "race.png")


def record(pieces, seconds):
    """Runs these pieces; each is added to the table at once, so that a stopped race loses one piece at most."""
    path = recorded.RECORDED / "bench" / "race.csv"
    for arm, seed in pieces:
        row = pd.DataFrame([measure(arm, seed, seconds)])
        print(row.to_string(index=False), flush=True)
        row.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")
        table = pd.read_csv(path)
        write_provenance("bench/race", "Searches side by side: real trainings, the same seconds of two cores.",
                         "python -m tests.bench.race --record", time.perf_counter(), goals=GOALS,
                         seconds=round(table["seconds"].sum()), machine=" and ".join(table["machine"].unique()),
                         seeds=f"0 to {table['seed'].max()} for the search, 0 for each training")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=1, help="how many to run")
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--record", action="store_true", help="add the pieces to data/recorded/bench/race.csv")
    arguments = parser.parse_args()
    if arguments.seconds < STEP:
        parser.error(f"the curves have a point every {STEP} seconds; say --seconds {STEP} or more")
    if not PYTHON.exists():
        parser.error("the tuners have an environment of their own; the first lines of this file say how to make it")
    path = recorded.RECORDED / "bench" / "race.csv"
    there = pd.read_csv(path) if arguments.record and path.exists() else pd.DataFrame()
    pieces = [(arm, seed) for arm, seed in missing(there)
              if arguments.arm in (None, arm) and arguments.seed in (None, seed)][: arguments.pieces]
    if arguments.record:
        if arguments.seconds != SECONDS:
            parser.error(f"a recorded piece takes {SECONDS} seconds; leave out --seconds or --record")
        record(pieces, SECONDS)
        table = pd.read_csv(path)
        print(f"{len(missing(table))} of {len(ARMS) * len(SEEDS)} pieces are missing")
    else:
        table = pd.DataFrame([measure(arm, seed, arguments.seconds) for arm, seed in pieces])
    show(table)


if __name__ == "__main__":
    main()
