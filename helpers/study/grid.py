"""The points of Optuna's GridSampler, shared by processes so that each point runs once.

Optuna chooses a point after a trial has begun, and two processes may choose the same. Here each queued trial
holds its point from the start. If two processes queue the same one, the trial with the lower number runs it.
"""

import optuna
from optuna.trial import TrialState

from helpers.study.errors import StudyError
from helpers.study.optuna_internals import grid_of, grid_points


def check_grid(sampler):
    """Raises StudyError if a value of the grid can't be stored."""
    for name, values in grid_of(sampler).items():
        for odd in [value for value in values if not (value is None or isinstance(value, (str, int, float)))]:
            raise StudyError(f"the grid of {name} holds a value of type {type(odd).__name__}, which can't be stored; "
                             "write a list of plain numbers or texts: for a NumPy array, values.tolist()")


def queue_point(study):
    """Queues the next point. False if no point is left and no trial waits; True for any other sampler."""
    if not grid_of(study.sampler):
        return True
    left, waiting = _left_and_waiting(study)
    if left:
        point = {"search_space": grid_of(study.sampler), "grid_id": min(left)}
        study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, system_attrs=point))
    return bool(left or waiting)


def can_begin(study):
    """Whether a trial can begin: for a grid, whether a point is left, or a trial waits."""
    return not grid_of(study.sampler) or any(_left_and_waiting(study))


def only_retries_wait(study):
    """Whether all points of a grid have begun, and one waits because its worker died. Optuna stops a study here."""
    left, waiting = _left_and_waiting(study) if grid_of(study.sampler) else (True, [])
    return bool(waiting and not left)


def twin_of(trial):
    """The number of an earlier trial with the same point of the grid; None for a retry."""
    if not grid_of(trial.study.sampler):
        return None
    *earlier, this = trial.study.get_trials(deepcopy=False)[: trial.number + 1]
    mine = this.system_attrs
    if "grid_id" not in mine or "failed_trial" in mine:
        return None
    same = [other.number for other in earlier
            if all(other.system_attrs.get(key) == mine[key] for key in ("grid_id", "search_space"))]
    return same[0] if same else None


def _left_and_waiting(study):
    trials = study.get_trials(deepcopy=False)
    return grid_points(study.sampler, trials), [trial for trial in trials if trial.state == TrialState.WAITING]
