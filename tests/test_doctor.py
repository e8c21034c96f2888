import os
import subprocess
import sys

import pytest

from helpers import doctor


def run_doctor(**environment):
    return subprocess.run(
        [sys.executable, "-m", "helpers", "doctor"], capture_output=True, text=True, env=os.environ | environment
    )


def test_a_sound_installation_is_well():
    done = run_doctor()
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == "All is well."
    assert len(lines) == len(doctor.CHECKS) + 1
    assert all(line.startswith("OK") for line in lines[:-1])


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
