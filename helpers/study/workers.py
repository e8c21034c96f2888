"""Several processes on one study: `run_workers` here, `python -m helpers worker` in other terminals and machines."""

import contextlib
import functools
import importlib
import math
import numbers
import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import cloudpickle
import loky
import optuna
import psutil
from optuna.trial import TrialState
from tqdm.auto import tqdm

from helpers.study.errors import StudyError
from helpers.study.lifecycle import (
    check_arguments,
    count_trials,
    finished,
    open_study,
    optimize,
    run_until,
    stop_if_all_fail,
)
from helpers.study.objective import checked
from helpers.study.optuna_internals import is_in_memory, was_told_to_stop
from helpers.study.retry import retry_while_away
from helpers.study.storage import recover


def run_workers(objective, study, n_trials, workers=None, timeout=None):
    """Runs trials in several processes at once until the study holds `n_trials` that are complete or pruned.

    objective: any function of a trial, one written in a notebook's cell as well; it is copied to each worker once.
    study: from `open_study` with a storage, since processes share no memory.
    workers: how many processes, each with one torch thread; None means one per core.
    timeout: seconds after which no new trial starts; running trials are finished. The same happens if the
    objective, or a sampler that has tried everything, calls `study.stop()`.
    A worker that dies is replaced and its trial is tried again. A worker whose objective raises gets no more trials;
    the others continue, and its exception is raised at the end. An interrupt stops all; what finished is stored.
    Raises StudyError if the arguments are not a function, a study with a storage and whole numbers, if they can't
    be copied, if workers die again and again, or if ten trials fail in a row.
    """
    check_arguments("run_workers(objective, study, n_trials)", study, objective, n_trials)
    workers = loky.cpu_count() if workers is None else workers
    if not isinstance(workers, numbers.Integral) or workers < 1:
        raise StudyError(f"workers is {workers!r}; it must be 1 or more, or None for one per core")
    if is_in_memory(study):
        raise StudyError(
            "this study is kept in this process's memory, where no other process can reach it; "
            'open it with a file, like open_study(name, "study.journal")'
        )
    retry_while_away(lambda: recover(study))
    crew = _Crew(objective, study, n_trials, workers, timeout)
    try:
        crew.run()
    finally:
        crew.close()
    if crew.errors:
        raise crew.errors[0]


class _Crew:
    """The workers of one `run_workers`. Each is a pool of one process, so that one that dies is replaced alone."""

    def __init__(self, objective, study, n_trials, workers, timeout):
        self.study, self.n_trials, self.max_deaths = study, n_trials, 3 * workers
        self.until = time.monotonic() + timeout if timeout else math.inf
        self.begin = functools.partial(_begin, os.getpid(), study, objective)
        self.workers, self.running = [], {}  # all workers; {future of a trial: its worker}
        self.states, self.errors, self.deaths = [], [], 0  # deaths: since the last trial that ended
        self.idle = [self.hire() for _ in range(min(workers, self.missing()))]
        self.progress = tqdm(total=n_trials, unit="trial")

    def hire(self):
        environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self.workers.append(loky.ProcessPoolExecutor(1, initializer=self.begin, env=environment))
        return self.workers[-1]

    def missing(self):
        """How many trials are neither finished nor running here."""
        return self.n_trials - retry_while_away(lambda: finished(self.study)) - len(self.running)

    def run(self):
        while True:
            self.start_trials()
            if not self.running:
                return
            for future in wait(self.running, timeout=1, return_when=FIRST_COMPLETED).done:
                self.take(future, self.running.pop(future))
            self.show()

    def start_trials(self):
        missing = 0 if time.monotonic() > self.until else max(0, self.missing())
        for worker in self.idle[:missing]:
            self.idle.remove(worker)
            try:
                future = worker.submit(_one_trial)
            except loky.BrokenProcessPool:  # it died while it was idle
                worker = self.hire()
                future = worker.submit(_one_trial)
            except (TypeError, pickle.PicklingError) as error:  # a worker's first trial starts its process
                raise StudyError(
                    f"the objective, or the study's sampler, can't be copied to other processes ({error}); "
                    "create objects of that kind inside the objective"
                ) from error
            self.running[future] = worker

    def take(self, future, worker):
        """Takes the result of a worker's trial; the worker is idle again, or replaced."""
        try:
            state, why, stopped = future.result()
        except loky.BrokenProcessPool:
            self.replace_dead()
        except Exception as error:
            self.errors.append(error)
        else:
            self.deaths = 0
            self.idle.append(worker)
            if why:
                tqdm.write(why)
            if stopped:
                self.until = -math.inf
            stop_if_all_fail(self.states, state)

    def replace_dead(self):
        self.deaths += 1
        if self.deaths > self.max_deaths:
            raise StudyError(
                f"{self.deaths} workers died in a row, and no trial finished; often there is too little memory for "
                "that many workers: try workers=1"
            ) from None
        tqdm.write("a worker died; its trial is tried again by another")
        retry_while_away(lambda: recover(self.study))
        self.idle.append(self.hire())

    def show(self):
        retry_while_away(lambda: _show(self.progress, self.study))

    def close(self):
        for worker in self.workers:
            worker.shutdown(wait=True, kill_workers=True)
        retry_while_away(lambda: recover(self.study))
        self.show()
        self.progress.close()


