"""What people write where a storage is asked for: misspelt, it gets the address that was meant, and makes no file."""

import os
import re
from pathlib import Path

import optuna
import pytest

from helpers.classroom.server import open_database
from helpers.dashboard import find_storage
from helpers.study import StudyError, count_trials, open_study, run_workers

optuna.logging.set_verbosity(optuna.logging.ERROR)
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has paths like these, and no such names of files")

MISSPELT = {
    "": "the storage is empty; name a file for the study, like study.journal",
    "  ": "the storage is empty",
    "study.db": "write sqlite:///study.db, or, for a journal file, study.journal",
    "deep/study.sqlite3": "write sqlite:///deep/study.sqlite3, or, for a journal file, study.journal",
    "sqlite:study.db": "begins with three slashes; write sqlite:///study.db",
    "sqlite:/study.db": "begins with three slashes; write sqlite:///study.db",
    "sqlite://study.db": "begins with three slashes; write sqlite:///study.db",
    "SQLite:///study.db": "begins with three slashes; write sqlite:///study.db",
    "sqlite+pysqlite:/study.db": "begins with three slashes; write sqlite:///study.db",
    "sqlite://": "sqlite:// is the memory of this process; name a file, or leave the storage out",
    "sqlite:///:memory:": "is the memory of this process",
    "127.0.0.1:23000": "is a host and a port; write grpc://127.0.0.1:23000 to join the study there",
    "ada-laptop.local:13000": "is a host and a port; write grpc://ada-laptop.local:13000",
    "192.168.1.7": "is the address of a machine; to join a study there, write grpc://192.168.1.7:13000",
    "http://127.0.0.1:13001": "write grpc://host:port, like grpc://127.0.0.1:13000, or the path",
    "grpc:127.0.0.1:13000": "write grpc://host:port",
    "https://files.example.org/my/study.journal": "or the path of a file on this machine, like study.journal",
    "postgresql+psycopg://me:se@cret@host/name": "write %40 for the one in the password",
    "postgres://me:secret@host/name": "write postgresql+psycopg://user@host/name",
    "postgresql:/me:secret@host/name": "write postgresql+psycopg://user@host/name",
    "mysterious://a": "is not a database's address; write for example sqlite:///study.db",
    "file:///home/ada/study.journal": "is not a database's address; write for example sqlite:///study.db",
    "sqlite:///what?.db": "? and % have another meaning; rename the file or its folder",
    "sqlite:///study.db?timeout=3": "? and % have another meaning",
    "sqlite:///a%20b.db": "? and % have another meaning",
    "sqlite:///nowhere/study.db": "/nowhere; create it, or name another file",
}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("address", "sentence"), MISSPELT.items())
def test_a_misspelt_address_is_told_what_was_meant_and_makes_no_file(address, sentence, here):
    with pytest.raises(StudyError, match=re.escape(sentence)) as caught:
        open_study("mine", address)
    assert list(here.iterdir()) == []
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    if advice := re.search(r"write (sqlite:///\w+\.db)", sentence):
        open_study("mine", advice[1])
        assert [path.name for path in here.iterdir()] == ["study.db"]


@POSIX
@pytest.mark.parametrize("address", [r"C:\Users\Ada\study.journal", "C:/Users/Ada/study.journal",
                                     r"sqlite:///C:\Users\Ada\study.db", r"\\server\share\study.journal"])
def test_a_path_of_windows_is_named_elsewhere(address, here):
    with pytest.raises(StudyError, match="is a Windows path, and this is not Windows"):
        open_study("mine", address)
    assert list(here.iterdir()) == []


def test_what_is_no_address_at_all_is_named():
    for storage in (5, ["study.journal"], optuna.create_study()):
        with pytest.raises(StudyError, match=f"the storage is a {type(storage).__name__}; give the path of a file"):
            open_study("mine", storage)


