"""Around `optuna.create_study` and `study.optimize`: keep a study, run it up to a total on one process or several,
lose nothing on the way, report on it."""

import contextlib
import functools
import math
import numbers
import os
import pickle
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, wait

import grpc
import joblib
import optuna
import psutil
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import reduction
from joblib.externals.loky.process_executor import BrokenProcessPool
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError
from tqdm.auto import tqdm

from helpers.journal import StudyError
from helpers.storage import HEARTBEAT, PATIENCE, give_up, open_storage, recover
from helpers.values import checked

NO_SPACE = "no space left on the disk of the study; what finished is kept: make some room, and run it again"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def open_study(name, storage=None, direction="maximize", who=None, heartbeat=HEARTBEAT, **options):
    """Creates a study, or loads the one of that name, and says in one line what it holds.

    storage: None keeps it in memory; a path keeps it in a journal file, whose torn end is mended; a URL (sqlite:///...)
    in a database; grpc://host:port behind a proxy. Trials whose worker died are marked failed and queued again.
    who: a name that each trial carries. heartbeat: seconds between a trial's signs of life in a database.
    options: sampler, pruner and directions, as for `optuna.create_study`.
    Raises StudyError where the storage can't be opened, or holds a study of that name with another direction.
    """
    if storage is None and ("://" in str(name) or str(name).endswith((".journal", ".db"))):
        raise StudyError(f'"{name}" is the study\'s name, and there is no storage; write open_study(name, "{name}")')
    opened = open_storage(storage, who, heartbeat)
    directions = [str(getattr(each, "name", each)).lower() for each in options.pop("directions", [direction])]
    if not {"maximize", "minimize"}.issuperset(directions):
        raise StudyError(f'the direction is {" and ".join(directions)}; write "maximize" or "minimize"')
    study = patiently(
        lambda: optuna.create_study(
            study_name=name, storage=opened, directions=directions, load_if_exists=True, **options
        )
    )
    there = [each.name.lower() for each in study.directions]
    if there != directions:
        option = f"direction={there[0]!r}" if len(there) == 1 else f"directions={there}"
        raise StudyError(
            f'the study "{name}" is there, and its direction is {" and ".join(there)}; open it with {option}, or give '
            "the new one another name"
        )
    recovered = patiently(lambda: recover(study))
    dead = f" ({len(recovered)} of a dead worker, now failed and queued again)" if recovered else ""
    print(f"{name}: {count_trials(study)}{dead}")
    return study


def count_trials(study):
    """How many trials are complete, pruned, failed, running (and since when) and waiting, in words."""
    trials = study.get_trials(deepcopy=False)
    states = [trial.state for trial in trials]
    parts = [f"{states.count(state)} {word}" for state, word in WORDS.items() if state in states]
    begun = [trial.datetime_start for trial in trials if trial.state == TrialState.RUNNING]
    since = f" since {min(begun):%Y-%m-%d %H:%M:%S}" if begun else ""
    return ", ".join(part + since if part.endswith("running") else part for part in parts) or "no trials yet"


