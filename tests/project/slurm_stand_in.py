"""A stand-in for two commands of Slurm, on one machine: sbatch, which here waits for its jobs, and srun.

    sbatch [--array=1-8%4] script [argument ...]
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def install(folder):
    """Writes both commands into a new folder."""
    folder.mkdir()
    commands = {"sbatch": f'exec "{sys.executable}" "{__file__}" "$@"', "srun": 'exec "$@"'}
    for name, command in commands.items():
        (folder / name).write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        (folder / name).chmod(0o755)


def options_of(script):
    """Those after #SBATCH. Like Slurm, this reads up to the first line that is no comment, and not what follows a #."""
    options = {}
    for line in script.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            break
        if line.startswith("#SBATCH "):
            name, _, value = line.removeprefix("#SBATCH ").partition("#")[0].strip().partition("=")
            options[name] = value
    return options


def sbatch(*arguments):
    """Runs the jobs of an array, some at a time. Returns their exit status; 0 if all are 0."""
    given = dict(each.split("=", 1) for each in arguments if each.startswith("--array="))
    script, *rest = arguments[len(given):]
    options = options_of(Path(script)) | given
    first, last, at_once = map(int, re.fullmatch(r"(\d+)-(\d+)%(\d+)", options["--array"]).groups())

    def run(number):
        environment = os.environ | {"SLURM_ARRAY_JOB_ID": "1", "SLURM_ARRAY_TASK_ID": str(number)}
        with open(options["--output"].replace("%A", "1").replace("%a", str(number)), "w", encoding="utf-8") as output:
            return subprocess.call(["bash", script, *rest], env=environment, stdout=output, stderr=subprocess.STDOUT)

    with ThreadPoolExecutor(at_once) as jobs:
        return max(map(abs, jobs.map(run, range(first, last + 1))))


if __name__ == "__main__":
    sys.exit(sbatch(*sys.argv[1:]))