def test_a_file_of_another_kind_is_told_its_kind_and_stays_as_it_is(here):
    open_study("mine", "sqlite:///base.db")
    open_study("mine", "base.journal")
    Path("renamed.journal").write_bytes(Path("base.db").read_bytes())
    Path("notes.txt").write_text("lr 0.1 is too high\n", encoding="utf-8")
    Path("lines.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    Path("settings.json").write_text('{"lr": 0.1}\n', encoding="utf-8")
    Path("short").write_text("a", encoding="utf-8")
    before = {path: path.read_bytes() for path in here.iterdir()}
    no_journal = "does not begin like a journal, and was left as it is; name another file for the study, or, if"
    no_sqlite = "is not an SQLite database, and was left as it is; name another file"
    for address, sentence in {
        "base.db": "base.db is an SQLite database; write sqlite:///base.db",
        "renamed.journal": "renamed.journal is an SQLite database; write sqlite:///renamed.journal",
        "sqlite:///base.journal": "base.journal is a journal file, not an SQLite database; write its name without",
        "notes.txt": no_journal, "lines.txt": no_journal, "settings.json": no_journal, "short": no_journal,
        "sqlite:///notes.txt": no_sqlite, "sqlite:///short": no_sqlite,
        str(here): "is a directory; name a file in it for the study, like",
        f"sqlite:///{here}": "is a directory; name a file in it for the study, like sqlite:///",
    }.items():
        with pytest.raises(StudyError, match=sentence):
            open_study("mine", address)
        assert {path: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.parametrize("last", [b"\n", b"garbage\n", b'{"op_code":', b'{"op_code":0,\n'])
def test_a_journal_whose_last_line_is_damaged_is_cut_or_left_as_it_is(last, here):
    open_study("mine", "study.journal").enqueue_trial({"x": 1})
    whole = Path("study.journal").read_bytes()
    Path("study.journal").write_bytes(whole + last)
    if last.endswith(b"\n"):
        with pytest.raises(StudyError, match=r"holds lines that are not of a journal; .* -m helpers repair"):
            open_study("mine", "study.journal")
        assert Path("study.journal").read_bytes() == whole + last
    else:
        assert count_trials(open_study("mine", "study.journal")) == "1 waiting"


@pytest.mark.parametrize("folder", [".", "C# course", "100% mine", "{braces}", "Übung", "with space"])
def test_an_unusual_name_is_taken_as_it_is(folder, here):
    Path(folder).mkdir(exist_ok=True)
    names = ["a#b", "{0}", "ä ö", "50%"] if folder == "." else ["study"]
    for name in names:
        for address in (f"{folder}/{name}.journal", f"sqlite:///{folder}/{name}.db"):
            open_study("mine", address).enqueue_trial({"x": 1})
            assert count_trials(open_study("mine", address)) == "1 waiting"
    assert sorted(path.stem for path in Path(folder).iterdir() if path.is_file()) == sorted(2 * names)


def test_a_tilde_is_the_home_directory(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    open_study("mine", "~/study.journal")
    open_study("mine", "sqlite:///~/study.db")
    assert sorted(path.name for path in here.iterdir()) == ["study.db", "study.journal"]


def parabola(trial):
    return trial.suggest_float("x", 0, 1) ** 2


@pytest.mark.parametrize("address", ["study.journal", "sqlite:///study.db"])
def test_a_relative_path_stays_the_same_file_when_the_directory_changes(address, here, monkeypatch):
    study = open_study("mine", address)
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    run_workers(parabola, study, 3, workers=1)
    assert list((here / "elsewhere").iterdir()) == []
    monkeypatch.chdir(here)
    assert count_trials(open_study("mine", address)) == "3 complete"


def test_a_name_and_a_storage_in_the_wrong_order_are_seen(here):
    for arguments, advice in {
        ("study.journal",): 'write open_study(name, "study.journal")',
        ("study.db",): 'write open_study(name, "sqlite:///study.db")',
        ("study.journal", "mine"): 'write open_study(name, "study.journal")',
        ("sqlite:///study.db",): 'write open_study(name, "sqlite:///study.db")',
    }.items():
        with pytest.raises(StudyError, match=re.escape(advice)):
            open_study(*arguments)
    assert list(here.iterdir()) == []


def test_the_class_needs_a_database_and_says_so(here):
    open_study("mine", "base.journal")
    Path("odd.txt").write_bytes(Path("base.journal").read_bytes())
    for storage, sentence in {
        "study.journal": "is the name of a journal, and this needs a database; name an SQLite file, like study.db",
        "odd.txt": "is the name of a journal",
        "grpc://127.0.0.1:1": "can't be used",
        "127.0.0.1:13000": "is a host and a port",
        "sqlite:/class.db": "write sqlite:///class.db",
        "what?.db": "? and % have another meaning",
    }.items():
        with pytest.raises(StudyError, match=re.escape(sentence)):
            open_database(storage)
        assert sorted(path.name for path in here.iterdir()) == ["base.journal", "odd.txt"]
    for storage in ("class.db", "sqlite:///second.db", "{0}#.db"):
        open_database(storage).engine.dispose()
    assert {"class.db", "second.db", "{0}#.db"} <= {path.name for path in here.iterdir()}


def test_the_dashboard_opens_the_file_that_was_named(here):
    for name in ("a#b.db", "{0}.db", "50%.db"):
        open_study("mine", f"sqlite:///{name}")
        assert optuna.get_all_study_names(find_storage(name)) == ["mine"]
    Path("a%20b.db").write_bytes(Path("50%.db").read_bytes())
    with pytest.raises(StudyError, match="% have another meaning"):
        find_storage("a%20b.db")
    assert not Path("a b.db").exists()
