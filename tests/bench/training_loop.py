"""What the helpers cost: the training loop against others, importing, naming hands. Side by side, interleaved.

The loops: helpers.training.run; a bare one, the least that an epoch can be; one with PyTorch's DataLoader, as most
tutorials have it; Lightning's, without logger, checkpoints and progress bar. One thread, seconds of the processor.
All loops run in one process, of the gallery's Python that has Lightning (`make gallery LIB=lightning` builds it) if
there is one, or without Lightning.

python -m tests.bench.training_loop (--record writes data/recorded/bench/training_loop.csv)
"""

import argparse
import importlib.util
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.data import CARD_HANDS, cards, load_csv
from helpers.models import LSTMClassifier, TransformerClassifier
from helpers.training import run, set_seed

ROOT = Path(__file__).resolve().parents[2]
LIGHTNING_PYTHON = ROOT / ".venv" / "gallery" / "extras" / "bin" / "python"
REPEATS = 7
MODELS = {
    "LSTM": lambda data: LSTMClassifier(data.vocab_size, data.n_classes),
    "Transformer": lambda data: TransformerClassifier(data.vocab_size, data.n_classes, data.max_length),
}


def ours(model, optimizer, data, epochs):
    run(model, optimizer, data, epochs)


def bare(model, optimizer, data, epochs):
    """The least that it can be: train on each batch, then count the right answers on validation."""
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(len(data.x_train)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data.x_train[batch]), data.y_train[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.inference_mode():
            predicted = torch.cat([model(x).argmax(1) for x in data.x_val.split(500)])
            (predicted == data.y_val).float().mean()


def loaders(data):
    train = DataLoader(TensorDataset(data.x_train, data.y_train), batch_size=64, shuffle=True)
    return train, DataLoader(TensorDataset(data.x_val, data.y_val), batch_size=500)


def data_loader(model, optimizer, data, epochs):
    train, val = loaders(data)
    for _ in range(epochs):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            loss.item()
        model.eval()
        with torch.inference_mode():
            sum((model(x).argmax(1) == y).sum().item() for x, y in val)


def lightning(model, optimizer, data, epochs):
    import lightning

    warnings.simplefilter("ignore")
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = model

        def training_step(self, batch, _):
            return nn.functional.cross_entropy(self.model(batch[0]), batch[1])

        def validation_step(self, batch, _):
            self.log("val_accuracy", (self.model(batch[0]).argmax(1) == batch[1]).float().mean())

        def configure_optimizers(self):
            return optimizer

    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0)
    trainer.fit(Module(), *loaders(data))


def measure_loops(epochs, repeats, limit):
    """Prints one row per training, as JSON."""
    torch.set_num_threads(1)
    loops = {"ours": ours, "bare": bare, "DataLoader": data_loader}
    if importlib.util.find_spec("lightning"):
        loops["Lightning"] = lightning
    data = load_csv(CARD_HANDS, limit=limit)
    for name, build in MODELS.items():
        for repeat in range(-1, repeats):
            for loop, train in loops.items():
                set_seed(0)
                model = build(data)
                optimizer = torch.optim.Adam(model.parameters())
                wall, cpu = time.perf_counter(), time.process_time()
                train(model, optimizer, data, epochs if repeat >= 0 else 1)
                row = {"model": name, "loop": loop, "repeat": repeat, "epochs": epochs,
                       "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
                if repeat >= 0:  # the first one pays for warming up
                    print(json.dumps(row), flush=True)


def loops(python, *sizes):
    """The rows of measure_loops, run by that Python."""
    command = [python, "-c", f"from tests.bench.training_loop import measure_loops; measure_loops{sizes}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def show(rows):
    seconds = {}
    for row in rows:
        seconds.setdefault((row["model"], row["loop"]), []).append(row["cpu_seconds"] / row["epochs"])
    for (model, loop), each in seconds.items():
        ratios = [one / least for one, least in zip(each, seconds[model, "bare"], strict=True)]
        print(f"{model:12s}{loop:11s}{1 / statistics.median(each):6.2f} epochs a second, "
              f"{statistics.median(ratios):.3f} times the bare loop ({min(ratios):.3f} to {max(ratios):.3f})")


def import_seconds(modules):
    """Seconds of the processor, the start of Python included."""

    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    seconds = []
    for _ in range(REPEATS):
        start = used()
        subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)
        seconds.append(used() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--python", type=Path, default=LIGHTNING_PYTHON, help="a Python that has Lightning")
    parser.add_argument("--small", action="store_true", help="two epochs of 1,000 hands, three repeats")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    epochs, repeats, limit = (2, 3, 1_000) if arguments.small else (arguments.epochs, arguments.repeats, None)
    start, load, python = time.perf_counter(), os.getloadavg()[0], arguments.python
    if not python.exists():
        print(f"LIGHTNING IS LEFT OUT: {python} is not there; make gallery LIB=lightning builds it")
        python = sys.executable
    rows = loops(python, epochs, repeats, limit)
    show(rows)
    print("goal: ours 1.1 times the bare loop at most")
    libraries = import_seconds("torch, optuna")
    helpers = import_seconds("torch, optuna, helpers, helpers.search, helpers.study")
    print(f"importing the helpers adds {helpers - libraries:.2f} s to torch and optuna ({libraries:.2f} s); goal 0.3 s")
    hands = cards.deal(14_000, np.random.default_rng(0))
    begun = time.process_time()
    cards.categorize(hands)
    print(f"naming 14,000 hands takes {time.process_time() - begun:.3f} s; goal 2 s")
    if arguments.record:
        import pandas as pd

        from helpers.authoring.provenance import write_provenance
        from helpers.recorded import RECORDED

        pd.DataFrame(rows).to_csv(RECORDED / "bench" / "training_loop.csv", index=False, float_format="%.4g")
        what = "The course's training loop, a bare one, one with a DataLoader, and Lightning's; processor seconds."
        command = f"python -m tests.bench.training_loop --epochs {epochs} --repeats {repeats} --record"
        write_provenance("bench/training_loop", what, command, start, workers=1, load_before=load,
                                  seeds="0 for each training")


if __name__ == "__main__":
    main()
