"""A class study in a process of its own, and what its tests do with it."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from html import unescape

import optuna

from helpers.classroom.access_control import SILENT, ClassStudy
from helpers.study import open_study
from tests.servers import free_port


class Server:
    """A class study in a process of its own. `words`: what it printed until laptops can join."""

    def __init__(self, storage, silent=SILENT, **options):
        self.port, self.page_port, self.storage = options.get("port", free_port()), free_port(), storage
        options = {"storage": str(storage), "port": self.port, "page_port": self.page_port, **options}
        code = (f"import json; from helpers.classroom import access_control; access_control.SILENT = {silent}; "
                f"from helpers.classroom import serve; serve(**json.loads({json.dumps(options)!r}))")
        command = [sys.executable, "-c", code]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.words = ""
        while not self.words.endswith("/\nCtrl-C ends it.\n") and "Other addresses" not in self.words:
            line = self.process.stdout.readline()
            assert line, f"it ended early, after: {self.words}"
            self.words += line
        self.address = f"grpc://127.0.0.1:{self.port}"

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.page_port, timeout=120)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def rows(self):
        """The rows of the leader board, each a dictionary of texts."""
        cells = [re.findall(r'<td class="(\w+)">(.*?)</td>', row) for row in self.get("/board").split("<tr>")]
        return [{key: unescape(text) for key, text in row} for row in cells if row]

    def rows_when(self, condition):
        end = time.monotonic() + 120
        while not condition(rows := self.rows()) and time.monotonic() < end:
            time.sleep(0.1)
        return rows

    def get_when(self, path, words):
        """The page, as soon as it holds these words."""
        wait_until(lambda: words in self.get(path))
        return self.get(path)

    def line_with(self, words):
        """The next line in the terminal that holds these words."""
        return next(line for line in self.process.stdout if words in line)

    def interrupt(self):
        """Presses Ctrl-C; returns what it says from then on, and the seconds until it has ended."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        words = self.process.stdout.read()
        return words, self.process.wait(timeout=120), time.monotonic() - start

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def join(server, who=None):
    return open_study("class", server.address, who=who)


def in_memory():
    """A class study in this process: the whole study, and what a laptop sees of it."""
    memory = optuna.storages.InMemoryStorage()
    whole = optuna.create_study(study_name="class", storage=memory)
    return whole, optuna.load_study(study_name="class", storage=ClassStudy(memory, "class"))


def from_file(server):
    return optuna.load_study(study_name="class", storage=f"sqlite:///{server.storage}")


def wait_until(condition):
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "waited for two minutes"
        time.sleep(0.1)
