"""Several processes on one study: `run_workers` here, `python -m helpers worker` in other terminals and machines."""

import contextlib
import functools
import importlib
import multiprocessing
import numbers
import os
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import loky
from tqdm.auto import tqdm

from helpers.study import lifecycle
from helpers.study.errors import StudyError
from helpers.study.grid import can_begin, only_retries_wait
from helpers.study.optuna_internals import is_in_memory
from helpers.study.retry import retry_while_away, storage_trouble
from helpers.study.storage import recover
from helpers.study.worker_process import begin, copy_of, one_trial


def run_workers(objective, study, n_trials, workers=None, timeout=None, stop=None):
    """Runs trials in several processes at once until the study holds `n_trials` that are complete or pruned.

    objective: any function of a trial, even one written in a notebook's cell; it is copied to each worker once.
    Anything it keeps, such as the best model in a list, stays in the worker and is lost: save it to a file.
    study: from `open_study` with a storage, since processes share no memory.
    workers: how many processes, each with one torch thread; None means one per core.
    timeout: seconds after which no new trial starts; running trials are finished. The same happens if the
    objective, or a sampler that has tried everything, calls `study.stop()`.
    stop: a `threading.Event` that does the same when it is set.
    A worker that dies is replaced and its trial is tried again. A worker whose objective raises gets no more trials;
    the others continue, and its exception is raised at the end. An interrupt stops all; finished trials are stored.
    Raises StudyError if the arguments are not a function, a study with a storage and whole numbers, if they can't
    be copied, if workers die again and again, or if ten trials in a row end without a value.
    """
    lifecycle.check_arguments("run_workers(objective, study, n_trials)", study, objective, n_trials, timeout)
    workers = loky.cpu_count() if workers is None else workers
    if isinstance(workers, bool) or not isinstance(workers, numbers.Integral) or workers < 1:
        raise StudyError(f"workers is {workers!r}; it must be 1 or more, or None for one per core")
    if is_in_memory(study):
        raise StudyError(
            "this study is kept in this process's memory, where no other process can reach it; "
            'open it with a file, like open_study(name, "study.journal")'
        )
    copied = copy_of(study, objective)
    retry_while_away(lambda: recover(study))
    crew = _Crew(copied, study, n_trials, workers, lifecycle.deadline(timeout), stop or threading.Event())
    try:
        crew.run()
    finally:
        with interrupts_later():
            crew.close()
    if crew.errors:
        raise crew.errors[0] from (None if isinstance(crew.errors[0], StudyError) else crew.errors[0].__cause__)


@contextlib.contextmanager
def interrupts_later():
    """An interrupt, such as a second press of the stop button, waits until the block has ended."""
    if threading.current_thread() is not threading.main_thread():  # interrupts reach only that one
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


