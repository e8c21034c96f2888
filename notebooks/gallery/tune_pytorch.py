# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "scikit-learn==1.9.1", "torch==2.13.0"]
# ///
"""Optuna tunes a PyTorch network on handwritten digits. The loop over epochs reports and prunes by hand."""

import sys
import time

try:
    import optuna
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 scikit-learn==1.9.1 torch==2.13.0")

X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
torch.set_num_threads(1)


def define_model(trial):
    hidden_size = trial.suggest_int("hidden_size", 16, 128, log=True)
    dropout = nn.Dropout(trial.suggest_float("dropout", 0.0, 0.5))
    return nn.Sequential(nn.Linear(64, hidden_size), nn.ReLU(), dropout, nn.Linear(hidden_size, 10))


def score(model, x, y):
    with torch.inference_mode():
        return (model.eval()(x).argmax(dim=1) == y).float().mean().item()


def train(trial):
    torch.manual_seed(0)
    model = define_model(trial)
    optimizer = torch.optim.Adam(model.parameters(), lr=trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    for epoch in range(15):
        model.train()
        for batch in torch.randperm(len(x_train)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x_train[batch]), y_train[batch]).backward()
            optimizer.step()
        accuracy = score(model, x_val, y_val)
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
    print(f"trained again: validation {accuracy:.4f}, test {score(winner, x_test, y_test):.4f}")
