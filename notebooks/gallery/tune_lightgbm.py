# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "lightgbm==4.7.0"]
# ///
"""Optuna tunes LightGBM on handwritten digits. LightGBMPruningCallback reports and prunes after each round."""

import sys
import time

try:
    import optuna
    from lightgbm import LGBMClassifier
    from optuna_integration import LightGBMPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "lightgbm==4.7.0")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)


def define_model(trial):
    return LGBMClassifier(
        n_estimators=60, subsample_freq=1, n_jobs=1, random_state=0, deterministic=True, verbose=-1,
        learning_rate=trial.suggest_float("learning_rate", 0.001, 1.0, log=True),
        num_leaves=trial.suggest_int("num_leaves", 2, 64, log=True),
        min_child_samples=trial.suggest_int("min_child_samples", 2, 50, log=True),
        subsample=trial.suggest_float("subsample", 0.3, 1.0),
        colsample_bytree=trial.suggest_float("colsample_bytree", 0.1, 1.0))


def accuracy(y_true, probabilities):  # True: higher is better. With "multi_error" the callback raises an error
    return "accuracy", (probabilities.argmax(axis=1) == y_true).mean(), True


def objective(trial):
    model = define_model(trial)
    pruning = LightGBMPruningCallback(trial, "accuracy")
    model.fit(x_train, y_train, eval_X=x_val, eval_y=y_val, eval_metric=accuracy, callbacks=[pruning])
    return model.score(x_val, y_val)  # the validation accuracy after the last round


if __name__ == "__main__":
    start = time.perf_counter()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    winner = define_model(study.best_trial).fit(x_train, y_train)
    print(f"trained again: validation {winner.score(x_val, y_val):.4f}, test {winner.score(x_test, y_test):.4f}")