class _Crew:
    """The workers of one `run_workers`. Each is a pool of one process, so that one that dies is replaced alone."""

    def __init__(self, copied, study, n_trials, workers, until, stop):
        self.study, self.n_trials, self.max_deaths, self.until, self.stop = study, n_trials, 3 * workers, until, stop
        self.begin = functools.partial(begin, os.getpid(), multiprocessing.get_start_method(allow_none=True), copied)
        self.workers, self.running = [], {}  # all workers; {future of a trial: its worker}
        self.without, self.errors, self.deaths = [], [], 0  # deaths: since the last trial that ended
        self.idle = [self.hire() for _ in range(min(workers, self.missing()))]
        self.progress = tqdm(total=n_trials, initial=n_trials - self.missing(), unit="trial")
        self.show = lifecycle.watching(self.show_progress, tqdm.write)

    def hire(self):
        environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self.workers.append(loky.ProcessPoolExecutor(1, initializer=self.begin, env=environment))
        return self.workers[-1]

    def missing(self):
        """How many trials are neither finished nor running here."""
        return self.n_trials - retry_while_away(lambda: lifecycle.finished(self.study)) - len(self.running)

    def run(self):
        while True:
            self.start_trials()
            if not self.running and not retry_while_away(lambda: recover(self.study)):
                return
            for future in wait(self.running, timeout=1, return_when=FIRST_COMPLETED).done:
                self.take(future, self.running.pop(future))
            self.show()

    def start_trials(self):
        over = self.stop.is_set() and not retry_while_away(lambda: only_retries_wait(self.study))
        missing = 0 if over or time.monotonic() >= self.until else max(0, self.missing())
        for worker in self.idle[:missing]:
            if not retry_while_away(lambda: can_begin(self.study)):
                return
            self.idle.remove(worker)
            try:
                future = worker.submit(one_trial)
            except loky.BrokenProcessPool:  # it died while it was idle
                worker = self.hire()
                future = worker.submit(one_trial)
            self.running[future] = worker

    def take(self, future, worker):
        """Takes the result of a worker's trial; the worker is idle again, or replaced."""
        try:
            without, lines, stopped = future.result()
        except loky.BrokenProcessPool:
            self.replace_dead()
        except Exception as error:
            self.errors.append(error)
        else:
            self.deaths = 0
            self.idle.append(worker)
            for line in lines:
                tqdm.write(line)
            if stopped:
                self.stop.set()
            if without is not None:
                lifecycle.stop_after_ten(self.without, without)

    def replace_dead(self):
        self.deaths += 1
        if self.deaths > self.max_deaths:
            raise StudyError(
                f"{self.deaths} workers died in a row, and no trial finished; often there is too little memory: try "
                "fewer workers, or a smaller model"
            ) from None
        tqdm.write("a worker died; its trial is tried again by another")
        retry_while_away(lambda: recover(self.study))
        self.idle.append(self.hire())

    def show_progress(self):
        best = lifecycle.best_so_far(self.study)
        if best:
            self.progress.set_postfix(best=best, refresh=False)
        self.progress.n = lifecycle.finished(self.study)
        self.progress.refresh()

    def close(self):
        for worker in self.workers:
            worker.shutdown(wait=True, kill_workers=True)
        try:
            recover(self.study)
        except Exception as error:  # the storage is unavailable; the next to open the study does it
            if storage_trouble(error) is None:
                raise
        self.show()
        self.progress.close()


# A worker in a terminal of its own.


def work(objective, study, storage, n_trials, who=None, direction=None, sampler=None):
    """Runs trials of a study in this process, with one torch thread, until it holds `n_trials` finished ones in all.

    objective: MODULE:FUNCTION, a module in the current directory or an installed one.
    direction: None means the stored study's, or maximize for a new one.
    sampler: MODULE:NAME, for one that differs from Optuna's default.
    Raises StudyError if there is no such function, or the storage can't be opened.
    """
    if not study.strip():
        raise StudyError("--study is empty; give the study's name")
    lifecycle.check_total("--trials", n_trials)
    function = find(objective)
    if not callable(function):
        raise StudyError(f"{objective} is not a function, but of type {type(function).__name__}")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    study = lifecycle.open_study(study, storage, direction, who, sampler=find(sampler) if sampler else None)
    try:
        lifecycle.run_until(study, function, n_trials)
    except KeyboardInterrupt:
        print("interrupted; finished trials are stored")
    print(f"{study.study_name}: {lifecycle.count_trials(study)}")


def find(text):
    """What MODULE:NAME names. Raises StudyError if there is none."""
    module, _, name = text.partition(":")
    module = module.removeprefix("./").removesuffix(".py")
    if not module or not name:
        raise StudyError(f"{text} names no function; write MODULE:FUNCTION, like helpers.search:objective")
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise StudyError(f"there is no module {module} in {Path.cwd()} or among the installed packages") from error
        raise
    if not hasattr(found, name):
        raise StudyError(f"the module {module} ({found.__file__}) holds nothing named {name}")
    return getattr(found, name)
