"""A study's journal file, to which each step of each trial is appended as one record, a line of JSON.

A killed worker or a full disk can leave the last line incomplete (torn). Optuna appends its next record to the torn
one, and from then on the file can't be loaded. `Journal` cuts a torn line off before it writes. `journal_repair`
repairs any other damage. Both hold the lock that Optuna's own workers hold while they write. Neither writes to a file
that is not a journal, or that was deleted or replaced since it was opened.
"""

import contextlib
import errno
import json
import os
import time
import uuid

from optuna.storages.journal import JournalFileBackend

from helpers.commands import command
from helpers.study.errors import DriveAway, NotWritable, StudyError

CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL, SET_STATE = 0, 1, 4, 6  # op_codes of records
GRACE = 5  # seconds after which a process that waits for the lock takes its holder for dead
START = b'{"op_code":'
AWAY = {getattr(errno, name, None) for name in (  # of a network drive; Windows lacks some
    "EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH")} - {None}


class Journal(JournalFileBackend):
    """Optuna's journal file, repaired before each write and left intact by a write that fails."""

    def __init__(self, path):
        self.path = os.path.realpath(path)  # one lock, whatever the file is called
        self.first_line = b""  # differs in each journal
        super().__init__(self.path)

    def read_logs(self, log_number_from):
        try:
            self._check_first_line()
            yield from super().read_logs(log_number_from)
        except OSError as error:
            raise _in_words(self.path, error) from error

    def append_logs(self, logs):
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with held(self.path) as lock:
            _cut_torn_tail(self.path, lock)
            self._check_first_line()
            length = os.path.getsize(self.path)
            # A process that has lost the lock by now still writes. It is one append: on a Linux or macOS disk, all
            # lines stay intact; on Windows or a network drive, `repair` may be needed.
            try:
                with open(self.path, "ab") as file:
                    file.write(lines)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # else the next write cuts it off
                    if lock.is_own():
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
    with held(path) as lock:
        return _cut_torn_tail(path, lock)


class Lock:
    """The lock of Optuna's own workers: a file that is there while one of them writes.

    A process suspended while it held the lock may find it deleted, and leaves the next holder's alone. Optuna's own
    classes delete that, or raise.
    """

    def __init__(self, path):
        self.file, self.own = f"{path}.lock", None

    def acquire(self):
        seen, since = None, 0
        while True:
            with contextlib.suppress(FileExistsError):
                open(self.file, "x").close()
                self.own = self._there()
                return
            there = self._there()
            if there is None or there != seen:
                seen, since = there, time.monotonic()
            elif time.monotonic() - since > GRACE:
                self._delete()
            time.sleep(0.01)  # no backoff: a longer wait would let processes that came later go first

    def is_own(self):
        return self.own is not None and self.own == self._there()

    def release(self):
        with contextlib.suppress(OSError):  # then a waiting process deletes it
            if self.is_own():
                self._delete()

    def _there(self):
        """When the lock file was created, which identifies it; None if there is none."""
        with contextlib.suppress(FileNotFoundError):
            return os.lstat(self.file).st_mtime_ns

    def _delete(self):
        gone = f"{self.file}{uuid.uuid4()}.rename"  # on Windows, a deleted file's name may stay for a while
        with contextlib.suppress(FileNotFoundError):  # another was faster
            os.rename(self.file, gone)
            os.remove(gone)


@contextlib.contextmanager
def held(path):
    """Holds the journal's lock, and yields it. A disk error becomes a StudyError."""
    lock = Lock(path)
    try:
        open(path, "rb").close()
        if not os.access(os.path.dirname(path), os.W_OK):  # else it would wait for a lock left there
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        try:
            lock.acquire()
            yield lock
        finally:
            lock.release()
    except OSError as error:
        raise _in_words(path, error) from error


def _in_words(path, error):
    """A StudyError for an error of the disk or the drive."""
    if error.errno in AWAY:
        return DriveAway(f"{path} can't be reached ({error.strerror}); check its drive, then run again")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotWritable(f"{path}: no space left on the disk; no finished trial is lost; free some space, "
                           "then run again")
    if os.path.isdir(path):
        return StudyError(f"{path} is a directory; name the file of a study")
    if isinstance(error, FileNotFoundError) and not os.path.exists(path):
        return StudyError(f"{path} does not exist; name the file of a study, or, if it was moved or deleted or its "
                          "drive is gone, put it back and run again")
    kind = NotWritable if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else StudyError
    what = "written" if os.access(path, os.R_OK) else "read or written"
    return kind(f"{path} can't be {what} ({error.strerror}); no finished trial is lost; check that you can write "
                "to the file and its directory, then run again")


def no_journal(path):
    return (f"{path} does not begin like a journal, and was left as it is; name another file for the study, or, if it "
            f"is a damaged journal, repair it: {command('-m', 'helpers', 'repair', path)}")


def _cut_torn_tail(path, lock):
    """`cut_torn_tail` for the lock's holder."""
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
        if lock.is_own():  # else the next holder has cut it off, and has written
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
