# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "catboost==1.2.10"]
# ///
"""Optuna tunes CatBoost on handwritten digits. CatBoostPruningCallback reports each round and stops the training."""

import sys
import time

try:
    import optuna
    from catboost import CatBoostClassifier
    from optuna_integration import CatBoostPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "catboost==1.2.10")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)


def define_model(trial):
    return CatBoostClassifier(
        iterations=60, eval_metric="Accuracy", thread_count=1, random_seed=0, verbose=0, allow_writing_files=False,
        learning_rate=trial.suggest_float("learning_rate", 0.001, 1.0, log=True),
        depth=trial.suggest_int("depth", 1, 6),
        rsm=trial.suggest_float("rsm", 0.1, 1.0),
        l2_leaf_reg=trial.suggest_float("l2_leaf_reg", 0.1, 30, log=True))


def objective(trial):
    model = define_model(trial)
    pruning = CatBoostPruningCallback(trial, "Accuracy")
    model.fit(x_train, y_train, eval_set=(x_val, y_val), use_best_model=False, callbacks=[pruning])
    pruning.check_pruned()  # inside fit the callback can only stop the training
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
