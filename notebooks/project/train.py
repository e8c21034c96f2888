"""Train a network on handwritten digits. This script knows nothing of Optuna.

    python train.py                              with the settings of config.yaml
    python train.py --lr 0.003 --folder runs/b   with another learning rate, into another folder
    python train.py --config best.yaml           with the settings that tune.py found

Run it again with the same folder: it resumes after the last finished epoch.
"""

import argparse
import math
import os
import sys
import uuid
from pathlib import Path

import torch
import yaml
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

SETTINGS = {"lr": float, "width": int, "dropout": float, "batch_size": int, "epochs": int, "patience": int,
            "seed": int, "num_workers": int}  # fmt: skip
MAY_CHANGE = {"epochs", "patience", "num_workers"}  # when a training resumes; all other settings must stay
DIRECTION = "maximize"  # the score that `evaluate` returns; "minimize" if it is a loss
best = max if DIRECTION == "maximize" else min
CONFIG = Path(__file__).with_name("config.yaml")


class WrongSettings(ValueError):
    """These settings are invalid, or differ from those of the checkpoint in this folder."""


class Digits(Dataset):
    """Images of 64 pixels between 0 and 1, and their digits. part: "train", "val" or "test"."""

    def __init__(self, part):
        pixels, digits = load_digits(return_X_y=True)
        rest, test = train_test_split(range(len(digits)), test_size=0.2, stratify=digits, random_state=0)
        train, val = train_test_split(rest, test_size=0.25, stratify=digits[rest], random_state=0)
        rows = {"train": train, "val": val, "test": test}[part]
        self.x, self.y = torch.tensor(pixels[rows] / 16, dtype=torch.float32), torch.tensor(digits[rows])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, row):
        return self.x[row], self.y[row]


def load(part, settings):
    """The batches of a part of the data: "train", "val" or "test". "train" is shuffled in each epoch."""
    return DataLoader(Digits(part), batch_size=settings["batch_size"], shuffle=part == "train",
                      num_workers=settings["num_workers"])  # fmt: skip


def define_model(settings):
    width = settings["width"]
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(settings["dropout"]), nn.Linear(width, 10))


def choose_device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train_epoch(model, optimizer, batches):
    device = next(model.parameters()).device
    model.train()
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x.to(device)), y.to(device)).backward()
        optimizer.step()


def evaluate(model, batches):
    """The score of a model: its accuracy, from 0 to 1."""
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        right = sum((model(x.to(device)).argmax(dim=1) == y.to(device)).sum().item() for x, y in batches)
    return right / len(batches.dataset)


def print_epoch(epoch, score):
    print(f"epoch {epoch}: validation score {score:.4f}")


def train(settings, folder, after_epoch=print_epoch, before_save=lambda: None):
    """Trains, and returns the best validation score of all epochs; the model of that epoch is in folder/best.pt.

    settings: a dict with the names of SETTINGS. folder: if it has the checkpoint of an interrupted training, this
    resumes it, with the same result as without the interruption.
    after_epoch: called with (epoch, score) after each epoch, from 0, and once for each in the checkpoint. It may raise
    an exception to end the training; the checkpoint stays.
    before_save: called before an epoch is saved; it may raise if another process has taken over the folder.
    Raises WrongSettings if the checkpoint has other settings, or epochs is below 1; FloatingPointError if the score is
    not finite.
    """
    if settings["epochs"] < 1:
        raise WrongSettings(f"epochs is {settings['epochs']}; it must be 1 or more")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # with more, parallel trainings slow each other down; it also changes the last digits
    torch.manual_seed(settings["seed"])
    model = define_model(settings).to(choose_device())
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    train_batches, val_batches = load("train", settings), load("val", settings)
    scores = load_checkpoint(folder / "last.pt", settings, model, optimizer)
    for epoch, score in enumerate(scores):
        after_epoch(epoch, score)
    for epoch in range(len(scores), settings["epochs"]):
        if scores and epoch - scores.index(best(scores)) > settings["patience"]:
            break
        train_epoch(model, optimizer, train_batches)
        scores.append(float(evaluate(model, val_batches)))  # a NumPy number could be saved, but not loaded
        if not math.isfinite(scores[-1]):
            raise FloatingPointError(f"the validation score of epoch {epoch} is {scores[-1]}: the training diverged")
        before_save()
        if scores.index(best(scores)) == epoch:
            save(folder / "best.pt", {"settings": settings, "score": scores[-1], "model": model.state_dict()})
        save_checkpoint(folder / "last.pt", settings, model, optimizer, scores)
        after_epoch(epoch, scores[-1])
    return best(scores)


