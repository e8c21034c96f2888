"""What an objective returns: a float, or one sentence on why its trial has no value."""

import functools
import math
import textwrap
from collections.abc import Iterable

from optuna import TrialPruned
from optuna.distributions import check_distribution_compatibility

from helpers.study.errors import StudyError
from helpers.study.grid import twin_of
from helpers.study.optuna_internals import queued_parameters, refused_attribute, refused_parameter
from helpers.study.retry import refusal

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")  # on a GPU, Linux and macOS, Windows


def checked(objective):
    """Wraps an objective to return a float; if it can't, its trial ends with a "reason".

    NaN, infinity and running out of memory prune the trial: its settings are bad, and TPE, which ignores
    failed trials, would propose more like them. None, a text, and a tensor of several elements fail it, and so does a
    queued value that does not fit its parameter, or that the class study refuses.
    Raises StudyError for a changed search space, and for an attribute that can't be stored.
    """

    @functools.wraps(objective)
    def objective_checked(trial):
        objective_checked.trial = trial
        try:
            if (twin := twin_of(trial)) is not None:
                raise NoValue(f"trial {twin}, which another process began before, has the same grid point")
            value, directions = objective(trial), len(trial.study.directions)
            return as_float(value) if directions == 1 else as_floats(value, directions)
        except (Exception, SystemExit) as error:
            cause, reason = error, _reason(trial, error)
            if reason is None:
                raise
        try:
            trial.set_user_attr("reason", reason)
        except Exception as error:
            if not refusal(error):  # the class study also limits attributes
                raise
        if isinstance(cause, Diverged) or _is_out_of_memory(cause):
            raise TrialPruned
        return math.nan  # for Optuna, a failed trial

    objective_checked.trial = None  # the last trial that began
    return objective_checked


def _reason(trial, error):
    """Why an error ends only its trial, in one sentence. None if it is the objective's own, which ends the run."""
    if isinstance(error, NoValue):
        return str(error)
    if isinstance(error, SystemExit):
        return "the objective ended the program (SystemExit); it should end with `return` and a value"
    if _is_out_of_memory(error):
        return f"out of memory ({textwrap.shorten(str(error), 150, placeholder=' ...') or 'MemoryError'})"
    if refused := refusal(error):
        return f"the class study refuses this: {refused}"
    if isinstance(error, (TypeError, ValueError)):
        if reason := _queued_value_that_does_not_fit(trial, error):
            return reason
        if known := _unstorable(error) or _other_space(trial, error):
            raise known from None
    return None


def _is_out_of_memory(error):
    return isinstance(error, MemoryError) or (  # torch's own is a RuntimeError
        isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY))


class NoValue(Exception):
    """The trial has no value: what the objective returned can't be one, or another process runs the same."""


class Diverged(NoValue):
    """The objective returned NaN or infinity."""


def as_float(value):
    """A number, a NumPy number or a tensor with one element as a float. Raises NoValue for anything else."""
    if value is None:
        raise NoValue("the objective returned None; does it end with `return` and the validation accuracy?")
    if isinstance(value, str):
        raise NoValue(f"the objective returned the text {value!r}; return a number")
    try:
        number = float(value.item() if hasattr(value, "item") else value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError, RuntimeError):
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise NoValue(f"the objective returned a {type(value).__name__}{shape}; return a single number") from None
    if not math.isfinite(number):
        raise Diverged(f"the objective returned {number}, which can't be compared; perhaps the training diverged")
    return number


def as_floats(values, directions):
    """One float for each direction of the study, as a tuple. Raises NoValue for anything else."""
    parts = () if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
    if len(parts) != directions:
        raise NoValue(f"the study has {directions} directions, and the objective returned {values!r:.60}; return "
                      "that many numbers, with commas between them")
    return tuple(map(as_float, parts))


def _queued_value_that_does_not_fit(trial, error):
    name, distribution = refused_parameter(error) or (None, None)
    queued = queued_parameters(trial)
    if name not in queued:
        return None
    try:
        distribution.to_internal_repr(queued[name])
    except (TypeError, ValueError):
        return f"the queued value {queued[name]!r} of {name} does not fit {distribution}"
    return None


def _unstorable(error):
    """A StudyError if the error comes from a value that no storage can keep, such as a NumPy number."""
    if "JSON serializable" not in str(error):
        return None
    kind = str(error).removeprefix("Object of type ").partition(" ")[0]
    attribute, parameter = refused_attribute(error), refused_parameter(error)
    what = f'the user attribute "{attribute}"' if attribute else f"the parameter {parameter[0]}" if parameter else None
    return what and StudyError(f"{what} holds a value of type {kind}, which can't be stored; store plain numbers, "
                               "texts, lists and dicts: for NumPy and PyTorch, value.item() or values.tolist(); "
                               "for a class or a function, its name")


def _other_space(trial, error):
    """A StudyError if the error comes from a parameter that has another distribution in the stored study."""
    refused = refused_parameter(error)
    if refused is None:
        return None
    name, new = refused
    for earlier in trial.study.get_trials(deepcopy=False):
        try:
            if name in earlier.distributions:
                check_distribution_compatibility(earlier.distributions[name], new)
        except ValueError:
            return StudyError(
                f'the study "{trial.study.study_name}" has {name} as {earlier.distributions[name]}, and this objective '
                f"asks for {new}; one study can't hold both. Give the study a new name, or change {name} back. "
                "The finished trials are kept.")
    return None
