"""`study.optimize`, continued after the storage was unavailable or another process failed the trial."""

import contextlib
import math
import time

from optuna.trial import TrialState

from helpers.study.database_errors import reason_of
from helpers.study.errors import StudyError
from helpers.study.grid import only_retries_wait, queue_point
from helpers.study.optuna_internals import grid_of, was_told_to_stop
from helpers.study.retry import retry_while_away, was_taken
from helpers.study.storage import give_up, recover
from helpers.study.worker_identity import claim, claims_of


def optimize(study, objective, n_trials, callbacks=(), until=math.inf, say=print, **options):
    """`study.optimize` with an objective from `checked`; it continues if its storage was unavailable for a while.

    until: the time of `time.monotonic` after which no new trial begins. A trial that others marked as failed is
    reported with `say`; the next one begins. No trial of this process is left running, whatever is raised.
    Raises StudyError if the storage stays away, or if its errors end ten trials in a row.
    """
    _Optimization(study, objective, n_trials, callbacks, until, say, options).run()


class _Optimization:
    def __init__(self, study, objective, n_trials, callbacks, until, say, options):
        self.study, self.objective, self.n_trials = study, objective, n_trials
        self.callbacks, self.until, self.say, self.options = callbacks, until, say, options
        self.ended = []  # the numbers of the trials that ended
        self.lost = 0  # trials in a row that an error of the storage ended
        self.last = objective.trial  # the last trial that had begun before a failure
        self.others, self.begun = None, False  # others: running trials of this process, before this began

    def run(self):
        try:
            retry_while_away(self.round, self.if_away)
        except StudyError:
            raise
        except BaseException:  # a sampler may raise before the objective begins; Ctrl-C comes at any time
            with contextlib.suppress(Exception):
                self.give_up_trials()
                recover(self.study)
            raise

    def round(self):
        stopped = self.begun and was_told_to_stop(self.study)
        self.give_up_trials()
        recover(self.study)
        if (stopped and not only_retries_wait(self.study)) or len(self.ended) >= self.n_trials:
            return
        self.begun = True
        if not queue_point(self.study):
            return
        seconds = None if self.until == math.inf else max(0, self.until - time.monotonic())
        self.study.optimize(self.objective, n_trials=self.n_trials - len(self.ended), timeout=seconds,
                            callbacks=[self.end, *self.callbacks], **self.options)  # fmt: skip
        if grid_of(self.study.sampler):
            recover(self.study)
            if only_retries_wait(self.study) and time.monotonic() < self.until:
                self.round()

    def end(self, study, trial):
        self.ended.append(trial.number)
        self.lost = 0
        if len(self.ended) < self.n_trials and not queue_point(study):
            study.stop()

    def if_away(self, trouble):
        """Counts a trial that was lost. Returns whether one has begun since the previous failure."""
        progress, self.last = self.objective.trial is not self.last, self.objective.trial
        if self.last is not None:  # remembered at once, since the storage may stay away
            give_up(self.study, self.last)
        if progress and was_taken(trouble):
            self.say(f"Trial {self.last.number} was marked as failed by another process while this one was silent, "
                     "perhaps asleep; the next trial begins")
        elif progress:
            self.lost += 1
            if self.lost == 10:
                raise StudyError(f"errors of the storage ended 10 trials in a row: {reason_of(trouble)}") from None
        return progress

    def give_up_trials(self):
        """Has `recover` end trials that this left running."""
        me = claim()
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        mine = [trial for trial in running if me in claims_of(trial)]
        if self.others is None:
            self.others = {trial.number for trial in mine}
        for trial in mine:
            if trial.number not in self.others:
                give_up(self.study, trial)
