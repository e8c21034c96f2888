"""What a laptop may do to the study of the class: `ClassStudy` stands between Optuna's gRPC proxy and the database, and
refuses what could harm the others."""

import copy
import json
import math
import threading
import time
from datetime import datetime

from optuna.distributions import distribution_to_json
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState, create_trial

from helpers.study import optuna_internals
from helpers.study.storage import ALIVE, HEARTBEAT

MAX_TRIALS = 10_000
MAX_WHO, MAX_NAME = 40, 100  # characters of a learner's name, and of a parameter's or an attribute's
MAX_PARAMETERS, MAX_REPORTS = 50, 1000  # of one trial
MAX_TEXT = 8000  # characters of all attributes of one trial, and of the choices of one parameter
ANONYMOUS = "anonymous"
SILENT = 6 * HEARTBEAT  # seconds without a heartbeat after which a trial's laptop counts as gone


class Refused(Exception):
    """A request that is refused. The sentence arrives on the laptop, in the details of a grpc.RpcError."""


def refuse_unless(condition, sentence):
    if not condition:
        raise Refused(sentence)


def is_name(text, length):
    return isinstance(text, str) and 0 < len(text) <= length and text.isprintable() and not text.isspace()


class Contents:
    """What one trial, or the study, holds so far. Each `add` refuses what is too much or invalid."""

    def __init__(self, trial=None):
        self.who, self.seen = ANONYMOUS, datetime.now()
        self.parameters, self.reports, self.attributes = set(), set(), {}
        if trial:
            for name, distribution in trial.distributions.items():
                self.add_parameter(name, distribution, distribution.to_internal_repr(trial.params[name]))
            for step, value in trial.intermediate_values.items():
                self.add_report(step, value)
            for key, value in [*trial.system_attrs.items(), *trial.user_attrs.items()]:
                self.add_attribute(key, value)

    def add_parameter(self, name, distribution, number):
        refuse_unless(is_name(name, MAX_NAME), f"the name of a parameter has 1 to {MAX_NAME} printable characters")
        refuse_unless(len(distribution_to_json(distribution)) <= MAX_TEXT, f"the choices of {name} are too long")
        self.parameters.add(name)
        refuse_unless(len(self.parameters) <= MAX_PARAMETERS, f"a trial has at most {MAX_PARAMETERS} parameters")
        try:  # Optuna checks the range of a value when it creates a trial
            value = distribution.to_external_repr(number)
            create_trial(state=TrialState.RUNNING, params={name: value}, distributions={name: distribution})
        except (ValueError, IndexError, OverflowError):
            raise Refused(f"the value of {name} is outside its range") from None

    def add_report(self, step, value):
        refuse_unless(math.isfinite(value), f"a report must be a finite number; at step {step} it is {value}")
        refuse_unless(0 <= step < 2**31, f"the step of a report must be from 0 to {2**31 - 1}; it is {step}")
        self.reports.add(step)
        refuse_unless(len(self.reports) <= MAX_REPORTS, f"a trial has at most {MAX_REPORTS} reports")

    def add_attribute(self, key, value):
        refuse_unless(is_name(key, MAX_NAME), f"the name of an attribute has 1 to {MAX_NAME} printable characters")
        if key == "who":
            refuse_unless(is_name(value, MAX_WHO), f"a learner's name (who) has 1 to {MAX_WHO} printable characters")
            self.who = value
        sizes = self.attributes | {key: len(key) + len(json.dumps(value))}
        fits = sum(sizes.values()) <= MAX_TEXT
        refuse_unless(fits, f"{key} is too long: all attributes together may have {MAX_TEXT} characters")
        self.attributes = sizes


