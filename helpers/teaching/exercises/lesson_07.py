"""The checks of lesson 07, more than one process, and nothing lost."""

import math

import optuna
from optuna.trial import TrialState

from helpers.study import STATE_NAMES
from helpers.teaching.checks import Wrong, compare, compare_numbers, exercise, need, returned


def trial(number, process, start, state="RUNNING", machine="here"):
    return {"number": number, "state": state, "machine": machine, "process": process, "start": start}


ALIVE = {10: 500, 11: 620, 12: 900}  # process: start
TRIALS = [  # and what is wrong with an answer that counts it in, or leaves it out
    (trial(0, 9, 400, state="COMPLETE"), "it is complete, so it needs no worker."),
    (trial(1, 10, 500), "its worker is process 10, which is alive. Its trial must be left alone."),
    (trial(2, 8, 450), "it is running, on this machine, and its process 8 is not in `alive`."),
    (trial(3, 12, 300),
     "process 12 is running, but it started at 900, and the trial's worker at 300: the number now belongs to another "
     "program. Compare both times."),
    (trial(4, 7, 200, machine="elsewhere"),
     "it belongs to a worker on another machine. Its process can't be seen from here; it may be alive."),
    (trial(5, 11, 620, machine="elsewhere"), "it belongs to a worker on another machine, whatever runs here."),
    (trial(6, 9, 410, state="PRUNED"), "it is pruned, so it needs no worker."),
    (trial(7, 9, 415, state="FAIL"), "it failed already: nobody has to end it."),
    (trial(8, 9, 430, state="WAITING"), "it waits in the queue: nobody has begun it."),
    (trial(9, 13, 500),
     "its process 13 is gone. Another process also started at 500, but look up the trial's own."),
]
REASONS = {one["number"]: reason for one, reason in TRIALS}
ORPHANS = {2, 3, 9}


@exercise("07.1")
def find_orphans(function):
    compare_numbers(returned(function, [one.copy() for one, _ in TRIALS], "here", dict(ALIVE)), REASONS, ORPHANS)
    need(list(returned(function, [], "here", dict(ALIVE))) == [],
         "without trials there are no orphans; return an empty list.")
    on_elsewhere = sorted(returned(function, [one.copy() for one, _ in TRIALS], "elsewhere", {11: 620}))
    need(on_elsewhere == [4],
         'seen from the machine "elsewhere", where process 11 has been running since 620, the orphans are [4], and '
         f"your function says {on_elsewhere}. Does it use `here`?")
    return "The dead are found, and no living worker loses its trial."


RETURNED = [0.5, math.nan, None, math.inf, -math.inf, -1e9, 0.7]


def pruned(trial):
    raise optuna.TrialPruned


@exercise("07.2")
def guard(function):
    made = returned(function, lambda trial: 0.5)
    need(callable(made), f"it returns {made!r}; return the new objective, a function of a trial.")
    returned(made, optuna.create_study().ask())
    calls = []

    def objective(trial):
        calls.append(trial)
        return RETURNED[trial.number]

    for direction in ("maximize", "minimize"):
        study = optuna.create_study(direction=direction)
        calls.clear()
        try:
            study.optimize(function(objective), n_trials=len(RETURNED))
        except Exception as error:
            raise Wrong(f"the objective returned {RETURNED[len(study.trials) - 1]}, yours raised {type(error).__name__}"
                        f" ({error}), and the study ended. Only the trial should end.") from None
        need(len(calls) == len(RETURNED), f"in {len(RETURNED)} trials the objective was called {len(calls)} times. "
                                          "Call it once in each, and keep what it returns: a call is a whole training.")
        for value, trial in zip(RETURNED, study.trials, strict=True):
            need_the_right_end(trial, value, direction)
    study = optuna.create_study()
    study.optimize(function(pruned), n_trials=1)
    need(study.trials[0].state == TrialState.PRUNED, "a trial that was pruned is no longer pruned; let its "
                                                     "optuna.TrialPruned come through.")
    try:
        optuna.create_study().optimize(function(lambda trial: 1 / 0), n_trials=1)
    except ZeroDivisionError:
        return "The sampler keeps away from what diverged, and a bug still fails."
    raise Wrong("an error in the objective is swallowed: the study continues, and nobody learns of the bug. Let errors "
                "through.")


def need_the_right_end(trial, value, direction):
    """A trial whose objective returned a finite value is complete with it; NaN and infinity prune it, None fails it."""
    ended = STATE_NAMES[trial.state] + (f" with the value {trial.value}" if trial.value is not None else "")
    where = f"the objective returned {value} in a study that should {direction}, and the trial is {ended}"
    if value is not None and math.isfinite(value):
        need(trial.value == value, f"{where}. A finite value must come through as it is.")
        return
    need(trial.state != TrialState.COMPLETE or math.isfinite(trial.value),
         f"{where}. It can't be compared, and it would win or lose for ever.")
    need(trial.state != TrialState.COMPLETE,
         f"{where}. Nobody measured that number, and the sampler will believe it.")
    if value is None:
        need(trial.state == TrialState.FAIL, f"{where}. A forgotten `return` is a bug; let the trial fail.")
    need(value is None or trial.state == TrialState.PRUNED,
         f"{where}. TPE ignores failed trials and proposes such settings again; prune it.")


ROOMS = [(60, 1.51), (3, 16.1), (0.5, 8.0), (2.5, 0.5), (600, 0.251), (1.75, 4.1), (7, 0.5)]


def wrong_workers(seconds, per_second):
    fits = "One worker finishes 1 / seconds trials per second; how many workers fit into the rate?"
    return {
        f"that gets smaller for longer trials. {fits}": per_second / seconds,
        f"that gets smaller for a faster storage. {fits}": seconds / per_second,
        "that is not a whole number of workers.": seconds * per_second,
        "one too many: the last of them would be held up.": int(seconds * per_second) + 1,
        "that many trials fit into a second, but a worker does not finish one each second.": int(per_second),
    }


@exercise("07.3")
def room(function):
    compare(
        function, lambda seconds, per_second: int(seconds * per_second), ROOMS, wrong_workers,
        otherwise="not the number that fits. How many trials per second does one worker finish?")
    return "Long trials leave room for many workers."
