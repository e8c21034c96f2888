"""A claim (a lease: which process runs this trial), as machine:process:start, and whether that process still lives."""

import functools
import os
import platform
import re
import uuid
from pathlib import Path

import psutil


def claim():
    """This process, as a text that no other process ever has: machine:process:start."""
    return f"{machine()}:{os.getpid()}:{_start(os.getpid())}"


def claims_of(trial):
    """The claims on a trial. If it came through a proxy, its attributes can be anything."""
    claims = [str(value) for key, value in trial.system_attrs.items() if key.startswith("worker")]
    return [each for each in claims if re.fullmatch(r".+:\d{1,9}:[\d.]+", each)]


def is_dead(claim):
    """True only if the claim's process ran on this machine and is gone."""
    where, process, start = claim.rsplit(":", 2)
    if where != machine():
        return False
    try:
        return psutil.Process(int(process)).status() == psutil.STATUS_ZOMBIE or _start(process) != start
    except (psutil.NoSuchProcess, FileNotFoundError):
        return True


def is_alive(claim):
    """True only if the claim's process runs on this machine."""
    return claim.rsplit(":", 2)[0] == machine() and not is_dead(claim)


@functools.cache
def machine():
    """This machine: its name and network address, and its container, if any, which numbers its own processes."""
    address = uuid.getnode()
    if address >> 40 & 1:  # none was found, and Python made one up for this process
        address = 0
    container = Path("/proc/self/ns/pid")
    return f"{platform.node()}/{address:x}/{os.readlink(container) if container.exists() else ''}"


def _start(process):
    stat = Path(f"/proc/{process}/stat")
    if stat.parent.parent.exists():  # Linux: ticks since boot, which don't change when the clock is set
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    return str(psutil.Process(int(process)).create_time())
