"""The class study: every laptop adds its trials to one study, and a live page shows who found what.

`python -m helpers classroom` starts it. Optuna's gRPC proxy serves the study from a database, behind `ClassStudy`.
"""

import errno
import ipaddress
import itertools
import logging
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import threading
import warnings
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import optuna
import psutil
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, get_storage
from optuna.study import StudyDirection
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from helpers.classroom.access_control import MAX_TRIALS, ClassStudy, Doorkeeper
from helpers.classroom.leaderboard import Handler, Page, board_html, short, standings, sum_up
from helpers.classroom.removal import empty_late
from helpers.commands import command
from helpers.study import StudyError, count_trials, open_study
from helpers.study.addresses import database_of, hide_password
from helpers.study.database_errors import reason_of
from helpers.study.optuna_internals import proxy_server
from helpers.study.retry import RECONNECT
from helpers.study.storage import VERSION, recover

HOSTS = "127.0.0.1 lets in this machine only, 0.0.0.0 others too"

WARNING = """WARNING: these ports have no password. Anyone who can reach this machine over the network has access.
They can read the study, and add trials to it under any name and with any value. They can't change trials that others
run, or finished ones, delete the study, create another one, read other files or run programs here. Use it in a network
that you trust, for the time of the lesson. Ctrl-C ends it.
"""