def finished(study):
    """The number of trials that are complete or pruned. Failed ones don't count."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def run_until(study, objective, n_trials, callbacks=(), **options):
    """Runs trials until the study holds `n_trials` that are complete or pruned, those from before included.

    `study.optimize(n_trials=...)` means so many more; this means so many in all, whoever ran them. It ends earlier
    where a callback calls `study.stop()`, or at the `timeout`.
    options: as for `study.optimize`. Raises StudyError after ten failed trials in a row, and where the arguments are no
    study, no function or no whole number.
    """
    need_arguments("run_until(study, objective, n_trials)", study, objective, n_trials)
    ran = []
    until_total = MaxTrialsCallback(n_trials, states=FINISHED)
    callbacks = [*callbacks, say_why, lambda _, trial: stop_if_all_fail(ran, trial.state), until_total]
    while (missing := n_trials - patiently(lambda: finished(study))) > 0:
        before = len(ran)
        optimize(study, checked(objective), missing, callbacks=callbacks, **options)
        if len(ran) - before < missing:
            return


def run_workers(objective, study, n_trials, workers=None, timeout=None):
    """Runs trials in several processes at once until the study holds `n_trials` that are complete or pruned.

    objective: any function of a trial, one written in a notebook's cell as well; it is copied to each worker once.
    study: from `open_study` with a storage, since processes share no memory.
    workers: how many processes, each with one torch thread; as many as there are cores if None.
    timeout: seconds after which no trial is begun any more; those that run are finished. The same happens where the
    objective, or a sampler that has tried everything, calls `study.stop()`.
    A worker that dies is replaced, its trial tried again. A worker whose objective raises gets no more trials; the
    others go on, and its exception is raised at the end. An interrupt stops all; what finished is in the storage.
    Raises StudyError where the arguments are no function, no study with a storage or no whole numbers, where they can't
    be copied, where workers die again and again, or ten trials fail in a row.
    """
    need_arguments("run_workers(objective, study, n_trials)", study, objective, n_trials)
    workers = joblib.cpu_count() if workers is None else workers
    if not isinstance(workers, numbers.Integral) or workers < 1:
        raise StudyError(f"workers is {workers!r}; it is a number from 1 on, or None for as many as there are cores")
    if isinstance(study._storage, optuna.storages.InMemoryStorage):
        raise StudyError(
            "this study is kept in this process's memory, where no other process can reach it; "
            'open it with a file, like open_study(name, "study.journal")'
        )
    patiently(lambda: recover(study))
    begin = functools.partial(_begin, os.getpid(), study, objective)
    pools, running, ran, errors, deaths = [], {}, [], [], 0

    def hire():
        environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        pools.append(ProcessPoolExecutor(1, initializer=begin, env=environment))
        return pools[-1]

    until = time.monotonic() + timeout if timeout else math.inf
    idle = [hire() for _ in range(min(workers, n_trials - patiently(lambda: finished(study))))]
    with tqdm(total=n_trials, unit="trial") as progress:
        try:
            while True:
                missing = n_trials - patiently(lambda: finished(study)) - len(running)
                if time.monotonic() > until:
                    missing = 0
                for pool in idle[:max(0, missing)]:
                    idle.remove(pool)
                    try:
                        future = pool.submit(_one_trial)
                    except BrokenProcessPool:  # it died while it was idle
                        pool = hire()
                        future = pool.submit(_one_trial)
                    except (TypeError, pickle.PicklingError) as error:  # the first trial of a pool starts its process
                        raise StudyError(
                            f"the objective, or the study's sampler, can't be copied to other processes ({error}); "
                            "what is of that kind has to be opened or made inside of the objective"
                        ) from error
                    running[future] = pool
                if not running:
                    break
                for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                    pool = running.pop(future)
                    try:
                        state, why, stopped = future.result()
                    except BrokenProcessPool:
                        deaths += 1
                        if deaths > 3 * workers:
                            raise StudyError(
                                f"{deaths} workers died one after the other, and no trial finished; too little memory "
                                "for so many workers is a frequent reason: try workers=1"
                            ) from None
                        tqdm.write("a worker died; its trial is tried again by another")
                        patiently(lambda: recover(study))
                        idle.append(hire())
                    except Exception as error:
                        errors.append(error)
                    else:
                        deaths = 0
                        idle.append(pool)
                        if why:
                            tqdm.write(why)
                        if stopped:
                            until = -math.inf
                        stop_if_all_fail(ran, state)
                patiently(lambda: _show(progress, study))
        finally:
            for pool in pools:
                pool.shutdown(wait=True, kill_workers=True)
            patiently(lambda: recover(study))
            patiently(lambda: _show(progress, study))
    if errors:
        raise errors[0]


def need_arguments(call, study, objective, n_trials):
    """Raises StudyError where the arguments of a call like run_until(...) can't be what was meant."""
    if not isinstance(study, optuna.Study) or not callable(objective):
        raise StudyError(f"write {call}, in this order: a study of Optuna's, and the objective, which is the function "
                         "itself, without brackets")
    if not isinstance(n_trials, numbers.Integral):
        raise StudyError(f"n_trials is {n_trials!r}; it is a whole number, the total at which to stop")


