"""Studies in a database: SQLite, or a server such as PostgreSQL. `database_errors` explains what can go wrong."""

import contextlib
import functools
import random
import sqlite3
import threading
import time
import warnings
from pathlib import Path

import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from helpers.study.addresses import hide_password
from helpers.study.database_errors import SameFile, reason_of, sealed
from helpers.study.errors import StudyError
from helpers.study.retry import RECONNECT
from helpers.study.worker_identity import Claiming, claims_of, is_alive

HEARTBEAT = 10  # seconds between two heartbeats of a running trial; after six missed ones it counts as dead

_locked = threading.local()  # from_the_start: this thread's transactions in SQLite lock the file before they read


class ClaimingDatabase(Claiming, RDBStorage):
    """A database whose trials carry claims. It waits up to RECONNECT seconds for a server that was stopped.

    An error that waiting does not fix, like a deleted file, raises a StudyError at once.
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
        """Trials without a heartbeat whose process is not alive here: on a suspended machine, no worker sends one."""
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


def claiming_database(url):
    """The database at a URL; missing tables are created. Raises StudyError if it can't be opened."""
    place = hide_password(url)
    # SQLite lets one process write at a time: the others wait. A server may have been restarted: test each connection.
    sqlite = url.startswith("sqlite")
    options = {"connect_args": {"timeout": RECONNECT}} if sqlite else {"pool_pre_ping": True}
    if sqlite and sealed(path := Path(sqlalchemy.make_url(url.format()).database)):
        unchanging = f"{path.as_uri()}?immutable=1"  # without this, SQLite does not even read it
        options = {"creator": functools.partial(sqlite3.connect, unchanging, uri=True, check_same_thread=False)}
    for attempt in range(10):
        try:
            with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
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
            SameFile(sqlalchemy.make_url(url.format() if sqlite else url)).explain(reason_of(error))
            if attempt == 9:
                raise StudyError(f"{place} can't be opened: {reason_of(error)}") from error
            time.sleep(random.uniform(0.1, 0.5))
