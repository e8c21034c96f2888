"""The leader board of the class study: a page from Python's own web server that refreshes itself."""

import math
import socketserver
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

from optuna.trial import TrialState

from helpers.classroom.access_control import REMOVED
from helpers.classroom.limits import MAX_WHO, OWNER, name_of, same_name
from helpers.html import fill
from helpers.study import FINISHED


def standings(trials, running, minimize=False):
    """One row per name, the best first; minimize: whether smaller is better. Without a name: anonymous. Removed
    trials don't count, and a trial that breaks a constraint can't be the best."""
    rows, sign = {}, -1 if minimize else 1
    for trial in trials:
        if REMOVED in trial.system_attrs:
            continue
        who = name_of(trial)
        row = rows.setdefault(who, SimpleNamespace(who=who, best=None, finished=0, seen=datetime.min, places=set()))
        row.finished += trial.state in FINISHED
        if owner := trial.system_attrs.get(OWNER):
            row.places.add(owner[1])
        row.seen = max(row.seen, trial.datetime_start or row.seen, trial.datetime_complete or row.seen)
        counts = trial.state == TrialState.COMPLETE and all(excess <= 0 for excess in trial.constraints.values())
        if counts and (row.best is None or sign * trial.value > sign * row.best.value):
            row.best = trial
    for contents in running:
        if (who := same_name(contents.who)) in rows:
            rows[who].seen = max(rows[who].seen, contents.seen)
    return sorted(rows.values(), key=lambda row: sign * row.best.value if row.best else -math.inf, reverse=True)


def sum_up(trials, rows):
    """For the whole class: the best value, who found it, the finished trials, and those of the last minute."""
    since = datetime.now() - timedelta(minutes=1)
    ends = [trial.datetime_complete for trial in trials if trial.state in FINISHED]
    leader = short(rows[0].who) if rows and rows[0].best else "nobody yet"
    return score(rows[0]) if rows else "", leader, len(ends), sum(end > since for end in ends)


def score(row):
    if row.best is None:
        return ""
    return f"{row.best.value:.4f}" if abs(row.best.value) < 1e6 else short(row.best.value)


def short(value, length=MAX_WHO):
    """Any value in a few printable characters."""
    text = f"{value:.3g}" if isinstance(value, float) else str(value)[: length + 1]
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def board_html(trials, rows, until=None):
    best, leader, finished, in_a_minute = sum_up(trials, rows)
    ends = until and f"{until:%H:%M}"
    return fill("board.html", rows=[cells(rank, row) for rank, row in enumerate(rows, 1)], ends=ends,
                best=best, leader=leader, finished=finished, in_a_minute=in_a_minute)


def cells(rank, row):
    """The texts of a row, by CSS class."""
    settings = list(row.best.params.items())[:4] if row.best else []
    settings = " · ".join(f"{short(name)}\u00a0{short(value)}" for name, value in settings)
    laptops = f" ({len(row.places)} laptops)" if len(row.places) > 1 else ""  # or one that changed its address
    return {"rank": rank, "name": short(row.who) + laptops, "best": score(row), "trials": row.finished,
            "settings": settings, "seen": ago(row.seen)}


def ago(then):
    seconds = (datetime.now() - then).total_seconds()
    if then == datetime.min:  # only trials that wait
        return ""
    return "now" if seconds < 5 else f"{seconds:.0f} s ago" if seconds < 60 else f"{seconds / 60:.0f} min ago"


class Page(socketserver.ThreadingTCPServer):
    """Serves the leader board. `name` and `board` are set from outside."""

    daemon_threads = allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A browser that disconnects early is not an error."""


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        board, name = self.server.board, self.server.name
        if self.path == "/board":
            kind, text = "html", board
        elif self.path == "/board.js":
            kind, text = "javascript", fill("board.js")
        elif self.path == "/":
            kind, text = "html", fill("leaderboard.html", name=name, board=board)
        else:
            return self.send_error(404)
        body = text.encode("utf-8", "replace")
        self.send_response(200)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; img-src data:")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Requests are not logged."""
