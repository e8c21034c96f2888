"""Files that can't be written, or that are deleted or replaced while a study runs: one sentence, at once."""

import contextlib
import errno
import io
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest

from helpers.classroom.server import open_database
from helpers.study import StudyError, count_trials, open_study, run_until, run_workers

optuna.logging.set_verbosity(optuna.logging.CRITICAL)
pytestmark = pytest.mark.slow
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions, and deletes no open file")
NEVER = 100_000  # seconds: a wait for the storage would last until the test is killed


def parabola(trial):
    trial.report(0.5, 0)
    return trial.suggest_float("x", 0, 1) ** 2


def address_in(folder, kind):
    return str(folder / "study.journal") if kind == "journal" else f"sqlite:///{folder}/study.db"


@pytest.fixture(params=["journal", "sqlite"])
def kind(request):
    return request.param


@pytest.fixture(autouse=True)
def _never_waits(monkeypatch):
    monkeypatch.setattr("helpers.study.retry.RECONNECT", NEVER)
    monkeypatch.setattr("helpers.study.database.RECONNECT", NEVER)


@pytest.fixture
def folder():
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)
        os.chmod(name, 0o777)


def as_nobody(work, *arguments):
    """What `work` returns, or the sentence that it raises, in a process of a user without rights."""
    fork = multiprocessing.get_context("fork")
    answer = fork.Queue()

    def child():
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            answer.put(work(*arguments))
        except StudyError as error:
            answer.put(str(error))

    process = fork.Process(target=child)
    process.start()
    try:
        return answer.get(timeout=120)
    finally:
        process.kill()
        process.join()


class Drive:
    """A network drive: while `away` is an error's number, what is read or written of a journal fails with it."""

    def __init__(self):
        self.away, self.waited = None, 0

    def fsync(self, file):
        if self.away:
            raise OSError(self.away, os.strerror(self.away))

    def open(self, *arguments):
        self.fsync(None)
        return open(*arguments)

    def sleep(self, seconds):
        """Comes back when somebody waits for the third time."""
        self.waited += 1
        self.away = self.away if self.waited < 3 else None


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_a_network_drive_that_comes_back_is_waited_for(tmp_path, monkeypatch, number):
    drive = Drive()
    monkeypatch.setattr(os, "fsync", drive.fsync)
    monkeypatch.setattr("helpers.study.retry.time", SimpleNamespace(monotonic=time.monotonic, sleep=drive.sleep))
    study = open_study("mine", tmp_path / "study.journal")

    def objective(trial):
        if trial.number == 2 and not drive.waited:
            drive.away = number
        return parabola(trial)

    run_until(study, objective, 4)
    assert drive.waited == 3
    assert look(tmp_path / "study.journal") == "4 complete, 1 failed"


def test_a_network_drive_that_is_away_when_the_progress_bar_looks_does_not_end_the_run(tmp_path, monkeypatch):
    drive, looks = Drive(), []
    monkeypatch.setattr("helpers.study.journal.open", drive.open, raising=False)
    monkeypatch.setattr("helpers.study.retry.time", SimpleNamespace(monotonic=time.monotonic, sleep=drive.sleep))
    study = open_study("mine", tmp_path / "study.journal")

    def best_so_far(study):
        looks.append(setattr(drive, "away", errno.EIO))
        return str(study.best_value)

    monkeypatch.setattr("helpers.study.lifecycle.best_so_far", best_so_far)
    run_workers(parabola, study, 2, workers=1)
    drive.away = None
    assert looks
    assert drive.waited >= 3
    assert count_trials(study) == "2 complete"


def test_a_network_drive_that_stays_away_ends_the_run_with_a_sentence_and_loses_nothing(tmp_path, monkeypatch):
    drive = Drive()
    monkeypatch.setattr(os, "fsync", drive.fsync)
    monkeypatch.setattr("helpers.study.retry.RECONNECT", -1)
    path = tmp_path / "study.journal"
    study = open_study("mine", path)
    with pytest.raises(StudyError, match=r"was unavailable for .*study.journal can't be reached \(Input/output error"):
        run_until(study, parabola, 4, callbacks=[lambda study, trial: setattr(drive, "away", errno.EIO)])
    with pytest.raises(StudyError, match=r"can't be reached .*; check its drive, then run again"):
        open_study("another", path)
    drive.away = None
    assert look(path) == "1 complete"
    run_until(open_study("mine", path), parabola, 3)


def look(address):
    return count_trials(open_study("mine", address))


