"""Tuning by hand: sliders, a Train button, and a leader board."""

import math
import threading
import warnings
from contextlib import suppress

import ipywidgets
from markupsafe import escape
from optuna.trial import FixedTrial

from helpers import plots, search
from helpers.figure_style import whole_numbers
from helpers.html import fill
from helpers.teaching import progress_store
from helpers.teaching.widgets.picture import Picture

ENOUGH = 10  # tries until the tuner sums up
FIXED = {"n_heads": 8, "ff_factor": 4, "batch_size": 64, "label_smoothing": 0.1, "beta1": 0.9, "alpha": 0.99,
         "momentum": 0.9}
WORDS = {False: "after", True: "before"}  # where the norm is


class Stopped(Exception):
    """The learner pressed Stop."""


class HandTuner(ipywidgets.VBox):
    """Controls for eight settings of the Transformer; each try trains it, and a leader board shows the best tries.

    lstm_curve: the learning curve of the LSTM to beat, a list of dicts with epoch and val_accuracy.
    epochs: of each try, as many as the LSTM had. The sliders start at the paper's settings; a warm-up with more steps
    than the training never ends. Tries are kept with the learner's progress; lesson 05 reads them there.
    """

    training = None  # the tuner that trains

    def __new__(cls, *_, **__):
        """While a try trains, running the cell again shows the same tuner."""
        return cls.training or super().__new__(cls)

    def __init__(self, lstm_curve, epochs):
        if self.training:
            return
        self.epochs, self.lstm_curve = epochs, lstm_curve
        self.tries = [one for one in progress_store.tries() if one["of_epochs"] == epochs]
        self.thread, self.stopping = None, False
        wide = {"style": {"description_width": "8em"}, "layout": {"width": "24em"}}
        self.settings = {
            "lr": ipywidgets.FloatLogSlider(0.002, min=-5, max=-1, step=0.05, description="learning rate",
                                            readout_format=".1e", **wide),
            "warmup": ipywidgets.IntSlider(4_000, min=0, max=4_000, step=100, description="warm-up steps", **wide),
            "n_layers": ipywidgets.IntSlider(6, min=1, max=6, description="layers", **wide),
            "d_model": ipywidgets.Dropdown(options=[32, 64, 96, 128], value=64, description="d_model", **wide),
            "norm_first": ipywidgets.Dropdown(options=[("after", False), ("before", True)], description="norm", **wide),
            "pooling": ipywidgets.Dropdown(options=["mean", "max"], description="pooling", **wide),
            "dropout": ipywidgets.FloatSlider(0.1, min=0, max=0.4, step=0.05, description="dropout", **wide),
            "optimizer": ipywidgets.Dropdown(options=["Adam", "RMSprop", "SGD"], description="optimizer", **wide),
        }
        self.train_button = ipywidgets.Button(description="Train", icon="play", button_style="primary")
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop", disabled=True)
        self.train_button.on_click(self.train)
        self.stop_button.on_click(self.stop)
        self.status, self.board = ipywidgets.HTML(), ipywidgets.HTML()
        self.picture = Picture(width=6)
        beside = ipywidgets.HBox([ipywidgets.VBox(list(self.settings.values())), self.picture])
        buttons = ipywidgets.HBox([self.train_button, self.stop_button, self.status])
        super().__init__([beside, buttons, self.board])
        self.draw([])
        self.take_stock()

    def train(self, _button=None):
        """Starts a try in its own thread, so that the page stays responsive."""
        settings = {name: widget.value for name, widget in self.settings.items()}
        for number, one in enumerate(self.tries, start=1):
            if settings.items() <= one.items() and one["epochs"] == self.epochs:
                self.status.value = f"these settings were try {number}, and would give {one['accuracy']:.3f} again"
                return
        self.stopping, HandTuner.training = False, self
        self.train_button.disabled, self.stop_button.disabled = True, False
        self.status.value = f"try {len(self.tries) + 1}: the first epoch is running"
        self.thread = threading.Thread(target=self.work, args=(settings,), daemon=True)
        self.thread.start()

    def stop(self, _button=None):
        self.stopping = True
        self.status.value = "stops after this epoch"

    def work(self, settings):
        n_steps = self.epochs * math.ceil(len(search.data.x_train) / FIXED["batch_size"])
        share = {"warmup": settings["warmup"] / n_steps}  # more than 1 if the warm-up outlasts the training
        curve = []

        def on_epoch(epoch):
            curve.append(epoch)
            self.draw(curve)
            self.status.value = f"epoch {epoch['epoch']} of {self.epochs}: validation accuracy {best(curve):.3f}"
            if self.stopping:
                raise Stopped

        try:
            with suppress(Stopped), warnings.catch_warnings():  # the paper's settings are outside of the search space
                warnings.simplefilter("ignore", UserWarning)
                search.train(FixedTrial(FIXED | settings | share), search.define_transformer, epochs=self.epochs,
                             on_epoch=on_epoch)
            if curve:
                self.note(settings, curve)
        except Exception as error:
            self.status.value = escape(f"this try failed: {type(error).__name__}: {error}")
        finally:
            HandTuner.training = None
            self.train_button.disabled, self.stop_button.disabled = False, True

    def note(self, settings, curve):
        """Records a try and updates the leader board."""
        one = {"accuracy": best(curve), "seconds": curve[-1]["seconds"], "epochs": len(curve),
               "of_epochs": self.epochs, **settings}
        self.tries.append(one)
        progress_store.add_try(one)
        how = "stopped" if len(curve) < self.epochs else "done"
        self.status.value = f"try {len(self.tries)} {how}: {best(curve):.3f} in {one['seconds']:.0f} s"
        self.take_stock()

    def draw(self, curve):
        ax = self.picture.axes
        ax.clear()
        ax.plot(*points(self.lstm_curve), color=plots.color("LSTM"), linewidth=2.5, label="LSTM")
        ax.plot(*points(curve), "o-", color=plots.color("tuned Transformer"), linewidth=2.5, label="this try")
        ax.set(xlabel="epoch", ylabel="validation accuracy", xlim=(0.5, self.epochs + 0.5), ylim=(0, 1))
        whole_numbers(ax)
        ax.legend(loc="lower right")
        self.picture.draw()

    def take_stock(self):
        """Shows the leader board, and from the tenth try on a summary."""
        if not self.tries:
            self.board.value = "Your tries will appear here, the best one first."
            return
        best_first = sorted(enumerate(self.tries, start=1), key=lambda one: -one[1]["accuracy"])
        names = [widget.description for widget in self.settings.values()]
        self.board.value = fill(
            "tries.html", heads=["try", "accuracy", "epochs", "s", *names],
            rows=[self.row(number, one) for number, one in best_first[:ENOUGH]],
            tries=len(self.tries), enough=ENOUGH, top=best_first[0][1]["accuracy"], lstm=best(self.lstm_curve),
            minutes=sum(one["seconds"] for one in self.tries) / 60)

    def row(self, number, one):
        values = [one.get(name, "") for name in self.settings]  # an early try may lack a setting
        values = [WORDS[value] if isinstance(value, bool) else f"{value:.3g}" if isinstance(value, float) else value
                  for value in values]
        epochs = f"stopped at {one['epochs']}" if one["epochs"] < one["of_epochs"] else one["epochs"]
        return [number, f"{one['accuracy']:.3f}", epochs, f"{one['seconds']:.0f}", *values]


def best(curve):
    return max(epoch["val_accuracy"] for epoch in curve)


def points(curve):
    return [epoch["epoch"] for epoch in curve], [epoch["val_accuracy"] for epoch in curve]
