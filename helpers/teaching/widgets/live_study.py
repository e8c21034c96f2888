"""A study to watch while it runs."""

import time

import ipywidgets
from IPython import get_ipython
from IPython.display import display
from optuna.trial import TrialState

from helpers import plots
from helpers.study import count_trials, finished
from helpers.teaching.widgets.ipykernel_internals import hear_clicks_while_busy
from helpers.teaching.widgets.picture import Picture

NEWEST = 10  # learning curves that are drawn
SHARE = 0.01  # drawing takes at most this share of the study's time


class LiveStudy(ipywidgets.VBox):
    """Shows the progress of a study and lets you stop it. It is a callback: `study.optimize(..., callbacks=[live])`.

    n_trials: the number of complete or pruned trials at the end of the study; the remaining time is estimated from it.
    Display it before the study runs. A line of text below the picture, or without widgets in place of it, says the
    same. The button ends the study after the trial in progress; nothing is lost.
    """

    def __init__(self, n_trials):
        self.n_trials = n_trials
        self.stopped = False
        self.line = None
        self.started = self.done_before = None
        self.next_drawing = 0.0
        self.picture = Picture(width=11, columns=2)
        self.button = ipywidgets.Button(description="Stop after this trial", icon="stop", layout={"width": "14em"})
        self.button.on_click(self.stop)
        super().__init__([self.button, self.picture])

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        hear_clicks_while_busy(self.button)
        return {**bundle, "text/plain": "The line below shows the study's progress; to stop it, interrupt the cell."}

    def stop(self, _button=None):
        self.stopped = True
        self.button.description, self.button.disabled = "Stopping ...", True

    def __call__(self, study, trial):
        """Called by Optuna after each trial."""
        done = finished(study)
        if self.started is None:
            self.started, self.done_before = trial.datetime_start.timestamp(), done - 1
        over = self.stopped or done >= self.n_trials
        if self.stopped:
            study.stop()
        if over or time.time() >= self.next_drawing:
            self.draw(study)
        self.say(self.report(study, done, over))
        if over:
            self.button.description, self.button.disabled = "Stopped" if self.stopped else "Finished", True

    def report(self, study, done, over):
        """One line: the trials so far, the best value, the time left."""
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        best = f"best so far {study.best_value:.3f}" if complete else "none complete yet"
        words = f"{done} of {self.n_trials} trials; {best}; {count_trials(study)}; "
        if self.stopped:
            return words + "stopped by you: run the cell again to continue"
        if over:
            return words + "finished"
        seconds_each = (time.time() - self.started) / max(1, done - self.done_before)
        return words + f"about {duration(seconds_each * (self.n_trials - done))} left"

    def draw(self, study):
        start = time.perf_counter()
        for ax in self.picture.axes:
            ax.clear()
        plots.history(study, ax=self.picture.axes[0])
        plots.trial_curves(study, ax=self.picture.axes[1], newest=NEWEST)
        self.picture.draw()
        self.next_drawing = time.time() + (time.perf_counter() - start) / SHARE

    def say(self, line):
        if getattr(get_ipython(), "kernel", None) is None:
            print("\r" + line, end="", flush=True)
        elif self.line is None:
            self.line = display({"text/plain": line}, raw=True, display_id=True)
        else:
            self.line.update({"text/plain": line}, raw=True)


def duration(seconds):
    """A time in words: "40 seconds", "3 minutes"."""
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
