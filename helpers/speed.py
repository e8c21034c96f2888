"""How fast this machine trains, measured in a few seconds, and compared with the machine of the recordings."""

import torch

from helpers.data import CARD_HANDS, load_csv
from helpers.recipes import EPOCHS, lstm
from helpers.recorded import load_provenance, load_table
from helpers.training import run


def seconds_per_epoch():
    """What an epoch of the LSTM of lesson 01 takes here, with one thread: the faster of two."""
    data, ends, before = load_csv(CARD_HANDS), [], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model, optimizer, _ = lstm(data)
        run(model, optimizer, data, epochs=2, on_epoch=lambda epoch: ends.append(epoch["seconds"]))
    finally:
        torch.set_num_threads(before)
    return min(ends[0], ends[1] - ends[0])


def compared():
    """In a sentence: what the LSTM's training takes here, and took when it was recorded."""
    recorded = load_table("untuned").query("model == 'LSTM'")["seconds"].mean()
    here = seconds_per_epoch() * EPOCHS
    machine = load_provenance("untuned")["machine"]
    return (f"training the LSTM of lesson 01 takes about {here:.0f} s here, and took {recorded:.0f} s on the machine "
            f"of the recordings ({machine}): {in_words(recorded / here)}")


def in_words(ratio):
    """How this machine compares, from the recorded seconds divided by those here."""
    if 0.8 <= ratio <= 1.25:
        return "about as fast"
    return f"{ratio:.1f} times as fast" if ratio > 1 else f"{1 / ratio:.1f} times as long"
