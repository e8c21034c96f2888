"""What one laptop can do to the others: a trial belongs to who runs it; odd values, names and clocks harm nobody."""

import math
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta

import grpc
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.trial import TrialState, create_trial

from helpers.classroom import access_control
from helpers.classroom.access_control import SILENT, ClassStudy
from helpers.classroom.leaderboard import cells, standings
from helpers.classroom.limits import EXPECTED, Refused, same_name
from helpers.study import StudyError, run_until
from helpers.study.storage import ALIVE, recover
from helpers.study.worker_identity import machine
from tests.classroom.server import from_file, in_memory, join

pytestmark = pytest.mark.slow
BELONGS = "trial {number} belongs to another laptop; only that one can change or finish it"
WAITS = "trial {number} waits in the queue; it can be run, but not changed"


def refusal(request, *arguments):
    """The sentence with which the server refuses a request."""
    with pytest.raises(grpc.RpcError) as caught:
        request(*arguments)
    return caught.value.details().removeprefix("Exception calling application: ")


CHANGES = {
    "finish": lambda study, trial: study.tell(trial.number, 42.0),
    "report": lambda study, trial: study._storage.set_trial_intermediate_value(trial._trial_id, 0, 42.0),
    "rename": lambda study, trial: study._storage.set_trial_user_attr(trial._trial_id, "who", "Eve"),
    "keep alive": lambda study, trial: study._storage.set_trial_system_attr(trial._trial_id, ALIVE, True),
    "set": lambda study, trial: study._storage.set_trial_param(trial._trial_id, "y", 0.5, FloatDistribution(0, 1)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_trial_belongs_to_who_runs_it(server, what):
    ada, eve = join(server, "Ada"), join(server, "Eve")
    trial = ada.ask()
    assert refusal(CHANGES[what], eve, trial) == BELONGS.format(number=trial.number)
    CHANGES[what](join(server, "Ada"), trial)  # Ada's other terminal may
    if what != "finish":
        ada.tell(trial, state=TrialState.FAIL)  # or it would be dead, and queued again, in the midst of another test


def test_nobody_can_make_a_trial_ones_own_by_saying_so(server):
    ada, eve = join(server, "Ada"), join(server, "Eve")
    owner = ["Eve", "ipv4:127.0.0.1"]
    trial = ada.ask()
    said = refusal(eve._storage.set_trial_system_attr, trial._trial_id, "owner", owner)
    assert said == "the owner of a trial is set by the server"
    eve.add_trial(create_trial(state=TrialState.RUNNING, system_attrs={"owner": ["Ada", "elsewhere"]}))
    assert eve.trials[-1].system_attrs["owner"] == owner
    assert ada.tell(trial, 0.5).value == 0.5


def test_the_owner_is_known_after_a_restart_too(server):
    ada = join(server, "Ada")
    trial = ada.ask()
    shared = ClassStudy(optuna.storages.get_storage(f"sqlite:///{server.storage}"), "class")  # as it starts again
    assert shared.contents(trial._trial_id).owner == ["Ada", "ipv4:127.0.0.1"]


def test_plain_optuna_owns_its_trials_by_its_address(server):
    with pytest.warns(ExperimentalWarning):
        plain = optuna.storages.GrpcStorageProxy(host="127.0.0.1", port=server.port)
    study = optuna.load_study(study_name="class", storage=plain)
    trial = study.ask()
    assert refusal(join(server, "Eve").tell, trial.number, 42.0) == BELONGS.format(number=trial.number)
    assert study.tell(trial.number, 0.25).value == 0.25


def test_a_worker_marks_the_trial_of_another_that_died_on_its_machine_as_failed_but_gives_it_no_value(server):
    ada, grace = join(server, "Ada"), join(server, "Grace")
    trial = ada.ask()
    grace.tell(trial.number, state=TrialState.FAIL)
    assert grace.trials[trial.number].state == TrialState.FAIL


def test_a_worker_whose_machine_has_another_address_now_goes_on_and_leaves_its_dead_trial_to_the_server(monkeypatch):
    _, study = in_memory()
    monkeypatch.setattr(access_control._request, "caller", ["Ada", "ipv4:10.0.0.1"], raising=False)
    dead = f"{machine()}:{os.getpid()}:0.5"  # as of a process that began at another time
    study.add_trial(create_trial(state=TrialState.RUNNING, system_attrs={"worker": dead}))
    access_control._request.caller = ["Ada", "ipv4:10.0.0.2"]
    assert recover(study) == []
    assert study.trials[0].state == TrialState.RUNNING
    access_control._request.caller = ["Grace", "ipv4:10.0.0.1"]
    assert recover(study) == [0]


def test_a_queued_trial_can_be_run_by_anybody_and_changed_by_nobody(server):
    ada, eve = join(server, "Ada"), join(server, "Eve")
    ada.enqueue_trial({"queued": 0.25})
    waiting = ada.trials[-1]
    for request in (
        lambda: eve._storage.set_trial_state_values(waiting._trial_id, TrialState.FAIL),
        lambda: eve._storage.set_trial_state_values(waiting._trial_id, TrialState.COMPLETE, [1e9]),
        lambda: eve._storage.set_trial_user_attr(waiting._trial_id, "note", 1),
        lambda: eve._storage.set_trial_system_attr(waiting._trial_id, "fixed_params", {"queued": 0.75}),
    ):
        assert refusal(request) == WAITS.format(number=waiting.number)
    eve.optimize(lambda trial: trial.suggest_float("queued", 0, 1), n_trials=1)
    done = ada.trials[waiting.number]
    assert (done.value, done.user_attrs["who"], done.system_attrs["owner"][0]) == (0.25, "Eve", "Eve")


def test_of_two_laptops_that_reach_for_a_queued_trial_one_gets_it_and_the_other_no_error(server):
    ada, eve = join(server, "Ada"), join(server, "Eve")
    ada.enqueue_trial({})
    waiting = ada.trials[-1]._trial_id
    assert ada._storage.set_trial_state_values(waiting, TrialState.RUNNING)
    assert not eve._storage.set_trial_state_values(waiting, TrialState.RUNNING)
    taken = eve._storage.get_trial(waiting)
    assert len([key for key in taken.system_attrs if key.startswith("worker ")]) == 1
    assert taken.user_attrs["who"] == "Ada"
    said = refusal(ada._storage.set_trial_state_values, waiting, TrialState.WAITING)
    assert said == "a trial that runs can't go back into the queue"


def test_a_queued_value_outside_a_range_ends_its_trial_and_no_laptop(server):
    eve = join(server, "Eve")
    eve.enqueue_trial({"rate": 7.0})
    queued = eve.trials[-1].number
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from helpers.study import open_study, run_until, finished\n"
         "study = open_study('class', sys.argv[1], who='Ada')\n"
         "run_until(study, lambda trial: trial.suggest_float('rate', 0, 1), finished(study) + 1)", server.address],
        capture_output=True, text=True, timeout=180)  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = from_file(server).trials
    assert trials[queued].state == TrialState.FAIL
    assert "rate" in trials[queued].user_attrs["reason"]
    assert trials[-1].state == TrialState.COMPLETE


