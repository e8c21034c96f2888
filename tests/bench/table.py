"""Trains a whole grid of Transformers on card hands once, so that searches can be tried by looking up.

python -m tests.bench.table --workers 2 --minutes 60 (goes on where it stopped; --record writes the table when it is
whole to data/recorded/bench/table.csv; --small trains eight of them for an epoch)

One row per configuration: its settings, the validation accuracy after each epoch, the seconds of an epoch. These are of
the processor, on one thread, so that they hold on a machine that does other things as well.
"""

import argparse
import itertools
import random
import time

import joblib
import optuna
import pandas as pd
import torch

from helpers import recorded, search
from helpers.authoring.provenance import write_provenance

GRID = {
    "lr": [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1],
    "optimizer": ["Adam", "RMSprop", "SGD"],
    "n_layers": [1, 2],
    "d_model": [32, 64],
    "norm_first": [False, True],
    "dropout": [0.0, 0.2],
    "batch_size": [64, 128],
}
FIXED = {"n_heads": 4, "ff_factor": 2, "pooling": "mean", "warmup": 0.1, "label_smoothing": 0.0,
         "beta1": 0.9, "alpha": 0.99, "momentum": 0.9}

UNFINISHED = recorded.DATA_DIR.parent / "build" / "table.csv"


def configurations():
    """All points of the grid, in an order that is mixed, and always the same."""
    points = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    random.Random(0).shuffle(points)
    return points


def train(point, epochs):
    """The row of one configuration."""
    torch.set_num_threads(1)
    curve, start = [], time.thread_time()
    trial = optuna.trial.FixedTrial(FIXED | point)
    search.train(trial, search.define_transformer, epochs=epochs,
                 on_epoch=lambda row: curve.append(row["val_accuracy"]))
    seconds = (time.thread_time() - start) / epochs
    return point | {f"epoch_{number}": value for number, value in enumerate(curve, start=1)} | {"seconds": seconds}


def append(row, path):
    pd.DataFrame([row]).to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")


def missing(points, path):
    """The points that have no row yet."""
    if not path.exists():
        return points
    done = {tuple(row) for row in pd.read_csv(path)[list(GRID)].itertuples(index=False)}
    return [point for point in points if tuple(point.values()) not in done]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1_000)
    parser.add_argument("--small", action="store_true", help="eight configurations for one epoch, kept nowhere")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    start, points = time.perf_counter(), configurations()
    if arguments.small:
        print(pd.DataFrame([train(point, epochs=1) for point in points[:8]]).to_string(index=False))
        return
    UNFINISHED.parent.mkdir(exist_ok=True)
    todo = missing(points, UNFINISHED)
    in_time = (joblib.delayed(train)(point, search.EPOCHS) for point in todo
               if time.perf_counter() - start < 60 * arguments.minutes)
    parallel = joblib.Parallel(n_jobs=arguments.workers, return_as="generator_unordered", pre_dispatch="n_jobs")
    for row in parallel(in_time):
        append(row, UNFINISHED)
    left = len(missing(points, UNFINISHED))
    print(f"{len(points) - left:,} of {len(points):,} configurations")
    if arguments.record and not left:
        table = pd.read_csv(UNFINISHED).sort_values(list(GRID))
        table.to_csv(recorded.RECORDED / "bench" / "table.csv", index=False, float_format="%.4g")
        write_provenance(
            "bench/table", "A grid of Transformers on card hands, each trained once; seconds of the processor.",
            "python -m tests.bench.table --record", start, workers=arguments.workers, seeds="0 for each training",
            seconds=round(search.EPOCHS * table["seconds"].sum() / arguments.workers))  # of all sessions, not the last


if __name__ == "__main__":
    main()