def _show(progress, study):
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if complete and len(study.directions) == 1:
        progress.set_postfix(best=f"{study.best_value:.4f}", refresh=False)
    progress.n = finished(study)
    progress.refresh()


# What runs in a worker's process.

_work = {}


def _begin(parent, study, objective):
    """Makes this process a worker: it leaves interrupts to its parent, ends with it, draws its own random numbers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study.sampler.reseed_rng()
    _work.update(study=study, objective=checked(objective))


def _end_with(parent):
    with contextlib.suppress(psutil.NoSuchProcess):  # it ended before this process was ready
        psutil.Process(parent).wait()
    os._exit(1)


def _one_trial():
    """Runs one trial. Returns its state, the reason that `checked` gave if it failed, and whether to stop."""
    study, ran = _work["study"], []
    try:
        optimize(study, _work["objective"], n_trials=1, callbacks=[lambda _, trial: ran.append(trial)])
    except Exception as error:
        try:
            cloudpickle.loads(cloudpickle.dumps(error))
        except Exception:  # an exception that can't be copied to the other process
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise
    trial = ran[-1]
    reason = trial.user_attrs.get("reason")
    return trial.state, reason and f"Trial {trial.number} failed: {reason}", was_told_to_stop(study)


# A worker in a terminal of its own.


def work(objective, study, storage, n_trials, who=None, direction="maximize"):
    """Runs trials of a study in this process, with one torch thread, until it holds `n_trials` finished ones in all.

    objective: MODULE:FUNCTION, a module in the current directory or an installed one.
    Raises StudyError if there is no such function, or the storage can't be opened.
    """
    function = find_function(objective)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    study = open_study(study, storage, direction, who)
    try:
        run_until(study, function, n_trials)
    except KeyboardInterrupt:
        print("interrupted; what finished is stored")
    print(f"{study.study_name}: {count_trials(study)}")


def find_function(objective):
    """The function that MODULE:FUNCTION names. Raises StudyError if there is none."""
    module, _, function = objective.partition(":")
    module = module.removesuffix(".py")
    if not module or not function:
        raise StudyError(f"{objective} names no function; write MODULE:FUNCTION, like helpers.search:objective")
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise StudyError(f"there is no module {module} in {Path.cwd()} or among the installed packages") from error
        raise
    if not callable(getattr(found, function, None)):
        raise StudyError(f"the module {module} ({found.__file__}) has no function {function}")
    return getattr(found, function)
