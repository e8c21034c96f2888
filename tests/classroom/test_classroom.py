"""The class study, as real processes: what a class finds, what a laptop may not do, how it starts and ends."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from html import unescape

import grpc
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.trial import TrialState, create_trial

from helpers.classroom.access_control import SILENT, ClassStudy
from helpers.classroom.leaderboard import standings, sum_up
from helpers.classroom.limits import MAX_PARAMETERS, MAX_REPORTS, MAX_TEXT, MAX_WHO, Contents, Refused
from helpers.classroom.server import check_port, open_database
from helpers.study import FINISHED, StudyError, finished, open_study
from helpers.study.storage import ALIVE, recover
from helpers.study.worker_identity import machine
from tests.classroom.server import from_file, in_memory, join, wait_until
from tests.servers import free_port

pytestmark = pytest.mark.slow
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to a process")
ATTACK = "<img src=x onerror=alert(1)>"
OBJECTIVE = """
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.report(x / 2, 0)
    trial.suggest_categorical("<i>kind</i>", ["<script>", "b"])
    return x
"""


def test_learners_in_processes_of_their_own_meet_on_the_leader_board(start, tmp_path):
    server = start(tmp_path / "class.db")
    (tmp_path / "quick.py").write_text(OBJECTIVE)
    common = [sys.executable, "-m", "helpers", "worker", "quick:objective", "--study", "class", "--trials", "24",
              "--storage", server.address]  # fmt: skip
    names = [["--who", "Søren"], ["--who", ATTACK], []]
    workers = [subprocess.Popen([*common, *who], cwd=tmp_path, stdout=subprocess.DEVNULL) for who in names]
    assert [worker.wait(timeout=180) for worker in workers] == [0] * 3

    trials = from_file(server).trials
    assert len(trials) >= 24
    expected = {}
    for trial in trials:
        expected.setdefault(trial.user_attrs.get("who", "anonymous"), []).append(trial.value)
    rows = server.rows_when(lambda rows: sum(int(row["trials"]) for row in rows) == len(trials))
    assert {row["name"]: (row["best"], row["trials"]) for row in rows} == {
        who: (f"{max(values):.4f}", str(len(values))) for who, values in expected.items()
    }
    assert [float(row["best"]) for row in rows] == sorted((float(row["best"]) for row in rows), reverse=True)
    assert [row["rank"] for row in rows] == [str(rank + 1) for rank in range(len(rows))]
    best = max(trials, key=lambda trial: trial.value)
    assert rows[0]["settings"].split(" · ")[0] == f"x\u00a0{best.value:.3g}"
    totals = re.findall("<dd>(.*?)</dd>", server.get("/board"))
    assert unescape(totals[0]) == f"{best.value:.4f} <small>{best.user_attrs.get('who', 'anonymous')}</small>"
    assert totals[1] == str(len(trials))


def test_the_page_holds_the_board_and_nothing_from_elsewhere_and_no_markup_of_a_learner(server):
    study = join(server, who=ATTACK)
    study.optimize(lambda trial: len(trial.suggest_categorical("<i>kind</i>", ["<script>x</script>"])), n_trials=1)
    assert any(row["name"] == ATTACK for row in server.rows_when(lambda rows: ATTACK in [row["name"] for row in rows]))
    page = server.get("/")
    assert server.get("/board").split("<tbody>")[1] in page
    for markup in ("<img", "<i>", "<script>x"):
        assert markup not in page
    assert not re.findall(r"(?:https?:)?//\w", page + server.get("/board.js"))
    assert "404" in server.get("/class.db")


def test_a_learner_is_on_the_board_before_a_trial_is_finished(server):
    join(server, who="Newcomer").ask()
    rows = server.rows_when(lambda rows: "Newcomer" in [row["name"] for row in rows])
    row = next(row for row in rows if row["name"] == "Newcomer")
    assert (row["best"], row["trials"]) == ("", "0")
    assert re.fullmatch(r"now|\d+ (s|min) ago", row["seen"])


def add(study, **contents):
    study.add_trial(create_trial(state=TrialState.RUNNING, **contents))


def add_parameters(study, number):
    names = [f"p{each}" for each in range(number)]
    add(study, params=dict.fromkeys(names, 0.5), distributions=dict.fromkeys(names, FloatDistribution(0, 1)))


def set_choice(study, number):
    choices = CategoricalDistribution(["a", "b"])
    study._storage.set_trial_param(study.ask()._trial_id, "c", number, choices)


NAME = f"a learner's name (who) has 1 to {MAX_WHO} printable characters"
LONG = "x" * MAX_TEXT
REFUSED = {
    "another study": (lambda study: optuna.create_study(study_name="mine", storage=study._storage), "one study here"),
    "deleting": (lambda study: optuna.delete_study(study_name="class", storage=study._storage), "can't delete"),
    "a long name": (lambda study: study.ask().set_user_attr("who", "A" * (MAX_WHO + 1)), NAME),
    "an empty name": (lambda study: study.ask().set_user_attr("who", ""), NAME),
    "a name of spaces": (lambda study: study.ask().set_user_attr("who", "  "), NAME),
    "a name in colours": (lambda study: study.ask().set_user_attr("who", "\x1b[31mAda"), NAME),
    "a name as a list": (lambda study: study.ask().set_user_attr("who", ["Ada"]), NAME),
    "a name in a new trial": (lambda study: add(study, user_attrs={"who": "A\nB"}), NAME),
    "a long attribute": (lambda study: study.ask().set_user_attr("note", LONG), "note is too long"),
    "one in a new trial": (lambda study: add(study, system_attrs={"note": LONG}), "note is too long"),
    "one of the study": (lambda study: study.set_user_attr("note", 1), "can't change the study's attributes"),
    "its metrics": (lambda study: study.set_metric_names(["loss"]), "can't change the study's attributes"),
    "a sampler's long one": (lambda study: study._storage.set_study_system_attr(study._study_id, "note", LONG),
                             "note is too long"),
    "a long key": (lambda study: study.ask().set_user_attr("k" * 101, 1), "name of an attribute has 1 to 100"),
    "many parameters": (lambda study: add_parameters(study, MAX_PARAMETERS + 1), f"at most {MAX_PARAMETERS} param"),
    "a parameter's name": (lambda study: study.ask().suggest_int("x" * 101, 0, 1), "name of a parameter has 1 to 100"),
    "endless choices": (lambda study: study.ask().suggest_categorical("c", [LONG]), "the choices of c are too long"),
    "no such choice": (lambda study: set_choice(study, 7), "the value of c is outside its range"),
    "many reports": (lambda study: add(study, intermediate_values=dict.fromkeys(range(MAX_REPORTS + 1), 0.5)),
                     f"at most {MAX_REPORTS} reports"),
    "a finished trial": (lambda study: study.add_trial(create_trial(state=TrialState.PRUNED)), "must be run here"),
    "a value beforehand": (lambda study: add(study, value=1e9), "a trial must be run here"),
}  # fmt: skip


@pytest.fixture(scope="module")
def laptop(server):
    return join(server, who="Eve")


@pytest.mark.parametrize("what", REFUSED)
def test_the_server_refuses_with_a_sentence(laptop, what):
    request, words = REFUSED[what]
    with pytest.raises(grpc.RpcError) as caught:
        request(laptop)
    assert words in caught.value.details()
    assert "\n" not in caught.value.details()


def test_a_message_of_megabytes_does_not_get_in(laptop):
    with pytest.raises(grpc.RpcError, match="larger than max"):
        laptop.ask().set_user_attr("note", "x" * 5_000_000)


def test_a_value_that_is_no_finite_number_fails_its_trial_with_a_reason(server, laptop):
    laptop.optimize(lambda trial: math.inf, n_trials=1)
    laptop._storage.set_trial_state_values(laptop.ask()._trial_id, TrialState.COMPLETE, [1.0, 2.0])
    laptop._storage.set_trial_state_values(laptop.ask()._trial_id, TrialState.COMPLETE)
    trials = from_file(server).trials[-3:]
    assert [trial.state for trial in trials] == [TrialState.FAIL] * 3
    assert [trial.user_attrs["reason"].rpartition(" it is ")[2] for trial in trials] == ["[inf]", "[1.0, 2.0]", "None"]


def test_what_was_refused_harms_neither_the_study_nor_the_others(server, laptop):
    with pytest.raises(grpc.RpcError):
        laptop.ask().set_user_attr("note", LONG)
    study = join(server, who="Grace")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    eve, *grace = from_file(server).trials[-3:]
    assert [trial.state for trial in grace] == [TrialState.COMPLETE] * 2
    assert eve.user_attrs == {"who": "Eve"}
    assert all(math.isfinite(trial.value) for trial in study.get_trials(states=[TrialState.COMPLETE]))
    with pytest.raises(UpdateFinishedTrialError):
        study._storage.set_trial_user_attr(study.trials[-1]._trial_id, "note", "changed later")


def test_the_study_takes_no_more_trials_than_its_limit(monkeypatch):
    monkeypatch.setattr("helpers.classroom.access_control.MAX_TRIALS", 3)
    whole, study = in_memory()
    with pytest.raises(Refused, match="the study is full: its limit is 3 trials"):
        study.optimize(lambda trial: 1.0, n_trials=4)
    assert len(whole.trials) == 3


@pytest.mark.parametrize("claim", [5, None, "", "a:b:c", f"{machine()}:{'9' * 30}:1", f"{machine()}:1:"],
                         ids=["a number", "none", "empty", "no process", "a huge process", "no start"])
def test_an_invalid_claim_stops_neither_the_board_nor_the_others(server, laptop, claim):
    laptop._storage.set_trial_system_attr(laptop.ask()._trial_id, "worker", claim)
    study = join(server, who=f"after {claim!r}"[:40])
    study.optimize(lambda trial: float(len(recover(study))), n_trials=1)
    assert study.trials[-1].value == 0
    rows = server.rows_when(lambda rows: study.trials[-1].user_attrs["who"] in [row["name"] for row in rows])
    assert study.trials[-1].user_attrs["who"] in [row["name"] for row in rows]


def test_another_study_in_the_same_database_is_out_of_reach(server):
    private = optuna.create_study(study_name="private", storage=f"sqlite:///{server.storage}")
    trial = private.ask()
    study = join(server)
    study.ask()  # so that there is a trial of that number in the class as well
    storage = study._storage
    assert optuna.get_all_study_names(storage) == ["class"]
    for request in (
        lambda: optuna.load_study(study_name="private", storage=storage),
        lambda: storage.get_all_trials(private._study_id),
        lambda: storage.get_trial(trial._trial_id),
        lambda: storage.create_new_trial(private._study_id),
        lambda: storage.set_trial_user_attr(trial._trial_id, "note", 1),
        lambda: storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [1.0]),
        lambda: storage.set_study_user_attr(private._study_id, "note", 1),
    ):
        with pytest.raises(KeyError):
            request()
    assert [each.state for each in private.trials] == [TrialState.RUNNING]
    assert private.trials[0].user_attrs == private.user_attrs == {}


def test_what_one_laptop_has_finished_the_next_sees_at_once(server):
    ada, grace = join(server, who="Ada"), join(server, who="Grace")
    before = len(grace.get_trials(states=[TrialState.COMPLETE]))
    for number in range(1, 4):
        ada.optimize(lambda trial: float(len(grace.trials) > 0), n_trials=1)
        assert len(grace.get_trials(states=[TrialState.COMPLETE])) == before + number


def test_the_trials_of_the_last_minute_are_counted():
    trials = [create_trial(value=1.0) for _ in range(3)]
    trials[0].datetime_complete -= timedelta(minutes=2)
    assert sum_up(trials, standings(trials, []))[2:] == (3, 2)


def test_a_learner_whose_trial_takes_an_hour_was_seen_at_the_last_report():
    long_ago = datetime.now() - timedelta(hours=1)
    trial = create_trial(state=TrialState.RUNNING, user_attrs={"who": "Ada"})
    trial.datetime_start = long_ago
    assert standings([trial], [])[0].seen == long_ago
    assert standings([trial], [Contents(trial)])[0].seen > long_ago + timedelta(minutes=59)


@POSIX
def test_it_ends_at_once_and_continues_with_the_same_file(start, tmp_path):
    server = start(tmp_path / "class.db")
    assert "WARNING" not in server.words
    study = join(server, who="Ada")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    waiting = study.ask()
    words, status, seconds = server.interrupt()
    assert (status, seconds < 90) == (0, True), seconds
    assert "The class study has ended: 3 complete, 1 running" in words
    assert f"open_study('class', 'sqlite:///{server.storage}')" in words
    assert [path.name for path in tmp_path.iterdir()] == ["class.db"]  # no log that is not yet in it

    in_file = from_file(server)
    odd = create_trial(value=2.0, user_attrs={"who": "\x1b[31mred"})  # as only the file itself lets through
    in_file.add_trial(odd)
    server = start(tmp_path / "class.db")
    assert "class: 4 complete, 1 running" in server.words
    assert [(row["name"], row["trials"]) for row in server.rows_when(len)] == [("?[31mred", "1"), ("Ada", "3")]
    again = join(server, who="Ada")
    again._storage.set_trial_state_values(waiting._trial_id, TrialState.COMPLETE, [0.5])  # it continued meanwhile
    assert server.rows_when(lambda rows: rows[1]["trials"] == "4")[1]["trials"] == "4"
    words, _, _ = server.interrupt()
    assert re.search(r"\d\d:\d\d:\d\d  4 trials, \d in the last minute, 2 names, best: 2.0000 \?\[31mred", words)
    assert "\x1b" not in words


def test_a_warning_comes_first_where_others_can_reach_it(start, tmp_path):
    server = start(tmp_path / "class.db", host="0.0.0.0")
    assert server.words.startswith("WARNING: these ports have no password.")
    address = re.search(r"--storage grpc://(\S+):(\d+) --trials 10000 --who ADA\n", server.words)
    assert address[2] == str(server.port)
    assert address[1] != "0.0.0.0"
    with pytest.warns(ExperimentalWarning):
        plain = optuna.storages.GrpcStorageProxy(host=address[1], port=server.port)
    plain.wait_server_ready(timeout=60)
    optuna.load_study(study_name="class", storage=plain).optimize(lambda trial: 1.0, n_trials=1)
    assert server.rows_when(len)[0]["name"] == "anonymous"
    assert f"The leader board: http://{address[1]}:{server.page_port}/\n" in server.words


def test_what_prevents_the_start_is_said_in_one_sentence(server, tmp_path):
    expected = {
        ("--port", f"{server.port}"): f"--port {server.port} can't be used (Address already in use); name another",
        ("--page-port", f"{server.page_port}"): f"--page-port {server.page_port} can't be used (Address already",
        ("--host", "203.0.113.7"): "--host 203.0.113.7 is not an address of this machine; 127.0.0.1 lets in",
        ("--storage", f"{tmp_path}/missing/class.db"): f"there is no folder {tmp_path}/missing; create it",
    }
    command = [sys.executable, "-m", "helpers", "classroom", "--storage", str(tmp_path / "class.db")]
    started = {}
    for option in expected:
        ports = ["--port", str(free_port()), "--page-port", str(free_port())]
        started[option] = subprocess.Popen(
            [*command, *ports, *option], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = {option: (process.communicate(timeout=300)[1], process.returncode)
                for option, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
    for option, (words, status) in said.items():
        assert status == 1
        assert expected[option] in words
        assert words.count("\n") == 1


def test_a_storage_or_a_port_that_can_be_none_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("no trials, but a text\n" * 99)
    with pytest.raises(StudyError, match=r"notes.txt is not an SQLite database, and was left as it is; name another"):
        open_database(tmp_path / "notes.txt")
    with pytest.raises(StudyError, match=r"^postgresql\+psycopg://me:\*{3}@127.0.0.1:1/db can't be used \(connection"):
        open_database("postgresql+psycopg://me:secret@127.0.0.1:1/db")
    with pytest.raises(StudyError, match=r"can't be used .*'abc'"):
        open_database("postgresql+psycopg://me:secret@host:abc/name")
    with pytest.raises(StudyError, match="no/such://address can't be used"):
        open_database("no/such://address")
    with pytest.raises(StudyError, match="--port 70000: a port is a number from 1 to 65535"):
        check_port("--port", 70000, "127.0.0.1")


def test_the_study_may_lie_in_postgresql(start, postgres):
    server = start(postgres.url)
    join(server, who="Ada").optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert server.rows_when(lambda rows: rows and rows[0]["trials"] == "2")[0]["name"] == "Ada"
    assert len(optuna.load_study(study_name="class", storage=postgres.url).trials) == 2
    words, _, _ = server.interrupt()
    assert "The class study has ended: 2 complete" in words


def test_a_refusal_reaches_the_laptop_as_one_sentence(server):
    long_name = "A" * 41
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "worker", "tests.faults.soak:objective", "--study", "class",
         "--storage", server.address, "--trials", "1000", "--who", long_name],
        capture_output=True, text=True, timeout=180)  # fmt: skip
    assert done.returncode == 1
    assert "the class study refuses this: a learner's name (who) has 1 to 40 printable characters" in done.stderr
    with pytest.raises(StudyError, match='refuses this: there is one study here, "class"'):
        open_study("mine", server.address)


GATED = """
import time
from pathlib import Path

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    while trial.number == 3 and not Path("server_is_gone").exists():
        time.sleep(0.05)
    trial.report(x, 0)
    return x
