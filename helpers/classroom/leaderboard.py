"""The leader board of the class study: a page from Python's own web server that renews itself."""

import math
import socketserver
from datetime import datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

from optuna.trial import TrialState

from helpers.classroom.access_control import ANONYMOUS, MAX_WHO
from helpers.study import FINISHED


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
