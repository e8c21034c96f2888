"""How a laptop joins the class: the line to copy, for each shell, and the versions of both sides."""

import ipaddress
import shlex
import sys

import optuna

from helpers import commands
from helpers.classroom.server import how_to_join
from helpers.study import open_study

NAME = "Ada's class"


def words_of(host):
    return ["-m", "helpers", "worker", "helpers.search:objective", "--study", NAME, "--storage", f"grpc://{host}:13000",
            "--trials", "10000", "--who", "ADA"]  # fmt: skip


def test_on_one_machine_the_line_names_this_python():
    lines = how_to_join(NAME, ipaddress.ip_address("127.0.0.1"), 13000, 13001).splitlines()
    assert shlex.split(lines[1]) == [sys.executable, *words_of("127.0.0.1")]
    assert lines[2] == "The leader board: http://127.0.0.1:13001/"


def test_for_other_machines_there_is_a_line_for_each_shell():
    lines = how_to_join(NAME, ipaddress.ip_address("192.0.2.7"), 13000, 13001).splitlines()
    assert shlex.split(lines[1]) == [".venv/bin/python", *words_of("192.0.2.7")]
    assert lines[2] == "On Windows with this one:"
    assert lines[3] == ("  .venv\\Scripts\\python -m helpers worker helpers.search:objective "
                        """--study "Ada's class" --storage grpc://192.0.2.7:13000 --trials 10000 --who ADA""")
    assert lines[4] == "Run it in the course folder; with conda, write `python` in place of the path."


def test_another_version_of_optuna_is_named_when_a_laptop_joins(server, capsys, monkeypatch):
    assert open_study("class", server.address).user_attrs["optuna"] == optuna.__version__
    assert capsys.readouterr().out == "class: no trials yet\n"
    there = optuna.__version__
    monkeypatch.setattr(optuna, "__version__", "5.9.0")
    open_study("class", server.address)
    first, second = capsys.readouterr().out.splitlines()
    assert first == (f"Optuna is 5.9.0 here and {there} on the server; if something fails, this says how to install "
                     f"the course's version: {commands.command('-m', 'helpers', 'doctor')}")
    assert second == "class: no trials yet"
