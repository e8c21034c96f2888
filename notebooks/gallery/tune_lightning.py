# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "torch==2.13.0",
#                 "lightning==2.6.6"]
# ///
"""Optuna tunes PyTorch, trained by Lightning, on digits. PyTorchLightningPruningCallback reports and prunes.

Each training keeps a checkpoint: called again with the same folder, `train` resumes as if it had never stopped.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path

try:
    import lightning
    import optuna
    import torch
    from lightning.pytorch.callbacks import ModelCheckpoint
    from optuna_integration import PyTorchLightningPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "torch==2.13.0 lightning==2.6.6")

X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
torch.set_num_threads(1)
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # no log line for each trial


class Digits(lightning.LightningModule):
    def __init__(self, hidden_size, dropout, lr):
        super().__init__()
        self.lr = lr
        layers = nn.Linear(64, hidden_size), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden_size, 10)
        self.network = nn.Sequential(*layers)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def training_step(self, batch):
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def validation_step(self, batch):
        self.log("accuracy", (self.network(batch[0]).argmax(dim=1) == batch[1]).float().mean())

    def on_save_checkpoint(self, checkpoint):
        checkpoint["generator"] = torch.get_rng_state()  # row order, dropout; Lightning does not store it

    def on_load_checkpoint(self, checkpoint):
        torch.set_rng_state(checkpoint["generator"])


def define_model(trial):
    return Digits(trial.suggest_int("hidden_size", 16, 128, log=True), trial.suggest_float("dropout", 0.0, 0.5),
                  trial.suggest_float("lr", 1e-5, 1e-1, log=True))


def train(trial, folder):
    lightning.seed_everything(0, verbose=False)
    model = define_model(trial)
    keep, prune = ModelCheckpoint(folder, save_last=True), PyTorchLightningPruningCallback(trial, "accuracy")
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=15, callbacks=[keep, prune], logger=False, enable_progress_bar=False,
        enable_model_summary=False)
    last = Path(folder, "last.ckpt")
    trainer.fit(model, DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True),
                DataLoader(TensorDataset(x_val, y_val), batch_size=len(x_val)),
                ckpt_path=last if last.exists() else None)
    return model, trainer.callback_metrics["accuracy"].item()


def objective(trial):
    with tempfile.TemporaryDirectory() as folder:  # to resume a trial, give it a folder that stays
        return train(trial, folder)[1]  # the validation accuracy after the last epoch


if __name__ == "__main__":
    start = time.perf_counter()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    with tempfile.TemporaryDirectory() as folder:
        winner, accuracy = train(study.best_trial, folder)
    right = winner.eval().network(x_test).argmax(dim=1) == y_test
    print(f"trained again: validation {accuracy:.4f}, test {right.float().mean():.4f}")
