"""A claim (a lease: which process runs this trial), as machine:process:start. `Claiming` puts it on each trial, and
`is_dead` says whether that process is gone."""

import contextlib
import functools
import os
import platform
import re
import threading
import uuid
from pathlib import Path

import optuna
import psutil
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.trial import TrialState

from helpers.study.errors import NotWritable


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
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):  # on Linux, the last one while it ends
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
    process = psutil.Process(int(process))  # on macOS, its create_time() changes when the clock is set, _ident doesn't
    return str(process._ident[1] or process.create_time())


class Claiming:
    """A mixin for storages: each trial begins with its worker's claim."""

    who = None

    def create_new_study(self, directions, study_name=None):
        """Optuna creates a study and, if that fails, looks it up; one that can't be written is looked up as well."""
        try:
            return super().create_new_study(directions, study_name)
        except NotWritable as error:
            if study_name not in [study.study_name for study in self.get_all_studies()]:
                raise
            print(f"opened read-only: {error}")
            raise DuplicatedStudyError(study_name) from error

    def create_new_trial(self, study_id, template_trial=None):
        return super().create_new_trial(study_id, template_trial or self.claimed_trial())

    def set_trial_state_values(self, trial_id, state, values=None):
        """Several workers may reach for a waiting trial: all claim it first, each under its own key, and one gets it.
        The others withdraw their claims, since a trial waits for all who claim it to be dead before it is recovered."""
        if state != TrialState.RUNNING:
            return super().set_trial_state_values(trial_id, state, values)
        key = f"worker {claim()} {threading.get_ident()}"
        self.set_trial_system_attr(trial_id, key, claim())
        mine = super().set_trial_state_values(trial_id, state, values)
        if not mine:
            with contextlib.suppress(UpdateFinishedTrialError):
                self.set_trial_system_attr(trial_id, key, "")
        elif self.who:
            self.set_trial_user_attr(trial_id, "who", self.who)
        return mine

    def claimed_trial(self):
        return optuna.trial.create_trial(
            state=TrialState.RUNNING,
            user_attrs={"who": self.who} if self.who else {},
            system_attrs={"worker": claim()},
        )
