"""Limits on a trial of a class: `Contents` refuses names, values and texts that could harm others."""

import json
import unicodedata
from datetime import datetime
from numbers import Real

from optuna.distributions import distribution_to_json
from optuna.trial import TrialState, create_trial

MAX_WHO, MAX_NAME = 40, 100  # characters of a learner's name, and of a parameter's or an attribute's
MAX_PARAMETERS, MAX_REPORTS = 50, 1000  # of one trial
MAX_TEXT = 8000  # characters of all attributes of one trial, and of the choices of one parameter
ANONYMOUS = "anonymous"
OWNER = "owner"  # the attribute of a trial that names who runs it, and from which address


class Refused(Exception):
    """A refused request. The laptop gets the message in the details of a grpc.RpcError."""


def refuse_unless(condition, sentence):
    if not condition:
        raise Refused(sentence)


def is_name(text, length):
    return isinstance(text, str) and 0 < len(text) <= length and text.isprintable() and not text.isspace()


def same_name(who):
    """A learner's name without invisible differences: extra spaces, and the two encodings of an accent."""
    return " ".join(unicodedata.normalize("NFC", str(who)).split())


def name_of(trial):
    return same_name(trial.user_attrs.get("who", ANONYMOUS))


def is_inside(number, distribution):
    """Whether a parameter may have this value, in its internal representation. Optuna checks it in create_trial."""
    try:
        params = {"x": distribution.to_external_repr(number)}
        create_trial(state=TrialState.RUNNING, params=params, distributions={"x": distribution})
    except (ValueError, IndexError, OverflowError):
        return False
    return True


def is_number(value):
    return isinstance(value, Real)


def is_list_of_numbers(value):
    return isinstance(value, list) and all(map(is_number, value))


# Attributes that Optuna reads on every laptop, by prefix of their names: other values would stop them all.
EXPECTED = {
    "fixed_params": lambda value: isinstance(value, dict) and all(
        isinstance(each, str | Real | None) for each in value.values()),
    "retry_history": is_list_of_numbers,
    "failed_trial": is_number,
    "constraints": lambda value: is_number(value) or is_list_of_numbers(value),
    "completed_rung_": is_number,
    "tpe:relative_params": lambda value: isinstance(value, str),
}


class Contents:
    """The contents of one trial, or of the study, so far. Each `add` refuses invalid or excess items."""

    def __init__(self, trial=None):
        self.who, self.seen = ANONYMOUS, datetime.now()
        self.owner, self.queued_by, self.waits = None, None, False  # who runs the trial, who queued it: as `caller`
        self.parameters, self.reports, self.attributes = set(), set(), {}
        if trial:
            self.waits = trial.state == TrialState.WAITING
            self.owner = None if self.waits else trial.system_attrs.get(OWNER)
            for name, distribution in trial.distributions.items():
                self.add_parameter(name, distribution, distribution.to_internal_repr(trial.params[name]))
            for step, value in trial.intermediate_values.items():
                self.add_report(step, value)
            for key, value in trial.system_attrs.items():
                self.add_system_attribute(key, value)
            for key, value in trial.user_attrs.items():
                self.add_attribute(key, value)

    def add_parameter(self, name, distribution, number):
        refuse_unless(is_name(name, MAX_NAME), f"the name of a parameter has 1 to {MAX_NAME} printable characters")
        refuse_unless(len(distribution_to_json(distribution)) <= MAX_TEXT, f"the choices of {name} are too long")
        self.parameters.add(name)
        refuse_unless(len(self.parameters) <= MAX_PARAMETERS, f"a trial has at most {MAX_PARAMETERS} parameters")
        refuse_unless(is_inside(number, distribution), f"the value of {name} is outside its range")

    def add_report(self, step, value):
        refuse_unless(0 <= step < 2**31, f"the step of a report must be from 0 to {2**31 - 1}; it is {step}")
        self.reports.add(step)
        refuse_unless(len(self.reports) <= MAX_REPORTS, f"a trial has at most {MAX_REPORTS} reports")

    def add_system_attribute(self, key, value):
        for beginning, is_as_expected in EXPECTED.items():
            refuse_unless(not key.startswith(beginning) or is_as_expected(value), f"{key} can't be {value!r:.60}")
        self.add_attribute(key, value)

    def add_attribute(self, key, value):
        refuse_unless(is_name(key, MAX_NAME), f"the name of an attribute has 1 to {MAX_NAME} printable characters")
        if key == "who":
            refuse_unless(is_name(value, MAX_WHO), f"a learner's name (who) has 1 to {MAX_WHO} printable characters")
            self.who = value
        sizes = self.attributes | {key: len(key) + len(json.dumps(value))}
        not_too_long = sum(sizes.values()) <= MAX_TEXT
        refuse_unless(not_too_long, f"{key} is too long: all attributes together may have {MAX_TEXT} characters")
        self.attributes = sizes
