import contextlib
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from helpers.study import StudyError, count_trials, open_storage, open_study, run_until
from helpers.study.storage import recover
from helpers.study.worker_identity import claim, claims_of, is_dead, machine
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
optuna.logging.set_verbosity(optuna.logging.ERROR)

HANGING = """
import sys, time, optuna
from helpers.study import open_study
optuna.logging.set_verbosity(optuna.logging.ERROR)

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    print(trial.number, flush=True)
    if sys.stdin.readline() == "die":
        time.sleep(100)
    return x

study = open_study("{name}", "{storage}", who="Ada")
print("open", flush=True)
study.optimize(objective, n_trials=1)
"""


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def storage(request, tmp_path):
    """The address of a new storage of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_database()
    return f"{tmp_path}/deep/study.journal" if request.param == "journal" else f"sqlite:///{tmp_path}/study.db"


def worker_in_a_trial(name, storage):
    """Another process that has begun a trial and waits for a line. Returns the process and the trial's number."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING.format(name=name, storage=storage)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line == "open\n":
            return process, int(process.stdout.readline())
    raise AssertionError("the worker ended before its trial")


def let_an_hour_pass(database):
    """Sets the last heartbeat of a worker's trial back by an hour."""
    until = time.monotonic() + 180
    with contextlib.closing(sqlite3.connect(database, timeout=60)) as file:
        while not file.execute("SELECT count(*) FROM trial_heartbeats").fetchone()[0]:
            assert time.monotonic() < until, "the worker's first heartbeat did not come within three minutes"
            time.sleep(0.05)
        file.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
        file.commit()


def kill(process):
    process.kill()
    process.wait()


def test_a_trial_of_a_killed_worker_fails_and_its_parameters_are_tried_again_twice_at_most(storage, capsys):
    settings = []
    for attempt in range(3):
        process, number = worker_in_a_trial("mine", storage)
        assert number == attempt
        kill(process)
        study = open_study("mine", storage)
        settings.append(study.trials[number].params)
        queued = "" if attempt == 2 else ", 1 waiting"
        assert f"mine: {attempt + 1} failed{queued} (1 of a dead worker" in capsys.readouterr().out
    assert settings[0] == settings[1] == settings[2] != {}
    assert study.trials[2].user_attrs["who"] == "Ada"
    run_until(study, lambda trial: trial.suggest_float("x", 0, 1), 1)
    assert count_trials(open_study("mine", storage)) == "1 complete, 3 failed"


def test_a_live_workers_trial_is_left_alone(storage, capsys):
    process, _ = worker_in_a_trial("mine", storage)
    study = open_study("mine", storage)
    assert "1 running since 20" in capsys.readouterr().out
    assert recover(study) == []
    process.communicate("go on\n", timeout=120)
    assert count_trials(open_study("mine", storage)) == "1 complete"


@pytest.mark.slow
def test_of_several_that_find_a_dead_trial_one_queues_it_again(storage):
    process, _ = worker_in_a_trial("mine", storage)
    kill(process)
    code = f"from helpers.study import open_study; open_study('mine', {storage!r})"
    together = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [process.wait() for process in together] == [0] * 4
    assert count_trials(open_study("mine", storage)) == "1 failed, 1 waiting"


