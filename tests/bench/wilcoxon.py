"""The Wilcoxon pruner, which compares trials over seeds and splits, on a small network and scikit-learn's digits.

Each trial is a mean over eight trainings, each with a split and a seed of its own. Every arm has as many trainings;
the winner's settings are then judged by twenty fresh ones, with other splits and seeds.

python -m tests.bench.wilcoxon (--record writes data/recorded/bench/wilcoxon.csv; --small: one seed, 48 trainings)
"""

import argparse
import time
import warnings

import joblib
import numpy as np
import optuna
import pandas as pd
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.evaluation import interval

FOLDS = 8
FRESH = 20
ARMS = {
    "one training per trial": (1, optuna.pruners.NopPruner),
    "mean of eight": (FOLDS, optuna.pruners.NopPruner),
    "mean of eight, median pruner": (FOLDS, lambda: optuna.pruners.MedianPruner(5, 2)),
    "mean of eight, Wilcoxon pruner": (FOLDS, lambda: optuna.pruners.WilcoxonPruner(n_startup_steps=2)),
}
X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(Y)


def train(trial, fold):
    """The accuracy of one training on the rows that this fold leaves out; fold is its seed as well."""
    width, lr = trial.suggest_int("width", 4, 64, log=True), trial.suggest_float("lr", 1e-3, 1e-1, log=True)
    dropout, batch_size = trial.suggest_float("dropout", 0, 0.6), trial.suggest_categorical("batch_size", [32, 64, 128])
    rows, left_out = train_test_split(torch.arange(len(X)), test_size=0.3, stratify=Y, random_state=fold)
    torch.manual_seed(fold)
    model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(5):
        for batch in rows[torch.randperm(len(rows))].split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), Y[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.inference_mode():
        return (model(X[left_out]).argmax(dim=1) == Y[left_out]).double().mean().item()


def search(arm, seed, n_trainings):
    """One row: an arm's search with so many trainings, and what its winner is worth."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # the pruner
    folds, pruner = ARMS[arm]
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner())
    left = n_trainings

    def objective(trial):
        nonlocal left
        values = []
        for fold in range(min(folds, left)):
            values.append(train(trial, 1_000 * seed + fold))
            left -= 1
            trial.report(values[-1] if "Wilcoxon" in arm else np.mean(values), fold)
            if trial.should_prune():
                if "Wilcoxon" not in arm:
                    raise optuna.TrialPruned
                break  # as Optuna's documentation advises: the mean of what there is
        trial.set_user_attr("trainings", len(values))
        return np.mean(values)

    start = time.thread_time()
    while left:
        study.optimize(objective, 1)
    seconds = time.thread_time() - start
    whole = [trial for trial in study.trials if trial.user_attrs.get("trainings") == folds]
    best = max(whole, key=lambda trial: trial.value)
    fresh = [train(optuna.trial.FixedTrial(best.params), 1_000_000 + fold) for fold in range(FRESH)]
    return {"arm": arm, "seed": seed, "trials": len(study.trials), "best_value": best.value,
            "fresh_accuracy": np.mean(fresh), "cpu_seconds": seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trainings", type=int, default=240)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="one seed, 48 trainings")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    seeds, n_trainings = (1, 48) if arguments.small else (arguments.seeds, arguments.trainings)
    start = time.perf_counter()
    jobs = [joblib.delayed(search)(arm, seed, n_trainings) for seed in range(seeds) for arm in ARMS]
    table = pd.DataFrame(joblib.Parallel(n_jobs=arguments.workers)(jobs))
    print(f"{n_trainings} trainings an arm, {seeds} seeds")
    for arm, group in table.groupby("arm", sort=False):
        print(f"  {arm:32s}{group['trials'].mean():6.1f} trials, best value {group['best_value'].mean():.4f}, the same "
              f"settings afresh {group['fresh_accuracy'].mean():.4f} ± {interval(group['fresh_accuracy']):.4f}")
    if arguments.record:
        table.to_csv(recorded.RECORDED / "bench" / "wilcoxon.csv", index=False, float_format="%.5g")
        what = "The Wilcoxon pruner over seeds and splits, against others, with as many trainings each."
        command = f"python -m tests.bench.wilcoxon --seeds {seeds} --trainings {n_trainings} --record"
        write_provenance("bench/wilcoxon", what, command, start, workers=arguments.workers,
                                  seeds=f"0 to {seeds - 1} for the sampler; each training has its own")


if __name__ == "__main__":
    main()