class ClassStudy(BaseStorage, optuna_internals.BaseHeartbeat):
    """A storage of Optuna's, restricted to one study. It checks a request, then passes it on; one write at a time.

    It remembers the last heartbeat of each running trial, for `recover`.
    """

    def __init__(self, storage, name, max_trials=MAX_TRIALS):
        self.storage, self.name, self.max_trials = storage, name, max_trials
        self.study_id = storage.get_study_id_from_name(name)
        self.trials = storage.get_all_trials(self.study_id, deepcopy=False)  # to be read again at the time `read_again`
        self.read_again, self.n_trials = 0, len(self.trials)
        self.of_study, self.of_trials = Contents(), {}  # the latter by the id of a trial that is not finished
        running = [trial for trial in self.trials if trial.state == TrialState.RUNNING and ALIVE in trial.system_attrs]
        self.heartbeats = {optuna_internals.trial_id(trial): time.monotonic() for trial in running}  # the last of each
        self.writing, self.reading = threading.Lock(), threading.Lock()

    def own(self, study_id):
        if study_id != self.study_id:
            raise KeyError(f'there is one study here, "{self.name}"')
        return study_id

    def contents(self, trial_id):
        """What an unfinished trial holds; notes that its learner was seen."""
        if trial_id not in self.of_trials:
            trial = self.get_trial(trial_id)
            if trial.state.is_finished():
                raise UpdateFinishedTrialError(f"trial {trial.number} is finished and can't be changed")
            self.of_trials[trial_id] = Contents(trial)
        self.of_trials[trial_id].seen = datetime.now()
        return self.of_trials[trial_id]

    def create_new_study(self, directions, study_name=None):
        refuse_unless(study_name == self.name, f'there is one study here, "{self.name}"; a laptop can\'t make another')
        raise DuplicatedStudyError(f"{self.name} exists")  # so that the laptop loads it

    def delete_study(self, study_id):
        raise Refused("a laptop can't delete the study of the class")

    def create_new_trial(self, study_id, template_trial=None):
        trial = template_trial or create_trial(state=TrialState.RUNNING)
        new = trial.state in (TrialState.RUNNING, TrialState.WAITING) and trial.values is None
        refuse_unless(new, "a trial must be run here; a finished one can't be added")
        contents = Contents(trial)
        trial.datetime_complete = None
        if trial.state == TrialState.RUNNING:
            trial.datetime_start = datetime.now()  # the clocks of laptops differ
        with self.writing:
            refuse_unless(self.n_trials < self.max_trials, f"the study is full: its limit is {self.max_trials} trials")
            trial_id = self.storage.create_new_trial(self.own(study_id), trial)
            self.n_trials += 1
            self.of_trials[trial_id], self.read_again = contents, 0
        return trial_id

    def set_trial_param(self, trial_id, param_name, param_value_internal, distribution):
        with self.writing:
            self.contents(trial_id).add_parameter(param_name, distribution, param_value_internal)
            self.storage.set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_state_values(self, trial_id, state, values=None):
        """A value that is not one finite number fails the trial, with a reason: for Optuna, infinity would be best."""
        one_number = values is not None and len(values) == 1 and math.isfinite(values[0])
        with self.writing:
            self.contents(trial_id)
            if not one_number and (values is not None or state == TrialState.COMPLETE):
                reason = f"its value must be one finite number; it is {values}"
                self.storage.set_trial_user_attr(trial_id, "reason", reason)
                state, values = TrialState.FAIL, None
            changed = self.storage.set_trial_state_values(trial_id, state, values)
            self.read_again = 0
            if state.is_finished():
                del self.of_trials[trial_id]
                self.heartbeats.pop(trial_id, None)
        return changed

    def set_trial_intermediate_value(self, trial_id, step, intermediate_value):
        with self.writing:
            self.contents(trial_id).add_report(step, intermediate_value)
            self.storage.set_trial_intermediate_value(trial_id, step, intermediate_value)

    def set_trial_user_attr(self, trial_id, key, value):
        with self.writing:
            self.contents(trial_id).add_attribute(key, value)
            self.storage.set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id, key, value):
        with self.writing:
            self.contents(trial_id).add_attribute(key, value)
            if key != ALIVE or trial_id not in self.heartbeats:
                self.storage.set_trial_system_attr(trial_id, key, value)
            if key == ALIVE:
                self.record_heartbeat(trial_id)

    def record_heartbeat(self, trial_id):
        self.heartbeats[trial_id] = time.monotonic()

    def _get_stale_trial_ids(self, study_id):
        return [trial_id for trial_id, last in list(self.heartbeats.items()) if time.monotonic() - last > SILENT]

    def get_heartbeat_interval(self):
        return HEARTBEAT

    def get_heartbeat_stale_trial_callback(self):
        return RetryHeartbeatStaleTrialCallback(max_retry=2)

    def set_study_user_attr(self, study_id, key, value):
        with self.writing:
            self.of_study.add_attribute(key, value)
            self.storage.set_study_user_attr(self.own(study_id), key, value)

    def set_study_system_attr(self, study_id, key, value):
        with self.writing:
            self.of_study.add_attribute(key, value)
            self.storage.set_study_system_attr(self.own(study_id), key, value)

    def get_all_trials(self, study_id, deepcopy=True, states=None):
        """Each laptop asks for all trials many times per trial. They are read from the database if one has begun or
        ended since, otherwise twice a second, for the reports of those that run."""
        self.own(study_id)
        with self.reading:
            if time.monotonic() > self.read_again:
                self.read_again = time.monotonic() + 0.5
                self.trials = self.storage.get_all_trials(study_id, deepcopy=False)
            trials = [trial for trial in self.trials if states is None or trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def get_trial(self, trial_id):
        trial = self.storage.get_trial(trial_id)
        if self.storage.get_trial_id_from_study_id_trial_number(self.study_id, trial.number) != trial_id:
            raise KeyError(f"trial {trial_id} belongs to another study")
        return trial

    def get_all_studies(self):
        return [study for study in self.storage.get_all_studies() if study.study_name == self.name]

    def get_study_id_from_name(self, study_name):
        return self.own(self.storage.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id):
        return self.storage.get_study_name_from_id(self.own(study_id))

    def get_study_directions(self, study_id):
        return self.storage.get_study_directions(self.own(study_id))

    def get_study_user_attrs(self, study_id):
        return self.storage.get_study_user_attrs(self.own(study_id))

    def get_study_system_attrs(self, study_id):
        return self.storage.get_study_system_attrs(self.own(study_id))
