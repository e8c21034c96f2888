"""A study to watch while it runs."""

import time

import ipywidgets
from IPython import get_ipython
from IPython.display import display

from helpers import plots
from helpers.figure_style import number_in_words
from helpers.study import count_trials, finished
from helpers.teaching.widgets.ipykernel_internals import hear_clicks_while_busy
from helpers.teaching.widgets.picture import Picture

NEWEST = 10  # learning curves that are drawn
SHARE = 0.01  # drawing takes at most this share of the study's time


class LiveStudy(ipywidgets.VBox):
    """Shows the progress of a study and lets you stop it. It is a callback: `study.optimize(..., callbacks=[live])`.

    n_trials: the number of complete or pruned trials at the end of the study; the remaining time is estimated from it.
    study: one that already has trials; they are shown before the next one ends.
    label: what the study's value is, for the axes. reference: {name: value} of what is to be beaten, as dashed lines.
    Display it before the study runs. A line of text below the picture, or without widgets in place of it, says the
    same. The button ends the study after the trial in progress; nothing is lost. What can't be shown is said once;
    the study continues.
    """

    def __init__(self, n_trials, study=None, label=None, reference=None):
        self.n_trials, self.label, self.reference = n_trials, label, reference
        self.stopped = self.broken = False
        self.line = None
        self.started = self.done_before = None
        self.next_drawing = 0.0
        self.picture = Picture(width=11, columns=2)
        self.button = ipywidgets.Button(description="Stop after this trial", icon="stop", layout={"width": "14em"})
        self.button.on_click(self.stop)
        super().__init__([self.button, self.picture])
        if study is not None:
            self.draw(study)
            self.next_drawing = 0.0
            if finished(study) >= n_trials:
                self.end("Finished")

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        hear_clicks_while_busy(self.button)
        return {**bundle, "text/plain": "The line below shows the study's progress; to stop it, interrupt the cell."}

    def stop(self, _button=None):
        self.stopped = True
        self.end("Stopping ...")

    def end(self, words):
        self.button.description, self.button.disabled = words, True

    def __call__(self, study, trial):
        """Called by Optuna after each trial."""
        try:
            self.show(study, trial)
        except Exception as error:  # who watches a study must not be able to end it
            if not self.broken:
                reason = f"{type(error).__name__}: {error}"
                print(f"LiveStudy can't show trial {trial.number} ({reason}); the study continues")
            self.broken = True
        if self.stopped:
            study.stop()

    def show(self, study, trial):
        """Draws the study, now and then, and says how far it is."""
        done = finished(study)
        if self.started is None:
            self.started, self.done_before = trial.datetime_start.timestamp(), done - 1
        over = self.stopped or done >= self.n_trials
        self.say(self.report(study, done, over))
        if over or time.time() >= self.next_drawing:
            self.draw(study)
        if over:
            self.end("Stopped" if self.stopped else "Finished")

    def report(self, study, done, over):
        """One line: the trials so far, the best value, the time left."""
        best, note = plots.best_of(study)
        best_words = note or f"best so far {number_in_words(best.value)}"
        words = f"{done} of {self.n_trials} trials; {best_words}; {count_trials(study)}; "
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
        left, right = self.picture.axes
        plots.history(study, self.reference, left, self.label)
        left.set_xlim(-0.5, max(self.n_trials, len(study.trials)) - 0.5)
        plots.trial_curves(study, ax=right, newest=NEWEST, label=self.label)
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
