"""Tune train.py with Optuna, in several processes, for days if need be.

    python tune.py --workers 2 --storage study.journal --trials 40

Stop it with Ctrl-C, let the cluster end it, kill it: the same command resumes, the trials that were running included.
In the end, FOLDER (runs) has best.pt, best.yaml for train.py --config, table.csv, and logs for TensorBoard.
"""

import argparse
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import optuna
import torch
import yaml
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import JournalStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState
from torch.utils.data import DataLoader
from train import CONFIG, Digits, evaluate, load_model, read_settings, save, train

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    SummaryWriter = None

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]  # Windows: 3rd
warnings.simplefilter("ignore", ExperimentalWarning)


# What is tuned: the two functions to change for a project of your own.


def define_settings(trial, settings):
    """The settings of one training: those of config.yaml, some of them chosen by Optuna."""
    return settings | {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "width": trial.suggest_int("width", 16, 256, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64, 128]),
    }


def objective(trial, arguments):
    """One trial: a training that reports each epoch, can be pruned, and resumes if the trial has begun before."""
    settings = define_settings(trial, read_settings(arguments.config))
    if "folder" not in trial.user_attrs:  # a trial that is tried again has that of the first try
        trial.set_user_attr("folder", f"trial-{trial.number:04}")
    name, started = trial.user_attrs["folder"], time.monotonic()
    with log_of(arguments.folder / "logs" / name) as log:

        def after_epoch(epoch, accuracy):
            if log:
                log.add_scalar("validation accuracy", accuracy, epoch)
            trial.report(accuracy, epoch)
            stop_if_told()
            if trial.should_prune() or time.monotonic() - started > arguments.trial_timeout:
                raise optuna.TrialPruned

        return train(settings, arguments.folder / name, after_epoch)


def log_of(folder):
    """A TensorBoard log. purge_step: what an earlier try has written is hidden, since all epochs are reported again."""
    return SummaryWriter(str(folder), purge_step=0) if SummaryWriter else contextlib.nullcontext()


# The study, and trials whose process died.


class RepairingLock(JournalFileOpenLock):
    """The lock of a journal file. Who gets it first cuts off half a line, which a killed process may have left."""

    def __init__(self, path):
        super().__init__(path, grace_period=5)  # seconds after which the lock of a dead process is broken
        self.path = path

    def acquire(self):
        super().acquire()
        with open(self.path, "r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
        return True


def open_study(storage):
    """storage: the path of a journal file, or the address of a database."""
    if "://" not in storage:
        storage = JournalStorage(JournalFileBackend(storage, RepairingLock(storage)))
    return optuna.create_study(
        study_name="digits", storage=storage, direction="maximize", load_if_exists=True,
        sampler=optuna.samplers.TPESampler(constant_liar=True),  # keeps away from where other workers try
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=3))  # fmt: skip


@contextlib.contextmanager
def heartbeat(trial, seconds):
    """Writes a sign of life into the study, every few seconds. Optuna has its own for databases, not for a journal."""
    over = threading.Event()

    def beat():
        while True:
            with contextlib.suppress(Exception):  # the storage may be away for a moment
                trial.set_user_attr("alive", time.time())
            if over.wait(seconds):
                return

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def retry_dead(study, silence):
    """Tries the running trials again that were silent for that many seconds."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if time.time() - max(trial.user_attrs.get("alive", 0), trial.datetime_start.timestamp()) > silence:
            retry(study, trial, max_retry=10)  # some trials kill every process that tries them


def retry(study, trial, max_retry=None):
    """Fails a running trial and queues it again, with the same settings and the same folder."""
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # it ended, or another worker was faster
        return
    RetryHeartbeatStaleTrialCallback(max_retry)(study, study.trials[trial.number])


# One worker.


class Stopped(Exception):
    """This process was told to end. The trial resumes in the next."""


told = []  # has an entry as soon as this process was told to end; a list, since a signal must not wait for a lock


def stop_if_told(*_):
    if told:
        raise Stopped


def listen():
    """Lets the signals that ask a process to end fill `told`."""
    for each in SIGNALS:
        signal.signal(each, lambda number, _: told.append(number))


def run_trial(study, arguments):
    """What study.optimize does for one trial, for one that may be stopped, or be taken for dead by another worker."""
    trial, state = study.ask(), None
    try:
        with heartbeat(trial, arguments.heartbeat):
            value = objective(trial, arguments)
    except optuna.TrialPruned:
        value, state = None, TrialState.PRUNED
    except UpdateFinishedTrialError:  # this process was silent, perhaps asleep, and another tries the trial again
        return
    except Exception:
        time.sleep(1)  # a signal that ended the processes of a DataLoader may reach this one a moment later
        if told:
            return retry(study, trial)
        study.tell(trial, state=TrialState.FAIL)
        raise
    ended = study.tell(trial, value, state, skip_if_finished=True)
    print(f"trial {ended.number}: {ended.state.name.lower()}, {ended.value}", flush=True)


def delete_beaten(study, folder):
    """Deletes the folders of finished trials but the best. Any process may do it at any time: a best one that others
    delete was beaten in a study that they saw later, since best_of has no ties."""
    best = best_of(study)
    for trial in study.get_trials(deepcopy=False, states=DONE):
        if best is None or trial.number != best.number:
            shutil.rmtree(folder / trial.user_attrs["folder"], ignore_errors=True)


def best_of(study):
    """The best complete trial, the first of several; None if there is none."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def wait_for(parent):
    with contextlib.suppress(EOFError, OSError):
        parent.recv()  # nothing ever comes: this waits until the other end of the pipe is closed
    told.append("the parent")


