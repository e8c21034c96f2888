"""Around `optuna.create_study` and `study.optimize`: keep a study, run it up to a total, lose nothing, report."""

import numbers

import optuna
from optuna.storages import GrpcStorageProxy
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from helpers.study.addresses import how_to_write, looks_like_storage
from helpers.study.errors import StudyError
from helpers.study.objective import checked
from helpers.study.retry import retry_while_away
from helpers.study.storage import HEARTBEAT, compare_versions, give_up, open_storage, recover

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
STATE_NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def open_study(name, storage=None, direction="maximize", who=None, heartbeat=HEARTBEAT, **options):
    """Creates a study, or loads the one of that name, and prints one line on its trials.

    storage: None keeps it in memory; a path in a journal file, whose torn end is repaired; a URL (sqlite:///...) in a
    database; grpc://host:port behind a proxy. Trials whose worker died are marked as failed and queued again.
    who: a name that each trial carries. heartbeat: seconds between two heartbeats of a trial in a database.
    options: sampler, pruner and directions, as for `optuna.create_study`.
    Raises StudyError if the storage can't be opened, or holds a study of that name with another direction.
    """
    if looks_like_storage(name) and isinstance(storage, str | None) and not looks_like_storage(storage):
        what = "there is no storage" if storage is None else f'the storage is "{storage}"'
        raise StudyError(f'"{name}" is the study\'s name, and {what}; write open_study(name, "{how_to_write(name)}")')
    opened = open_storage(storage, who, heartbeat)
    directions = [str(getattr(each, "name", each)).lower() for each in options.pop("directions", [direction])]
    if not {"maximize", "minimize"}.issuperset(directions):
        raise StudyError(f'the direction is {" and ".join(directions)}; write "maximize" or "minimize"')
    study = retry_while_away(
        lambda: optuna.create_study(
            study_name=name, storage=opened, directions=directions, load_if_exists=True, **options
        )
    )
    there = [each.name.lower() for each in study.directions]
    if there != directions:
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


def run_until(study, objective, n_trials, callbacks=(), **options):
    """Runs trials until the study holds `n_trials` that are complete or pruned, including earlier ones.

    `study.optimize(n_trials=...)` runs that many more; this counts all, no matter who ran them. It ends earlier
    if a callback calls `study.stop()`, or at the `timeout`.
    options: as for `study.optimize`. Raises StudyError after ten failed trials in a row, or if the arguments are not a
    study, a function and a whole number.
    """
    check_arguments("run_until(study, objective, n_trials)", study, objective, n_trials)
    ran = []
    until_total = MaxTrialsCallback(n_trials, states=FINISHED)
    callbacks = [*callbacks, say_why, lambda _, trial: stop_if_all_fail(ran, trial.state), until_total]
    while (missing := n_trials - retry_while_away(lambda: finished(study))) > 0:
        before = len(ran)
        optimize(study, checked(objective), missing, callbacks=callbacks, **options)
        if len(ran) - before < missing:
            return


def check_arguments(call, study, objective, n_trials):
    """Raises StudyError if the arguments of a call like run_until(...) are of the wrong kind."""
    if not isinstance(study, optuna.Study) or not callable(objective):
        raise StudyError(f"write {call}, in this order: a study of Optuna's, then the objective, which is the "
                         "function itself, without brackets")
    if not isinstance(n_trials, numbers.Integral):
        raise StudyError(f"n_trials is {n_trials!r}; it must be a whole number, the total at which to stop")


def say_why(study, trial):
    """A callback: prints the reason that `checked` gave for a failed trial."""
    if trial.state == TrialState.FAIL and "reason" in trial.user_attrs:
        print(f"Trial {trial.number} failed: {trial.user_attrs['reason']}")


def stop_if_all_fail(states, state):
    """Adds a trial's state to the list of states. Raises StudyError if the last ten are failures."""
    states.append(state)
    if states[-10:] == [TrialState.FAIL] * 10:
        raise StudyError("10 trials failed in a row; read the reasons above, and study.trials[-1]")


def optimize(study, objective, n_trials, **options):
    """`study.optimize` with an objective from `checked`; it continues if its storage was unavailable for a while."""

    def work():
        recover(study)
        study.optimize(objective, n_trials, **options)

    retry_while_away(work, if_away=lambda: give_up(study, objective.trial))


def summarize(study):
    """Prints how many trials there are, the best value and its parameters."""
    print("Number of finished trials:", len(study.trials))
    print(f"  ({count_trials(study)})")
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        print("Best trial: none, since no trial is complete")
        return
    if len(study.directions) > 1:
        print("Best trials, none of which beats another in every direction:", *(t.number for t in study.best_trials))
        return
    print(f"Best trial: number {study.best_trial.number}")
    print(f"  Value: {study.best_value:.4f}")
    print("  Params:")
    for name, value in study.best_params.items():
        print(f"    {name}: {value:.4g}" if isinstance(value, float) else f"    {name}: {value}")
