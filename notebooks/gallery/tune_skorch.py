# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "torch==2.13.0", "skorch==1.4.0"]
# ///
"""Optuna tunes PyTorch, trained by skorch, on handwritten digits. SkorchPruningCallback reports and prunes."""

import sys
import time

try:
    import optuna
    import torch
    from optuna_integration import SkorchPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split
    from torch import nn
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "torch==2.13.0 skorch==1.4.0")

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
torch.set_num_threads(1)


def define_model(trial):
    hidden_size = trial.suggest_int("hidden_size", 16, 128, log=True)
    dropout = nn.Dropout(trial.suggest_float("dropout", 0.0, 0.5))
    network = nn.Sequential(nn.Linear(64, hidden_size), nn.ReLU(), dropout, nn.Linear(hidden_size, 10))
    return NeuralNetClassifier(
        network, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
        lr=trial.suggest_float("lr", 1e-5, 1e-1, log=True), batch_size=64, max_epochs=15,
        iterator_train__shuffle=True, train_split=predefined_split(Dataset(x_val, y_val)), verbose=0)


def train(trial):
    torch.manual_seed(0)
    model = define_model(trial)
    model.set_params(callbacks=[SkorchPruningCallback(trial, "valid_acc")])
    model.fit(x_train, y_train)
    return model, model.history[-1, "valid_acc"]


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
