# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "scikit-learn==1.9.1"]
# ///
"""Optuna tunes a scikit-learn network on handwritten digits. The loop over epochs reports and prunes by hand."""

import sys
import time

try:
    import optuna
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 scikit-learn==1.9.1")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)


def define_model(trial):
    return MLPClassifier(
        random_state=0, batch_size=64,
        hidden_layer_sizes=[trial.suggest_int("hidden_size", 16, 128, log=True)] * trial.suggest_int("n_layers", 1, 2),
        alpha=trial.suggest_float("alpha", 1e-5, 1, log=True),
        learning_rate_init=trial.suggest_float("lr", 1e-5, 1e-1, log=True))


def train(trial):
    model = define_model(trial)
    for epoch in range(15):
        model.partial_fit(x_train, y_train, classes=range(10))
        accuracy = model.score(x_val, y_val)
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return model, accuracy


def objective(trial):
    return train(trial)[1]  # the validation accuracy after the last epoch


if __name__ == "__main__":
    start = time.perf_counter()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    winner, accuracy = train(study.best_trial)
    print(f"trained again: validation {accuracy:.4f}, test {winner.score(x_test, y_test):.4f}")
