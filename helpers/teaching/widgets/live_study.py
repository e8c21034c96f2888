"""A study to watch while it runs in the background."""

import threading
import time

import ipywidgets
from markupsafe import escape

from helpers import plots
from helpers.figure_style import number_in_words
from helpers.study import count_trials, finished
from helpers.teaching.widgets.picture import Picture

NEWEST = 10  # learning curves that are drawn
SHARE = 0.03  # drawing takes at most this share of the time


class LiveStudy(ipywidgets.VBox):
    """Shows a study that runs in the background, and lets you stop it.

    behind: from `run_behind`. label: what the study's value is, for the axes. reference: {name: value} to beat, as
    dashed lines. The button ends the run after the trials in progress; nothing is lost.
    """

    def __init__(self, behind, label=None, reference=None):
        self.behind, self.label, self.reference = behind, label, reference
        self.picture = Picture(width=11, columns=2)
        self.button = ipywidgets.Button(description="Stop", icon="stop", layout={"width": "8em"})
        self.button.on_click(self.stop)
        self.words = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self.button, self.words]), self.picture])
        self.count()
        self.draw()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def stop(self, _button):
        self.behind.stop()
        self.button.description, self.button.disabled = "Stopping ...", True

    def watch(self):
        """Counts the trials each second, and draws the study now and then, until its run has ended.

        Shows a problem, such as an unreachable storage, and tries again, even after the end.
        """
        next_drawing, seen_to_its_end = 0.0, False
        while not seen_to_its_end:
            self.behind.join(1)
            running, start = self.behind.is_alive(), time.monotonic()
            try:
                self.count()
                if start >= next_drawing or not running:
                    self.draw()
                    next_drawing = start + (time.monotonic() - start) / SHARE
                over, seen_to_its_end = finished(self.behind.study) >= self.behind.n_trials, not running
            except Exception as error:
                self.words.value = f"the study can't be shown at the moment: {type(error).__name__}: {escape(error)}"
                time.sleep(1)
        self.button.description, self.button.disabled = "Finished" if over else "Stopped", True
        if not over:
            self.words.value += "; run the cell again to continue"

    def count(self):
        study = self.behind.study
        best, note = plots.best_of(study)
        best_words = escape(note) or f"best so far {number_in_words(best.value)}"
        self.words.value = f"{finished(study)} of {self.behind.n_trials} trials; {best_words}; {count_trials(study)}"

    def draw(self):
        study = self.behind.study
        left, right = self.picture.axes
        left.clear()
        right.clear()
        plots.history(study, self.reference, left, self.label)
        left.set_xlim(-0.5, max(self.behind.n_trials, len(study.trials)) - 0.5)
        plots.trial_curves(study, ax=right, newest=NEWEST, label=self.label)
        if legend := right.get_legend():
            legend.remove()  # two legends would take half of the width
        self.picture.draw()
