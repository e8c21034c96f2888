"""Access control for the class study: `ClassStudy` sits between Optuna's gRPC proxy and the database, and refuses
what could harm others. `Doorkeeper` tells it which laptop is asking."""

import copy
import math
import threading
import time
from collections import Counter
from datetime import datetime

import grpc
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState, create_trial

from helpers.classroom.limits import MAX_WHO, OWNER, Contents, Refused, refuse_unless, same_name
from helpers.classroom.one_study import OneStudy
from helpers.study import StudyError, optuna_internals
from helpers.study.storage import ALIVE, HEARTBEAT, WHO

MAX_TRIALS = 10_000
MAX_OF_ONE, MAX_QUEUED = 2500, 20  # trials that one laptop may begin, and that it may have queued at a time
SILENT = 6 * HEARTBEAT  # seconds without a heartbeat after which a trial's laptop counts as gone
REMOVED = "removed"  # the attribute of each trial that the teacher has removed, and of the study: [[name, ...], ...]

_request = threading.local()  # caller: [name, address] of the laptop whose request this thread answers


def caller():
    """The laptop that asks, as [name, address]; the name may be empty. None for the server itself."""
    return getattr(_request, "caller", None)


class ClassStudy(OneStudy, optuna_internals.BaseHeartbeat):
    """The study of a class. It checks each request, then passes it on; one write at a time.

    It remembers the last heartbeat of each running trial, for `recover`.
    """

    def __init__(self, storage, name, until=None):
        super().__init__(storage, name)
        self.until = until
        self.writing, self.reading = threading.RLock(), threading.Lock()
        self.of_study, self.begun = Contents(), Counter()  # begun: the number of trials per caller
        self.refusals, self.last_refusal, self.deleted = 0, "", False
        self.heartbeats, self.asked = {}, time.monotonic()  # the times of the last ones, and of the last check
        self.read_all(storage)

    def read_all(self, storage):
        """Reads all trials, from a storage object that has not read them before: it would cache them."""
        with self.writing, self.reading:
            self.storage = storage
            self.trials = self.storage.get_all_trials(self.study_id, deepcopy=False)
            self.read_again, self.n_trials = 0, len(self.trials)  # read_again: when to read them next
            self.of_trials = {}  # contents of unfinished trials, by trial id
            self.removals = self.storage.get_study_user_attrs(self.study_id).get(REMOVED, [])
            self.emptied = [optuna_internals.trial_id(trial) for trial in self.trials if REMOVED in trial.system_attrs]
            alive = {optuna_internals.trial_id(trial) for trial in self.trials
                     if trial.state == TrialState.RUNNING and ALIVE in trial.system_attrs}
            self.heartbeats = {trial_id: self.heartbeats.get(trial_id, time.monotonic()) for trial_id in alive}

    def is_outdated(self):
        """Whether the teacher has removed more from the database since. Raises StudyError if the study is deleted."""
        try:
            return self.storage.get_study_user_attrs(self.study_id).get(REMOVED, []) != self.removals
        except KeyError:
            self.deleted = True
            raise StudyError(f'the study "{self.name}" was deleted; end this with Ctrl-C, and start again') from None

    def contents(self, trial_id):
        """The contents of an unfinished trial."""
        if trial_id not in self.of_trials:
            trial = self.get_trial(trial_id)
            if trial.state.is_finished():
                raise UpdateFinishedTrialError(f"trial {trial.number} is finished and can't be changed")
            self.of_trials[trial_id] = Contents(trial)
        return self.of_trials[trial_id]

    def contents_to_change(self, trial_id):
        """The same, if its owner asks. Notes that this laptop was seen. Raises Refused for others."""
        contents = self.contents(trial_id)
        if caller() not in (None, contents.owner):
            number = self.get_trial(trial_id).number
            raise Refused(f"trial {number} waits in the queue; it can be run, but not changed" if contents.waits else
                          f"trial {number} belongs to another laptop; only that one can change or finish it")
        contents.seen = datetime.now()
        return contents

    def create_new_trial(self, study_id, template_trial=None):
        trial = template_trial or create_trial(state=TrialState.RUNNING)
        new = trial.state in (TrialState.RUNNING, TrialState.WAITING) and trial.values is None
        refuse_unless(new, "a trial must be run here; a finished one can't be added")
        running = trial.state == TrialState.RUNNING
        trial.datetime_start, trial.datetime_complete = datetime.now() if running else None, None  # clocks differ
        trial.system_attrs = {key: value for key, value in trial.system_attrs.items() if key != OWNER}
        if running and caller():
            trial.system_attrs[OWNER] = caller()
        contents = Contents(trial)
        with self.writing:
            refuse_unless(self.n_trials < MAX_TRIALS, f"the study is full: its limit is {MAX_TRIALS} trials")
            if caller():
                self.check_beginning(trial, contents)
            trial_id = self.storage.create_new_trial(self.own(study_id), trial)
            self.n_trials += 1
            self.begun[str(caller())] += 1
            self.of_trials[trial_id], self.read_again = contents, 0
        return trial_id

    def check_beginning(self, trial, contents):
        """Refuses a laptop's new trial if it is too late, one too many, or from someone removed."""
        self.check_open()
        self.check_name(contents.who)
        self.check_name(caller()[0])
        refuse_unless(self.begun[str(caller())] < MAX_OF_ONE, f"one laptop may begin {MAX_OF_ONE} trials, and this one "
                      "has; its objective returns very quickly")
        if trial.state == TrialState.WAITING and "failed_trial" not in trial.system_attrs:
            contents.queued_by = caller()
            queued = [each for each in self.of_trials.values() if each.queued_by == caller()]
            refuse_unless(len(queued) < MAX_QUEUED, f"one laptop may have {MAX_QUEUED} trials in the queue; wait "
                          "until some have run")

    def check_open(self):
        if self.until is not None and datetime.now() >= self.until:
            raise Refused(f"the class ended at {self.until:%H:%M}; no trial begins any more")

    def check_name(self, who):
        removed = any(same_name(who) in names for names in self.removals)
        refuse_unless(not removed, f"the teacher has removed {who}; ask what happened")

    def set_trial_param(self, trial_id, param_name, param_value_internal, distribution):
        with self.writing:
            self.contents_to_change(trial_id).add_parameter(param_name, distribution, param_value_internal)
            self.storage.set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def finish(self, trial_id, state, values=None):
        changed = self.storage.set_trial_state_values(trial_id, state, values)
        self.read_again = 0
        del self.of_trials[trial_id]
        self.heartbeats.pop(trial_id, None)
        return changed

    def set_trial_state_values(self, trial_id, state, values=None):
        """Fails a trial whose value is not one finite number, with a reason: for Optuna, infinity would be best."""
        one_number = values is not None and len(values) == 1 and math.isfinite(values[0])
        with self.writing:
            contents = self.contents(trial_id)
            if state == TrialState.RUNNING:
                return self.take(trial_id, contents)
            refuse_unless(state.is_finished(), "a trial that runs can't go back into the queue")
            if state == TrialState.FAIL and values is None and caller() and contents.owner:
                self.check_same_address(contents)
            else:
                self.contents_to_change(trial_id)
            if one_number or (values is None and state != TrialState.COMPLETE):
                return self.finish(trial_id, state, values)
            reason = f"its value must be one finite number; it is {values}"
            self.storage.set_trial_user_attr(trial_id, "reason", reason)
            return self.finish(trial_id, TrialState.FAIL)

    def check_same_address(self, contents):
        """A worker marks the trials of dead workers on its machine as failed. If the machine's address has changed,
        this error makes it skip them; the missing heartbeat shows that the trial is dead."""
        if contents.owner[1] != caller()[1]:
            raise UpdateFinishedTrialError("this trial belongs to another laptop; only that one can finish it")

    def take(self, trial_id, contents):
        """Gives a waiting trial to the laptop that asks for it. Returns whether it got it."""
        if caller():
            try:
                self.check_open()
                self.check_name(caller()[0])
            except Refused:  # reported when it asks for a new trial
                return False
        taken = self.storage.set_trial_state_values(trial_id, TrialState.RUNNING)
        if taken:
            contents.owner, contents.queued_by, contents.waits, self.read_again = caller(), None, False, 0
            if caller():
                self.storage.set_trial_system_attr(trial_id, OWNER, caller())
        return taken

    def set_trial_intermediate_value(self, trial_id, step, intermediate_value):
        """Replaces infinity with NaN, which Optuna's pruners prune, and which can't become the best."""
        value = intermediate_value if math.isfinite(intermediate_value) else math.nan
        with self.writing:
            self.contents_to_change(trial_id).add_report(step, value)
            self.storage.set_trial_intermediate_value(trial_id, step, value)

    def set_trial_user_attr(self, trial_id, key, value):
        with self.writing:
            if key == "who" and caller():
                self.check_name(value)
            self.contents_to_change(trial_id).add_attribute(key, value)
            self.storage.set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id, key, value):
        """A worker claims a waiting trial before it gets it; another may be faster."""
        with self.writing:
            contents = self.contents(trial_id)
            refuse_unless(key != OWNER, "the owner of a trial is set by the server")
            if key.startswith("worker "):
                if not contents.waits and caller() not in (None, contents.owner):
                    return
            else:
                self.contents_to_change(trial_id)
            contents.add_system_attribute(key, value)
            if key != ALIVE or trial_id not in self.heartbeats:
                self.storage.set_trial_system_attr(trial_id, key, value)
            if key == ALIVE:
                self.record_heartbeat(trial_id)

    def record_heartbeat(self, trial_id):
        self.heartbeats[trial_id] = time.monotonic()

    def _get_stale_trial_ids(self, study_id):
        """The trials of silent laptops. Called each second; if not, this machine was asleep and heard nobody."""
        now = time.monotonic()
        if now - self.asked > SILENT / 2:
            self.heartbeats = dict.fromkeys(self.heartbeats, now)
        self.asked = now
        return [trial_id for trial_id, last in list(self.heartbeats.items()) if now - last > SILENT]

    def get_heartbeat_interval(self):
        return HEARTBEAT

    def get_heartbeat_stale_trial_callback(self):
        return RetryHeartbeatStaleTrialCallback(max_retry=2)

    def set_study_user_attr(self, study_id, key, value):
        self.own(study_id)
        raise Refused("a laptop can't change the study's attributes")

    def set_study_system_attr(self, study_id, key, value):
        """For samplers. Attributes of the study itself, like the names of its metrics, are read by every laptop."""
        refuse_unless(not key.startswith("study:"), "a laptop can't change the study's attributes")
        with self.writing:
            self.of_study.add_attribute(key, value)
            self.storage.set_study_system_attr(self.own(study_id), key, value)

    def get_all_trials(self, study_id, deepcopy=True, states=None):
        """Each laptop asks for all trials many times per trial. They are read from the database if one has begun or
        ended since, otherwise twice a second, for the reports of running ones."""
        self.own(study_id)
        with self.reading:
            if time.monotonic() > self.read_again:
                self.read_again = time.monotonic() + 0.5
                self.trials = self.storage.get_all_trials(study_id, deepcopy=False)
            trials = [trial for trial in self.trials if states is None or trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials


class Doorkeeper(grpc.ServerInterceptor):
    """Records which laptop each request to a `ClassStudy` comes from; answers a refused one with a message."""

    def __init__(self, shared):
        self.shared = shared

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        if handler is None:  # there is no such method
            return None

        def answer(request, context):
            who = dict(context.invocation_metadata()).get(WHO, b"").decode("utf-8", "replace")[: MAX_WHO + 1]
            _request.caller = [who, context.peer().rpartition(":")[0]]  # without the port
            if hasattr(request, "included_trial_ids"):  # a laptop remembers what it read: send removed trials again
                request.included_trial_ids.extend(self.shared.emptied)
            try:
                refuse_unless(not self.shared.deleted, "the study of the class was deleted; ask the teacher")
                return handler.unary_unary(request, context)
            except Refused as error:
                self.shared.refusals, self.shared.last_refusal = self.shared.refusals + 1, f"{who}: {error}"
                raise  # gRPC sends its message

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
