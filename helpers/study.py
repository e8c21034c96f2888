"""Around `optuna.create_study` and `study.optimize`: keep a study in a file, run it up to a total, report on it."""

from pathlib import Path

import optuna
from optuna.trial import TrialState

WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def open_study(name, storage=None, direction="maximize", **options):
    """Creates a study, or loads the one of that name, and says in one line what it holds.

    storage: None keeps it in memory; a path keeps it in a journal file; a URL (sqlite:///...) in a database.
    options: sampler and pruner, as for `optuna.create_study`.
    """
    if storage is not None and "://" not in str(storage):
        Path(storage).parent.mkdir(parents=True, exist_ok=True)
        backend = optuna.storages.journal.JournalFileBackend(str(storage))
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(
        study_name=name, storage=storage, direction=direction, load_if_exists=True, **options
    )
    print(f"{name}: {count_trials(study)}")
    return study


def count_trials(study):
    """How many trials are complete, pruned, failed, running and waiting, in words."""
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    parts = [f"{states.count(state)} {word}" for state, word in WORDS.items() if state in states]
    return ", ".join(parts) or "no trials yet"


def finished(study):
    """The number of trials that are complete or pruned. Failed ones don't count."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def run_until(study, objective, n_trials, callbacks=(), **options):
    """Runs trials until the study holds `n_trials` that are complete or pruned, those from before included.

    `study.optimize(n_trials=...)` means so many more; this means so many in all. It ends earlier where a callback
    calls `study.stop()`, or at the `timeout`.
    options: as for `study.optimize`. Raises RuntimeError where each trial of a whole round fails.
    """
    ran = []
    callbacks = [*callbacks, lambda _, trial: ran.append(trial)]
    while (missing := n_trials - finished(study)) > 0:
        ran.clear()
        study.optimize(objective, n_trials=missing, callbacks=callbacks, **options)
        if len(ran) < missing:
            return
        if all(trial.state == TrialState.FAIL for trial in ran):
            raise RuntimeError(f"all {missing} trials failed; read study.trials[-1] and the log above for the reason")


def summarize(study):
    """Prints the report that everyone wants: how many trials, the best value, its parameters."""
    print("Number of finished trials:", len(study.trials))
    print(f"  ({count_trials(study)})")
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        print("Best trial: none, since no trial is complete")
        return
    print(f"Best trial: number {study.best_trial.number}")
    print(f"  Value: {study.best_value:.4f}")
    print("  Params:")
    for name, value in study.best_params.items():
        print(f"    {name}: {value:.4g}" if isinstance(value, float) else f"    {name}: {value}")