def serve(study="class", storage="class.db", host="127.0.0.1", port=13000, page_port=13001,
          direction="maximize", until=None):
    """Serves the study and its leader board until Ctrl-C, which ends the process.

    storage: a file (SQLite; created if there is none) or a database URL. until: a time today, like "14:30", after
    which no trial begins. Raises StudyError if it can't start.
    """
    until = time_of_today(until)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    warnings.simplefilter("ignore", ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("grpc").setLevel(logging.CRITICAL)  # a failed request is reported on its laptop
    address = address_of(host)
    check_port("--page-port", page_port, address)
    with Page((str(address), page_port), Handler) as page:
        check_port("--port", port, address)
        database = open_database(storage)
        where = hide_password(database.url)
        cached = get_storage(database)
        opened = open_study(study, cached, direction)
        opened.set_user_attr(VERSION, optuna.__version__)  # each laptop compares it with its own
        shared = ClassStudy(cached, study, until)
        page.name, page.board = study, ""
        over = threading.Event()
        threading.Thread(target=page.serve_forever, daemon=True).start()
        watcher = threading.Thread(target=watch, args=(shared, database, page, over), daemon=True)
        server = proxy_server(shared, f"{address}:{port}", Doorkeeper(shared))
        with suppress(KeyboardInterrupt):
            server.start()
            print(how_to_join(study, address, port, page_port, direction), flush=True)
            watcher.start()
            server.wait_for_termination()
        over.set()
        if watcher.is_alive():
            watcher.join()
        shared.writing.acquire(timeout=1)  # a write that has begun is completed, and no other begins
        sum_up_the_end(study, shared, where)
        database.engine.dispose()  # the last connection to an SQLite file writes its log into it
        os._exit(0)  # gRPC takes seconds to end if many laptops are connected


def address_of(host):
    """The IP address of `host`; warns if other machines can reach it. Raises StudyError if it is unknown."""
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    except (OSError, UnicodeError) as error:
        raise StudyError(f"--host {host} is not known; {HOSTS}") from error
    if not address.is_loopback:
        print(WARNING, flush=True)
    return address


def sum_up_the_end(study, shared, where):
    """Prints what the class has found, and how to continue it."""
    found = "its trials can't be read"
    with suppress(Exception):  # it was deleted
        found = count_trials(optuna.load_study(study_name=study, storage=shared))
    print(f"\nThe class study has ended: {found}.\nIt is stored in {where}; the same command "
          f"continues it.\nIn a notebook: open_study({study!r}, {where!r})", flush=True)


def watch(shared, database, page, over):
    """Each second, until the event `over`: marks the trials of lost laptops as failed, applies the teacher's removals,
    and renews the leader board. Prints a line every five seconds. A problem is printed once, and does not end it."""
    study, problem = optuna.load_study(study_name=shared.name, storage=shared), None
    for second in itertools.count():
        with suppress(Exception):  # a full study, or anything odd that a laptop has written: the board continues
            recover(study)
        try:
            check_there(database)
            if shared.is_outdated():
                with shared.writing:  # so that no trial ends in between
                    empty_late(database, shared.study_id)
                    shared.read_all(get_storage(database))
            line = renew(shared, page, study.direction == StudyDirection.MINIMIZE)
            to_print, problem = second % 5 == 0, None
        except Exception as error:  # a database that is unavailable for a moment, or that is deleted
            line = f"the leader board can't be renewed: {reason_of(error)}"
            to_print, problem = line != problem, line
        if to_print:
            print(f"{datetime.now():%H:%M:%S}  {line}", flush=True)
        if over.wait(1):
            return


def check_there(database):
    """Raises StudyError if the SQLite file is gone: what is written to it would be lost when the server ends."""
    file = database.engine.url.database
    if database.engine.name == "sqlite" and not Path(file).exists():
        raise StudyError(f"{file} was deleted or moved, and what the class finds now is lost; end this with Ctrl-C, "
                         "put the file back if you can, and start again")


def renew(shared, page, minimize):
    """Renews the leader board, and returns the line for the terminal."""
    trials = shared.get_all_trials(shared.study_id, deepcopy=False)
    rows = standings(trials, list(shared.of_trials.values()), minimize)
    page.board = board_html(trials, rows, shared.until)
    best, leader, finished, in_a_minute = sum_up(trials, rows)
    refused = f", {shared.refusals} requests refused ({short(shared.last_refusal, 200)})" if shared.refusals else ""
    return f"{finished} trials, {in_a_minute} in the last minute, {len(rows)} names, best: {best} {leader}{refused}"


def hosts_of(address):
    """The addresses at which laptops reach this machine, as text; 0.0.0.0 means all of them."""
    if not address.is_unspecified:
        return [str(address)]
    cards = psutil.net_if_addrs().values()
    found = [each.address for card in cards for each in card if each.family == socket.AF_INET]
    found = [host for host in found if not ipaddress.ip_address(host).is_loopback]
    return sorted(found, key=lambda host: host.startswith("169.254.")) or ["127.0.0.1"]  # those lead to no network


def lines_to_join(study, host, port, direction):
    """The lines with which a laptop joins: for this machine's Python, for another machine's, and for Windows."""
    words = ["-m", "helpers", "worker", "helpers.search:objective", "--study", study,
             "--storage", f"grpc://{host}:{port}", "--trials", str(MAX_TRIALS),
             *(["--direction", "minimize"] if direction == "minimize" else []), "--who", "ADA"]  # fmt: skip
    windows = subprocess.list2cmdline([r".venv\Scripts\python", *words])
    return command(*words), shlex.join([".venv/bin/python", *words]), windows


def how_to_join(study, address, port, page_port, direction="maximize"):
    host, *others = hosts_of(address)
    here, posix, windows = lines_to_join(study, host, port, direction)
    line = f"  {here}\n"
    if not address.is_loopback:
        line = (f"  {posix}\nOn Windows with this one:\n  {windows}\n"
                "Run it in the course folder; with conda, write `python` in place of the path.\n")
    more = f"Other addresses of this machine: {', '.join(others)}\n" if others else ""
    return (
        f"Each laptop joins with this line, with the learner's name in place of ADA:\n{line}"
        f"The leader board: http://{host}:{page_port}/\n{more}Ctrl-C ends it.\n"
    )


def time_of_today(text):
    """A time like "14:30" as a datetime of today, None for None. Raises StudyError if it is invalid or past."""
    if text is None:
        return None
    now = datetime.now()
    try:
        until = datetime.combine(now, datetime.strptime(text, "%H:%M").time())
    except (ValueError, TypeError):
        raise StudyError(f"--until {text}: write a time of today, like 14:30") from None
    if until <= now:
        raise StudyError(f"--until {text} is past; it is {now:%H:%M}")
    return until


def check_port(option, port, address):
    """Raises StudyError if the port is not free. gRPC itself would share it with a server that already runs."""
    if not 0 < port < 2**16:
        raise StudyError(f"{option} {port}: a port is a number from 1 to {2**16 - 1}")
    try:
        socket.create_server((str(address), port)).close()
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise StudyError(f"--host {address} is not an address of this machine; {HOSTS}") from error
        reason = error.strerror.partition(" (while")[0]
        raise StudyError(f"{option} {port} can't be used ({reason}); name another one") from error


def open_database(storage):
    """Optuna's storage for a file or a database's URL. Raises StudyError if it can't be used."""
    url = database_of(storage)
    place = hide_password(url)
    try:
        if not url.startswith("sqlite:///"):
            return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
        database = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": RECONNECT}})
        with closing(sqlite3.connect(database.engine.url.database, timeout=RECONNECT)) as file:
            file.execute("PRAGMA journal_mode=WAL")  # from now on, writers and readers don't wait for each other
        event.listen(database.engine, "connect", lambda file, _: file.execute("PRAGMA synchronous=NORMAL"))
        return database
    except (sqlite3.Error, SQLAlchemyError, StorageInternalError, ImportError, ValueError) as error:
        raise StudyError(f"{place} can't be used ({reason_of(error)}); name another file or database") from error