def say_why(study, trial):
    """A callback: prints the reason of a trial that failed for one that `checked` knows."""
    if trial.state == TrialState.FAIL and "reason" in trial.user_attrs:
        print(f"Trial {trial.number} failed: {trial.user_attrs['reason']}")


def stop_if_all_fail(states, state):
    """Adds a trial's state to the list of states. Raises StudyError where the last ten are failures."""
    states.append(state)
    if states[-10:] == [TrialState.FAIL] * 10:
        raise StudyError("10 trials failed one after the other; read the reasons above, and study.trials[-1]")


def optimize(study, objective, n_trials, **options):
    """`study.optimize` with an objective from `checked`, which goes on where its storage was away for a while."""

    def work():
        recover(study)
        study.optimize(objective, n_trials, **options)

    patiently(work, if_away=lambda: give_up(study, objective.trial))


def patiently(work, if_away=lambda: None):
    """Does the work, a function without arguments; does it again while the storage is away, PATIENCE seconds at most.

    Raises StudyError where the storage does not come back, or its disk is full.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except Exception as error:
            trouble = storage_trouble(error)
            if trouble is None:
                raise
            if_away()
            if isinstance(trouble, StudyError):
                raise trouble from None
            if "disk is full" in str(trouble):
                raise StudyError(NO_SPACE) from error
            if time.monotonic() > until:
                raise StudyError(f"the study's storage has been away for {PATIENCE} seconds: {trouble}") from error
            time.sleep(0.5)


def storage_trouble(error):
    """The storage's own error in the chain that led to this one, or None. Optuna hides some behind others.

    A trial that others have taken for dead and marked as failed, since its machine slept, is such an error too.
    """
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        if isinstance(error, (SQLAlchemyError, UpdateFinishedTrialError, StudyError)):
            return error
        if isinstance(error, ValueError) and str(error) == "Cannot tell a FAIL trial.":
            return error
        if isinstance(error, grpc.RpcError):
            refused = (error.details() or "").partition("Exception calling application: ")[2]
            return StudyError(f"the class study refuses this: {refused}") if refused else error
        error = error.__cause__ or error.__context__
    return None


def summarize(study):
    """Prints the report that everyone wants: how many trials, the best value, its parameters."""
    print("Number of finished trials:", len(study.trials))
    print(f"  ({count_trials(study)})")
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        print("Best trial: none, since no trial is complete")
        return
    if len(study.directions) > 1:
        print("Best trials, of which none beats another in every direction:", *(t.number for t in study.best_trials))
        return
    print(f"Best trial: number {study.best_trial.number}")
    print(f"  Value: {study.best_value:.4f}")
    print("  Params:")
    for name, value in study.best_params.items():
        print(f"    {name}: {value:.4g}" if isinstance(value, float) else f"    {name}: {value}")


# What runs in a worker of `run_workers`.

_work = {}


def _begin(parent, study, objective):
    """Makes this process a worker: it leaves interrupts to its parent, ends with it, and draws its own numbers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study.sampler.reseed_rng()
    _work.update(study=study, objective=checked(objective))


def _end_with(parent):
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended before this process was ready
        psutil.Process(parent).wait()
    os._exit(1)


def _one_trial():
    """Runs one trial. Returns its state, the reason if it failed for one that `checked` knows, and whether to stop."""
    study, ran = _work["study"], []
    try:
        optimize(study, _work["objective"], n_trials=1, callbacks=[lambda _, trial: ran.append(trial)])
    except Exception as error:
        try:
            reduction.loads(reduction.dumps(error))
        except Exception:  # an exception of the reader's own that would not survive the way to the other process
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise
    trial = ran[-1]
    reason = trial.user_attrs.get("reason")
    return trial.state, reason and f"Trial {trial.number} failed: {reason}", study._stop_flag


def _show(progress, study):
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if complete and len(study.directions) == 1:
        progress.set_postfix(best=f"{study.best_value:.4f}", refresh=False)
    progress.n = finished(study)
    progress.refresh()