def taken(storage, trials, state, together, won):
    """Another process, which tries to set the state of all trials at the same moments as its siblings."""
    opened = open_storage(storage)
    for trial in trials:
        together.wait(180)
        try:
            won.put(trial if opened.set_trial_state_values(trial, state) else None)
        except optuna.exceptions.UpdateFinishedTrialError:
            won.put(None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"), [(TrialState.WAITING, TrialState.RUNNING), (TrialState.RUNNING, TrialState.FAIL)])
def test_of_four_that_reach_for_a_trial_at_the_same_moment_one_gets_it(storage, before, after):
    opened = open_storage(storage)
    study = opened.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "mine")
    trials = [opened.create_new_trial(study, optuna.trial.create_trial(state=before)) for _ in range(15)]
    spawn = multiprocessing.get_context("spawn")
    together, won = spawn.Barrier(4), spawn.Queue()
    processes = [spawn.Process(target=taken, args=(storage, trials, after, together, won)) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [won.get(timeout=180) for _ in range(4 * 15)]
    for process in processes:
        process.join()
    assert sorted(answer for answer in answers if answer is not None) == trials


def test_a_trial_that_waited_belongs_to_the_worker_that_took_it(storage):
    open_study("mine", storage).enqueue_trial({"x": 0.5})
    process, _ = worker_in_a_trial("mine", storage)
    assert count_trials(open_study("mine", storage)).startswith("1 running")
    assert open_study("mine", storage).trials[0].user_attrs["who"] == "Ada"
    kill(process)
    study = open_study("mine", storage)
    assert count_trials(study) == "1 failed, 1 waiting"
    run_until(study, lambda trial: trial.suggest_float("x", 0, 1), 1)
    assert study.best_value == 0.5


def test_who_came_too_late_for_a_waiting_trial_does_not_keep_a_dead_worker_alive(storage):
    study = open_study("mine", storage)
    study.enqueue_trial({"x": 0.5})
    opened, waiting = open_storage(storage), study.trials[0]._trial_id
    process, _ = worker_in_a_trial("mine", storage)
    assert not opened.set_trial_state_values(waiting, TrialState.RUNNING)
    kill(process)
    assert recover(study) == [0]


def test_a_thread_that_came_too_late_leaves_its_sibling_the_trial(storage):
    study = open_study("mine", storage)
    study.enqueue_trial({"x": 0.5})
    opened, waiting = open_storage(storage), study.trials[0]._trial_id
    assert opened.set_trial_state_values(waiting, TrialState.RUNNING)
    sibling = threading.Thread(target=opened.set_trial_state_values, args=(waiting, TrialState.RUNNING))
    sibling.start()
    sibling.join()
    assert claims_of(opened.get_trial(waiting)) == [claim()]


def test_a_trial_without_a_claim_is_never_dead(tmp_path):
    path = str(tmp_path / "a.journal")
    plain = optuna.storages.JournalStorage(JournalFileBackend(path, JournalFileOpenLock(path)))
    optuna.create_study(study_name="mine", storage=plain, direction="maximize").ask()
    study = open_study("mine", path)
    assert recover(study) == []
    assert count_trials(study).startswith("1 running since")


def test_a_claim_is_dead_only_where_this_machine_knows_it():
    assert not is_dead(claim())
    where, process, start = claim().rsplit(":", 2)
    assert is_dead(f"{where}:{process}:{start}9")  # the number belongs to another process now
    assert not is_dead(f"another/machine:{process}:{start}9")
    code = "from helpers.study.worker_identity import claim; print(claim()); input()"
    child = subprocess.Popen([sys.executable, "-c", code],
                             cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    theirs = child.stdout.readline().strip()
    assert theirs.rsplit(":", 2)[0] == machine()
    assert not is_dead(theirs)
    child.kill()
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # gone, but nobody has collected it yet: a zombie
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert is_dead(theirs)
    child.wait()
    assert is_dead(theirs)


def test_where_there_is_no_proc_a_clock_that_is_set_makes_nobody_dead(monkeypatch):
    """As on macOS: psutil's create_time() moves with the clock there, its private _ident does not (7.2.2)."""
    machine()
    monkeypatch.setattr("helpers.study.worker_identity.Path", lambda path: Path("nowhere") / path.lstrip("/"))
    mine = claim()
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 1e9)
    assert claim() == mine
    assert claims_of(optuna.trial.create_trial(value=0, system_attrs={"worker": mine})) == [mine]
    assert not is_dead(mine)


def test_a_process_that_ends_while_it_is_looked_at_is_dead(monkeypatch):
    me = claim()

    def ends(process):  # its file under /proc was opened, and can't be read any more
        raise ProcessLookupError

    monkeypatch.setattr("helpers.study.worker_identity._start", ends)
    assert is_dead(me)


@pytest.mark.slow
def test_a_database_finds_the_dead_of_other_machines_by_their_heartbeat(tmp_path, monkeypatch):
    storage = f"sqlite:///{tmp_path}/study.db"
    process, _ = worker_in_a_trial("mine", storage)
    let_an_hour_pass(tmp_path / "study.db")
    kill(process)
    let_an_hour_pass(tmp_path / "study.db")  # its thread may have written one more heartbeat before the kill
    monkeypatch.setattr("helpers.study.worker_identity.machine", lambda: "another/machine")
    assert count_trials(open_study("mine", storage)) == "1 failed, 1 waiting"


def test_if_a_laptop_slept_its_own_live_workers_are_not_dead(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    process, _ = worker_in_a_trial("mine", storage)
    let_an_hour_pass(tmp_path / "study.db")
    study = open_study("mine", storage)
    study.optimize(lambda trial: 0.5, n_trials=1)  # Optuna looks for silent trials before each of its own
    process.communicate("go on\n", timeout=120)
    assert count_trials(study) == "2 complete"


@pytest.mark.parametrize("reports", [False, True])
def test_a_worker_whose_trial_others_marked_as_failed_continues_with_the_next(storage, reports):
    def objective(trial):
        if trial.number == 0:
            optuna.load_study(study_name="mine", storage=open_storage(storage)).tell(0, state=TrialState.FAIL)
            if reports:
                trial.report(0.5, 1)
        return 1.0

    study = open_study("mine", storage)
    run_until(study, objective, 3)
    assert count_trials(study) == "3 complete, 1 failed"


@pytest.mark.slow
def test_a_new_storage_and_study_made_by_several_at_the_same_moment_is_one(storage):
    code = ("import sys; from helpers.study import open_study; print('ready', flush=True); sys.stdin.readline(); "
            f"study = open_study('mine', {storage!r}); study.enqueue_trial({{'x': 1}})")
    together = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in together:
        process.stdout.readline()
    for process in together:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=180)[1] for process in together]
    assert [process.returncode for process in together] == [0] * 6, errors
    assert count_trials(open_study("mine", storage)) == "6 waiting"


