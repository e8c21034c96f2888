"""Wait for a storage that is unavailable, and tell its errors from those of the objective."""

import time

import grpc
from optuna.exceptions import UpdateFinishedTrialError
from sqlalchemy.exc import SQLAlchemyError

from helpers.study.errors import StudyError

RECONNECT = 60  # seconds that a worker waits for an unavailable storage
NO_SPACE = "no space left on the disk of the study; what finished is kept: free some space, then run again"


def retry_while_away(work, if_away=lambda: None):
    """Calls `work()`, again and again while the storage is unavailable, for RECONNECT seconds at most.

    Raises StudyError if the storage does not come back, or its disk is full.
    """
    until = time.monotonic() + RECONNECT
    while True:
        try:
            return work()
        except Exception as error:
            trouble = storage_trouble(error)
            if trouble is None:
                raise
            if_away()
            if isinstance(trouble, StudyError):
                raise trouble from None
            if "disk is full" in str(trouble):
                raise StudyError(NO_SPACE) from error
            if time.monotonic() > until:
                raise StudyError(f"the study's storage was unavailable for {RECONNECT} seconds: {trouble}") from error
            time.sleep(0.5)


def storage_trouble(error):
    """The storage's own error in the chain that led to this one, or None. Optuna hides some behind others.

    A trial marked as failed by others while its machine was suspended raises such an error too.
    """
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        if isinstance(error, (SQLAlchemyError, UpdateFinishedTrialError, StudyError)):
            return error
        if isinstance(error, ValueError) and str(error) == "Cannot tell a FAIL trial.":
            return error
        if isinstance(error, grpc.RpcError):
            refused = (error.details() or "").partition("Exception calling application: ")[2]
            return StudyError(f"the class study refuses this: {refused}") if refused else error
        error = error.__cause__ or error.__context__
    return None
