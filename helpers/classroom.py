"""The class study: every laptop adds its trials to one study, and a page shows live who found what.

`python -m helpers classroom` starts it. Optuna's gRPC proxy serves the study from a database; `ClassStudy` stands
between the two and refuses what could harm the others. The leader board comes from Python's own web server.
"""

import copy
import errno
import ipaddress
import itertools
import json
import math
import os
import re
import shlex
import signal
import socket
import socketserver
import sqlite3
import threading
import time
import warnings
from contextlib import closing, suppress
from datetime import datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import optuna
import psutil
from optuna.distributions import distribution_to_json
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, RDBStorage, get_storage, run_grpc_proxy_server
from optuna.trial import TrialState, create_trial
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from helpers.journal import StudyError
from helpers.study import FINISHED, count_trials, open_study

MAX_TRIALS = 10_000
MAX_WHO, MAX_NAME = 40, 100  # characters of a learner's name, and of a parameter's or an attribute's
MAX_PARAMETERS, MAX_REPORTS = 50, 1000  # of one trial
MAX_TEXT = 8000  # characters of all attributes of one trial, and of the choices of one parameter
ANONYMOUS = "anonymous"
HOSTS = "127.0.0.1 lets this machine in alone, 0.0.0.0 others too"
PATIENCE = 60  # seconds to wait while another program writes to the file

# What a laptop may do.


class Refused(Exception):
    """A request that is refused. The sentence arrives on the laptop, in the details of a grpc.RpcError."""


def need(condition, sentence):
    if not condition:
        raise Refused(sentence)


def is_name(text, length):
    return isinstance(text, str) and 0 < len(text) <= length and text.isprintable() and not text.isspace()


class Contents:
    """What one trial, or the study, holds so far. Each `add` refuses what is too much or no proper value."""

    def __init__(self, trial=None):
        self.who, self.seen = ANONYMOUS, datetime.now()
        self.parameters, self.reports, self.attributes = set(), set(), {}
        if trial:
            for name, distribution in trial.distributions.items():
                self.add_parameter(name, distribution, distribution.to_internal_repr(trial.params[name]))
            for step, value in trial.intermediate_values.items():
                self.add_report(step, value)
            for key, value in [*trial.system_attrs.items(), *trial.user_attrs.items()]:
                self.add_attribute(key, value)

    def add_parameter(self, name, distribution, number):
        need(is_name(name, MAX_NAME), f"the name of a parameter has 1 to {MAX_NAME} printable characters")
        need(len(distribution_to_json(distribution)) <= MAX_TEXT, f"the choices of {name} are too long a text")
        self.parameters.add(name)
        need(len(self.parameters) <= MAX_PARAMETERS, f"a trial has at most {MAX_PARAMETERS} parameters")
        try:  # Optuna looks whether the value is in the range when it makes a trial
            value = distribution.to_external_repr(number)
            create_trial(state=TrialState.RUNNING, params={name: value}, distributions={name: distribution})
        except (ValueError, IndexError, OverflowError):
            raise Refused(f"the value of {name} is outside its range") from None

    def add_report(self, step, value):
        need(math.isfinite(value), f"a report has to be a finite number; at step {step} it is {value}")
        need(0 <= step < 2**31, f"the step of a report is 0 to {2**31 - 1}; {step} is not")
        self.reports.add(step)
        need(len(self.reports) <= MAX_REPORTS, f"a trial has at most {MAX_REPORTS} reports")

    def add_attribute(self, key, value):
        need(is_name(key, MAX_NAME), f"the name of an attribute has 1 to {MAX_NAME} printable characters")
        if key == "who":
            need(is_name(value, MAX_WHO), f"a learner's name (who) has 1 to {MAX_WHO} printable characters")
            self.who = value
        sizes = self.attributes | {key: len(key) + len(json.dumps(value))}
        need(sum(sizes.values()) <= MAX_TEXT, f"{key} is too long: all attributes together have {MAX_TEXT} characters")
        self.attributes = sizes


