"""The two models of lesson 01, ready to train: the LSTM you already had, and the paper's recipe."""

import torch

from helpers.models import LSTMClassifier, PaperRecipe

EPOCHS = 12  # of every training, unless its name says otherwise
# A warm-up that fits our number of steps, with the paper's highest learning rate.
SAME_PEAK = {"warmup": 400, "factor": (400 / 4_000) ** 0.5}


def lstm(data):
    """The LSTM you already had: tuned a little, by hand."""
    model = LSTMClassifier(data.vocab_size, data.n_classes)
    return model, torch.optim.Adam(model.parameters(), lr=0.004), {}


def paper(**changes):
    """The paper's recipe at 1/8 of its width, with the given settings changed."""
    recipe = PaperRecipe(**({"width": 1 / 8} | changes))

    def build(data):
        model = recipe.model(data)
        optimizer = recipe.optimizer(model)
        schedule = recipe.schedule(optimizer)
        return model, optimizer, {"schedule": schedule, "label_smoothing": recipe.label_smoothing}

    return build