"""


def test_a_server_that_goes_away_and_comes_back_costs_the_worker_nothing_that_finished(start, tmp_path):
    first = start(tmp_path / "class.db")
    (tmp_path / "gated.py").write_text(GATED, encoding="utf-8")
    worker = subprocess.Popen(
        [sys.executable, "-m", "helpers", "worker", "gated:objective", "--study", "class",
         "--storage", first.address, "--trials", "12", "--who", "Ada"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while finished(from_file(first)) < 3:
        assert worker.poll() is None
        time.sleep(0.1)
    before = {trial.number: trial.value for trial in from_file(first).get_trials(states=FINISHED)}
    first.process.kill()
    first.process.wait()
    (tmp_path / "server_is_gone").touch()
    time.sleep(1)
    second = start(tmp_path / "class.db", port=first.port)
    _, error = worker.communicate(timeout=180)
    assert worker.returncode == 0, error
    study = from_file(second)
    assert finished(study) == 12
    assert before.items() <= {trial.number: trial.value for trial in study.trials}.items()


LAPTOP = """
import sys, time
from pathlib import Path
from helpers.study import storage, worker_identity, workers
storage.HEARTBEAT, worker_identity.machine = 0.5, lambda: sys.argv[1]

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    while not Path(sys.argv[3]).exists():  # longer than the server waits for a heartbeat, and without a report
        time.sleep(0.05)
    return x