def work(arguments, device, parent):
    """Runs trials until the study has its total, this process is told to end, or its parent is gone.

    Two workers that begin the last trial at the same moment both finish it: the total is then one more.
    """
    if device:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    listen()
    threading.Thread(target=wait_for, args=(parent,), daemon=True).start()
    study = open_study(arguments.storage)
    while not told:
        retry_dead(study, 6 * arguments.heartbeat)
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        done = sum(state in DONE for state in states)
        if done >= arguments.trials:
            return
        if done + states.count(TrialState.RUNNING) < arguments.trials:
            run_trial(study, arguments)
            delete_beaten(study, arguments.folder)
        else:
            time.sleep(1)  # others run the last trials, and may die


# All workers, and what comes out.


def run_workers(arguments):
    """Starts the workers and waits for them, or tells them to end.

    Each has its own GPU, if there are any, and its end of a pipe: it is told to end as soon as ours is closed, which
    happens by itself if we are killed.
    """
    spawn = multiprocessing.get_context("spawn")
    devices = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if devices == [""]:
        devices = [str(number) for number in range(torch.cuda.device_count())] or [""]
    pipes, workers, until = [], [], time.monotonic() + arguments.timeout
    for number in range(arguments.workers):
        theirs, ours = spawn.Pipe(duplex=False)
        workers.append(spawn.Process(target=work, args=(arguments, devices[number % len(devices)], theirs)))
        workers[-1].start()
        pipes.append(ours)
    while running := [worker.sentinel for worker in workers if worker.is_alive()]:
        multiprocessing.connection.wait(running, timeout=1)
        if told or time.monotonic() > until:
            for pipe in pipes:
                pipe.close()


def write_best(study, folder):
    """Writes best.pt and best.yaml, and makes sure that the model in the file is as good as the study says."""
    best = best_of(study)
    trained = folder / best.user_attrs["folder"]
    if not (trained / "best.pt").exists():
        sys.exit(f"{trained / 'best.pt'}, the model of the best trial, is missing; give the --folder of this study")
    _, saved = load_model(trained / "best.pt")
    save(folder / "best.pt", saved)
    model, saved = load_model(folder / "best.pt")
    accuracy = evaluate(model, DataLoader(Digits("val"), batch_size=256))
    if accuracy != best.value:
        sys.exit(f"{trained / 'best.pt'} has a validation accuracy of {accuracy}, and trial {best.number} of "
                 f"{best.value}: the data or the model were changed since; give the new ones a --storage and --folder")
    (folder / "best.yaml").write_text(yaml.safe_dump(saved["settings"], sort_keys=False), encoding="utf-8")
    print(f"best: trial {best.number}, validation accuracy {accuracy}, as that of the model in {folder / 'best.pt'}")
    return saved["settings"], trained


def write_table(settings, trained, folder, seeds):
    """Trains with the best settings and other seeds: how much of the best value was luck? The test set is used here."""
    lines = ["seed,validation,test"]
    for seed in range(1, seeds + 1):
        validation = train(settings | {"seed": seed}, trained / f"seed-{seed}", stop_if_told)
        model, _ = load_model(trained / f"seed-{seed}" / "best.pt")
        lines.append(f"{seed},{validation:.4f},{evaluate(model, DataLoader(Digits('test'), batch_size=256)):.4f}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description="Tune train.py with Optuna.")
    parser.add_argument("--storage", default="study.journal", help="a journal file, or a database's address")
    parser.add_argument("--trials", type=int, default=40, help="complete or pruned, those of earlier runs included")
    parser.add_argument("--workers", type=int, default=1, help="processes; 0 only writes the results so far")
    parser.add_argument("--timeout", type=float, default=float("inf"), help="seconds after which all is stopped")
    parser.add_argument("--trial-timeout", type=float, default=float("inf"), help="seconds of one try of one trial")
    parser.add_argument("--heartbeat", type=float, default=5, help="seconds; after six silent ones, a trial is dead")
    parser.add_argument("--seeds", type=int, default=3, help="trainings with the best settings at the end")
    parser.add_argument("--config", type=Path, default=CONFIG, help="the settings to start from")
    parser.add_argument("--folder", type=Path, default=Path("runs"), help="for models, checkpoints and logs")
    arguments = parser.parse_args()
    listen()
    if not SummaryWriter:
        print("no logs for TensorBoard, since it is not installed: pip install tensorboard")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    study = open_study(arguments.storage)
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(read_settings(arguments.config))  # what you have now is the first trial
    run_workers(arguments)
    best = write_best(study, arguments.folder) if best_of(study) else None
    done = len(study.get_trials(deepcopy=False, states=DONE))
    if done < arguments.trials:
        sys.exit(f"{done} of {arguments.trials} trials are done; the same command resumes")
    if best:
        with contextlib.suppress(Stopped):
            write_table(*best, arguments.folder, arguments.seeds)


if __name__ == "__main__":
    main()
