"""Around `optuna.create_study` and `study.optimize`: open a study, run it up to a total, summarize it."""

import difflib
import math
import numbers
import time
from collections.abc import Iterable, Sequence

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import GrpcStorageProxy
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from helpers.study.addresses import how_to_write, looks_like_storage
from helpers.study.errors import DriveAway, StudyError
from helpers.study.grid import check_grid
from helpers.study.objective import checked
from helpers.study.optimization import optimize
from helpers.study.optuna_internals import is_in_memory
from helpers.study.retry import retry_while_away, storage_trouble
from helpers.study.storage import compare_versions, open_storage, recover

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
STATE_NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
NONE_YET = "none feasible yet"  # of the constraints of `trial.set_constraint`


def open_study(name, storage=None, direction="maximize", who=None, **options):
    """Creates a study, or loads the one of that name, and prints one line on its trials.

    storage: None keeps it in memory; a path in a journal file, whose torn end is repaired; a URL (sqlite:///...) in a
    database; grpc://host:port behind a proxy. Trials whose worker died are marked as failed and queued again.
    direction: None means the stored study's, or maximize for a new one.
    who: a name that each trial carries.
    options: sampler, pruner and directions, as for `optuna.create_study`.
    Raises StudyError if the storage can't be opened, or holds a study of that name with another direction.
    """
    _check_names(name, storage, options)
    opened = open_storage(storage, who)
    given = options.pop("directions", None) or direction
    wanted = given if isinstance(given, Sequence) and not isinstance(given, str) else [given or "maximize"]
    directions = [str(getattr(each, "name", each)).lower() for each in wanted]
    if not {"maximize", "minimize"}.issuperset(directions):
        raise StudyError(f'the direction is {" and ".join(directions)}; write "maximize" or "minimize"')
    study = retry_while_away(
        lambda: optuna.create_study(
            study_name=name, storage=opened, directions=directions, load_if_exists=True, **options
        )
    )
    there = [each.name.lower() for each in study.directions]
    if given and there != directions:
        option = f"direction={there[0]!r}" if len(there) == 1 else f"directions={there}"
        raise StudyError(
            f'the study "{name}" exists, and its direction is {" and ".join(there)}; open it with {option}, or give '
            "the new study another name"
        )
    if isinstance(opened, GrpcStorageProxy):
        compare_versions(study)
    recovered = retry_while_away(lambda: recover(study))
    dead = f" ({len(recovered)} of a dead worker, now failed and queued again)" if recovered else ""
    print(f"{name}: {count_trials(study)}{dead}")
    return study


def _check_names(name, storage, options):
    if not isinstance(name, str) or not name.strip():
        raise StudyError(f'the study\'s name is {name!r}; give it a name, like open_study("my study")')
    if looks_like_storage(name) and isinstance(storage, str | None) and not looks_like_storage(storage):
        what = "there is no storage" if storage is None else f'the storage is "{storage}"'
        raise StudyError(f'"{name}" is the study\'s name, and {what}; write open_study(name, "{how_to_write(name)}")')
    for option, kind in (("sampler", BaseSampler), ("pruner", BasePruner)):
        given = options.get(option)
        if isinstance(given, type):
            raise StudyError(f"the {option} is the class {given.__name__}; write {option}={given.__name__}(), with "
                             "brackets")
        if given is not None and not isinstance(given, kind):
            raise StudyError(f"the {option} is {given!r:.60}; give one of Optuna's, like "
                             f"{option}=optuna.{option}s.{'TPESampler' if kind is BaseSampler else 'MedianPruner'}()")


def count_trials(study):
    """How many trials are complete, pruned, failed, running (since when) and waiting, in words."""
    trials = study.get_trials(deepcopy=False)
    states = [trial.state for trial in trials]
    parts = [f"{states.count(state)} {word}" for state, word in STATE_NAMES.items() if state in states]
    begun = [trial.datetime_start for trial in trials if trial.state == TrialState.RUNNING]
    since = f" since {min(begun):%Y-%m-%d %H:%M:%S}" if begun else ""
    return ", ".join(part + since if part.endswith("running") else part for part in parts) or "no trials yet"


