"""`open_dashboard(path)` shows a study in the browser while it runs, with optuna-dashboard in a process of its own.

In a terminal `optuna-dashboard my_study.journal` does the same. This module adds a free port and the names of the
studies, and its dashboard survives an interrupted cell and ends with the kernel. It is a process, not a thread, since
optuna-dashboard 0.21 caches importances by the study's number, and would show those of another file's study.
"""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

from helpers.commands import FIX
from helpers.study.addresses import address_of, hide_password, how_to_write
from helpers.study.errors import StudyError

HOST = "127.0.0.1"  # this machine only: the dashboard asks for no password and can delete studies
RUNNING = {}  # (storage, port): Dashboard


class Dashboard:
    """A running dashboard: its `url`, and `stop()`."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def stop(self):
        """Ends the process of the dashboard. A second call does nothing."""
        end(self.process)

    def __repr__(self):
        state = "is running" if self.process.poll() is None else "has been stopped"
        return f"The dashboard at {self.url} {state}."

    def _repr_html_(self):
        return f'<a href="{self.url}" target="_blank" rel="noopener">Open the dashboard</a>'


def open_dashboard(path_or_url, port=0):
    """Starts a dashboard for the studies in a journal file or a database; prints its address and the studies' names.

    path_or_url: the file of the study, or the URL of a database; port: 0 takes a free one.
    The address works on this machine only. Raises StudyError if the storage or the port can't be used.
    """
    if importlib.util.find_spec("optuna_dashboard") is None:
        raise StudyError(f"the package optuna-dashboard is missing. {FIX}")
    storage = find_storage(path_or_url)
    dashboard = RUNNING.get((storage, port))
    if dashboard and dashboard.process.poll() is None:
        print(f"It is already running at {dashboard.url}")
        return dashboard
    process, answer = start(storage, port)
    dashboard = RUNNING[storage, port] = Dashboard(process, f"http://{HOST}:{answer['port']}/")
    names = ", ".join(answer["studies"]) or "none yet. Is this the file of your study? If so, run the study"
    print(f"Dashboard of {hide_password(storage)} at {dashboard.url}\nStudies in it: {names}.")
    return dashboard


def find_storage(path_or_url):
    """The absolute path of a journal file, or a URL. Raises StudyError if it would show nothing."""
    if not isinstance(path_or_url, (str, os.PathLike)):
        raise StudyError(f"open_dashboard got a {type(path_or_url).__name__}; give it the file of the study, since the "
                         "dashboard is another process and can't read this one's memory")
    text = str(path_or_url)
    if text.startswith("grpc://"):
        raise StudyError(f"the dashboard can't open {text}; on the machine that serves the study, open its "
                         "file or database")
    storage = str(address_of(how_to_write(text)))
    path = Path(text.removeprefix("sqlite:///")).expanduser().resolve()
    if ("://" not in text or text.startswith("sqlite:///")) and not path.exists():
        raise StudyError(f"{path} does not exist; name the file of your study, which open_study creates")
    return storage


def start(storage, port):
    """Starts the process and waits until it serves; returns it and its answer: the port, and the studies' names."""
    process = subprocess.Popen(
        [sys.executable, "-m", "helpers.dashboard"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", errors="replace",
        start_new_session=True,  # the stop button interrupts the kernel's session; the dashboard continues
    )  # fmt: skip
    try:
        print(json.dumps([storage, port]), file=process.stdin, flush=True)
        if answer := process.stdout.readline():
            return process, json.loads(answer)
        reason = process.stderr.read().strip().rpartition("\n")[2] or "its process ended"
        raise StudyError(f"the dashboard of {hide_password(storage)} did not start: {reason}")
    except BaseException:
        end(process)
        raise


def end(process):
    """Ends a dashboard's process by closing its standard input, or by force if that does not help."""
    process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve():
    """What the process does: serve until its standard input closes, at the latest when its parent ends."""
    import optuna
    import optuna_dashboard
    from optuna.storages.journal import JournalFileBackend

    storage, port = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    try:
        server = make_server(HOST, port, None, Server)
    except OSError as error:
        sys.exit(f"port {port} can't be used ({error.strerror}); leave port out to get a free one")
    try:
        if "://" not in storage:
            storage = optuna.storages.JournalStorage(JournalFileBackend(storage))
        store = optuna.storages.get_storage(storage)
        names = optuna.get_all_study_names(store)
    except Exception as error:  # a damaged file, no server, no driver
        sys.exit(f"{type(error).__name__}: {error}".splitlines()[0])
    server.set_app(optuna_dashboard.wsgi(store))
    print(json.dumps({"port": server.server_port, "studies": names}), flush=True)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        server.serve_forever()


if __name__ == "__main__":
    serve()
