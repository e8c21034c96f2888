"""Private names of Optuna without a public equivalent, as of Optuna 5.0.0; a test fails when one is gone."""

import optuna
from optuna.storages._heartbeat import BaseHeartbeat

__all__ = ["BaseHeartbeat", "is_in_memory", "refused_parameter", "trial_id", "was_told_to_stop"]


def is_in_memory(study):
    return isinstance(study._storage, optuna.storages.InMemoryStorage)


def was_told_to_stop(study):
    """Whether `study.stop()` was called since the study last started to optimize."""
    return study._stop_flag


def trial_id(trial):
    """The id by which a storage knows a trial; its number counts within its study only."""
    return trial._trial_id


def refused_parameter(error):
    """The (name, distribution) of the `trial.suggest_...` that raised an error, or None."""
    step = error.__traceback__
    while step is not None:
        known = step.tb_frame.f_locals
        if step.tb_frame.f_code.co_name == "_suggest" and {"name", "distribution"} <= known.keys():
            return known["name"], known["distribution"]
        step = step.tb_next
    return None
