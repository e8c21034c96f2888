"""Where a study is kept: a journal file, a database or another machine's proxy; and how dead trials are recovered.

Optuna marks a trial as running when it begins, and only its worker can change that. A killed worker leaves its trial
running forever. So each trial here carries a claim (a lease), written in the step that creates it: the
machine, the process and its start. If the process is gone, its trial is dead. In
databases, Optuna's heartbeat finds dead trials of other machines as well, and so does the class study.
"""

import contextlib
import functools
import json
import traceback
import warnings
from collections import deque
from pathlib import Path

import grpc
import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import GrpcStorageProxy, JournalStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState

from helpers.commands import command
from helpers.study.addresses import address_of
from helpers.study.database import HEARTBEAT, claiming_database
from helpers.study.errors import NotWritable, StudyError
from helpers.study.journal import Journal, cut_torn_tail
from helpers.study.optuna_internals import BaseHeartbeat, mark_failed
from helpers.study.worker_identity import Claiming, claim, claims_of, is_dead

VERSION = "optuna"  # the attribute of a class study with its server's version of Optuna
ALIVE = "alive"  # the attribute that carries the heartbeat of a trial behind a proxy
WHO = "who-bin"  # the header that carries a learner's name with each request to a proxy


def open_storage(storage, who=None):
    """A storage for `optuna.create_study` in which each trial carries a claim.

    storage: a path (a journal file), a database's URL (sqlite:///file.db, postgresql+psycopg://user@host/name), or
    grpc://host:port (a proxy, like the class study's). None, or a storage of Optuna's, is returned as it is.
    who: a name that each trial carries as its user attribute "who".
    A read-only file can be opened for reading. Raises StudyError if it can't be opened, or is misspelt.
    """
    if storage is None or isinstance(storage, optuna.storages.BaseStorage):
        return storage
    address = address_of(storage)
    if isinstance(address, Path):
        opened = _journal(address)
    elif address.startswith("grpc://"):
        opened = _proxy(address)
    else:
        opened = claiming_database(address)
    opened.who = who
    return optuna.storages.get_storage(opened)  # puts Optuna's cache in front of a database


_given_up = set()  # (study, trial number, its start) of this process


def give_up(study, trial):
    """Remembers that this process no longer runs the trial, since its storage failed meanwhile."""
    _given_up.add((study.study_name, trial.number, trial.datetime_start))


def recover(study):
    """Marks running trials of dead workers as failed, and queues their parameters again, twice at most.

    Trials whose worker may be alive are left alone: those of another machine (unless a heartbeat shows that it is
    dead), those created without `open_storage`, and all if the study can't be written. Returns the numbers of the
    marked trials.
    """
    numbers = []
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning), contextlib.suppress(NotWritable):
        optuna.storages.fail_stale_trials(study)
        retry = RetryHeartbeatStaleTrialCallback(max_retry=2)
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            claims = claims_of(trial)
            given_up = (study.study_name, trial.number, trial.datetime_start) in _given_up
            if claims and all(is_dead(who) or (given_up and who == claim()) for who in claims):
                try:
                    mark_failed(study, trial)
                except UpdateFinishedTrialError:  # another process was faster
                    continue
                retry(study, trial)
                numbers.append(trial.number)
    return numbers


class ClaimingJournal(Claiming, JournalStorage):
    pass


class Signed:
    """A gRPC stub that adds the learner's name to each request."""

    def __init__(self, stub, proxy):
        self.stub, self.proxy = stub, proxy

    def __getattr__(self, request):
        who = (self.proxy.who or "").encode("utf-8", "replace")
        return functools.partial(getattr(self.stub, request), metadata=((WHO, who),))


class ClaimingProxy(Claiming, GrpcStorageProxy, BaseHeartbeat):
    """A proxy through which a running trial sends its heartbeat. The class study, on the other side, watches it,
    and lets only the learner who runs a trial change it, by the name in each request."""

    def _setup(self):
        super()._setup()
        self._stub = Signed(self._stub, self)

    def record_heartbeat(self, trial_id):
        with contextlib.suppress(grpc.RpcError, UpdateFinishedTrialError, KeyError):
            self.set_trial_system_attr(trial_id, ALIVE, True)

    def _get_stale_trial_ids(self, study_id):
        return []

    def get_heartbeat_interval(self):
        return HEARTBEAT

    def get_heartbeat_stale_trial_callback(self):
        return None


def _journal(path):
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    except OSError as error:
        raise StudyError(f"{path} can't be written ({error.strerror}); name another place for the study") from error
    with contextlib.suppress(NotWritable):  # it may be looked at
        if cut := cut_torn_tail(path):
            print(f"{path}: its last line was torn by a kill or a full disk; {cut} bytes were cut off")
    try:
        opened = ClaimingJournal(Journal(path))
        with path.open("rb") as file:
            for last in deque(file, maxlen=1):  # Optuna skips a damaged last line, and would append to it
                if last.endswith(b"\n"):
                    json.loads(last)
        return opened
    except (ValueError, AssertionError, LookupError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the file open, and Windows can't replace open files
        raise StudyError(
            f"{path} holds lines that are not of a journal; to keep the rest, run: "
            f"{command('-m', 'helpers', 'repair', path)}; or name another file for the study"
        ) from error


def _proxy(address):
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    if not host or not port.isdigit():
        raise StudyError(f"{address} names no host and port; write grpc://host:port, like grpc://127.0.0.1:13000")
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        proxy = ClaimingProxy(host=host, port=int(port))
    try:
        proxy.wait_server_ready(timeout=10)
    except ConnectionError as error:
        raise StudyError(
            f"nothing answers at {address}; check the address, and that the proxy has been started"
        ) from error
    return proxy


def compare_versions(study):
    """Prints a line if a class's server has another version of Optuna than this machine."""
    there = study.user_attrs.get(VERSION, optuna.__version__)
    if there != optuna.__version__:
        print(f"Optuna is {optuna.__version__} here and {there} on the server; if something fails, this says how to "
              f"install the course's version: {command('-m', 'helpers', 'doctor')}")