def test_one_laptop_cannot_fill_the_queue_or_the_study(monkeypatch):
    monkeypatch.setattr(access_control, "MAX_QUEUED", 2)
    monkeypatch.setattr(access_control, "MAX_OF_ONE", 3)
    _, study = in_memory()
    monkeypatch.setattr(access_control._request, "caller", ["Eve", "ipv4:10.0.0.1"], raising=False)
    study.enqueue_trial({"x": 1})
    study.enqueue_trial({"x": 2})
    with pytest.raises(Refused, match="one laptop may have 2 trials in the queue; wait until some have run"):
        study.enqueue_trial({"x": 3})
    study.ask()
    study.enqueue_trial({"x": 3})
    study.ask()
    study.ask()
    with pytest.raises(Refused, match="one laptop may begin 3 trials, and this one has"):
        study.ask()
    access_control._request.caller = ["Ada", "ipv4:10.0.0.1"]
    assert study.ask().number == 3


def test_a_report_that_is_no_number_neither_ends_a_worker_nor_leads(server):
    study = join(server, "Ada")

    def diverges(trial):
        for step, value in enumerate((0.5, math.inf, -math.inf, math.nan)):
            trial.report(value, step)
        return 0.5

    study.optimize(diverges, n_trials=1)
    stored = from_file(server).trials[study.trials[-1].number]
    assert (stored.state, stored.intermediate_values[0]) == (TrialState.COMPLETE, 0.5)
    assert [math.isnan(value) for value in stored.intermediate_values.values()] == [False, True, True, True]


ODD = {"fixed_params": 5, "retry_history": "abc", "failed_trial": None, "constraints": "abc", "constraints:size": "big",
       "completed_rung_0": "high", "tpe:relative_params:0": 5}  # fmt: skip


@pytest.mark.parametrize("key", ODD)
def test_an_attribute_that_every_laptops_optuna_reads_has_a_value_that_it_can_read(server, key):
    study = join(server, "Eve")
    said = refusal(study._storage.set_trial_system_attr, study.ask()._trial_id, key, ODD[key])
    assert said == f"{key} can't be {ODD[key]!r}"
    assert refusal(study.add_trial, create_trial(state=TrialState.WAITING, system_attrs={key: ODD[key]})) == said


