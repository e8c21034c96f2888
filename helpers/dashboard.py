"""`open_dashboard(path)` shows a study in the browser while it runs, with optuna-dashboard, in a process of its own.

In a terminal `optuna-dashboard my_study.journal` does the same. What this module adds: it finds a free port, says
which studies it sees, goes on when a cell is interrupted, and ends with the kernel.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from helpers.doctor import MEND

HOST = "127.0.0.1"  # this machine only: the dashboard asks for no password and can delete studies
SQLITE = b"SQLite format 3\0"
RUNNING = {}  # (storage, port): Dashboard; a dashboard ends when nothing refers to it any more


class Dashboard:
    """A dashboard that runs: its `url`, and `stop()`."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def stop(self):
        """Ends the process of the dashboard. A second time does nothing."""
        end(self.process)

    def __repr__(self):
        state = "runs" if self.process.poll() is None else "has been stopped"
        return f"The dashboard at {self.url} {state}."

    def _repr_html_(self):
        return f'<a href="{self.url}" target="_blank" rel="noopener">Open the dashboard</a>'


def open_dashboard(path_or_url, port=0):
    """Starts a dashboard for the studies in a journal file or a database, and says where it is and what it sees.

    path_or_url: the file that the study is kept in, or the URL of a database; port: 0 takes a free one.
    Only this machine reaches the address. Raises FileNotFoundError, TypeError, ValueError or RuntimeError.
    """
    if importlib.util.find_spec("optuna_dashboard") is None:
        raise RuntimeError(f"the package optuna-dashboard is missing. Mend it with: {MEND}")
    storage = find_storage(path_or_url)
    dashboard = RUNNING.get((storage, port))
    if dashboard and dashboard.process.poll() is None:
        print(f"It runs already, at {dashboard.url}")
        return dashboard
    process, answer = start(storage, port)
    dashboard = RUNNING[storage, port] = Dashboard(process, f"http://{HOST}:{answer['port']}/")
    names = ", ".join(answer["studies"]) or "none yet. Is it the file that your study is kept in? Then run the study"
    print(f"Dashboard of {without_password(storage)} at {dashboard.url}\nStudies in it: {names}.")
    return dashboard


def find_storage(path_or_url):
    """The URL of a database as it is, or the absolute path of a journal file; refuses what would show nothing."""
    if not isinstance(path_or_url, (str, os.PathLike)):
        raise TypeError(
            f"open_dashboard got a {type(path_or_url).__name__}; give it the file that the study is kept in, since the "
            "dashboard is another process and can't look into this one."
        )
    text = str(path_or_url)
    if "://" in text and not text.startswith("sqlite:///"):
        return text
    path = Path(text.removeprefix("sqlite:///")).expanduser().resolve()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{path} {what}. Name the file that holds your study; open_study makes it.")
    with path.open("rb") as file:
        beginning = file.read(len(SQLITE))
    if beginning == SQLITE:
        return f"sqlite:///{path}"
    if beginning and not beginning.startswith(b"{"):
        raise ValueError(f"{path} is neither a journal nor an SQLite database. Name the file that holds your study.")
    return str(path)


def without_password(storage):
    return re.sub("://[^/]*@", "://", storage)


def start(storage, port):
    """Starts the process and waits until it serves; returns it and what it answers: its port, the studies it sees."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.dashboard"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8",
            start_new_session=True,  # the stop button interrupts the kernel's session; the dashboard goes on
        )  # fmt: skip
        try:
            print(json.dumps([storage, port]), file=process.stdin, flush=True)
            answer = process.stdout.readline()
        except BaseException:
            end(process)
            raise
        if answer:
            return process, json.loads(answer)
        process.wait()
        log.seek(0)
        lines = log.read().strip().splitlines() or [f"its process ended with status {process.returncode}"]
    raise RuntimeError(f"the dashboard of {without_password(storage)} did not start: {lines[-1]}")


def end(process):
    """Ends a dashboard's process by closing its standard input, by force if that does not help."""
    process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve():
    """What the process of the dashboard does: serve until its standard input ends, at the latest with its parent."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    import optuna
    import optuna_dashboard
    from optuna.storages.journal import JournalFileBackend

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Handler(WSGIRequestHandler):
        def log_message(self, *arguments):
            """Writes no line of log for each request."""

    storage, port = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    try:
        server = make_server(HOST, port, None, Server, Handler)
    except OSError as error:
        sys.exit(f"port {port} can't be used ({error.strerror}); leave port out, and a free one is taken")
    if "://" in storage:
        store = optuna.storages.get_storage(storage)
    else:
        store = optuna.storages.JournalStorage(JournalFileBackend(storage))
    server.set_app(optuna_dashboard.wsgi(store))
    print(json.dumps({"port": server.server_port, "studies": optuna.get_all_study_names(store)}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
