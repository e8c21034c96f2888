import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers import budget

ROOT = Path(__file__).resolve().parent.parent


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_conda_and_pip_have_the_same_pins():
    pins = [line for line in read("requirements.txt").splitlines() if line and line[0] != "#"]
    conda = re.findall(r"^      - (\S+==\S+)$", read("environment.yml"), re.MULTILINE)
    assert conda == pins
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in pins)


def test_the_extras_are_pinned_too():
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pins in extras.values() for pin in pins)


def test_the_code_keeps_ruffs_rules():
    pytest.importorskip("ruff")
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def lint_imports(folder):
    """What import-linter prints of the helpers in a folder."""
    pytest.importorskip("importlinter")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True,
                          encoding="utf-8", env=os.environ | {"PYTHONPATH": str(folder)}).stdout


def test_the_wings_keep_their_order():
    assert "2 kept, 0 broken" in lint_imports(ROOT)


@pytest.mark.parametrize(("module", "line", "broken"), [
    ("models.py", "from helpers.teaching import checks", "the wings, from the top down BROKEN"),
    ("data/readers.py", "from helpers.data import quality", "no circles, within the wings either BROKEN"),
])
def test_an_import_against_the_order_of_the_wings_is_seen(module, line, broken, tmp_path):
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "helpers" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert broken in lint_imports(tmp_path)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_an_old_python_is_told_plainly(tmp_path):
    old = tmp_path / "python"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 10, 4); exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(["make", "lab", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "This course needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(("value", "expected"), [("smoke", 1), ("full", 12), (None, 12)])
def test_the_budget_comes_from_the_environment(monkeypatch, value, expected):
    monkeypatch.delenv("TUNING_BUDGET")
    if value:
        monkeypatch.setenv("TUNING_BUDGET", value)
    assert budget.pick(12, smoke=1) == expected


def test_an_unknown_budget_is_named(monkeypatch):
    monkeypatch.setenv("TUNING_BUDGET", "tiny")
    with pytest.raises(ValueError, match="TUNING_BUDGET is 'tiny'"):
        budget.pick(12, smoke=1)


def test_importing_the_doctor_needs_no_heavy_package():
    code = "import sys, helpers.__main__, helpers.doctor; sys.exit('torch' in sys.modules or 'optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 0
