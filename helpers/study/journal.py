"""The file behind a study: a journal, to which every step of every trial is added as one record, a line of JSON.

A killed worker or a full disk can leave the last line incomplete (torn). Optuna appends its next record to the torn
one, and from then on the file can't be loaded. `Journal` cuts a torn line off before it writes. `journal_repair`
repairs any other damage. Both hold the lock that Optuna's own workers hold while they write. Neither writes to a file
that is no journal, or that was deleted or replaced since it was opened.
"""

import contextlib
import errno
import json
import os

from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock

from helpers.commands import command
from helpers.study.errors import DriveAway, NotWritable, StudyError

CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL, SET_STATE = 0, 1, 4, 6  # op_codes of records
START = b'{"op_code":'
AWAY = {getattr(errno, name, None) for name in (  # of a network drive; Windows lacks some
    "EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH")} - {None}


class Journal(JournalFileBackend):
    """Optuna's journal file, repaired before each write and left intact by a write that fails."""

    def __init__(self, path):
        self.path = os.path.realpath(path)  # Optuna waits forever for a leftover lock under a relative path
        self.first_line = b""  # no other journal has it
        super().__init__(self.path, _lock(self.path))

    def read_logs(self, log_number_from):
        try:
            self._check_first_line()
            yield from super().read_logs(log_number_from)
        except OSError as error:
            raise _in_words(self.path, error) from error

    def append_logs(self, logs):
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with held(self.path):
            _cut_torn_tail(self.path)
            self._check_first_line()
            length = os.path.getsize(self.path)
            try:
                with open(self.path, "ab") as file:
                    file.write(lines)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # else the next write cuts it off
                    os.truncate(self.path, length)
                raise

    def _check_first_line(self):
        """Raises StudyError if another file has taken the place of the one that was written before."""
        with open(self.path, "rb") as file:
            first_line = file.readline()
        if self.first_line and self.first_line != first_line:
            raise StudyError(f"{self.path} is another file than before: someone has deleted or replaced it; nothing "
                             "was written to the new one; open the study again")
        self.first_line = first_line if first_line.endswith(b"\n") else b""


def cut_torn_tail(path):
    """Moves a torn last line to the end of the file PATH.torn. Returns the number of bytes moved.

    Other workers may keep writing. A last line that lacks only its line end gets one, and nothing is moved.
    """
    path = os.path.realpath(path)
    with held(path):
        return _cut_torn_tail(path)


def _lock(path):
    return (JournalFileOpenLock if os.name == "nt" else JournalFileSymlinkLock)(str(path), grace_period=5)


@contextlib.contextmanager
def held(path):
    """Holds the journal's lock. An error of the disk becomes a StudyError."""
    lock = _lock(path)
    try:
        with open(path, "rb"):
            pass
        if not os.access(os.path.dirname(path), os.W_OK):  # Optuna waits forever for a lock that was left in it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        raise _in_words(path, error) from error


def _in_words(path, error):
    """A StudyError for an error of the disk or the drive."""
    if error.errno in AWAY:
        return DriveAway(f"{path} can't be reached ({error.strerror}); check its drive, then run again")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotWritable(f"{path}: no space left on the disk; nothing that finished is lost; free some space, "
                           "then run again")
    if os.path.isdir(path):
        return StudyError(f"{path} is a directory; name the file of a study")
    if isinstance(error, FileNotFoundError) and not os.path.exists(path):
        return StudyError(f"{path} does not exist; name the file of a study, or, if it was moved or deleted or its "
                          "drive is gone, put it back and run again")
    kind = NotWritable if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else StudyError
    what = "written" if os.access(path, os.R_OK) else "read or written"
    return kind(f"{path} can't be {what} ({error.strerror}); nothing that finished is lost; check that you may write "
                "to the file and its directory, then run again")


def no_journal(path):
    return (f"{path} does not begin like a journal, and was left as it is; name another file for the study, or, if it "
            f"is a damaged journal, repair it: {command('-m', 'helpers', 'repair', path)}")


def _cut_torn_tail(path):
    """`cut_torn_tail` for a caller that holds the lock."""
    with open(path, "r+b") as file:
        if not file.read(len(START)).startswith(START[: file.tell()]):
            raise StudyError(no_journal(path))
        if file.seek(0, os.SEEK_END) == 0:
            return 0
        file.seek(-1, os.SEEK_END)
        if file.read() == b"\n":
            return 0
        file.seek(0)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        torn = data[whole:]
        if whole_record(torn):
            file.write(b"\n")
            return 0
        with open(path + ".torn", "ab") as side:
            side.write(torn + b"\n")
        file.truncate(whole)
    return len(torn)


def whole_record(raw):
    """The record in these bytes, or None if they are not exactly one."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and type(record.get("op_code")) is int and isinstance(record.get("worker_id"), str)
    return record if whole else None