def finished(study):
    """The number of trials that are complete or pruned. Failed ones don't count."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def run_until(study, objective, n_trials, callbacks=(), timeout=None, **options):
    """Runs trials until the study holds `n_trials` that are complete or pruned, including earlier ones.

    `study.optimize(n_trials=...)` runs that many more; this counts all, no matter who ran them. It ends earlier
    if a callback calls `study.stop()`.
    callbacks: called with the study and each trial that ended. An error of a callback is printed once and does not end
    the run: to end it on purpose, call `study.stop()` in the callback, or raise a StudyError.
    timeout: seconds after which no new trial begins. options: as for `study.optimize`.
    Raises StudyError if ten trials in a row end without a value, or if the arguments are not a study, a function, a
    whole number and a list.
    """
    check_arguments("run_until(study, objective, n_trials)", study, objective, n_trials, timeout)
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks := list(callbacks))):
        raise StudyError(f"callbacks is {callbacks!r:.60}; it must be a list of functions, like callbacks=[live]")
    until, objective, without = deadline(timeout), checked(objective), []
    callbacks = [*map(watching, callbacks), say_why, lambda _, trial: stop_after_ten(without, is_without_value(trial)),
                 MaxTrialsCallback(n_trials, states=FINISHED)]  # fmt: skip
    while (missing := n_trials - retry_while_away(lambda: finished(study))) > 0:
        before = len(without)
        optimize(study, objective, missing, callbacks, until, **options)
        if len(without) - before < missing:
            return


def check_arguments(call, study, objective, n_trials, timeout):
    """Raises StudyError if the arguments of a call like run_until(...) are of the wrong kind."""
    if not isinstance(study, optuna.Study) or not callable(objective):
        raise StudyError(f"write {call}, in this order; study is an Optuna study, and objective is the "
                         "function itself, without brackets")
    check_total("n_trials", n_trials)
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, numbers.Real) or not timeout >= 0):
        raise StudyError(f"timeout is {timeout!r}; it must be a number of seconds, 0 or more, or None for no limit")
    if not is_in_memory(study):
        check_grid(study.sampler)


def check_total(name, n_trials):
    """Raises StudyError unless it is a total number of trials."""
    if isinstance(n_trials, bool) or not isinstance(n_trials, numbers.Integral) or n_trials < 1:
        raise StudyError(f"{name} is {n_trials!r}; it must be a whole number, the total at which to stop, 1 or more")


def deadline(timeout):
    """The time of `time.monotonic` after which no new trial begins."""
    return math.inf if timeout is None else time.monotonic() + timeout


def watching(callback, print=print):
    """Wraps a callback: its errors are printed, each type once, and don't end the run."""
    said = set()

    def watching_callback(*arguments):
        try:
            callback(*arguments)
        except DriveAway:  # the run itself waits for it
            pass
        except StudyError:  # meant to end the run, or the study is gone
            raise
        except Exception as error:  # not if the server is away, since the run waits for it
            if type(error) not in said and storage_trouble(error) is None:
                said.add(type(error))
                name = getattr(callback, "__name__", type(callback).__name__)
                print(f"The callback {name} raised {type(error).__name__}: {error}. The run goes on; to end it from a "
                      "callback, call study.stop() there")

    return watching_callback


def say_why(study, trial):
    """A callback: prints the lines of `remarks`."""
    for line in remarks(trial):
        print(line)


def remarks(trial):
    """Lines about a trial that ended: why it has no value, from `checked`, and queued names that were not used."""
    if trial.state != TrialState.COMPLETE and "reason" in trial.user_attrs:
        return [f"Trial {trial.number} {STATE_NAMES[trial.state]}: {trial.user_attrs['reason']}"]
    if trial.state == TrialState.FAIL:
        return []
    queued = trial.system_attrs.get("fixed_params", {})
    others = [name for name in trial.params if name not in queued]
    lines = []
    for name in [name for name in queued if name not in trial.params]:
        folded = {other.casefold(): other for other in others}
        meant = next((folded[each] for each in difflib.get_close_matches(name.casefold(), folded, 1)), None)
        lines.append(f"Trial {trial.number}: the queued {name}={queued[name]!r} was not used, since the objective did "
                     "not ask for that name" + (f'; did you mean "{meant}"?' if meant else ""))
    return lines


def is_without_value(trial):
    """Whether a trial failed, or was pruned by `checked` since it had no value."""
    return trial.state == TrialState.FAIL or (trial.state == TrialState.PRUNED and "reason" in trial.user_attrs)


def stop_after_ten(without, one):
    """Adds to the list whether one more trial is without a value. Raises StudyError if the last ten are."""
    without.append(one)
    if without[-10:] == [True] * 10:
        raise StudyError("10 trials in a row ended without a value; read the reasons above, and study.trials[-1]")


def best_trial(study):
    """The best trial of a study with one direction; None if no trial is complete and feasible."""
    try:
        return study.best_trial
    except ValueError:
        return None


def best_so_far(study):
    """The best value in words, for a progress line; "" for a study with several directions."""
    if len(study.directions) > 1:
        return ""
    best = best_trial(study)
    return in_digits(best.value) if best else NONE_YET if _some_complete(study) else "none complete yet"


def in_digits(value):
    """A value with four decimals, or four digits if it is tiny, such as a loss of 0.00002."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.001 else f"{value:.4g}"


def _some_complete(study):
    return bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def summarize(study):
    """Prints how many trials are complete or pruned, all states, and the best value with its parameters.

    For a study with several directions, it prints the Pareto front.
    Raises StudyError if the storage stays away.
    """
    print("Number of finished trials:", retry_while_away(lambda: finished(study)))
    print(f"  ({count_trials(study)})")
    if not _some_complete(study):
        print("Best trial: none, since no trial is complete")
    elif len(study.directions) > 1:
        best = " ".join(str(trial.number) for trial in study.best_trials) or NONE_YET
        print("Best trials (the Pareto front):", best)
        if len(study.directions) == 2:
            print("  To see them: optuna.visualization.plot_pareto_front(study)")
    elif (best := best_trial(study)) is None:
        print(f"Best trial: {NONE_YET}")
    else:
        print(f"Best trial: number {best.number}")
        print(f"  Value: {in_digits(best.value)}")
        print("  Params:")
        for name, value in best.params.items():
            print(f"    {name}: {value:.4g}" if isinstance(value, float) else f"    {name}: {value}")
