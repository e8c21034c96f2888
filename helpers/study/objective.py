"""What an objective returns: a float, or a failed trial with one sentence as its reason."""

import functools
import math
import textwrap
from collections.abc import Iterable

from optuna.distributions import check_distribution_compatibility

from helpers.study.errors import StudyError
from helpers.study.optuna_internals import refused_parameter

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")  # on a GPU, Linux and macOS, Windows


def checked(objective):
    """The objective, changed to return a float; if it can't, its trial fails, with a sentence as its "reason".

    NaN, infinity, None, a text, and a tensor of several elements are invalid values. Running out of memory fails the
    trial too.
    """

    @functools.wraps(objective)
    def objective_checked(trial):
        objective_checked.trial = trial
        try:
            value, directions = objective(trial), len(trial.study.directions)
            return as_float(value) if directions == 1 else as_floats(value, directions)
        except NoValue as error:
            reason = str(error)
        except SystemExit:
            reason = "the objective ended the program (SystemExit); it should end with `return` and a value"
        except (MemoryError, RuntimeError) as error:  # torch's own is a RuntimeError
            if not (isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)):
                raise
            reason = f"out of memory ({textwrap.shorten(str(error), 150, placeholder=' ...') or 'MemoryError'})"
        except ValueError as error:
            other_space = _other_space(trial, error)
            if other_space is None:
                raise
            raise other_space from error
        trial.set_user_attr("reason", reason)
        return math.nan  # for Optuna, a failed trial

    objective_checked.trial = None  # the last trial that began
    return objective_checked


class NoValue(Exception):
    """What the objective returned can't be the value of a trial."""


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
        raise NoValue(f"the objective returned {number}, which can't be compared; perhaps the training diverged")
    return number


def as_floats(values, directions):
    """One float for each direction of the study, as a tuple. Raises NoValue for anything else."""
    parts = () if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
    if len(parts) != directions:
        raise NoValue(f"the study has {directions} directions, and the objective returned {values!r:.60}; return "
                      "that many numbers, with commas between them")
    return tuple(map(as_float, parts))


def _other_space(trial, error):
    """A StudyError if the error comes from a parameter that has another distribution in the stored study."""
    refused = refused_parameter(error)
    if refused is None:
        return None
    name, new = refused
    for earlier in trial.study.get_trials(deepcopy=False):
        if name in earlier.distributions and not _fits(earlier.distributions[name], new):
            return StudyError(
                f'the study "{trial.study.study_name}" has {name} as {earlier.distributions[name]}, '
                f"and this objective asks for {new}; one study can't hold both. Give the study a new name, or "
                f"change {name} back. The finished trials are kept."
            )
    return None


def _fits(old, new):
    try:
        check_distribution_compatibility(old, new)
    except ValueError:
        return False
    return True