def opening(address):
    """What is printed when it is opened."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        open_study("mine", address)
    return said.getvalue()


def go_on(address):
    run_until(open_study("mine", address), parabola, 5)


PERMISSIONS = {"the file": (0o444, 0o777), "the folder": (0o666, 0o555), "both": (0o444, 0o555)}


@POSIX
@pytest.mark.parametrize("what", PERMISSIONS)
def test_a_read_only_study_can_be_looked_at_and_says_at_once_that_it_can_not_be_run(kind, what, folder):
    address = address_in(folder, kind)
    study = open_study("mine", address)
    run_until(study, parabola, 3)
    study.ask()  # by a process that is dead, for those who look
    [file] = folder.glob("study.*")
    file.chmod(PERMISSIONS[what][0])
    folder.chmod(PERMISSIONS[what][1])
    before = file.read_bytes()
    assert as_nobody(look, address).startswith("3 complete, 1 running since")
    *note, line = as_nobody(opening, address).splitlines()
    assert line.startswith("mine: 3 complete, 1 running since")
    if (kind, what) != ("sqlite", "the folder"):  # there SQLite finds the study before it would have to write
        assert note[0].startswith(f"opened read-only: {file} can't be written (")
    said = as_nobody(go_on, address)
    assert f"{file} can't be written (" in said
    assert "then run again" in said
    assert "\n" not in said
    assert file.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [file.name]


@POSIX
def test_a_new_study_in_a_read_only_file_or_folder_is_refused_at_once(kind, folder):
    address = address_in(folder, kind)
    folder.chmod(0o555)
    assert "can't be" in as_nobody(look, address)
    folder.chmod(0o777)
    open_study("another", address)
    [file] = folder.glob("study.*")
    file.chmod(0o444)
    assert f"{file} can't be written (" in as_nobody(look, address)


@POSIX
@pytest.mark.parametrize("what", PERMISSIONS)
def test_the_file_of_a_class_can_be_looked_at_where_nothing_can_be_written(what, folder):
    address = address_in(folder, "sqlite")
    database = open_database(folder / "study.db")
    optuna.create_study(study_name="mine", storage=database, direction="maximize").optimize(parabola, n_trials=3)
    database.engine.dispose()
    assert [path.name for path in folder.iterdir()] == ["study.db"]  # no log that is not yet in it
    (folder / "study.db").chmod(PERMISSIONS[what][0])
    folder.chmod(PERMISSIONS[what][1])
    assert as_nobody(look, address) == "3 complete"
    assert f"{folder / 'study.db'} can't be written (" in as_nobody(go_on, address)


@POSIX
def test_what_is_no_study_is_named_in_a_read_only_folder_as_well(folder):
    (folder / "notes.txt").write_text("one\n", encoding="utf-8")
    folder.chmod(0o555)
    assert "does not begin like a journal" in as_nobody(look, str(folder / "notes.txt"))
    assert "is not an SQLite database" in as_nobody(look, f"sqlite:///{folder}/notes.txt")


@POSIX
def test_a_lock_that_was_left_in_a_read_only_folder_is_not_waited_for(folder):
    address = address_in(folder, "journal")
    run_until(open_study("mine", address), parabola, 3)
    os.symlink(address, f"{address}.lock")
    folder.chmod(0o555)
    assert as_nobody(look, address) == "3 complete"
    assert "study.journal can't be written (" in as_nobody(go_on, address)


def delete(folder):
    for file in folder.glob("study.*"):
        file.unlink()


def replace(folder):
    """Puts the longer file of another study in the place of this one, in one step."""
    [file] = [file for file in folder.iterdir() if file.suffix in (".journal", ".db")]
    file.with_name("another").replace(file)


def move_away(folder):
    folder.rename(folder.with_name("moved"))


class Once:
    """An objective in whose third trial something happens to the study's file."""

    def __init__(self, happens, folder):
        self.happens, self.folder = happens, folder

    def __call__(self, trial):
        if trial.number == 2:
            self.happens(self.folder)
        return parabola(trial)


@POSIX
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(("happens", "sentence"), [
    (delete, r"study\.\w+ does not exist; .*put it back and run again"),
    (move_away, r"study\.\w+ does not exist; .*put it back and run again"),
    (replace, r"study\.\w+ is another file than before: someone has deleted or replaced it; .*open the study again"),
])
def test_a_file_that_goes_while_a_trial_runs_ends_the_run_at_once(kind, happens, sentence, workers, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    study, objective = open_study("mine", address_in(folder, kind)), Once(happens, folder)
    if happens is replace:
        (tmp_path / "another").mkdir()
        another = open_study("another", address_in(tmp_path / "another", kind))
        for number in range(30):
            another.tell(another.ask(), number)
        [file] = (tmp_path / "another").iterdir()
        file.rename(folder / "another")
    with pytest.raises(StudyError, match=sentence) as caught:
        run_workers(objective, study, 5, workers=workers) if workers else run_until(study, objective, 5)
    assert "\n" not in str(caught.value)
    if happens is replace:
        assert count_trials(open_study("another", address_in(folder, kind))) == "30 complete"
    else:
        assert not folder.exists() or list(folder.iterdir()) == []


@POSIX
def test_a_study_that_was_put_back_goes_on(kind, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    study = open_study("mine", address_in(folder, kind))
    with pytest.raises(StudyError, match="does not exist"):
        run_until(study, Once(move_away, folder), 5)
    shutil.move(tmp_path / "moved", folder)
    study = open_study("mine", address_in(folder, kind))
    run_until(study, parabola, 5)
    assert count_trials(study).startswith("5 complete")


def test_a_damaged_database_is_named_at_once(tmp_path):
    address = address_in(tmp_path, "sqlite")
    study = open_study("mine", address)
    run_until(study, parabola, 3)
    with contextlib.closing(sqlite3.connect(tmp_path / "study.db")) as connection:
        pages = connection.execute("PRAGMA page_size").fetchone()[0]
    damaged = (tmp_path / "study.db").read_bytes()
    (tmp_path / "study.db").write_bytes(damaged[:pages] + b"\xff" * (len(damaged) - pages))
    with pytest.raises(StudyError, match=r"is damaged .*go back to a copy|can't be opened: database disk image"):
        run_until(open_study("mine", address), parabola, 5)


@pytest.mark.postgres
def test_a_database_whose_user_may_not_write_says_so_at_once(postgres):
    import psycopg

    url = postgres.new_database()
    run_until(open_study("mine", url), parabola, 3)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("drop role if exists guest")
        connection.execute("create role guest login")
        connection.execute("grant select on all tables in schema public to guest")
    as_guest = url.replace("tuner@", "guest@")
    assert look(as_guest) == "3 complete"
    with pytest.raises(StudyError, match=r"the database can't be written: .*permission denied"):
        go_on(as_guest)
