"""Checks an installation: one line per check, and a fix for each problem."""

import json
import os
import platform
import re
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from helpers.commands import FIX, INSTALL, ROOT, command, fix

FREE_GB = 1.0
FIX_KERNEL = command("-m", "ipykernel", "install", "--sys-prefix")
OFFLINE = """Without internet: on a connected machine, in the folder of the course, run
  make wheelhouse
or, without make, on one with the same system and Python version:
  python -m pip download -r requirements.txt "setuptools>=77" -d build/wheels
Copy build/wheels into the folder of the course here, and add to the command above:
  --no-index --find-links build/wheels"""


def check_python():
    found = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036
        return False, f"{found} is too old; install Python 3.11 or newer, then the course again (see README)"
    return True, found


def check_packages(requirements=ROOT / "requirements.txt"):
    """Compares the installed versions with the pins of the requirements file."""
    if not requirements.exists():
        return False, f"{requirements} is missing; download the whole course again and install it from its folder"
    wrong = []
    pins = [line.split("==") for line in requirements.read_text(encoding="utf-8").splitlines() if "==" in line]
    for name, pin in pins:
        try:
            found = version(name).split("+")[0]  # 2.13.0+cpu is 2.13.0
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if found != pin:
            wrong.append(f"{name} is {found}, not {pin}")
    if wrong:
        return False, f"{'; '.join(wrong)}. {FIX}"
    return True, f"all {len(pins)} as pinned"


def check_kernel():
    """JupyterLab starts the kernelspec python3, which must point to this Python."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return False, f"jupyter_client is missing. {FIX}"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return False, f"no kernel named python3. Run: {FIX_KERNEL}"
    program = shutil.which(spec.argv[0]) or spec.argv[0]
    if spec.argv[0] != "python" and Path(program).parent != Path(sys.executable).parent:
        return False, f"the kernel python3 starts {program}, not {sys.executable}. Run: {FIX_KERNEL}"
    return True, "python3 starts this Python"


def check_widgets():
    """The part of ipywidgets that runs in the browser must be where JupyterLab looks for it."""
    package = Path(sys.prefix, "share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager/package.json")
    if not package.exists():
        return False, f"ipywidgets' JupyterLab extension is missing. {fix('--force-reinstall')}"
    return True, f"jupyterlab-manager {json.loads(package.read_text(encoding='utf-8'))['version']}"


def check_write_access(folders=(ROOT / "notebooks", ROOT / "data", None)):
    """None stands for the temporary folder."""
    for folder in folders:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            place = folder or "the temporary folder"
            return False, f"can't write to {place} ({error.strerror}); copy the course to a folder of your own"
    return True, "notebooks, data and the temporary folder are writable"


def check_data(root=ROOT):
    """The files that the lessons read must be in data/."""
    lessons = "".join(path.read_text(encoding="utf-8") for path in (root / "notebooks").glob("*.ipynb"))
    needed = {"card_hands.csv", "messages.csv", "recorded/study_lstm_rounds.journal",
              "recorded/study_trees_rounds.journal", "recorded/study_ten_tries.journal"}
    for call, name in (("load_table", "{}.csv"), ("provenance", "{}.json"), ("load_study", "study_{}.journal"),
                       ("load_round", "study_{}_rounds.journal")):
        found = re.findall(rf'\b{call}\(\\"([\w/]+)', lessons)
        needed |= {f"recorded/{name.format(part)}" for part in found}
    there = [name for name in needed if (root / "data" / name).is_file() and (root / "data" / name).stat().st_size]
    if missing := sorted(needed.difference(there)):
        cure = "download the whole course again"
        if (root / ".git").exists():
            cure = "in the folder of the course, run: git checkout -- data"
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        return False, f"{', '.join(missing[:3])}{more} missing in {root / 'data'}; {cure}"
    return True, f"all {len(needed)} files that the lessons read"


def check_disk():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < FREE_GB:
        return False, f"only {free:.1f} GB free; make room for at least {FREE_GB:.0f} GB"
    return True, f"{free:.0f} GB free"


def check_cores():
    from loky import cpu_count  # unlike os.cpu_count, it respects container limits

    cores = cpu_count()
    if cores < 2:
        return True, "1 core: everything works, but takes about twice as long as the notebooks say"
    return True, f"{cores} cores"


def check_threads():
    """More threads than cores make small trainings slow."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        value = os.environ.get(name)
        if value and (not value.isdigit() or int(value) > (os.cpu_count() or 1)):
            return False, f"{name} is {value} in the environment; unset it"
    try:
        import torch
    except Exception as error:  # a broken binary raises almost anything
        return False, f"torch can't be imported ({error}). {FIX}"
    return True, f"torch uses {torch.get_num_threads()} unless a notebook sets another number"


def check_speed():
    """How this machine compares with the one of the recordings. Never WRONG by itself."""
    from helpers.speed import compared

    return True, compared()


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "kernel": check_kernel,
    "widgets": check_widgets,
    "data": check_data,
    "writing": check_write_access,
    "disk": check_disk,
    "cores": check_cores,
    "threads": check_threads,
    "speed": check_speed,
}


def report(checks=CHECKS):
    """Prints one line per check; returns whether all is well. A check that raises is WRONG, with its error."""
    well, cures = True, ""
    for name, check in checks.items():
        try:
            ok, words = check()
        except Exception as error:
            ok, words = False, f"it can't be checked: {type(error).__name__}: {error}"
        print(f"{'OK   ' if ok else 'WRONG'} {name}: {words}")
        well, cures = well and ok, cures + ("" if ok else words)
    if INSTALL in cures:
        print(OFFLINE)
    print("All is well." if well else f"Fix what is WRONG, then run this again: {command('-m', 'helpers', 'doctor')}")
    return well
