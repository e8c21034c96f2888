"""Where a study is kept: a journal file, a database, or another machine's proxy; and how trials of dead workers end.

Optuna marks a trial as running when it begins, and only its worker can change that. A killed worker leaves its trial
running forever. So each trial here carries a claim (a lease: which process runs this trial), written in the same step
that creates it: the machine, the process and the start of that process. If the process is gone, its trial is dead. In
databases, Optuna's heartbeat finds dead trials of other machines as well, and so does the class study.
"""

import contextlib
import functools
import json
import random
import sqlite3
import threading
import time
import traceback
import warnings
from collections import deque
from pathlib import Path

import grpc
import optuna
import sqlalchemy
from optuna.exceptions import (
    DuplicatedStudyError,
    ExperimentalWarning,
    StorageInternalError,
    UpdateFinishedTrialError,
)
from optuna.storages import GrpcStorageProxy, JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from helpers.commands import command
from helpers.study.addresses import address_of, hide_password
from helpers.study.database_errors import SameFile, reason_of, sealed
from helpers.study.errors import NotWritable, StudyError
from helpers.study.journal import Journal, cut_torn_tail
from helpers.study.optuna_internals import BaseHeartbeat, mark_failed
from helpers.study.retry import RECONNECT
from helpers.study.worker_identity import claim, claims_of, is_alive, is_dead

HEARTBEAT = 10  # seconds between two heartbeats of a running trial; after six missed ones it is dead
VERSION = "optuna"  # the attribute of a class's study that names the version of its server's Optuna
ALIVE = "alive"  # the attribute that carries the heartbeat of a trial behind a proxy
WHO = "who-bin"  # the header that carries a learner's name with each request to a proxy

_locked = threading.local()  # from_the_start: this thread's transactions in SQLite lock the file before they read


def open_storage(storage, who=None):
    """A storage for `optuna.create_study` in which each trial carries a claim.

    storage: a path (a journal file), a database's URL (sqlite:///file.db, postgresql+psycopg://user@host/name), or
    grpc://host:port (a proxy, like the class study's). None, or a storage of Optuna's, is returned as it is.
    who: a name that each trial carries as its user attribute "who".
    A file that is read-only can be opened to look at. Raises StudyError if it can't be opened, or is misspelt.
    """
    if storage is None or isinstance(storage, optuna.storages.BaseStorage):
        return storage
    address = address_of(storage)
    if isinstance(address, Path):
        opened = _journal(address)
    elif address.startswith("grpc://"):
        opened = _proxy(address)
    else:
        opened = _database(address)
    opened.who = who
    return optuna.storages.get_storage(opened)  # puts Optuna's cache in front of a database


_given_up = set()  # (study, trial number, its start) of this process


def give_up(study, trial):
    """Remembers that this process no longer runs the trial, since its storage failed meanwhile."""
    _given_up.add((study.study_name, trial.number, trial.datetime_start))


def recover(study):
    """Marks running trials of dead workers as failed, and queues their parameters again, twice at most.

    A trial whose worker may be alive is left alone: one of another machine (unless a heartbeat shows that it is dead),
    and one that was created without `open_storage`; all are, if the study can't be written. Returns the numbers of the
    trials that it marked.
    """
    numbers = []
    with warnings.catch_warnings(), contextlib.suppress(NotWritable):
        warnings.simplefilter("ignore", ExperimentalWarning)
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


class Claiming:
    """A mixin for storages: each trial begins with its worker's claim."""

    who = None

    def create_new_study(self, directions, study_name=None):
        """Optuna creates a study and, if that fails, looks it up; one that can't be written is looked up as well."""
        try:
            return super().create_new_study(directions, study_name)
        except NotWritable as error:
            if study_name not in [study.study_name for study in self.get_all_studies()]:
                raise
            print(f"only to look at, not to run: {error}")
            raise DuplicatedStudyError(study_name) from error

    def create_new_trial(self, study_id, template_trial=None):
        return super().create_new_trial(study_id, template_trial or self.claimed_trial())

    def set_trial_state_values(self, trial_id, state, values=None):
        """Several workers may reach for a waiting trial: all claim it first, each under its own key, and one gets it.
        The others withdraw their claims, since a trial waits for all who claim it to be dead before it is recovered."""
        if state != TrialState.RUNNING:
            return super().set_trial_state_values(trial_id, state, values)
        key = f"worker {claim()} {threading.get_ident()}"
        self.set_trial_system_attr(trial_id, key, claim())
        mine = super().set_trial_state_values(trial_id, state, values)
        if not mine:
            with contextlib.suppress(UpdateFinishedTrialError):
                self.set_trial_system_attr(trial_id, key, "")
        elif self.who:
            self.set_trial_user_attr(trial_id, "who", self.who)
        return mine

    def claimed_trial(self):
        return optuna.trial.create_trial(
            state=TrialState.RUNNING,
            user_attrs={"who": self.who} if self.who else {},
            system_attrs={"worker": claim()},
        )


class ClaimingJournal(Claiming, JournalStorage):
    pass


class Signed:
    """A stub of gRPC that puts the name of a proxy's learner on each request."""

    def __init__(self, stub, proxy):
        self.stub, self.proxy = stub, proxy

    def __getattr__(self, request):
        who = (self.proxy.who or "").encode("utf-8", "replace")
        return functools.partial(getattr(self.stub, request), metadata=((WHO, who),))


class ClaimingProxy(Claiming, GrpcStorageProxy, BaseHeartbeat):
    """A proxy through which a running trial sends its heartbeat. The class study, on the other side, watches it, and
    lets only who runs a trial change it: each request carries the name."""

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