def save(path, content):
    """Writes a file atomically: if this process is killed, the file is the old or the new one, never half of it."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with open(part, "wb") as file:  # given a path, torch would hide that the disk is full
            torch.save(content, file)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)  # left over if writing failed


def save_checkpoint(path, settings, model, optimizer, scores):
    save(path, {
        "settings": settings,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),  # have a scheduler or GradScaler? Save it here, load it below
        "scores": scores,
        "generator": torch.get_rng_state(),  # for shuffling and dropout; add those of random and numpy if you use them
        "cuda_generators": torch.cuda.get_rng_state_all(),
    })  # fmt: skip


def load_checkpoint(path, settings, model, optimizer):
    """Restores the state after the last finished epoch. Returns the scores so far, [] without a checkpoint."""
    if not path.exists():
        return []
    last = torch.load(path, weights_only=True, map_location="cpu")
    names = sorted((settings.keys() | last["settings"].keys()) - MAY_CHANGE)
    if other := [name for name in names if last["settings"].get(name) != settings.get(name)]:
        raise WrongSettings(f"{path} is the checkpoint of a training with another {' and '.join(other)}; give this one "
                            "its own folder, or delete that file")
    model.load_state_dict(last["model"])
    optimizer.load_state_dict(last["optimizer"])
    torch.set_rng_state(last["generator"])
    if torch.cuda.device_count() == len(last["cuda_generators"]):
        torch.cuda.set_rng_state_all(last["cuda_generators"])
    print(f"{path.parent} resumes at epoch {len(last['scores'])}", flush=True)
    return last["scores"]


def load_model(path):
    """The model in a best.pt, ready to use, and everything saved with it."""
    best = torch.load(path, weights_only=True, map_location=choose_device())
    model = define_model(best["settings"]).to(choose_device())
    model.load_state_dict(best["model"])
    return model.eval(), best


def read_settings(path):
    """The settings of a YAML file. Exits with a sentence if one is missing, unknown or not a number."""
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        if other := settings.keys() ^ SETTINGS.keys():
            sys.exit(f"{path}: {', '.join(sorted(other))}: missing or unknown; it must have {', '.join(SETTINGS)}")
        return {name: kind(settings[name]) for name, kind in SETTINGS.items()}  # YAML reads 1e-3 as a string
    except (OSError, yaml.YAMLError, AttributeError, ValueError, TypeError) as error:
        sys.exit(f"{path} can't be read as settings, one line each, like lr: 0.001 ({error})")


def main():
    parser = argparse.ArgumentParser(description="Train a network on handwritten digits.")
    parser.add_argument("--config", type=Path, default=CONFIG, help="a YAML file with all settings")
    parser.add_argument("--folder", type=Path, default=Path("runs/alone"), help="for the model and the checkpoint")
    for name, kind in SETTINGS.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help="overrides the file")
    given = vars(parser.parse_args())
    settings = read_settings(given["config"])
    settings |= {name: given[name] for name in SETTINGS if given[name] is not None}
    try:
        score = train(settings, given["folder"])
    except (WrongSettings, FloatingPointError) as error:
        sys.exit(f"{error}")
    print(f"best validation score {score:.4f}; its model is {given['folder'] / 'best.pt'}")


if __name__ == "__main__":
    main()
