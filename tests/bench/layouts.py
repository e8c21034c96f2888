"""The same hands in four layouts: the LSTM and the Transformer, untuned and tuned at equal budget, five seeds each.

python -m tests.bench.layouts (--record writes data/recorded/bench/layouts.csv; --small takes a minute)

Each layout is dealt from the same seed, so it holds the same hands with the same labels in the same splits. "Untuned"
is the LSTM as it was, and the paper's recipe at 1/8 of its width; "tuned" is the best of a study on that layout.
"""

import argparse
import tempfile
import time
from pathlib import Path

import joblib
import optuna
import pandas as pd
import torch

from helpers import recipes, recorded, search
from helpers.authoring.provenance import write_provenance
from helpers.authoring.record import score
from helpers.data import cards, load_csv
from helpers.training import predict, run, set_seed

LAYOUTS = ["as dealt", "by suit", "six and one", "by rank"]
LSTM_START = {"embedding_dim": 64, "hidden_size": 96, "lstm_layers": 2, "bidirectional": True, "lstm_dropout": 0.0,
              "batch_size": 64, "optimizer": "Adam", "lr": 0.004, "beta1": 0.9, "warmup": 0.0, "label_smoothing": 0.0}
MODELS = {
    "LSTM": (recipes.lstm, search.define_lstm, LSTM_START),
    "Transformer": (recipes.paper(), search.define_transformer, search.PAPER_START),
}


def train_untuned(build, seed, epochs):
    set_seed(seed)
    model, optimizer, options = build(search.data)
    run(model, optimizer, search.data, epochs, **options)
    return model


def tune(define_model, first, n_trials, epochs):
    """The settings of the best trial; the study is that of `python -m helpers record studies`, with fewer trials."""
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(n_startup_trials=20, seed=0),
        pruner=optuna.pruners.PercentilePruner(25, n_startup_trials=5, n_warmup_steps=4),
    )
    study.enqueue_trial(first)
    study.optimize(lambda trial: search.train(trial, define_model, epochs=epochs)[1], n_trials)
    return study.best_params


def measure(layout, name, seeds, n_trials, epochs, limit):
    """The rows of one model on one layout."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        cards.write_csv(Path(folder) / "hands.csv", layout=layout)
        search.data = load_csv(Path(folder) / "hands.csv", limit=limit)
    test, rows = search.data.unlock_test(), []
    build, define_model, first = MODELS[name]
    start = time.thread_time()
    best = tune(define_model, first, n_trials, epochs)
    search_seconds = time.thread_time() - start
    for seed in seeds:
        for tuned in (False, True):
            start = time.thread_time()
            if tuned:
                model, _ = search.train(optuna.trial.FixedTrial(best), define_model, seed, epochs)
            else:
                model = train_untuned(build, seed, epochs)
            row = {"layout": layout, "model": name, "tuned": tuned, "seed": seed,
                   "cpu_seconds": time.thread_time() - start, "search_cpu_seconds": search_seconds if tuned else 0}
            row |= score(predict(model, search.data.x_val), search.data.y_val, "val")
            rows.append(row | score(predict(model, test[0]), test[1], "test"))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="two seeds, three trials, two epochs, 600 hands")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    sizes = (range(5), arguments.trials, recipes.EPOCHS, None) if not arguments.small else (range(2), 3, 2, 600)
    start = time.perf_counter()
    jobs = [joblib.delayed(measure)(layout, name, *sizes) for name in MODELS for layout in LAYOUTS]
    rows = joblib.Parallel(n_jobs=arguments.workers, verbose=5)(jobs)
    table = pd.DataFrame([row for some in rows for row in some])
    columns = ["val_accuracy", "test_accuracy", "cpu_seconds", "search_cpu_seconds"]
    print(table.groupby(["layout", "model", "tuned"], sort=False)[columns].mean().round(3).to_string())
    if arguments.record:
        table.to_csv(recorded.RECORDED / "bench" / "layouts.csv", index=False, float_format="%.5g")
        what = "LSTM and Transformer on four layouts of the same hands, untuned and tuned; processor seconds."
        command = f"python -m tests.bench.layouts --trials {arguments.trials} --record"
        write_provenance("bench/layouts", what, command, start, workers=arguments.workers,
                                  seeds="0 to 4 for the trainings, 0 for the study")


if __name__ == "__main__":
    main()
