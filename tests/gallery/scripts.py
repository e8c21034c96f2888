"""The scripts of the gallery, the environments that they live in, and how the tests run them."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT / "notebooks" / "gallery"
ENVIRONMENTS = {
    "one": ["xgboost", "lightgbm", "sklearn", "pytorch", "keras", "fastai"],
    "tensorflow": ["tensorflow", "tf_keras"],
    "mxnet": ["mxnet"],
    "extras": ["catboost", "lightning", "skorch"],
}
ENVIRONMENT_OF = {library: name for name, libraries in ENVIRONMENTS.items() for library in libraries}
KEEP_TRIALS = Path(__file__).with_name("keep_trials.py")


def script(library):
    return GALLERY / f"tune_{library}.py"


def requirements(environment):
    """The pins of an environment's requirements file."""
    lines = (GALLERY / f"requirements-{environment}.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def header(library):
    """What the head of a script says about its needs, after PEP 723."""
    block = re.match(r"# /// script\n((?:#.*\n)+?)# ///\n", script(library).read_text())[1]
    return tomllib.loads(re.sub(r"^# ?", "", block, flags=re.MULTILINE))


def start(library, python, trials_file):
    """Starts a script in another Python; its trials will stand in the file."""
    return subprocess.Popen(
        [python, "-W", "default", KEEP_TRIALS, script(library), trials_file], cwd=trials_file.parent, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, trials_file):
    """What a started script printed, and its trials."""
    printed, log = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args[-2].name} ended with exit code {process.returncode}:\n{log}")
    return printed, log, json.loads(trials_file.read_text())
