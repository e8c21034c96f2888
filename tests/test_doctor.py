import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import commands, doctor, speed
from helpers.recorded import RECORDED


def run_doctor(**environment):
    return subprocess.run(
        [sys.executable, "-m", "helpers", "doctor"], capture_output=True, text=True, env=os.environ | environment
    )


@pytest.mark.slow
def test_a_sound_installation_is_well():
    done = run_doctor()
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == "All is well."
    assert len(lines) == len(doctor.CHECKS) + 1
    assert all(line.startswith("OK") for line in lines[:-1])
    assert re.fullmatch(r"OK    speed: training the LSTM of lesson 01 takes about \d+ s here, and took \d+ s on the "
                        r"machine of the recordings \(2 cores, .*\): (about as fast|\d+\.\d times as (fast|long))",
                        lines[-2])


@pytest.mark.slow
def test_a_missing_package_is_named_with_its_fix_and_exit_status_1(tmp_path):
    # A sitecustomize that hides tqdm from the metadata, as if it had not been installed.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as m\n"
        "real = m.distribution\n"
        "def distribution(name):\n"
        "    if name == 'tqdm': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.distribution = distribution\n",
        encoding="utf-8",
    )
    done = run_doctor(PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "WRONG packages: tqdm is missing. In the folder of the course, run:" in done.stdout
    assert "-m pip install -r requirements.txt" in done.stdout
    assert doctor.OFFLINE in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Fix what is WRONG")


def test_a_version_that_is_not_the_pinned_one(tmp_path):
    pins = tmp_path / "requirements.txt"
    pins.write_text("# pins\nnumpy==0.0.1\nno-such-package==1.0\n", encoding="utf-8")
    well, words = doctor.check_packages(pins)
    assert not well
    assert ", not 0.0.1; no-such-package is missing" in words


@pytest.mark.parametrize(("module", "check"), [("torch", doctor.check_threads),
                                               ("jupyter_client.kernelspec", doctor.check_kernel)])
def test_a_package_that_can_not_be_imported(module, check, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    well, words = check()
    assert not well
    assert words.endswith(doctor.FIX)


def test_a_folder_that_can_not_be_written_to(tmp_path):
    well, words = doctor.check_write_access([tmp_path / "nowhere"])
    assert not well
    assert "nowhere" in words


def test_threads_in_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "999")
    assert doctor.check_threads() == (False, "OMP_NUM_THREADS is 999 in the environment; unset it")


def test_too_little_disk(monkeypatch):
    monkeypatch.setattr(doctor, "FREE_GB", 1e9)
    assert not doctor.check_disk()[0]


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    assert not doctor.check_python()[0]


def test_one_check_that_fails_is_enough(capsys):
    assert not doctor.report({"first": lambda: (True, "fine"), "second": lambda: (False, "do this")})
    assert capsys.readouterr().out.splitlines()[:2] == ["OK    first: fine", "WRONG second: do this"]


def test_a_check_that_raises_is_wrong_and_the_others_go_on(capsys):
    assert not doctor.report({"first": lambda: 1 / 0, "second": lambda: (True, "fine")})
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["WRONG first: it can't be checked: ZeroDivisionError: division by zero", "OK    second: fine"]


def test_missing_requirements_are_named(tmp_path):
    well, words = doctor.check_packages(tmp_path / "requirements.txt")
    assert not well
    assert words.startswith(f"{tmp_path / 'requirements.txt'} is missing; download the whole course again")


def course_in(folder):
    """The notebooks and the data of the course, in another folder."""
    for name in ("notebooks", "data"):
        shutil.copytree(doctor.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb*"))
    return folder


def test_an_empty_data_folder_is_wrong_and_so_is_one_lost_table(tmp_path):
    course = course_in(tmp_path)
    assert doctor.check_data(course) == doctor.check_data()
    assert doctor.check_data(course)[0]
    table = course / "data" / "recorded" / "untuned.csv"
    table.write_text("", encoding="utf-8")
    cure = f"missing in {course / 'data'}; download the whole course again"
    assert doctor.check_data(course) == (False, f"recorded/untuned.csv {cure}")
    shutil.rmtree(course / "data")
    well, words = doctor.check_data(course)
    assert not well
    assert words.startswith("card_hands.csv, messages.csv, recorded/")
    assert words.endswith(f" more {cure}")


def test_lost_data_come_back_with_git(tmp_path):
    course = course_in(tmp_path)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-C", course]
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    for words in (["init", "-q"], ["add", "data"], ["commit", "-q", "-m", "data"]):
        subprocess.run([*git, *words], check=True)
    shutil.rmtree(course / "data")
    command = doctor.check_data(course)[1].partition(", run: ")[2]
    subprocess.run(command.split(), cwd=course, check=True)
    assert doctor.check_data(course)[0]


def test_the_data_that_the_lessons_read_are_what_the_doctor_looks_for(tmp_path):
    """Each table, study and JSON file that a lesson names; one that is not there is seen."""
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(RECORDED, tmp_path / "data" / "recorded")
    for name in ('load_table("bench/odd", test=True)', 'load_study("odd")', 'recorded.provenance("odd")',
                 'load_round("odd", "round 1")'):
        cell = {"cell_type": "code", "source": [f"x = {name}"]}
        (tmp_path / "notebooks" / "01.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
        words = doctor.check_data(tmp_path)[1]
        assert "odd" in words
    assert "recorded/untuned.csv" not in words
    assert (RECORDED / "untuned.csv").is_file()


@pytest.mark.parametrize(("windows", "line"), [
    (False, "'/my courses/.venv/bin/python' -m helpers repair 'my study.journal'"),
    (True, '"/my courses/.venv/bin/python" -m helpers repair "my study.journal"'),
])
def test_a_command_is_quoted_for_the_shell_of_the_machine(windows, line, monkeypatch):
    monkeypatch.setattr(commands.os, "name", "nt" if windows else "posix")
    python = "/my courses/.venv/bin/python"
    assert commands.command("-m", "helpers", "repair", "my study.journal", python=python) == line


def test_the_cure_fits_the_python_that_asks(tmp_path, monkeypatch):
    assert commands.fix() == f"In the folder of the course, run: {commands.command('-m', *commands.INSTALL.split())}"
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)  # the system's Python
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    monkeypatch.setattr(commands, "OWN", tmp_path / ".venv" / "bin" / "python")
    venv_first = f"{commands.command('-m', 'venv', '.venv')}, then: {Path('.venv/bin/python')} -m {commands.INSTALL}"
    assert commands.fix() == f"In the folder of the course, run: {venv_first}"
    commands.OWN.parent.mkdir(parents=True)
    commands.OWN.touch()
    own = commands.command("-m", "helpers", "doctor", python=commands.OWN)
    assert commands.fix() == f"The course has a Python of its own. Run: {own}"


@pytest.mark.parametrize(("ratio", "words"), [
    (1.0, "about as fast"), (0.8, "about as fast"), (1.25, "about as fast"),
    (2.0, "2.0 times as fast"), (0.5, "2.0 times as long"),
])
def test_the_speed_in_words(ratio, words):
    assert speed.in_words(ratio) == words


def test_the_speed_is_that_of_the_faster_epoch_and_leaves_the_threads_as_they_were(monkeypatch):
    import torch

    def run(*_, epochs, on_epoch):
        assert torch.get_num_threads() == 1
        for seconds in (0.9, 1.3):
            on_epoch({"seconds": seconds})

    monkeypatch.setattr(speed, "run", run)
    torch.set_num_threads(2)
    try:
        well, words = doctor.check_speed()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert well
    assert f"takes about {0.4 * 12:.0f} s here" in words


@pytest.mark.parametrize("command", [
    ["worker", "helpers.search:objective", "--study", "a", "--storage", "a.journal", "--trials", "1"],
    ["classroom"], ["repair", "a.journal"], ["record"], ["walk"],
], ids=lambda command: command[0])
@pytest.mark.parametrize("package", ["missing", "old"])
def test_a_python_without_the_courses_packages_is_sent_to_the_doctor(command, package, tmp_path):
    stand_in = tmp_path / "optuna"
    stand_in.mkdir()
    code = "raise ModuleNotFoundError(\"No module named 'optuna'\", name='optuna')"
    (stand_in / "__init__.py").write_text(code if package == "missing" else "__version__ = '4.8.0'", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(doctor.ROOT)])
    done = subprocess.run([sys.executable, "-m", "helpers", *command], capture_output=True, text=True, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 1
    assert done.stdout == ""
    [said] = done.stderr.splitlines()
    assert "No module named 'optuna" in said or "cannot import name" in said
    assert said.endswith(f"this says how to install it: {commands.command('-m', 'helpers', 'doctor')}")


def test_a_module_that_the_learners_own_code_lacks_is_named_with_its_place(tmp_path):
    (tmp_path / "mine.py").write_text("import os\nimport no_such_package\n", encoding="utf-8")
    command = ["worker", "mine:objective", "--study", "a", "--storage", "a.journal", "--trials", "1"]
    done = subprocess.run([sys.executable, "-m", "helpers", *command], capture_output=True, text=True, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": str(doctor.ROOT)})
    assert done.returncode == 1
    assert f"No module named 'no_such_package' ({tmp_path / 'mine.py'}, line 2)" in done.stderr
    assert "Traceback" not in done.stderr
