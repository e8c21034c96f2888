"""The scripts of the gallery, the environments that they live in, and how the tests run them."""

import json
import subprocess
from pathlib import Path

from helpers.gallery import GALLERY, LIBRARIES, script

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT_OF = {key: library.environment for key, library in LIBRARIES.items()}
ENVIRONMENTS = {
    name: [key for key, of in ENVIRONMENT_OF.items() if of == name] for name in dict.fromkeys(ENVIRONMENT_OF.values())
}
KEEP_TRIALS = Path(__file__).with_name("keep_trials.py")


def requirements(environment):
    """The pins of an environment's requirements file."""
    lines = (GALLERY / f"requirements-{environment}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


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
    return printed, log, json.loads(trials_file.read_text(encoding="utf-8"))
