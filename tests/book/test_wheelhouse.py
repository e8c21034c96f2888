"""The wheelhouse: what each system needs, and an installation from it without a network."""

import os
import shutil
import subprocess
import sys

import pytest

from helpers.authoring import wheelhouse
from helpers.authoring.run_notebooks import ROOT

pytestmark = pytest.mark.slow
NO_NETWORK = ["unshare", "--map-root-user", "--net"]
REQUIREMENTS = "tqdm==4.70.1\nmarkupsafe==3.0.4\n"  # the one needs colorama, on Windows only; the other is compiled


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of what make needs, with few requirements, and their wheels for Windows and Linux."""
    pytest.importorskip("uv")
    folder = tmp_path_factory.mktemp("course")
    for name in ("Makefile", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    requirements, wheels = folder / "requirements.txt", folder / "wheels"
    requirements.write_text(REQUIREMENTS)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for system in ("windows", "linux"):
        wheelhouse.gather(wheels, system, python, requirements=requirements)
    return folder


def test_each_system_gets_its_own(course):
    wheels = {path.name.split("-")[0]: path.name for path in (course / "wheels").iterdir()}
    assert {"colorama", "tqdm", "setuptools"} <= set(wheels)
    compiled = [path.name for path in (course / "wheels").glob("markupsafe-*")]
    assert sorted("win_amd64" in name for name in compiled) == [False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take away the network")
def test_the_course_is_installed_without_a_network(course):
    if subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody take away the network")
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    own |= {"PIP_CONFIG_FILE": os.devnull}
    make = ["make", ".venv/installed", f"PYTHON={sys.executable}"]
    without = subprocess.run([*NO_NETWORK, *make], cwd=course, env=own | {"PIP_RETRIES": "0"}, capture_output=True)
    assert without.returncode != 0
    subprocess.run([*NO_NETWORK, *make, "WHEELS=wheels"], cwd=course, env=own, check=True)
    said = subprocess.run([".venv/bin/python", "-c", "import tqdm, helpers; print(helpers.__file__)"], cwd=course,
                          capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(course / "helpers" / "__init__.py")
