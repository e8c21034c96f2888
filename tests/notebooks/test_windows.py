"""The course on the stand-in for Windows: everything can be imported, and lessons 00 to 05 run."""

import subprocess
import sys

import pytest

from tests.windows_stand_in import ROOT, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the stand-in looks into /proc"),
]
IMPORT_ALL = """
import importlib, pkgutil, helpers
for module in pkgutil.walk_packages(helpers.__path__, "helpers.", onerror=print):
    try:
        importlib.import_module(module.name)
    except Exception as error:
        print(f"{module.name}: {error!r}")
"""
WITHOUT = """
import csv, locale, multiprocessing, os, signal, sys
from pathlib import Path
here = Path(sys.argv[1])
(here / "open").touch()
held = (here / "open").open()
print("±", locale.getpreferredencoding(), sys.platform, Path("/proc").exists(), multiprocessing.get_all_start_methods())
(here / "text").write_text("±\\n")
print((here / "text").read_bytes())
for work in (
    lambda: exec("import fcntl"),
    lambda: os.fork,
    lambda: signal.SIGKILL,
    lambda: multiprocessing.get_context("fork"),
    lambda: csv.field_size_limit(2**31),
    lambda: open("/proc/cpuinfo"),
    lambda: (here / "a:b").write_text(""),
    lambda: (here / "open").unlink(),
    lambda: (here / "text").rename(here / "open"),
    lambda: (here / "link").symlink_to(here),
    lambda: (here / "text").write_text("♣"),
    lambda: print("♣"),
):
    try:
        print(work())
    except Exception as error:
        print(type(error).__name__)
"""


def run(folder, *command):
    """The exit status of a Python process on the stand-in, and all that it printed."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment(folder), encoding="cp1252",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    return done.returncode, done.stdout


def test_the_stand_in_takes_away_what_windows_lacks(tmp_path):
    status, said = run(tmp_path, "-c", WITHOUT, str(tmp_path))
    assert (status, said.splitlines()) == (0, [
        "± cp1252 win32 False ['spawn']", repr(b"\xb1\r\n"), "ModuleNotFoundError", "AttributeError", "AttributeError",
        "ValueError", "OverflowError", "FileNotFoundError", "OSError", "PermissionError", "PermissionError", "OSError",
        "UnicodeEncodeError", "UnicodeEncodeError"])  # fmt: skip


def test_every_helper_can_be_imported(tmp_path):
    assert run(tmp_path, "-c", IMPORT_ALL) == (0, "")


def test_every_test_module_can_be_imported(tmp_path):
    status, said = run(tmp_path, "-m", "pytest", "-p", "no:nbval", "-o", "addopts=", "--co", "-q", "tests")
    assert status == 0, said[-5000:]


@pytest.mark.parametrize("lesson", ["00", "01", "02", "03", "04", "05"])
def test_a_lesson_runs(lesson, tmp_path):
    """Under nbval, as in our tests, and every process of it is on the stand-in."""
    [notebook] = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    status, said = run(tmp_path, "-m", "pytest", "-o", "addopts=", "-q", "--nbval-lax", str(notebook))
    assert status == 0, said[-5000:]
