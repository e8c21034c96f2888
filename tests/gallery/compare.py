"""Ready-made tuners against a plain search at equal budget, five seeds each, on scikit-learn's digits.

.venv/gallery/one/bin/python -m tests.gallery.compare stepwise|searches (--record writes data/recorded/NAME.csv)

The seed draws the three parts of the digits, the models and the search, so each seed is a comparison of its own.
"""

import argparse
import time
import warnings
from importlib.metadata import version

import lightgbm as lgb
import optuna
import pandas as pd
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from optuna_integration.lightgbm import LightGBMTuner
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  the next import needs it
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.svm import SVC

from helpers import recorded
from helpers.authoring.provenance import write_provenance

ROUNDS = 60  # of boosting
N_TRIALS = 40  # of a search over support vector machines
FOLDS = 3


def split(x, y, share, seed):
    return train_test_split(x, y, test_size=share, stratify=y, random_state=seed)


class Boosting:
    """Trains LightGBM on the digits; the validation loss is what the tuners go by."""

    def __init__(self, seed):
        x_rest, self.x_test, y_rest, self.y_test = split(*load_digits(return_X_y=True), 0.2, seed)
        self.x_train, self.x_val, self.y_train, self.y_val = split(x_rest, y_rest, 0.25, seed)
        self.fixed = {"objective": "multiclass", "num_class": 10, "metric": "multi_logloss", "verbosity": -1,
                      "num_threads": 1, "deterministic": True, "seed": seed, "feature_pre_filter": False}

    def train(self, settings):
        return lgb.train(self.fixed | settings, lgb.Dataset(self.x_train, self.y_train), ROUNDS)

    def row(self, settings):
        model = self.train(settings)
        probabilities = model.predict(self.x_test)
        return {"val_loss": log_loss(self.y_val, model.predict(self.x_val)),
                "test_loss": log_loss(self.y_test, probabilities),
                "test_accuracy": accuracy_score(self.y_test, probabilities.argmax(axis=1))}


def tune_stepwise(boosting, seed):
    """One group of settings after the other; returns the best settings and the number of trainings."""
    train_set = lgb.Dataset(boosting.x_train, boosting.y_train)
    val_set = lgb.Dataset(boosting.x_val, boosting.y_val, reference=train_set)
    tuner = LightGBMTuner(boosting.fixed, train_set, num_boost_round=ROUNDS, valid_sets=[val_set], optuna_seed=seed,
                          show_progress_bar=False)
    tuner.run()
    return tuner.best_params, len(tuner.study.trials)


def tune_together(boosting, seed, n_trials):
    """All settings at once, over the ranges that LightGBMTuner has."""

    def objective(trial):
        model = boosting.train({
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "num_leaves": trial.suggest_int("num_leaves", 2, 256),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "bagging_freq": trial.suggest_int("bagging_freq", 1, 7),
            "lambda_l1": trial.suggest_float("lambda_l1", 1e-8, 10, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-8, 10, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 5, 100)})
        return log_loss(boosting.y_val, model.predict(boosting.x_val))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials)
    return study.best_params, n_trials


def compare_stepwise(seed):
    """LightGBM's defaults, LightGBMTuner, and a plain study with as many trainings as the tuner took."""
    boosting = Boosting(seed)
    yield {"arm": "defaults", "trainings": 1, "seconds": 0.0} | boosting.row({})
    start = time.perf_counter()
    settings, trainings = tune_stepwise(boosting, seed)
    seconds = time.perf_counter() - start
    yield {"arm": "LightGBMTuner", "trainings": trainings, "seconds": seconds} | boosting.row(settings)
    start = time.perf_counter()
    settings, _ = tune_together(boosting, seed, trainings)
    seconds = time.perf_counter() - start
    yield {"arm": "plain study", "trainings": trainings, "seconds": seconds} | boosting.row(settings)


def compare_searches(seed):
    """RandomizedSearchCV, HalvingRandomSearchCV and OptunaSearchCV on a support vector machine, two settings.

    Equal budget: as many samples to train on. Halving begins with 120 candidates on a ninth of the samples and keeps
    the best third twice, which comes to what 40 candidates on all samples cost.
    """
    x, y = load_digits(return_X_y=True)
    x_rest, x_test, y_rest, y_test = split(x / 16, y, 0.2, seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    ranges = {"C": (0.01, 1000), "gamma": (0.00001, 10)}
    draws = {name: loguniform(*ends) for name, ends in ranges.items()}
    distributions = {name: FloatDistribution(*ends, log=True) for name, ends in ranges.items()}
    searches = {
        "RandomizedSearchCV": RandomizedSearchCV(SVC(), draws, n_iter=N_TRIALS, cv=folds, random_state=seed),
        "HalvingRandomSearchCV": HalvingRandomSearchCV(
            SVC(), draws, n_candidates=3 * N_TRIALS, factor=3, min_resources=len(x_rest) // 9, cv=folds,
            random_state=seed),
        "OptunaSearchCV": OptunaSearchCV(SVC(), distributions, n_trials=N_TRIALS, cv=folds, random_state=seed),
    }
    for arm, search in searches.items():
        start = time.perf_counter()
        search.fit(x_rest, y_rest)
        seconds = time.perf_counter() - start
        candidates = N_TRIALS
        if arm == "HalvingRandomSearchCV":
            rungs = zip(search.n_candidates_, search.n_resources_, strict=True)
            candidates = sum(number * samples for number, samples in rungs) / len(x_rest)
        yield {"arm": arm, "trainings": candidates * FOLDS, "seconds": seconds, "val_accuracy": search.best_score_,
               "test_accuracy": accuracy_score(y_test, search.best_estimator_.predict(x_test))}


COMPARISONS = {"stepwise": compare_stepwise, "searches": compare_searches}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=COMPARISONS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    warnings.filterwarnings("ignore", message="`optuna.terminator`")  # OptunaSearchCV 5.0.0 uses it in every trial
    start, rows, compare = time.perf_counter(), [], COMPARISONS[arguments.name]
    for seed in range(arguments.seeds):
        for row in compare(seed):
            rows.append({"seed": seed} | row)
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(table.groupby("arm", sort=False).agg(["mean", "std"]).drop(columns="seed").T.to_string())
    if arguments.record:
        table.to_csv(recorded.RECORDED / f"{arguments.name}.csv", index=False, float_format="%.5g")
        command = f"python -m tests.gallery.compare {arguments.name} --record"
        write_provenance(arguments.name, compare.__doc__.partition("\n")[0], command, start, workers=1,
                                  seeds=f"0 to {arguments.seeds - 1}, for the split, the models and the search",
                                  lightgbm=version("lightgbm"))


if __name__ == "__main__":
    main()
