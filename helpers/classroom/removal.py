"""Empties in the database the trials that the teacher removes; Optuna itself changes no finished trial."""

import json

from optuna.trial import TrialState
from sqlalchemy import text

from helpers.classroom.access_control import REMOVED
from helpers.classroom.limits import name_of
from helpers.study.optuna_internals import trial_id

CONTENTS = ("trial_params", "trial_values", "trial_intermediate_values")  # Optuna's tables of what a trial holds


def empty(database, trials):
    """Deletes the trials' contents, and marks them as failed."""
    with database.engine.begin() as connection:
        for trial in trials:
            empty_one(connection, trial)


def empty_late(database, study_id):
    """Empties trials that a laptop began or finished between the teacher's command and the server's check."""
    removals = database.get_study_user_attrs(study_id).get(REMOVED, [])
    trials = database.get_all_trials(study_id, deepcopy=False)
    empty(database, [trial for trial in trials if (
        trial.state != TrialState.FAIL if REMOVED in trial.system_attrs
        else any(name_of(trial) in names for names in removals))])


def empty_one(connection, trial):
    which = {"trial": trial_id(trial)}
    for table in CONTENTS:
        connection.execute(text(f"DELETE FROM {table} WHERE trial_id = :trial"), which)
    connection.execute(text("UPDATE trials SET state = 'FAIL', datetime_complete = COALESCE(datetime_complete, "
                            "datetime_start) WHERE trial_id = :trial"), which)
    reason = "removed by the teacher" + ("" if trial.value is None else f"; its value was {trial.value}")
    for table, key, value in (("trial_user_attributes", "reason", reason), ("trial_system_attributes", REMOVED, True)):
        connection.execute(text(f"DELETE FROM {table} WHERE trial_id = :trial AND key = :key"), which | {"key": key})
        connection.execute(text(f"INSERT INTO {table} (trial_id, key, value_json) VALUES (:trial, :key, :value)"),
                           which | {"key": key, "value": json.dumps(value)})
