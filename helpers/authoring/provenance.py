"""How a recorded result was made: command, seeds, versions, machine, date."""

import datetime
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import joblib
import torch

from helpers.recorded import RECORDED

WORKERS = 2  # processes that record at the same time
PACKAGES = ("torch", "optuna", "numpy", "scikit-learn")


def write_provenance(name, what, command, start, **facts):
    """Writes how a recorded part was made. start: time.perf_counter() at its beginning. facts: more entries."""
    provenance = {
        "what": what,
        "command": command,
        "date": datetime.date.today().isoformat(),
        "seconds": round(time.perf_counter() - start),
        "workers": WORKERS,
        "threads_per_worker": 1,
        "machine": machine(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    } | facts
    (RECORDED / f"{name}.json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")


def machine():
    """This machine in words: its cores, processor, system and GPU."""
    return f"{joblib.cpu_count()} cores, {_processor()}, {platform.system()}{_gpu()}"


def _processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _gpu():
    return f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
