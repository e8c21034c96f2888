import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers import budget

ROOT = Path(__file__).resolve().parent.parent


def test_conda_and_pip_have_the_same_pins():
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    conda = re.findall(r"^      - (\S+==\S+)$", (ROOT / "environment.yml").read_text(), re.MULTILINE)
    assert conda == pins
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in pins)


def test_the_browser_extra_is_pinned_too():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pins in extras.values() for pin in pins)


def test_the_code_keeps_ruffs_rules():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


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