workers.find = lambda _: objective
workers.work("", "class", sys.argv[2], 4, who=sys.argv[1])
"""


@pytest.fixture
def laptops(start, tmp_path):
    """Two laptops in their first trials, as on machines of their own, the class study, and the laptops' gates: files
    for which their trials wait."""
    server = start(tmp_path / "class.db", silent=20)
    study = from_file(server)
    gates = [tmp_path / "Ada", tmp_path / "Grace"]
    laptops = [
        subprocess.Popen([sys.executable, "-c", LAPTOP, gate.name, server.address, str(gate)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for gate in gates
    ]  # fmt: skip
    wait_until(lambda: [trial.params.keys() for trial in study.trials] == [{"x"}] * 2)
    yield *laptops, study, *gates
    for laptop in laptops:
        laptop.kill()
        laptop.communicate()


def test_a_laptop_that_is_gone_costs_the_class_nothing_but_time(laptops):
    ada, grace, study, _, gate_of_grace = laptops
    ada.kill()
    wait_until(lambda: TrialState.FAIL in [trial.state for trial in study.trials])
    gate_of_grace.touch()
    assert grace.wait(timeout=180) == 0, grace.stderr.read()
    trials = {trial.number: trial for trial in study.trials}
    states = [trial.state for trial in trials.values()]
    assert (states.count(TrialState.COMPLETE), states.count(TrialState.FAIL), len(states)) == (4, 1, 5)
    lost = next(trial for trial in trials.values() if trial.state == TrialState.FAIL)
    again = next(trial for trial in trials.values() if trial.system_attrs.get("failed_trial") == lost.number)
    assert (lost.user_attrs["who"], again.user_attrs["who"]) == ("Ada", "Grace")
    assert again.params == lost.params


@POSIX
def test_a_laptop_that_sleeps_and_wakes_continues_with_its_next_trial(laptops):
    ada, grace, study, gate_of_ada, gate_of_grace = laptops

    def by_ada():
        return [trial.state for trial in study.trials if trial.user_attrs.get("who") == "Ada"]

    ada.send_signal(signal.SIGSTOP)
    wait_until(lambda: by_ada()[0] == TrialState.FAIL)
    gate_of_ada.touch()
    ada.send_signal(signal.SIGCONT)
    wait_until(lambda: TrialState.COMPLETE in by_ada())
    gate_of_grace.touch()
    assert [ada.wait(timeout=180), grace.wait(timeout=180)] == [0, 0], ada.stderr.read()
    assert by_ada()[0] == TrialState.FAIL
    assert TrialState.RUNNING not in [trial.state for trial in study.trials]


def test_heartbeats_outlive_the_server_and_cost_the_database_one_request():
    whole, study = in_memory()
    memory = whole._storage
    study._storage.set_trial_system_attr(whole.ask()._trial_id, ALIVE, True)
    silent = whole.ask()  # by a laptop without our helpers, which sends none
    shared = ClassStudy(memory, "class")  # the server, started again
    assert list(shared.heartbeats) == [0]
    shared.heartbeats[0] -= SILENT + 1
    memory.set_trial_system_attr = None
    shared.set_trial_system_attr(0, ALIVE, True)
    assert recover(optuna.load_study(study_name="class", storage=shared)) == []
    assert [trial.state for trial in whole.trials] == [TrialState.RUNNING] * 2
    del memory.set_trial_system_attr
    shared.heartbeats[0] -= SILENT + 1
    recover(optuna.load_study(study_name="class", storage=shared))
    assert [trial.state for trial in whole.trials] == [TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING]
    assert not shared.heartbeats
    with pytest.raises(UpdateFinishedTrialError):
        shared.set_trial_system_attr(0, ALIVE, True)
    assert not shared.heartbeats
    assert silent.number == 1
