"""Wait for a storage that is unavailable, and tell its errors from those of the objective."""

import time
import traceback

import grpc
from optuna.exceptions import UpdateFinishedTrialError
from sqlalchemy.exc import SQLAlchemyError

from helpers.study.database_errors import reason_of
from helpers.study.errors import DriveAway, StudyError

RECONNECT = 60  # seconds that a worker waits for an unavailable storage


def retry_while_away(work, if_away=lambda trouble: False):
    """Calls `work()`, again and again while the storage is unavailable, for RECONNECT seconds from the first failure.

    if_away: called with the error after each failure. It returns True if `work` made progress since the previous
    failure, as a long run does: then the seconds count from this failure.
    Raises StudyError if the storage does not come back, or its disk is full.
    """
    since = None
    while True:
        try:
            return work()
        except Exception as error:
            trouble = storage_trouble(error)
            if trouble is None:
                raise
            progress = if_away(trouble)
            if isinstance(trouble, StudyError) and not isinstance(trouble, DriveAway):
                raise trouble from None
            if since is None or progress:
                since = time.monotonic()
            if time.monotonic() - since > RECONNECT:
                raise StudyError(
                    f"the study's storage was unavailable for {RECONNECT} seconds: {reason_of(trouble)}") from None
            time.sleep(0.5)


def storage_trouble(error):
    """The storage's own error in the chain that led to this one, or None. Optuna hides some behind others.

    A trial that was taken from this worker raises such an error too.
    """
    for each in _chain(error):
        if isinstance(each, StudyError) or was_taken(each):
            return each
        if isinstance(each, (SQLAlchemyError, grpc.RpcError)) and _came_from_storage(each):
            refused = refusal(each)
            return StudyError(f"the class study refuses this: {refused}") if refused else each
    return None


def was_taken(error):
    """Whether others marked the trial as failed while its worker was silent, for example on a suspended laptop."""
    return isinstance(error, UpdateFinishedTrialError) or (
        isinstance(error, ValueError) and str(error) == "Cannot tell a FAIL trial.")


def refusal(error):
    """The sentence with which the class study refused a request, anywhere in the chain that led to this error."""
    refused = [each.details() or "" for each in _chain(error) if isinstance(each, grpc.RpcError)]
    return "".join(refused).partition("Exception calling application: ")[2]


def _chain(error):
    """The error, the one that it came from, and so on."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return seen


def _came_from_storage(error):
    """Whether it was raised in a storage of Optuna's. An objective may use a database of its own."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(module.startswith("optuna.storages.") for module in modules)
