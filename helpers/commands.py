"""Command lines that a message gives to copy: with the right Python, quoted for the shell of this machine."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")  # the Python of `make lab`
INSTALL = "pip install -r requirements.txt -e ."


def command(*arguments, python=sys.executable):
    """A command line with this Python, quoted for this machine's shell (on Windows cmd.exe)."""
    words = [str(python), *map(str, arguments)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def fix(*options):
    """How to install what is missing: into this Python, unless it is the system's, which may refuse."""
    if sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ:
        return f"In the folder of the course, run: {command('-m', *INSTALL.split(), *options)}"
    if OWN.exists():
        return f"The course has a Python of its own. Run: {command('-m', 'helpers', 'doctor', python=OWN)}"
    own = os.path.relpath(OWN, ROOT)
    return f"In the folder of the course, run: {command('-m', 'venv', '.venv')}, then: {own} -m {INSTALL}"


FIX = fix()
