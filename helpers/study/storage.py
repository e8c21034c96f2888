"""Where a study is kept: a journal file, a database, or another machine's proxy; and how trials of dead workers end.

Optuna marks a trial as running when it begins, and only its worker can change that. A killed worker leaves its trial
running forever. So each trial here carries a claim (a lease: which process runs this trial), written in the same step
that creates it: the machine, the process and the start of that process. If the process is gone, its trial is dead. In
databases, Optuna's heartbeat finds dead trials of other machines as well, and so does the class study.
"""

import contextlib
import functools
import random
import re
import threading
import time
import traceback
import warnings
from pathlib import Path

import grpc
import optuna
import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import GrpcStorageProxy, JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from helpers.study.errors import StudyError
from helpers.study.journal import Journal, cut_torn_tail
from helpers.study.optuna_internals import BaseHeartbeat
from helpers.study.retry import RECONNECT
from helpers.study.worker_identity import claim, claims_of, is_alive, is_dead

HEARTBEAT = 10  # seconds between two heartbeats of a running trial
ALIVE = "alive"  # the attribute that carries the heartbeat of a trial behind a proxy
WHO = "who-bin"  # the header that carries a learner's name with each request to a proxy

_locked = threading.local()  # from_the_start: this thread's transactions in SQLite lock the file before they read


def open_storage(storage, who=None, heartbeat=HEARTBEAT):
    """A storage for `optuna.create_study` in which each trial carries a claim.

    storage: a path (a journal file), a database's URL (sqlite:///file.db, postgresql+psycopg://user@host/name), or
    grpc://host:port (a proxy, like the class study's). None, or a storage of Optuna's, is returned as it is.
    who: a name that each trial carries as its user attribute "who".
    heartbeat: seconds between two heartbeats of a running trial in a database; after six missed ones it is dead.
    Raises StudyError if it can't be opened.
    """
    if storage is None or isinstance(storage, optuna.storages.BaseStorage):
        return storage
    address = str(storage)
    if "://" not in address:
        opened = _journal(Path(storage))
    elif address.startswith("grpc://"):
        opened = _proxy(address)
    else:
        opened = _database(address, heartbeat)
    opened.who = who
    return optuna.storages.get_storage(opened)  # puts Optuna's cache in front of a database


_given_up = set()  # (study, trial number) of this process


def give_up(study, trial):
    """Remembers that this process no longer runs the trial, since its storage failed meanwhile."""
    if trial is not None:
        _given_up.add((study.study_name, trial.number))


def recover(study):
    """Marks running trials of dead workers as failed, and queues their parameters again, twice at most.

    A trial whose worker may be alive is left alone: one of another machine (unless a heartbeat shows that it is dead),
    and one that was created without `open_storage`. Returns the numbers of the trials that it marked.
    """
    numbers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
        retry = RetryHeartbeatStaleTrialCallback(max_retry=2)
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            claims = claims_of(trial)
            given_up = (study.study_name, trial.number) in _given_up
            if claims and all(is_dead(who) or (given_up and who == claim()) for who in claims):
                try:
                    study.tell(trial.number, state=TrialState.FAIL)
                except (ValueError, UpdateFinishedTrialError):  # another process was faster
                    continue
                retry(study, trial)
                numbers.append(trial.number)
    return numbers


class Claiming:
    """A mixin for storages: each trial begins with its worker's claim."""

    who = None

    def create_new_trial(self, study_id, template_trial=None):
        return super().create_new_trial(study_id, template_trial or self.claimed_trial())

    def set_trial_state_values(self, trial_id, state, values=None):
        """Several workers may reach for a waiting trial: all claim it first, each under its own key, one gets it."""
        if state == TrialState.RUNNING:
            self.set_trial_system_attr(trial_id, f"worker {claim()}", claim())
        mine = super().set_trial_state_values(trial_id, state, values)
        if state == TrialState.RUNNING and mine and self.who:
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

    In SQLite, it gives a trial to one worker only. Optuna reads a trial's state and then writes it, under a row lock
    that SQLite lacks: two processes at the same moment would both take a waiting trial, or both end it.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._watch_engine()

    def __setstate__(self, state):  # in another process
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
        with contextlib.suppress(StorageInternalError, SQLAlchemyError):
            super().record_heartbeat(trial_id)

    def _get_stale_trial_ids(self, study_id):
        """Those without a heartbeat whose process is not alive here: a suspended machine silences all its workers."""
        silent = super()._get_stale_trial_ids(study_id)
        return [trial_id for trial_id in silent if not any(map(is_alive, claims_of(self.get_trial(trial_id))))]

    def _watch_engine(self):
        @sqlalchemy.event.listens_for(self.engine, "begin")
        def begin(connection):
            if getattr(_locked, "from_the_start", False):
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        @sqlalchemy.event.listens_for(self.engine, "do_connect")
        def connect(dialect, record, arguments, options):
            until = time.monotonic() + RECONNECT
            while True:
                try:
                    return dialect.connect(*arguments, **options)
                except dialect.loaded_dbapi.OperationalError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.5)


def _journal(path):
    if path.is_dir():
        raise StudyError(f"{path} is a directory; name a file in it for the study, like {path / 'study.journal'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        cut = cut_torn_tail(path)
    except OSError as error:
        raise StudyError(f"{path} can't be written ({error.strerror}); name another place for the study") from error
    if cut:
        print(f"{path}: its last line was torn ({cut} bytes), by a kill or a full disk; it was cut off")
    try:
        return ClaimingJournal(Journal(path))
    except (ValueError, AssertionError, LookupError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the file open, and Windows repairs no open file
        raise StudyError(
            f"{path} holds lines that are not of a journal; `python -m helpers repair {path}` keeps what is intact, "
            "or name another file for the study"
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


def _database(url, heartbeat):
    place = hide_password(url)
    # SQLite lets one process write at a time: the others wait. A server may have been restarted: test each connection.
    options = {"connect_args": {"timeout": RECONNECT}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    for attempt in range(10):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return ClaimingDatabase(
                    url, engine_kwargs=options, heartbeat_interval=heartbeat, grace_period=6 * heartbeat,
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
            if attempt == 9:
                raise StudyError(f"{place} can't be opened: {reason_of(error)}") from error
            time.sleep(random.uniform(0.1, 0.5))


def hide_password(url):
    """The URL of a database, or the path of a file, as it may be shown."""
    if "://" not in url:
        return url
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):  # not a valid URL, or a password with an @ in it
        return re.sub("://.*@", "://…@", url).partition("?")[0]
    if parsed.password or "password" in parsed.query:
        return parsed.difference_update_query(["password"]).render_as_string(hide_password=True)
    return url


def reason_of(error):
    """The first line of the error behind an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().splitlines()[0]