class ClassStudy(BaseStorage):
    """A storage of Optuna's, cut down to one study. It checks a request, then passes it on; one writes at a time."""

    def __init__(self, storage, name, max_trials=MAX_TRIALS):
        self.storage, self.name, self.max_trials = storage, name, max_trials
        self.study_id = storage.get_study_id_from_name(name)
        self.trials = storage.get_all_trials(self.study_id, deepcopy=False)  # read again at the time `read_again`
        self.read_again, self.n_trials = 0, len(self.trials)
        self.of_study, self.of_trials = Contents(), {}  # the latter by the id of a trial that is not finished
        self.writing, self.reading = threading.Lock(), threading.Lock()

    def own(self, study_id):
        if study_id != self.study_id:
            raise KeyError(f'there is one study here, "{self.name}"')
        return study_id

    def contents(self, trial_id):
        """What a trial holds; notes that its learner was seen."""
        if trial_id not in self.of_trials:
            self.of_trials[trial_id] = Contents(self.get_trial(trial_id))
        self.of_trials[trial_id].seen = datetime.now()
        return self.of_trials[trial_id]

    def create_new_study(self, directions, study_name=None):
        need(study_name == self.name, f'there is one study here, "{self.name}"; a laptop can\'t make another')
        raise DuplicatedStudyError(f"{self.name} is there")  # so that the laptop loads it

    def delete_study(self, study_id):
        raise Refused("a laptop can't delete the study of the class")

    def create_new_trial(self, study_id, template_trial=None):
        trial = template_trial or create_trial(state=TrialState.RUNNING)
        new = trial.state in (TrialState.RUNNING, TrialState.WAITING) and trial.values is None
        need(new, "a trial has to be run here; one that is finished can't be added")
        contents = Contents(trial)
        trial.datetime_complete = None
        if trial.state == TrialState.RUNNING:
            trial.datetime_start = datetime.now()  # the clocks of laptops differ
        with self.writing:
            need(self.n_trials < self.max_trials, f"the study is full: it takes {self.max_trials} trials")
            trial_id = self.storage.create_new_trial(self.own(study_id), trial)
            self.n_trials += 1
            self.of_trials[trial_id], self.read_again = contents, 0
        return trial_id

    def set_trial_param(self, trial_id, param_name, param_value_internal, distribution):
        with self.writing:
            self.contents(trial_id).add_parameter(param_name, distribution, param_value_internal)
            self.storage.set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_state_values(self, trial_id, state, values=None):
        """A value that is not one finite number fails the trial, with a reason: Optuna would take infinity as best."""
        one_number = values is not None and len(values) == 1 and math.isfinite(values[0])
        with self.writing:
            self.contents(trial_id)
            if not one_number and (values is not None or state == TrialState.COMPLETE):
                reason = f"its value has to be one finite number; it is {values}"
                self.storage.set_trial_user_attr(trial_id, "reason", reason)
                state, values = TrialState.FAIL, None
            changed = self.storage.set_trial_state_values(trial_id, state, values)
            self.read_again = 0
            if state.is_finished():
                del self.of_trials[trial_id]
        return changed

    def set_trial_intermediate_value(self, trial_id, step, intermediate_value):
        with self.writing:
            self.contents(trial_id).add_report(step, intermediate_value)
            self.storage.set_trial_intermediate_value(trial_id, step, intermediate_value)

    def set_trial_user_attr(self, trial_id, key, value):
        with self.writing:
            self.contents(trial_id).add_attribute(key, value)
            self.storage.set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id, key, value):
        with self.writing:
            self.contents(trial_id).add_attribute(key, value)
            self.storage.set_trial_system_attr(trial_id, key, value)

    def set_study_user_attr(self, study_id, key, value):
        with self.writing:
            self.of_study.add_attribute(key, value)
            self.storage.set_study_user_attr(self.own(study_id), key, value)

    def set_study_system_attr(self, study_id, key, value):
        with self.writing:
            self.of_study.add_attribute(key, value)
            self.storage.set_study_system_attr(self.own(study_id), key, value)

    def get_all_trials(self, study_id, deepcopy=True, states=None):
        """Each laptop asks for all trials many times a trial: they are read from the database where one has begun or
        ended since, and else twice a second, for the reports of those that run."""
        self.own(study_id)
        with self.reading:
            if time.monotonic() > self.read_again:
                self.read_again = time.monotonic() + 0.5
                self.trials = self.storage.get_all_trials(study_id, deepcopy=False)
            trials = [trial for trial in self.trials if states is None or trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def get_trial(self, trial_id):
        trial = self.storage.get_trial(trial_id)
        if self.storage.get_trial_id_from_study_id_trial_number(self.study_id, trial.number) != trial_id:
            raise KeyError(f"trial {trial_id} is of another study")
        return trial

    def get_all_studies(self):
        return [study for study in self.storage.get_all_studies() if study.study_name == self.name]

    def get_study_id_from_name(self, study_name):
        return self.own(self.storage.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id):
        return self.storage.get_study_name_from_id(self.own(study_id))

    def get_study_directions(self, study_id):
        return self.storage.get_study_directions(self.own(study_id))

    def get_study_user_attrs(self, study_id):
        return self.storage.get_study_user_attrs(self.own(study_id))

    def get_study_system_attrs(self, study_id):
        return self.storage.get_study_system_attrs(self.own(study_id))


# The leader board.


def standings(trials, running):
    """A row for each name, the best first. A trial without a name counts as anonymous."""
    rows = {}
    for trial in trials:
        who = str(trial.user_attrs.get("who", ANONYMOUS))
        row = rows.setdefault(who, SimpleNamespace(who=who, best=None, finished=0, seen=datetime.min))
        row.finished += trial.state in FINISHED
        row.seen = max(row.seen, trial.datetime_start or row.seen, trial.datetime_complete or row.seen)
        if trial.state == TrialState.COMPLETE and (row.best is None or trial.value > row.best.value):
            row.best = trial
    for contents in running:
        if contents.who in rows:
            rows[contents.who].seen = max(rows[contents.who].seen, contents.seen)
    return sorted(rows.values(), key=lambda row: row.best.value if row.best else -math.inf, reverse=True)


def sum_up(trials, rows):
    """Of the class as a whole: the best value, who found it, the finished trials, and those of the last minute."""
    since = datetime.now() - timedelta(minutes=1)
    ends = [trial.datetime_complete for trial in trials if trial.state in FINISHED]
    leader = short(rows[0].who) if rows and rows[0].best else "nobody yet"
    return score(rows[0]) if rows else "", leader, len(ends), sum(end > since for end in ends)


def score(row):
    if row.best is None:
        return ""
    return f"{row.best.value:.4f}" if abs(row.best.value) < 1e6 else short(row.best.value)


def short(value):
    """Any value in a few printable characters."""
    text = f"{value:.3g}" if isinstance(value, float) else str(value)[: MAX_WHO + 1]
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= MAX_WHO else f"{text[: MAX_WHO - 1]}…"


def board_html(trials, rows):
    lines = []
    for rank, row in enumerate(rows, 1):
        settings = list(row.best.params.items())[:4] if row.best else []
        settings = " · ".join(f"{short(name)}\u00a0{short(value)}" for name, value in settings)
        seconds = (datetime.now() - row.seen).total_seconds()
        ago = "now" if seconds < 5 else f"{seconds:.0f} s ago" if seconds < 60 else f"{seconds / 60:.0f} min ago"
        cells = {"rank": rank, "name": short(row.who), "best": score(row), "trials": row.finished,
                 "settings": settings, "seen": ago}  # fmt: skip
        lines.append("".join(f'<td class="{kind}">{escape(str(cell))}</td>' for kind, cell in cells.items()))
    best, leader, finished, in_a_minute = sum_up(trials, rows)
    return f"""<dl><div><dt>Best so far</dt><dd>{best} <small>{escape(leader)}</small></dd></div>
<div><dt>Trials</dt><dd>{finished}</dd></div><div><dt>Trials a minute</dt><dd>{in_a_minute}</dd></div></dl>
<table><thead><tr><th></th><th>Name</th><th class="best">Best</th><th class="trials">Trials</th>
<th class="settings">Settings of the best</th><th class="seen">Last seen</th></tr></thead>
<tbody>{"".join(f"<tr>{line}</tr>" for line in lines)}</tbody></table>"""


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}: leader board</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>
:root { color-scheme: light dark; --faint: color-mix(in srgb, currentColor 18%, transparent) }
body { font: clamp(1.1rem, 1.9vw, 2.4rem)/1.35 system-ui, sans-serif; margin: 1em; font-variant-numeric: tabular-nums }
h1 { font-size: 1.3em; margin: 0 } #lost { visibility: hidden; margin: 0 } .lost #lost { visibility: visible }
dl { display: flex; flex-wrap: wrap; gap: .3em 2.5em; margin: .3em 0 .8em } dd { margin: 0; font-size: 2em }
dd small { font-size: .6em; overflow-wrap: anywhere } table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: normal } td { border-top: 1px solid var(--faint); overflow-wrap: anywhere }
th, td { padding: .2em .8em .2em 0; vertical-align: baseline } .name { font-weight: bold; min-width: 5em }
.rank, .best, .trials, .seen { text-align: right; white-space: nowrap } td.settings { font-size: .75em; width: 45% }
@media (max-width: 45rem) {
    tr { display: grid; grid-template-columns: 2em 1fr 5em 4em; border-top: 1px solid var(--faint) }
    td { border: none } th.settings, .seen { display: none }
    td.settings { grid-column: 2 / 5; padding-top: 0; width: auto }
}
</style></head><body><h1>{name}</h1><div id="board">{board}</div>
<p id="lost">The class study has ended, or this page can't reach it.</p>
<script src="board.js"></script></body></html>"""

SCRIPT = """const board = document.getElementById("board");
async function refresh() {
    try {
        const text = await (await fetch("board")).text();
        if (text !== board.text) board.innerHTML = board.text = text;
        document.body.className = "";
    } catch {
        document.body.className = "lost";
    }
    setTimeout(refresh, 2000);
}
refresh();"""


class Page(socketserver.ThreadingTCPServer):
    """Serves the leader board. `name` and `board` are set from outside."""

    daemon_threads = allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A browser that goes away in the middle is no error."""


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        board, name = self.server.board, escape(self.server.name)
        answers = {"/board": ("html", board), "/board.js": ("javascript", SCRIPT)}
        answers["/"] = ("html", PAGE.replace("{name}", name).replace("{board}", board))
        if self.path not in answers:
            return self.send_error(404)
        kind, text = answers[self.path]
        body = text.encode("utf-8", "replace")
        self.send_response(200)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; img-src data:")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Writes no line of log for each request."""


