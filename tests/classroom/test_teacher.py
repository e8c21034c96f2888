"""What the teacher does: remove a name or a trial, end the class at a time, write the board as CSV."""

import csv
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from types import SimpleNamespace

import grpc
import optuna
import pytest
from optuna.storages import get_storage
from optuna.trial import TrialState, create_trial

from helpers.classroom import access_control, remove, write_csv
from helpers.classroom.leaderboard import standings
from helpers.classroom.limits import Refused
from helpers.classroom.server import open_database, time_of_today, watch
from helpers.study import StudyError, open_study
from tests.classroom.server import from_file, in_memory, join

pytestmark = pytest.mark.slow


def names(rows):
    return [row["name"] for row in rows]


def test_a_removed_name_is_gone_from_board_file_and_laptops_and_cannot_come_back(start, tmp_path):
    server = start(tmp_path / "class.db")
    ada, eve = join(server, "Ada"), join(server, "Eve")
    ada.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    eve.optimize(lambda trial: 1e9 + trial.suggest_categorical("x2", [1, 2]), n_trials=1)
    running = eve.ask()
    assert ada.best_value > 1e9
    assert names(server.rows_when(lambda rows: names(rows) == ["Eve", "Ada"])) == ["Eve", "Ada"]

    assert remove("class", server.storage, names=["Eve "]) == "removed: 2 trials (2 of Eve, 3 of Eve)"
    assert names(server.rows_when(lambda rows: len(rows) == 1)) == ["Ada"]
    best = max(trial.value for trial in ada.trials[:2])
    assert ada.best_value == from_file(server).best_value == best  # Ada's laptop had read Eve's trials before
    gone = from_file(server).trials[2]
    assert (gone.state, gone.value, gone.params) == (TrialState.FAIL, None, {})
    assert gone.user_attrs["reason"].startswith("removed by the teacher; its value was 10000000")
    with pytest.raises(ValueError, match="Cannot tell a FAIL trial"):
        eve.tell(running, 1e9)
    with pytest.raises(grpc.RpcError, match="the teacher has removed Eve; ask what happened"):
        eve.ask()
    with pytest.raises(grpc.RpcError, match="the teacher has removed Eve"):
        join(server).ask().set_user_attr("who", "Eve")
    ada.optimize(lambda trial: trial.suggest_categorical("x2", ["a", "b"]) == "a", n_trials=1)  # not Eve's choices
    assert ada.trials[-1].state == TrialState.COMPLETE
    assert from_file(server).trials[0].params.keys() == {"x"}


def test_a_removed_trial_leaves_its_learner_the_others(start, tmp_path):
    server = start(tmp_path / "class.db")
    ada = join(server, "Ada")
    for value in (0.5, 1e9):
        ada.optimize(lambda trial, value=value: value, n_trials=1)
    assert remove("class", server.storage, numbers=[1]) == "removed: 1 trial (1 of Ada)"
    row, = server.rows_when(lambda rows: rows and rows[0]["best"] == "0.5000")
    assert (row["name"], row["best"], row["trials"]) == ("Ada", "0.5000", "1")
    ada.optimize(lambda trial: 0.75, n_trials=1)
    assert server.rows_when(lambda rows: rows[0]["best"] == "0.7500")[0]["trials"] == "2"
    assert [trial.number for trial in ada.trials] == [0, 1, 2]