THIRTY = """
import multiprocessing, optuna, sys
from helpers.study import database, open_study
database.RECONNECT = 500  # SQLite's lock is not fair: on a slow machine, one of thirty may wait for more than a minute
optuna.logging.set_verbosity(optuna.logging.ERROR)

def write(i):
    study = open_study("mine", "{storage}", sampler=optuna.samplers.RandomSampler(seed=i))
    study.optimize(objective, n_trials=2)

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(3):
        trial.report(x, step)
    return x

writers = [multiprocessing.get_context("fork").Process(target=write, args=(i,)) for i in range(30)]
for writer in writers: writer.start()
for writer in writers: writer.join()
sys.exit(max(writer.exitcode for writer in writers))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork, and thirty processes take it minutes")
def test_thirty_writers_at_once_lose_nothing(storage):
    code = THIRTY.format(storage=storage)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    study = open_study("mine", storage)
    assert count_trials(study) == "60 complete"
    assert [trial.number for trial in study.trials] == list(range(60))
    assert len({trial.params["x"] for trial in study.trials}) == 60
    assert all(trial.value == trial.params["x"] == trial.intermediate_values[2] for trial in study.trials)


@pytest.mark.slow
def test_what_cannot_be_opened_is_named_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    port = free_port()
    for address, words in {
        tmp_path / "file" / "study.journal": "can't be written",
        "mysql://a@127.0.0.1/b": "needs a driver that is not installed",
        f"postgresql+psycopg://ada:secret@127.0.0.1:{port}/a": "can't be opened: connection",
        "postgresql+psycopg://ada:secret@host:abc/name": "can't be opened: .*'abc'",
        "grpc://127.0.0.1": "names no host and port",
        f"grpc://127.0.0.1:{port}": "nothing answers at",
    }.items():
        with pytest.raises(StudyError, match=words) as caught:
            open_storage(address)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
