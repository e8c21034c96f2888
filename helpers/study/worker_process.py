"""One process of `run_workers`: what it is given, and the trials that it runs."""

import collections
import contextlib
import functools
import inspect
import multiprocessing
import multiprocessing.reduction
import os
import pickle
import signal
import threading

import cloudpickle
import optuna
import psutil

from helpers.study.errors import StudyError
from helpers.study.lifecycle import is_without_value, remarks
from helpers.study.objective import checked
from helpers.study.optimization import optimize
from helpers.study.optuna_internals import was_told_to_stop
from helpers.study.retry import retry_while_away


def copy_of(study, objective):
    """Both as bytes, for a worker. Raises StudyError with the name of what can't be copied."""
    try:
        return cloudpickle.dumps((study, objective))
    except Exception as error:
        parts = {f'what the objective uses as "{name}"': part for name, part in _parts(objective).items()}
        for what, part in (parts | {"the study's sampler": study.sampler, "the study's pruner": study.pruner}).items():
            try:
                cloudpickle.dumps(part)
            except Exception:
                raise StudyError(f"{what}, a {type(part).__name__}, can't be copied to other processes; create objects "
                                 "of that kind inside the objective") from None
        raise StudyError(f"the objective can't be copied to other processes ({error}); "
                         "create objects of that kind inside the objective") from None


def _parts(objective):
    """What an objective takes along when it is copied, by name."""
    if isinstance(objective, functools.partial):
        given = {f"argument {number}": part for number, part in enumerate(objective.args, start=1)}
        return {**_parts(objective.func), **given, **objective.keywords}
    function = inspect.unwrap(getattr(objective, "__func__", objective))
    owner = getattr(objective, "__self__", objective)
    parts = {}
    if inspect.isfunction(function):
        used = inspect.getclosurevars(function)
        parts |= used.globals | used.nonlocals
    return parts | dict(vars(owner)) if hasattr(owner, "__dict__") else parts


_work = {}


def begin(parent, start_method, copied):
    """Makes this process a worker: it leaves interrupts to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # The objective may start processes too, as a DataLoader with num_workers does: as in the parent, not in loky's way.
    multiprocessing.set_start_method(start_method, force=True)
    multiprocessing.reduction.ForkingPickler.dumps = _Copier.dumps  # for queues and pools
    multiprocessing.reduction.ForkingPickler = _Copier
    _work["copied"] = copied


class _Copier(multiprocessing.reduction.ForkingPickler, cloudpickle.Pickler):
    """Pickles for a process that a worker starts. Code of a notebook or a script goes along, not only its name."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        table = collections.ChainMap(self.dispatch_table, cloudpickle.Pickler.dispatch_table)
        pickle.Pickler.dispatch_table.__set__(self, table)  # cloudpickle's own attribute of that name is in the way


def _end_with(parent):
    with contextlib.suppress(psutil.NoSuchProcess):  # it ended before this process was ready
        psutil.Process(parent).wait()
    os._exit(1)


def _load():
    """Loads the study and the objective when the first trial begins; then the study draws its own random numbers."""
    if "study" not in _work:
        try:
            study, objective = retry_while_away(lambda: pickle.loads(_work["copied"]))  # the storage connects again
        except StudyError:
            raise
        except Exception as error:
            raise StudyError(f"something that the objective uses can't be loaded in another process "
                             f"({type(error).__name__}: {error}); create it inside the objective") from None
        study.sampler.reseed_rng()
        _work.update(study=study, objective=checked(objective), copied=None)
    return _work["study"], _work["objective"]


def one_trial():
    """Runs one trial. Returns whether it is without a value, lines to print, and whether to stop.

    The first is None if there was no trial to run: others had the last points of a grid, or the objective called
    study.stop() before the storage went away.
    """
    lines, ran = [], []
    try:
        study, objective = _load()
        optimize(study, objective, 1, [lambda _, trial: ran.append(trial)], say=lines.append)
    except Exception as error:
        try:
            cloudpickle.loads(cloudpickle.dumps(error))
        except Exception:  # an exception that can't be copied to the other process
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise
    if not ran:
        return None, lines, was_told_to_stop(study)
    return is_without_value(ran[-1]), lines + remarks(ran[-1]), was_told_to_stop(study)
