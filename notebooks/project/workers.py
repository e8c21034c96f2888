"""Several processes work on one study; any of them may be stopped or killed. Nothing here knows what is tuned.

A running trial writes heartbeats into the study. If they stop, it is queued again, and resumes from the checkpoint in
its folder. A process that is told to stop queues its trial itself.
"""

import contextlib
import errno
import math
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

import optuna
import torch
from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from train import DIRECTION

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
warnings.simplefilter("ignore", ExperimentalWarning)


class RepairingLock(JournalFileOpenLock):
    """The lock of a journal file. Whoever gets it cuts off an incomplete last line, left by a killed process."""

    def __init__(self, path):
        super().__init__(path, grace_period=5)  # seconds after which the lock of a dead process is broken
        self.path = path

    def acquire(self):
        super().acquire()
        with open(self.path, "r+b") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            if file.read() not in (b"", b"\n"):  # only then: if this process is suspended here, others may write
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        return True

    def release(self):
        with contextlib.suppress(RuntimeError):  # another process broke the lock, but our data is written
            super().release()


def open_study(storage, name="tuning"):
    """storage: the path of a journal file, or the address of a database."""
    if storage.startswith("sqlite"):
        sys.exit("SQLite lets two processes run the same trial; name a journal file, like --storage study.journal")
    if "://" not in storage:
        path, start = Path(storage), b'{"op_code":'
        if path.exists() and not start.startswith(path.read_bytes()[: len(start)]):
            sys.exit(f"{storage} is a file of another kind; name a new one, like --storage study.journal")
        storage = JournalStorage(JournalFileBackend(storage, RepairingLock(storage)))
    else:
        try:
            storage = RDBStorage(storage, engine_kwargs={"pool_pre_ping": True})  # connects again after a restart
        except (SQLAlchemyError, ImportError) as error:
            sys.exit(f"the database of --storage can't be opened: {str(error).splitlines()[0]}")
    return optuna.create_study(
        study_name=name, storage=storage, direction=DIRECTION, load_if_exists=True,
        sampler=optuna.samplers.TPESampler(constant_liar=True),  # avoids settings that other workers are trying
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=3))  # fmt: skip


@contextlib.contextmanager
def heartbeat(trial, seconds):
    """Writes a heartbeat into the study every few seconds. Optuna has its own for databases, not for a journal."""
    over = threading.Event()

    def beat():
        while not over.wait(seconds):
            with contextlib.suppress(Exception):  # the storage may be unavailable for a moment
                trial.set_user_attr("alive", time.time())

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def retry_dead(study, silence):
    """Queues running trials again that had no heartbeat for that many seconds."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if time.time() - max(trial.user_attrs.get("alive", 0), trial.datetime_start.timestamp()) > silence:
            retry(study, trial, trial.user_attrs.get("deaths", 0) + 1)


def retry(study, trial, deaths=0):
    """Marks a running trial as failed and queues it again, with the same settings and folder.

    deaths: how many processes in a row died in this trial; some trials kill every process that tries them.
    """
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # it ended, or another worker was faster
        return
    if deaths > 10:
        print(f"trial {trial.number} is given up: its process died {deaths} times in a row", flush=True)
        return
    failed = study.trials[trial.number]
    failed.user_attrs["deaths"] = deaths
    RetryHeartbeatStaleTrialCallback()(study, failed)


class Stopped(Exception):
    """This process was told to stop. The trial resumes in another."""


told = []  # has an entry once this process was told to stop; a list, since a signal handler must not wait for a lock


def stop_if_told(*_):
    if told:
        raise Stopped


def listen():
    """Makes the signals that tell a process to stop fill `told`."""
    for each in SIGNALS:
        signal.signal(each, lambda number, _: told.append(number))


def run_trial(study, objective, arguments):
    """Does what study.optimize does for one trial, which may be stopped, or marked as failed by another worker."""
    trial, state = study.ask(), None
    before = study.get_trials(deepcopy=False)[: trial.number]
    if sum(each.state != TrialState.FAIL for each in before) >= arguments.trials:
        study.tell(trial, state=TrialState.FAIL)  # another worker began the last trial at the same moment
        return
    if "folder" not in trial.user_attrs:  # a retried trial has that of its first try
        trial.set_user_attr("folder", f"trial-{trial.number:04}")
    try:
        with heartbeat(trial, arguments.heartbeat):
            value = objective(trial, arguments)
        if not math.isfinite(value):
            raise FloatingPointError(f"its value is {value}")
    except optuna.TrialPruned:
        value, state = None, TrialState.PRUNED
    except UpdateFinishedTrialError:  # this process missed heartbeats, perhaps asleep: another retries the trial
        return
    except Exception as error:
        if is_of_storage(error):
            raise  # the heartbeats stop, and the trial is queued again
        if not is_hopeless(error):
            time.sleep(1)  # a signal that ended the processes of a DataLoader may reach this one a moment later
            if told:
                return retry(study, trial)
            study.tell(trial, state=TrialState.FAIL)
            shutil.rmtree(arguments.folder / trial.user_attrs["folder"], ignore_errors=True)
            raise
        value, state = None, TrialState.PRUNED  # the sampler avoids such settings; it ignores failed trials
        print(f"trial {trial.number}: {error}", flush=True)
    ended = study.tell(trial, value, state, skip_if_finished=True)
    print(f"trial {ended.number}: {ended.state.name.lower()}, {ended.value}", flush=True)


def is_of_storage(error):
    """True if the study can't be read or written: the database is down, the disk is full."""
    if any(getattr(each, "errno", None) == errno.ENOSPC for each in (error, error.__context__)):
        return True  # also where a checkpoint is written
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    places = traceback.extract_tb(error.__traceback__)
    return isinstance(cause, (OperationalError, OSError)) and any("storages" in place.filename for place in places)


