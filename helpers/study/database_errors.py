"""Database errors that waiting does not fix, each as a StudyError."""

import os
from pathlib import Path

import grpc

from helpers.study.errors import NotWritable, StudyError


class SameFile:
    """Checks that the SQLite file exists and is still the same one. For a server it checks nothing."""

    def __init__(self, url):
        self.path = Path(url.database) if url.get_backend_name() == "sqlite" else None
        self.identity = self.path and _identity(self.path)

    def check(self):
        """Raises StudyError. SQLite itself would create an empty file in place of a missing one."""
        now = self.path and _identity(self.path)
        if self.path and now is None:
            raise StudyError(f"{self.path} does not exist; if it was moved or deleted or its drive is gone, put it "
                             "back and run again")
        if now != self.identity:
            raise StudyError(f"{self.path} is another file than before: someone has deleted or replaced it; nothing "
                             "was written to the new one; open the study again")

    def explain(self, words):
        """Raises StudyError if the driver's message means that waiting does not help."""
        if "disk is full" in words or "No space left" in words:
            raise NotWritable("no space left on the disk of the study; what finished is kept: free some space, then "
                              "run again")
        if "permission denied" in words or "read-only transaction" in words:
            raise NotWritable(f"the database can't be written: {words.strip().splitlines()[0]}")
        if not self.path:
            return
        if self.identity:  # else it is being created
            self.check()
        if ("readonly database" in words or "unable to open" in words) and not _may_write(self.path):
            raise NotWritable(f"{self.path} can't be written ({words}); no finished trial is lost; check that you "
                              "can write to the file and its directory, then run again")
        if "malformed" in words or "not a database" in words:
            raise StudyError(f"{self.path} is damaged ({words}); go back to a copy, or name another file for the study")


def sealed(path):
    """Whether this SQLite file needs a log beside it (WAL, as in a class study) that can't be created."""
    try:
        with open(path, "rb") as file:
            wal = file.read(20)[18:] == b"\2\2"
    except OSError:
        return False
    return wal and not os.access(path.parent, os.W_OK) and not os.path.exists(f"{path}-wal")


def reason_of(error):
    """The first line of the error that caused this one, or of a StudyError."""
    while error.__cause__ is not None and not isinstance(error, StudyError):
        error = error.__cause__
    said = error.details() if isinstance(error, grpc.RpcError) else str(getattr(error, "orig", None) or error)
    return (said or type(error).__name__).strip().splitlines()[0]


def _identity(path):
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _may_write(path):
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
