# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "xgboost-cpu==3.2.0"]
# ///
"""Optuna tunes XGBoost on handwritten digits. XGBoostPruningCallback reports and prunes after each round."""

import sys
import time

try:
    import optuna
    from optuna_integration import XGBoostPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from xgboost import XGBClassifier
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "xgboost-cpu==3.2.0")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)


def define_model(trial):
    return XGBClassifier(
        n_estimators=60, n_jobs=1, random_state=0,
        learning_rate=trial.suggest_float("learning_rate", 0.001, 1.0, log=True),
        max_depth=trial.suggest_int("max_depth", 1, 8),
        subsample=trial.suggest_float("subsample", 0.3, 1.0),
        colsample_bytree=trial.suggest_float("colsample_bytree", 0.1, 1.0),
        reg_lambda=trial.suggest_float("reg_lambda", 0.001, 10, log=True))


def accuracy(y_true, probabilities):  # XGBoost's "merror" is an error rate: a maximizing study would prune the best
    return (probabilities.argmax(axis=1) == y_true).mean()


def objective(trial):
    model = define_model(trial)
    model.set_params(eval_metric=accuracy, callbacks=[XGBoostPruningCallback(trial, "validation_0-accuracy")])
    model.fit(x_train, y_train, eval_set=[(x_val, y_val)], verbose=False)
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
