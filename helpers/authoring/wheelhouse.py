"""Gathers the wheels of the course for rooms without internet: `make wheelhouse` fills build/wheels/."""

import argparse
import itertools
import os
import subprocess
import sys
from pathlib import Path

from helpers.commands import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {  # uv's name of a system: pip's names of what runs on it
    "linux": ["manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(5, 29))],
    "windows": ["win_amd64"],
    "macos": ["macosx_14_0_arm64"],
}
MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # the first that torch has wheels for


def gather(folder, system, python, torch_index=None, requirements=ROOT / "requirements.txt"):
    """Downloads to the folder what one system with one Python needs; returns their names and versions.

    uv finds out what that is: pip would take what this machine needs. Raises CalledProcessError if something has no
    wheel; what it is has been printed.
    """
    both = ["--quiet", "--only-binary=:all:", f"--python-version={python}"]
    both += [f"--extra-index-url={torch_index}"] if torch_index else []
    names = run("uv", "pip", "compile", *both, "--no-header", "--no-annotate", "--index-strategy=unsafe-best-match",
                f"--python-platform={system}", requirements, "-", input="setuptools>=77\n").split()
    platforms = [f"--platform={name}" for name in SYSTEMS[system]]
    run("pip", "download", *both, "--no-deps", f"--dest={folder}", *platforms, *names)
    return names


def run(module, *arguments, input=None):
    return subprocess.run([sys.executable, "-m", module, *arguments], input=input, check=True, stdout=subprocess.PIPE,
                          encoding="utf-8", env=os.environ | MACOS).stdout


def main():
    parser = argparse.ArgumentParser(prog="python -m helpers.authoring.wheelhouse")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--torch-index", help="an index of torch builds for CPUs; the default for Linux is for GPUs")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for system, python in itertools.product(SYSTEMS, PYTHONS):
        names = gather(chosen.folder, system, python, chosen.torch_index)
        size = sum(path.stat().st_size for path in chosen.folder.iterdir()) / 1e6
        print(f"{system}, Python {python}: {len(names)} packages; {chosen.folder}: {size:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