def is_hopeless(error):
    """True if these settings diverge or need too much memory; other errors are bugs."""
    kinds = (FloatingPointError, MemoryError, torch.OutOfMemoryError)  # the last is of a GPU
    return isinstance(error, kinds) or "DefaultCPUAllocator" in str(error)


def delete_beaten(study, folder):
    """Deletes the folders of all finished trials but the best. Any process may do it at any time."""
    finished = study.get_trials(deepcopy=False, states=DONE)
    best = best_of(study)  # read after the list: all others in it are beaten
    for trial in finished:
        if best is None or trial.number != best.number:
            shutil.rmtree(folder / trial.user_attrs["folder"], ignore_errors=True)


def best_of(study):
    """The best complete trial, the first if several tie; None if there is none."""
    sign = 1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(complete, key=lambda trial: (sign * trial.value, -trial.number), default=None)


def wait_for_parent(seconds):
    multiprocessing.parent_process().join(seconds)
    told.append("the parent is gone, or the time is over")


def work(objective, arguments, device):
    """Runs trials until the study has its total, this process is told to stop, its parent is gone, or time is up.

    The worker survives a failed trial, but not ten in a row. It waits if the storage is unavailable.
    """
    if device:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    multiprocessing.set_start_method(None, force=True)  # else a DataLoader would spawn its processes: slow
    listen()
    threading.Thread(target=wait_for_parent, args=(arguments.timeout,), daemon=True).start()
    study, failed = open_study(arguments.storage), 0
    while not told and failed < 10:
        try:
            retry_dead(study, 6 * arguments.heartbeat)
            states = [trial.state for trial in study.get_trials(deepcopy=False)]
            done = sum(state in DONE for state in states)
            if done >= arguments.trials:
                return
            if done + states.count(TrialState.RUNNING) >= arguments.trials:
                time.sleep(1)  # others run the last trials, and may die
                continue
            run_trial(study, objective, arguments)
            delete_beaten(study, arguments.folder)
            failed = 0
        except Exception as error:
            if is_of_storage(error):
                reason = str(error.__cause__ or error.__context__ or error).splitlines()[0]
                print(f"the study can't be read or written ({reason}); trying again", file=sys.stderr, flush=True)
                time.sleep(arguments.heartbeat)
            else:
                traceback.print_exc()
                failed += 1
    if failed == 10:
        sys.exit("10 trials in a row failed, with the errors above: fix these first")


def run_workers(objective, arguments):
    """Starts the workers, each on one GPU if there are any, and waits for them; if told to stop, stops them."""
    devices = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if devices == [""]:
        devices = [str(number) for number in range(torch.cuda.device_count())] or [""]
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(objective, arguments, devices[number % len(devices)]))
               for number in range(min(arguments.workers, arguments.trials))]  # fmt: skip
    for worker in workers:
        worker.start()
    while multiprocessing.active_children() and not told:
        time.sleep(1)
    if told and os.name != "nt":  # on Windows, the console tells all its processes, and terminate would kill
        for worker in workers:
            worker.terminate()
    for worker in workers:
        worker.join()
