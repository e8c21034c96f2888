"""What the helpers cost: the training loop against a bare one, importing, naming hands. Side by side, interleaved."""

import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn

from helpers import cards
from helpers.data import CARD_HANDS, load_csv
from helpers.models import LSTMClassifier, TransformerClassifier
from helpers.training import run

REPEATS = 7


def bare_epoch(model, optimizer, data, batch_size=64):
    """The least that one epoch can be: train on each batch, then count the right answers on validation."""
    model.train()
    for batch in torch.randperm(len(data.x_train)).split(batch_size):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.x_train[batch]), data.y_train[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.inference_mode():
        (model(data.x_val).argmax(1) == data.y_val).float().mean()


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def loop_ratio(build, data):
    model = build()
    optimizer = torch.optim.Adam(model.parameters())
    bare_epoch(model, optimizer, data)  # the first one pays for warming up
    pairs = [
        (seconds(lambda: run(model, optimizer, data, epochs=1)), seconds(lambda: bare_epoch(model, optimizer, data)))
        for _ in range(REPEATS)
    ]
    return statistics.median(ours / bare for ours, bare in pairs), statistics.median(bare for _, bare in pairs)


def import_seconds(modules):
    return statistics.median(
        seconds(lambda: subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)) for _ in range(REPEATS)
    )


def main():
    torch.set_num_threads(1)
    data = load_csv(CARD_HANDS)
    for name, build in [
        ("LSTM", lambda: LSTMClassifier(data.vocab_size, data.n_classes)),
        ("Transformer", lambda: TransformerClassifier(data.vocab_size, data.n_classes, data.max_length)),
    ]:
        ratio, bare = loop_ratio(build, data)
        print(f"{name}: an epoch with run takes {ratio:.3f} times a bare one ({bare:.2f} s); goal 1.1")
    libraries = import_seconds("torch, optuna")
    ours = import_seconds("torch, optuna, helpers, helpers.search, helpers.study")
    print(f"importing the helpers adds {ours - libraries:.2f} s to torch and optuna ({libraries:.2f} s); goal 0.3 s")
    hands = cards.deal(14_000, np.random.default_rng(0))
    print(f"naming 14,000 hands takes {seconds(lambda: cards.categorize(hands)):.3f} s; goal 2 s")


if __name__ == "__main__":
    main()
