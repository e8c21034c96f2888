"""`run_workers` in the background: trials run in other processes while the notebook's cells stay free."""

import contextvars
import signal
import threading

from helpers.study.optuna_internals import place_of
from helpers.study.workers import run_workers

RUNS = {}  # (name of the study, where it is kept): Behind


class Behind(threading.Thread):
    """A run of `run_behind`. `is_alive()` says whether it still runs; `stop()` ends it after the trials in progress.

    The button ■ interrupts a cell, not this run.
    """

    def __init__(self, objective, study, n_trials, workers):
        # In the context of the cell that starts it, so its progress bar appears below that cell.
        super().__init__(target=contextvars.copy_context().run, args=(self.work, objective, workers), daemon=True)
        self.study, self.n_trials, self.error = study, n_trials, None
        self.stopped = threading.Event()

    def work(self, objective, workers):
        if hasattr(signal, "pthread_sigmask"):  # not on Windows: there, ■ reaches the notebook's process only
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # for this thread and the processes it starts
        try:
            run_workers(objective, self.study, self.n_trials, workers, stop=self.stopped)
        except Exception as error:
            self.error = error
            print(f"{self.study.study_name} has ended: {type(error).__name__}: {error}")

    def stop(self):
        self.stopped.set()

    def wait(self):
        """Waits until it has ended, and raises the error of `run_workers`, if any."""
        self.join()
        if self.error:
            raise self.error


def run_behind(objective, study, n_trials, workers=None):
    """Starts `run_workers` with these arguments in a thread, and returns a `Behind` at once.

    While it runs, another call for the same study starts nothing and returns the running one.
    """
    key = study.study_name, place_of(study)
    if key in RUNS and RUNS[key].is_alive():
        print(f"{study.study_name}: it is already running, up to {RUNS[key].n_trials} trials")
    else:
        RUNS[key] = Behind(objective, study, n_trials, workers)
        RUNS[key].start()
    return RUNS[key]
