"""A study to watch while it runs behind the notebook."""

import threading
import time

import ipywidgets

from helpers import plots
from helpers.study import finished
from helpers.teaching.widgets.picture import Picture

NEWEST = 10  # learning curves that are drawn
SHARE = 0.03  # drawing takes at most this share of the time


class LiveStudy(ipywidgets.VBox):
    """Shows a study that runs behind the notebook, and lets you stop it.

    behind: from `run_behind`. label: what the study's value is, for the axes. reference: {name: value} of what is to
    be beaten, as dashed lines. The button ends the run after the trials in progress; nothing is lost.
    """

    def __init__(self, behind, label=None, reference=None):
        self.behind, self.label, self.reference = behind, label, reference
        self.picture = Picture(width=11, columns=2)
        self.button = ipywidgets.Button(description="Stop", icon="stop", layout={"width": "20em"})
        self.button.on_click(self.stop)
        super().__init__([self.button, self.picture])
        self.draw()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def stop(self, _button):
        self.behind.stop()
        self.button.description, self.button.disabled = "Stopping after the trials in progress", True

    def watch(self):
        """Draws the study now and then until its run has ended."""
        seconds, running = 1, True
        while running:
            self.behind.join(seconds)
            running, start = self.behind.is_alive(), time.perf_counter()
            self.draw()
            seconds = max(1, (time.perf_counter() - start) / SHARE)
        over = finished(self.behind.study) >= self.behind.n_trials
        words = "Finished" if over else "Stopped: run the cell again to continue"
        self.button.description, self.button.disabled = words, True

    def draw(self):
        study = self.behind.study
        left, right = self.picture.axes
        left.clear()
        right.clear()
        plots.history(study, self.reference, left, self.label)
        left.set_xlim(-0.5, max(self.behind.n_trials, len(study.trials)) - 0.5)
        plots.trial_curves(study, ax=right, newest=NEWEST, label=self.label)
        self.picture.draw()