# The command.

WARNING = """WARNING: these ports have no password. Everybody who can reach this machine over the network is let in.
They can read the study, add trials to it under any name, and disturb those that run. They can't change what is
finished, delete the study, make another one, read other files or run programs here. Use it in a network that you
trust, for the time of the lesson. Ctrl-C ends it.
"""


def serve(study="class", storage="class.db", host="127.0.0.1", port=13000, page_port=13001, max_trials=MAX_TRIALS):
    """Serves the study and its leader board until Ctrl-C, which ends the process.

    storage: a file (SQLite; made where there is none) or a database's URL. Raises StudyError where it can't start.
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
    need_port("--page-port", page_port, address)
    with Page((str(address), page_port), Handler) as page:
        need_port("--port", port, address)
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
        shared.writing.acquire(timeout=1)  # what is being written gets done, and nothing more begins
        print(f"\nThe class study has ended: {count_trials(opened)}.\nIt lies in {where}; the same command goes on "
              f"with it.\nIn a notebook: open_study({study!r}, {where!r})", flush=True)
        database.engine.dispose()  # the last connection to an SQLite file writes its log into it
        os._exit(0)  # gRPC takes seconds to end where many laptops are connected


def watch(shared, page, over):
    """Renews the leader board each second, and prints a line every five, until the event `over`."""
    for second in itertools.count():
        with suppress(StorageInternalError, SQLAlchemyError):  # a database that is away for a moment
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
        "Each laptop joins with this line, the learner's name in the place of ADA:\n"
        f"  python -m helpers worker helpers.search:objective --study {shlex.quote(study)} "
        f"--storage grpc://{hosts[0]}:{port} --trials {max_trials} --who ADA\n"
        f"The leader board: http://{hosts[0]}:{page_port}/\n{others}Ctrl-C ends it.\n"
    )


def need_port(option, port, address):
    """Raises StudyError where the port can't be had. gRPC itself would share it with a server that runs already."""
    if not 0 < port < 2**16:
        raise StudyError(f"{option} {port}: a port is a number from 1 to {2**16 - 1}")
    try:
        socket.create_server((str(address), port)).close()
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise StudyError(f"--host {address} is no address of this machine; {HOSTS}") from error
        raise StudyError(f"{option} {port} can't be used ({os.strerror(error.errno)}); name another one") from error


def open_database(storage):
    """Optuna's storage for a file or a database's URL. Raises StudyError where it can't be used."""
    url = storage if "://" in str(storage) else f"sqlite:///{Path(storage).expanduser().resolve()}"
    place = re.sub("//[^/]*@", "//…@", url)  # without a password
    try:
        if not url.startswith("sqlite:///"):
            return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=PATIENCE)) as file:
            file.execute("PRAGMA journal_mode=WAL")  # writers and readers don't wait for each other from now on
        database = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": PATIENCE}})
        event.listen(database.engine, "connect", lambda file, _: file.execute("PRAGMA synchronous=NORMAL"))
        return database
    except (sqlite3.Error, SQLAlchemyError, StorageInternalError, ImportError) as error:
        cause = error
        while cause.__cause__:
            cause = cause.__cause__
        reason = str(cause).strip().splitlines()[0]
        raise StudyError(f"{place} can't be used ({reason}); name another file or database") from error