def test_what_a_removed_name_ends_before_the_server_looks_is_removed_too(tmp_path, monkeypatch):
    database = open_database(tmp_path / "class.db")
    optuna.create_study(study_name="class", storage=database, direction="maximize")
    shared = access_control.ClassStudy(get_storage(database), "class")
    laptop = optuna.load_study(study_name="class", storage=shared)
    monkeypatch.setattr(access_control._request, "caller", ["Eve", "ipv4:10.0.0.1"], raising=False)

    def one(value):
        trial = laptop.ask()
        trial.set_user_attr("who", "Eve")
        laptop.tell(trial, value)

    def bar(study, key, value, now=optuna.Study.set_user_attr):
        """The last step of a removal."""
        one(2e9)
        now(study, key, value)

    def read_again(database):
        """Notes whether a laptop could end a trial between the removal and this."""
        thread = threading.Thread(target=write_in_between)
        thread.start()
        thread.join()
        return get_storage(database)

    def write_in_between():
        could.append(shared.writing.acquire(blocking=False))
        if could[-1]:
            shared.writing.release()

    could = []
    one(1e9)
    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "set_user_attr", bar)
        assert remove("class", tmp_path / "class.db", names=["Eve"]) == "removed: 1 trial (0 of Eve)"
    one(3e9)
    monkeypatch.setattr("helpers.classroom.server.get_storage", read_again)
    access_control._request.caller = None
    over, page = threading.Event(), SimpleNamespace(board="")
    over.set()
    watch(shared, database, page, over)  # looks once

    assert could == [False]
    states = [(trial.state, trial.values, "removed" in trial.system_attrs) for trial in laptop.trials]
    assert states == 3 * [(TrialState.FAIL, None, True)]
    assert laptop.trials[0].user_attrs["reason"] == "removed by the teacher; its value was 1000000000.0"
    assert "Eve" not in page.board
    access_control._request.caller = ["Eve", "ipv4:10.0.0.1"]
    with pytest.raises(Refused, match="the teacher has removed Eve"):
        one(4e9)


def of_the_class(tmp_path, direction="maximize"):
    """A study as of a class that has ended."""
    study = open_study("class", f"sqlite:///{tmp_path}/class.db", direction)
    for number, who in enumerate(["Ada", "=HYPERLINK(1)", "Søren", "Ada"]):
        trial = study.ask()
        trial.set_user_attr("who", who)
        study.tell(trial, trial.suggest_float("lr", 0, 1) * 0 + number)
    study.enqueue_trial({"lr": 1}, user_attrs={"who": "Queuer"})
    return study


def test_what_is_not_there_is_not_removed_and_said(tmp_path):
    study = of_the_class(tmp_path)
    with pytest.raises(StudyError) as caught:
        remove("class", tmp_path / "class.db", names=["Eve", "Ada"], numbers=[77])
    assert str(caught.value) == ("no trial of Eve and no trial 77; there are 5 trials, and the names are: "
                                 "=HYPERLINK(1), Ada, Queuer, Søren")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4 + ["WAITING"]
    with pytest.raises(StudyError, match=r'there is no study "clas" in .*class\.db; name it with --study: class'):
        remove("clas", tmp_path / "class.db", names=["Ada"])
    with pytest.raises(StudyError, match=r"there is no file .*other\.db; name the one of the class with --storage"):
        remove("class", tmp_path / "other.db", names=["Ada"])
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == ["class.db"]


@pytest.mark.parametrize(("direction", "order"), [("maximize", ["Ada", "Søren", "'=HYPERLINK(1)", "Queuer"]),
                                                  ("minimize", ["Ada", "'=HYPERLINK(1)", "Søren", "Queuer"])])
