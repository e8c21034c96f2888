"""A PostgreSQL server of the tests' own, on a free port, started from Debian's programs."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import psutil
import psycopg


def free_port():
    """A port on which nobody listens, below those that a system gives to outgoing connections."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def programs():
    """Where PostgreSQL's programs are, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Postgres:
    """`start` and `stop` it as often as you like; its data stay until the end of the `with` that it is used in."""

    def __init__(self):
        # not one of pytest's, since the next pytest to start on this machine would lock other users out of it
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.directory = Path(self.folder.name)
        self.port = free_port()
        self.plain_url = f"postgresql://tuner@127.0.0.1:{self.port}/postgres"
        self.url = self.plain_url.replace("postgresql:", "postgresql+psycopg:")
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to run as root

    def __enter__(self):
        if self.as_user:
            shutil.chown(self.directory, "postgres")
        self._run("initdb", "-D", "data", "-U", "tuner", "--auth=trust", "--no-sync")
        self.start()
        return self

    def __exit__(self, *error):
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):  # it is stopped already
            self.stop("immediate")
        self.folder.cleanup()

    def new_database(self):
        """The URL of a database with nothing in it."""
        name = f"test_{uuid.uuid4().hex}"
        psycopg.connect(self.plain_url, autocommit=True).execute(f"create database {name}")
        return self.url.removesuffix("postgres") + name

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        self._run("pg_ctl", "start", "-w", "-t", "300", "-D", "data", "-l", "log", "-o", options)

    def stop(self, mode="fast"):
        """mode: fast ends the connections in good order, immediate as a power cut does."""
        server = psutil.Process(int((self.directory / "data" / "postmaster.pid").read_text().split()[0]))
        server.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        server.wait(timeout=300)

    def _run(self, program, *arguments):
        command = [*self.as_user, str(programs() / program), *arguments]
        subprocess.run(command, cwd=self.directory, check=True, stdout=subprocess.DEVNULL, timeout=300)
