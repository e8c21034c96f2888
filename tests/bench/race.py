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
--seconds, --arm and --seed for a try; the tuners' environment first: see tests.bench.tuners)
"""

import argparse
import os
import time

import pandas as pd

from helpers import plots, recorded
from helpers.authoring.provenance import write_provenance
from helpers.evaluation import interval
from tests.bench.tuners.__main__ import ROOT, check_environment, run
from tests.bench.tuners.arms import ARMS

RACERS = [arm for arm in ARMS if arm != "no tuner"]
SEEDS = range(5)
SECONDS = 480
GOALS = (0.75, 0.85, 0.9)  # validation accuracy
STEP = 30  # seconds between two points of a curve


def measure(arm, seed, seconds):
    """One row: the best validation accuracy after 30, 60, ... seconds, and when each goal was reached first."""
    row, times = run(arm, "real", seed, 1_000, seconds, of_cores=True)
    times = times[times["time"] <= seconds]
    best = {f"best_{at}": times.loc[times["time"] <= at, "val_accuracy"].max()
            for at in range(STEP, seconds + 1, STEP)}
    reached = {f"to_{goal}": times.loc[times["val_accuracy"] >= goal, "time"].min() for goal in GOALS}
    return {"arm": arm, "seed": seed, "seconds": row["seconds"], "trials": times["training"].nunique(),
            "megabytes": row["megabytes"], "load": os.getloadavg()[0]} | reached | best


def missing(table):
    """The pieces, (arm, seed), that have no row yet, in the order in which they are run."""
    there = set(table[["arm", "seed"]].itertuples(index=False, name=None)) if len(table) else set()
    return [(arm, seed) for seed in SEEDS for arm in RACERS if (arm, seed) not in there]


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
                         seconds=round(table["seconds"].sum()),
                         seeds=f"{SEEDS.start} to {SEEDS.stop - 1} for the search, 0 for each training")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=1, help="how many to run")
    parser.add_argument("--arm", choices=RACERS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--record", action="store_true", help="add the pieces to data/recorded/bench/race.csv")
    arguments = parser.parse_args()
    if arguments.seconds < STEP:
        parser.error(f"the curves have a point every {STEP} seconds; say --seconds {STEP} or more")
    check_environment()
    path = recorded.RECORDED / "bench" / "race.csv"
    there = pd.read_csv(path) if arguments.record and path.exists() else pd.DataFrame()
    pieces = [(arm, seed) for arm, seed in missing(there)
              if arguments.arm in (None, arm) and arguments.seed in (None, seed)][: arguments.pieces]
    if arguments.record:
        if arguments.seconds != SECONDS:
            parser.error(f"a recorded piece takes {SECONDS} seconds; leave out --seconds or --record")
        record(pieces, SECONDS)
        table = pd.read_csv(path)
        print(f"{len(missing(table))} of {len(RACERS) * len(SEEDS)} pieces are missing")
    else:
        table = pd.DataFrame([measure(arm, seed, arguments.seconds) for arm, seed in pieces])
    show(table)


if __name__ == "__main__":
    main()