def test_the_board_as_csv_is_in_order_and_holds_no_formula(tmp_path, direction, order):
    study = of_the_class(tmp_path, direction)
    assert write_csv(tmp_path / "board.csv", "class", tmp_path / "class.db").endswith("the leader board, 4 names")
    with open(tmp_path / "board.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == order
    assert (float(rows[0]["best"]), rows[0]["trials"]) == (study.best_value, "2")
    assert float(rows[0]["lr"]) == study.best_params["lr"]
    assert int(rows[0]["number of the best"]) == study.best_trial.number
    assert rows[-1]["last seen"] == rows[-1]["lr"] == ""
    with pytest.raises(StudyError, match=r"board.csv can't be written \(No such file or directory\); name another"):
        write_csv(tmp_path / "missing" / "board.csv", "class", tmp_path / "class.db")


def test_the_commands_do_the_same_and_start_no_server(tmp_path):
    of_the_class(tmp_path)
    command = [sys.executable, "-m", "helpers", "classroom", "--storage", str(tmp_path / "class.db")]
    done = subprocess.run([*command, "--remove-name", "Ada", "--remove-trial", "1", "--csv", "board.csv"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=180)
    assert done.stdout == ("removed: 3 trials (0 of Ada, 1 of =HYPERLINK(1), 3 of Ada)\n"
                           "board.csv: the leader board, 2 names\n"), done.stderr
    done = subprocess.run([*command, "--remove-name", "Eve"], capture_output=True, text=True, timeout=180)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("no trial of Eve; there are 5 trials")


def test_the_class_ends_at_a_time():
    _, study = in_memory()
    study._storage.until = datetime.now() + timedelta(hours=1)
    access_control._request.caller = ["Ada", "ipv4:10.0.0.1"]
    try:
        study.enqueue_trial({"x": 1})
        running, waiting = study.ask(), None
        study.enqueue_trial({"x": 2})
        study._storage.until = end = datetime.now()
        with pytest.raises(Refused, match=f"the class ended at {end:%H:%M}; no trial begins any more"):
            study.ask()
        assert study.tell(running, 0.5).value == 0.5  # what has begun may end
        waiting = study.trials[1]
    finally:
        del access_control._request.caller
    assert waiting.state == TrialState.WAITING


def test_the_end_is_on_the_board(start, tmp_path):
    if f"{datetime.now():%H:%M}" >= "23:50":
        pytest.skip("ten minutes before midnight")
    server = start(tmp_path / "class.db", until="23:59")
    assert "<dd>23:59</dd>" in server.get_when("/board", "Ends at")


def test_an_end_that_is_no_time_or_past_is_said():
    with pytest.raises(StudyError, match="--until tea: write a time of today, like 14:30"):
        time_of_today("tea")
    with pytest.raises(StudyError, match=r"--until 00:00 is past; it is \d\d:\d\d"):
        time_of_today("00:00")
    assert time_of_today(None) is None


def test_a_study_file_that_is_deleted_is_said_once(start, tmp_path):
    server = start(tmp_path / "class.db")
    join(server, "Ada").optimize(lambda trial: 1.0, n_trials=1)
    if sys.platform == "win32":
        pytest.skip("Windows deletes no open file")
    server.storage.rename(tmp_path / "moved.db")
    said = server.line_with("can't be renewed")
    assert "class.db was deleted or moved, and what the class finds now is lost; end this with Ctrl-C" in said
    (tmp_path / "moved.db").rename(server.storage)
    assert "1 trials" in server.line_with("in the last minute")


def test_a_study_that_is_deleted_is_said_to_teacher_and_laptops(start, tmp_path):
    server = start(tmp_path / "class.db")
    study = join(server, "Ada")
    study.optimize(lambda trial: 1.0, n_trials=1)
    optuna.delete_study(study_name="class", storage=f"sqlite:///{server.storage}")
    assert 'the study "class" was deleted; end this with Ctrl-C, and start' in server.line_with("can't be renewed")
    with pytest.raises(grpc.RpcError, match="the study of the class was deleted; ask the teacher"):
        study.ask()
    words, status, _ = server.interrupt()
    assert (status, "The class study has ended: its trials can't be read" in words) == (0, True)


def test_a_trial_is_removed_from_postgresql_too(postgres):
    study = open_study("of the teacher", postgres.url)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + 1e9, n_trials=1)
    study.optimize(lambda trial: 0.5, n_trials=1)
    assert remove("of the teacher", postgres.url, numbers=[0]) == "removed: 1 trial (0 of anonymous)"
    assert optuna.load_study(study_name="of the teacher", storage=postgres.url).best_value == 0.5


def test_where_smaller_is_better_the_smallest_leads_and_the_line_to_join_says_so(start, tmp_path):
    server = start(tmp_path / "class.db", direction="minimize")
    assert "--direction minimize" in server.words
    for who, value in (("Ada", 0.5), ("Grace", 0.25)):
        open_study("class", server.address, "minimize", who=who).optimize(lambda trial, value=value: value, n_trials=1)
    assert "<dd>0.2500 <small>Grace</small></dd>" in server.get_when("/board", "Grace</small>")
    assert names(server.rows()) == ["Grace", "Ada"]


def test_a_value_that_breaks_a_constraint_is_not_the_best():
    trials = [create_trial(value=0.5, user_attrs={"who": "Ada"}),
              create_trial(value=0.9, user_attrs={"who": "Ada"}, system_attrs={"constraints:size": 1.0})]
    row, = standings(trials, [])
    assert (row.best.value, row.finished) == (0.5, 2)
