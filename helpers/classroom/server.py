"""The class study: every laptop adds its trials to one study, and a live page shows who found what.

`python -m helpers classroom` starts it. Optuna's gRPC proxy serves the study from a database, behind `ClassStudy`.
"""

import errno
import ipaddress
import itertools
import os
import shlex
import signal
import socket
import sqlite3
import threading
import warnings
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import optuna
import psutil
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, get_storage, run_grpc_proxy_server
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from helpers.classroom.access_control import MAX_TRIALS, ClassStudy
from helpers.classroom.leaderboard import Handler, Page, board_html, standings, sum_up
from helpers.study import StudyError, count_trials, open_study
from helpers.study.retry import RECONNECT
from helpers.study.storage import hide_password, reason_of, recover

HOSTS = "127.0.0.1 admits this machine only, 0.0.0.0 others too"

WARNING = """WARNING: these ports have no password. Anyone who can reach this machine over the network has access.
They can read the study, add trials to it under any name, and disturb running trials. They can't change finished
trials, delete the study, create another one, read other files or run programs here. Use it in a network that you
trust, for the time of the lesson. Ctrl-C ends it.
"""


def serve(study="class", storage="class.db", host="127.0.0.1", port=13000, page_port=13001, max_trials=MAX_TRIALS):
    """Serves the study and its leader board until Ctrl-C, which ends the process.

    storage: a file (SQLite; created if there is none) or a database's URL. Raises StudyError if it can't start.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    warnings.simplefilter("ignore", ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    except (OSError, UnicodeError) as error:
        raise StudyError(f"--host {host} is not known; {HOSTS}") from error
    if not address.is_loopback:
        print(WARNING, flush=True)
    check_port("--page-port", page_port, address)
    with Page((str(address), page_port), Handler) as page:
        check_port("--port", port, address)
        database = open_database(storage)
        where = database.engine.url.render_as_string(hide_password=True)
        cached = get_storage(database)
        opened = open_study(study, cached)
        shared = ClassStudy(cached, study, max_trials)
        page.name, page.board = study, ""
        over = threading.Event()
        threading.Thread(target=page.serve_forever, daemon=True).start()
        print(how_to_join(study, address, port, page_port, max_trials), flush=True)
        watcher = threading.Thread(target=watch, args=(shared, page, over), daemon=True)
        watcher.start()
        with suppress(KeyboardInterrupt):
            run_grpc_proxy_server(shared, host=str(address), port=port)
        over.set()
        watcher.join()
        shared.writing.acquire(timeout=1)  # a write that has begun is completed, and no other begins
        print(f"\nThe class study has ended: {count_trials(opened)}.\nIt is stored in {where}; the same command "
              f"continues it.\nIn a notebook: open_study({study!r}, {where!r})", flush=True)
        database.engine.dispose()  # the last connection to an SQLite file writes its log into it
        os._exit(0)  # gRPC takes seconds to end if many laptops are connected


def watch(shared, page, over):
    """Each second, until the event `over`: marks the trials of laptops that are gone as failed, and renews the leader
    board. Prints a line every five seconds."""
    study = optuna.load_study(study_name=shared.name, storage=shared)
    for second in itertools.count():
        with suppress(Exception):  # a full study, or anything odd that a laptop has written: the board continues
            recover(study)
        with suppress(StorageInternalError, SQLAlchemyError):  # a database that is unavailable for a moment
            trials = shared.get_all_trials(shared.study_id, deepcopy=False)
            rows = standings(trials, list(shared.of_trials.values()))
            page.board = board_html(trials, rows)
            if second % 5 == 0:
                best, leader, finished, in_a_minute = sum_up(trials, rows)
                print(f"{datetime.now():%H:%M:%S}  {finished} trials, {in_a_minute} in the last minute, "
                      f"{len(rows)} names, best: {best} {leader}", flush=True)
        if over.wait(1):
            return


def how_to_join(study, address, port, page_port, max_trials):
    hosts = [str(address)]
    if address.is_unspecified:  # 0.0.0.0 stands for all addresses of this machine
        cards = psutil.net_if_addrs().values()
        found = [each.address for card in cards for each in card if each.family == socket.AF_INET]
        hosts = [host for host in found if not ipaddress.ip_address(host).is_loopback] or ["127.0.0.1"]
    others = f"Other addresses of this machine: {', '.join(hosts[1:])}\n" if hosts[1:] else ""
    return (
        "Each laptop joins with this line, with the learner's name in place of ADA:\n"
        f"  python -m helpers worker helpers.search:objective --study {shlex.quote(study)} "
        f"--storage grpc://{hosts[0]}:{port} --trials {max_trials} --who ADA\n"
        f"The leader board: http://{hosts[0]}:{page_port}/\n{others}Ctrl-C ends it.\n"
    )


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
    url = storage if "://" in str(storage) else f"sqlite:///{Path(storage).expanduser().resolve()}"
    place = hide_password(url)
    try:
        if not url.startswith("sqlite:///"):
            return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=RECONNECT)) as file:
            file.execute("PRAGMA journal_mode=WAL")  # from now on, writers and readers don't wait for each other
        database = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": RECONNECT}})
        event.listen(database.engine, "connect", lambda file, _: file.execute("PRAGMA synchronous=NORMAL"))
        return database
    except (sqlite3.Error, SQLAlchemyError, StorageInternalError, ImportError, ValueError) as error:
        raise StudyError(f"{place} can't be used ({reason_of(error)}); name another file or database") from error