def test_each_of_these_attributes_is_tried():
    assert {next(name for name in EXPECTED if key.startswith(name)) for key in ODD} == EXPECTED.keys()


@pytest.mark.parametrize("who", ["\udce9", "👩\u200d💻"])
def test_an_odd_name_is_refused_with_a_sentence(server, who):
    study = join(server, who)
    with pytest.raises(StudyError) as caught:
        run_until(study, lambda trial: 1.0, 10_000)
    assert str(caught.value).startswith("the class study refuses this: a learner's name (who) has 1 to 40 printable")


@pytest.mark.parametrize("who", ["Søren Ångström", "=1+1", "Ада", "李明", "🙂", "O'Neil; DROP TABLE", "../..", "0"])
def test_a_name_in_any_language_is_on_the_board_as_it_is(server, who):
    join(server, who).ask()
    assert who in [row["name"] for row in server.rows_when(lambda rows: who in [row["name"] for row in rows])]


def test_names_that_look_the_same_are_the_same_on_the_board():
    trials = [create_trial(value=1.0, user_attrs={"who": who}) for who in ("Søren", "Søren ", " So\u0308ren", "Sören")]
    assert sorted(row.who for row in standings(trials, [])) == ["Sören", "Søren"]
    assert same_name("  Ada   Lovelace ") == "Ada Lovelace"


def test_two_laptops_with_one_name_share_a_row_that_says_so():
    owners = [["Ada", "ipv4:10.0.0.1"], ["Ada", "ipv4:10.0.0.2"], ["Ada", "ipv4:10.0.0.1"], ["Bob", "ipv4:10.0.0.1"]]
    trials = [create_trial(value=1.0, user_attrs={"who": owner[0]}, system_attrs={"owner": owner}) for owner in owners]
    assert [cells(1, row)["name"] for row in standings(trials, [])] == ["Ada (2 laptops)", "Bob"]


@pytest.mark.parametrize("state", [TrialState.RUNNING, TrialState.WAITING])
def test_a_laptop_whose_clock_is_wrong_is_seen_at_the_servers_time(server, state):
    study = join(server, f"Clock of {state.name}")
    trial = create_trial(state=state)
    trial.datetime_start = trial.datetime_complete = datetime(2199, 1, 1)
    study._storage.create_new_trial(study._study_id, trial)  # past the checks on the laptop
    stored = from_file(server).trials[-1]
    assert stored.datetime_complete is None
    assert stored.datetime_start is None or abs(datetime.now() - stored.datetime_start) < timedelta(hours=1)
    if state == TrialState.WAITING:
        study.optimize(lambda trial: 1.0, n_trials=1)  # so that it waits for no other test


def test_a_learner_of_whom_only_a_queued_trial_is_known_was_seen_at_no_time():
    waiting = create_trial(state=TrialState.WAITING, user_attrs={"who": "Ada"})
    waiting.datetime_start = None
    row, = standings([waiting], [])
    assert cells(1, row)["seen"] == ""


def test_a_server_that_slept_gives_its_laptops_time_to_be_heard():
    whole, study = in_memory()
    shared = study._storage
    shared.set_trial_system_attr(whole.ask()._trial_id, ALIVE, True)
    shared.heartbeats[0] -= SILENT + 1
    shared.asked -= SILENT + 1  # the server was suspended as long
    assert recover(study) == []
    assert whole.trials[0].state == TrialState.RUNNING
    assert time.monotonic() - shared.heartbeats[0] < SILENT / 2


def test_a_finished_trial_told_again_is_as_it_was(server):
    ada, eve = join(server, "Ada"), join(server, "Eve")
    ada.optimize(lambda trial: 0.5, n_trials=1)
    last = ada.trials[-1]
    for study in (ada, eve):
        with pytest.raises(ValueError, match="Cannot tell a COMPLETE trial"):
            study.tell(last.number, 42.0)
        with pytest.raises(UpdateFinishedTrialError) as caught:
            study._storage.set_trial_state_values(last._trial_id, TrialState.COMPLETE, [42.0])
        assert caught.value.__cause__.details() == f"trial {last.number} is finished and can't be changed"
    assert from_file(server).trials[last.number].value == 0.5


def test_the_teachers_terminal_counts_what_was_refused_and_shows_no_traceback(start, tmp_path):
    server = start(tmp_path / "class.db")
    ada, eve = join(server, "Ada"), join(server, "Eve")
    trial = ada.ask()
    refusal(eve.tell, trial.number, 42.0)
    refusal(eve.tell, trial.number, 42.0)
    said = server.line_with("refused")
    assert f"2 requests refused (Eve: {BELONGS.format(number=trial.number)[:30]}" in said
