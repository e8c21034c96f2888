"""The network of scikit-learn's arm: skorch's loop around the same model, optimizer and schedule."""

import math

import optuna
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from helpers import search
from helpers.training import set_seed


class Network(NeuralNetClassifier):
    """settings: a dictionary, as from a trial of search.train. training: the Training that it stands for."""

    def __init__(self, *arguments, settings=None, training=None, **options):
        super().__init__(*arguments, **options)
        self.settings, self.training = settings, training

    def initialize_module(self):
        self.module_ = search.define_transformer(self.trial_)
        return self

    def initialize_criterion(self):
        self.criterion_ = torch.nn.CrossEntropyLoss(label_smoothing=self.settings["label_smoothing"])
        return self

    def initialize_optimizer(self, triggered_directly=None):
        n_steps = self.max_epochs * math.ceil(len(search.data.x_train) / self.settings["batch_size"])
        self.optimizer_, self.schedule_ = search.define_optimizer(self.trial_, self.module_, n_steps)
        return self

    def fit(self, x, y):
        torch.set_num_threads(1)
        self.trial_ = optuna.trial.FixedTrial(self.settings)
        if self.training.kind == "asleep":
            self.best_ = self.training(self.trial_)
            return self
        self.set_params(iterator_train__batch_size=self.settings["batch_size"])
        with self.training.noted() as self.note_:
            set_seed(0)
            super().fit(x, y)
        self.best_ = max(self.history[:, "valid_acc"])
        return self

    def on_batch_end(self, net, batch=None, training=False, **_):
        super().on_batch_end(net, batch=batch, training=training)
        if training:
            self.schedule_.step()


class NoteEpochs(Callback):
    def on_epoch_end(self, net, **_):
        net.note_({"val_accuracy": net.history[-1, "valid_acc"]})


def best_epoch(network, x, y):
    """What scikit-learn takes as the score."""
    return network.best_