class ClaimingDatabase(Claiming, RDBStorage):
    """A database that also waits for its server, if that was stopped and comes back within RECONNECT seconds.

    What does not pass by itself, like a file that was deleted, ends it at once with a StudyError.
    In SQLite, it gives a trial to one worker only. Optuna reads a trial's state and then writes it, under a row lock
    that SQLite lacks: two processes at the same moment would both take a waiting trial, or both end it.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._watch_engine()

    def __setstate__(self, state):  # in another process
        SameFile(sqlalchemy.make_url(state["url"])).check()
        super().__setstate__(state)
        self._watch_engine()

    def set_trial_state_values(self, trial_id, state, values=None):
        _locked.from_the_start = self.engine.name == "sqlite"
        try:
            return super().set_trial_state_values(trial_id, state, values)
        finally:
            _locked.from_the_start = False

    def _create_new_trial(self, study_id, template_trial=None):  # what Optuna's cache calls
        return super()._create_new_trial(study_id, template_trial or self.claimed_trial())

    def record_heartbeat(self, trial_id):
        """Skips a heartbeat that can't be written: else Optuna's thread would end, and its trial would seem dead."""
        with contextlib.suppress(StorageInternalError, SQLAlchemyError, StudyError):
            super().record_heartbeat(trial_id)

    def _get_stale_trial_ids(self, study_id):
        """Those without a heartbeat whose process is not alive here: a suspended machine silences all its workers."""
        silent = super()._get_stale_trial_ids(study_id)
        return [trial_id for trial_id in silent if not any(map(is_alive, claims_of(self.get_trial(trial_id))))]

    def _watch_engine(self):
        file = SameFile(self.engine.url)

        @sqlalchemy.event.listens_for(self.engine, "begin")
        def begin(connection):
            if getattr(_locked, "from_the_start", False):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        @sqlalchemy.event.listens_for(self.engine, "do_connect")
        def connect(dialect, record, arguments, options):
            file.check()
            until = time.monotonic() + RECONNECT
            while True:
                try:
                    return dialect.connect(*arguments, **options)
                except dialect.loaded_dbapi.OperationalError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.5)

        @sqlalchemy.event.listens_for(self.engine, "handle_error")
        def explain(context):
            file.explain(str(context.original_exception))


def _journal(path):
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    except OSError as error:
        raise StudyError(f"{path} can't be written ({error.strerror}); name another place for the study") from error
    with contextlib.suppress(NotWritable):  # it may be looked at
        if cut := cut_torn_tail(path):
            print(f"{path}: its last line was torn ({cut} bytes), by a kill or a full disk; it was cut off")
    try:
        opened = ClaimingJournal(Journal(path))
        with path.open("rb") as file:
            for last in deque(file, maxlen=1):  # Optuna passes over a damaged last line, and would write behind it
                if last.endswith(b"\n"):
                    json.loads(last)
        return opened
    except (ValueError, AssertionError, LookupError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the file open, and Windows repairs no open file
        raise StudyError(
            f"{path} holds lines that are not of a journal; this keeps what is intact: "
            f"{command('-m', 'helpers', 'repair', path)}; or name another file for the study"
        ) from error


def _proxy(address):
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    if not host or not port.isdigit():
        raise StudyError(f"{address} names no host and port; write grpc://host:port, like grpc://127.0.0.1:13000")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = ClaimingProxy(host=host, port=int(port))
    try:
        proxy.wait_server_ready(timeout=10)
    except ConnectionError as error:
        raise StudyError(
            f"nothing answers at {address}; check the address, and that the proxy has been started"
        ) from error
    return proxy


def _database(url):
    place = hide_password(url)
    # SQLite lets one process write at a time: the others wait. A server may have been restarted: test each connection.
    options = {"connect_args": {"timeout": RECONNECT}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    if url.startswith("sqlite") and sealed(path := Path(sqlalchemy.make_url(url.format()).database)):
        unchanging = f"{path.as_uri()}?immutable=1"  # without this, SQLite does not even read it
        options = {"creator": functools.partial(sqlite3.connect, unchanging, uri=True, check_same_thread=False)}
    for attempt in range(10):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return ClaimingDatabase(
                    url, engine_kwargs=options, heartbeat_interval=HEARTBEAT, grace_period=6 * HEARTBEAT,
                    heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=2))
        except ArgumentError as error:
            raise StudyError(f"{place} is not a database's address; write for example sqlite:///study.db") from error
        except ImportError as error:
            raise StudyError(f"{place} needs a driver that is not installed; those for SQLite (sqlite:///study.db) and "
                             "PostgreSQL (postgresql+psycopg://user@host/name) come with the course") from error
        except ValueError as error:  # a port that is not a number
            raise StudyError(f"{place} can't be opened: {reason_of(error)}") from error
        except (SQLAlchemyError, StorageInternalError) as error:
            # If two processes create the same database at the same moment, both create its tables, and one fails.
            SameFile(sqlalchemy.make_url(url)).explain(reason_of(error))
            if attempt == 9:
                raise StudyError(f"{place} can't be opened: {reason_of(error)}") from error
            time.sleep(random.uniform(0.1, 0.5))


def compare_versions(study):
    """Says so if the server of a class has another version of Optuna than this machine."""
    there = study.user_attrs.get(VERSION, optuna.__version__)
    if there != optuna.__version__:
        print(f"Optuna is {optuna.__version__} here and {there} on the server; if something fails, this says how to "
              f"install the course's version: {command('-m', 'helpers', 'doctor')}")
