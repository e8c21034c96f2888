"""How fast this machine trains, measured in a second or two, and compared with the machine of the recordings."""

import math
import time

import torch

from helpers.data import CARD_HANDS, load_csv
from helpers.recipes import EPOCHS, lstm
from helpers.recorded import load_provenance, load_table
from helpers.training import set_seed

BATCH, BATCHES, ROUNDS = 64, 20, 4  # rows; batches of a round; rounds, of which the fastest counts


def seconds_per_batch(data):
    """What one step of the LSTM of lesson 01 takes here, with one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        set_seed(0)
        model, optimizer, _ = lstm(data)
        model.train()
        return min(_round(model, optimizer, data) for _ in range(ROUNDS)) / BATCHES
    finally:
        torch.set_num_threads(before)


def compared():
    """In a sentence: what the LSTM's training takes here, and took when it was recorded."""
    data, recorded = load_csv(CARD_HANDS), load_table("untuned").query("model == 'LSTM'")["seconds"].mean()
    here = seconds_per_batch(data) * EPOCHS * math.ceil(len(data.x_train) / BATCH)
    machine = load_provenance("untuned")["machine"]
    return (f"training the LSTM of lesson 01 takes about {here:.0f} s here, and took {recorded:.0f} s on the machine "
            f"of the recordings ({machine}): {in_words(recorded / here)}")


def in_words(ratio):
    """How this machine compares, from the recorded seconds divided by those here."""
    if 0.8 <= ratio <= 1.25:
        return "about as fast"
    return f"{ratio:.1f} times as fast" if ratio > 1 else f"{1 / ratio:.1f} times as long"


def _round(model, optimizer, data):
    start = time.perf_counter()
    for batch in torch.randperm(len(data.x_train))[: BATCH * BATCHES].split(BATCH):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(data.x_train[batch]), data.y_train[batch]).backward()
        optimizer.step()
    return time.perf_counter() - start
