"""optuna-dashboard in a process of its own: what it shows, who can reach it, and that it ends with the kernel."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from helpers.commands import FIX
from helpers.dashboard import open_dashboard
from helpers.study import StudyError, open_study
from helpers.study.addresses import hide_password

pytestmark = pytest.mark.slow

ADD_TRIALS = (
    "import sys; from helpers.study import open_study; "
    "open_study('mine', sys.argv[1]).optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=3)"
)


def get(url, path, host=None):
    """The status and the body of a GET request, without any proxy."""
    address, port = url.removeprefix("http://").rstrip("/").split(":")
    connection = http.client.HTTPConnection(host or address, int(port), timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read().decode()


def answers(url):
    try:
        return get(url, "/dashboard")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "my_study.journal"
    open_study("mine", path).optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return path


@pytest.fixture
def opened(journal):
    board = open_dashboard(journal)
    yield board
    board.stop()


def api(board, path):
    return json.loads(get(board.url, f"/api/{path}")[1])


def trials(board):
    study = api(board, "studies")["study_summaries"][0]
    return api(board, f"studies/{study['study_id']}?after=0")["trials"]


def test_the_page_answers_and_the_api_lists_the_study_and_its_trials(opened):
    status, page = get(opened.url, "/dashboard")
    assert status == 200
    assert "<title>Optuna Dashboard</title>" in page
    assert [study["study_name"] for study in api(opened, "studies")["study_summaries"]] == ["mine"]
    assert len(trials(opened)) == 2


def test_it_follows_trials_that_another_process_adds(opened, journal):
    subprocess.run([sys.executable, "-c", ADD_TRIALS, journal], check=True, capture_output=True)
    assert wait_for(lambda: len(trials(opened)) == 5)


def test_it_says_where_it_is_and_what_it_sees_and_shows_a_link(journal, capsys):
    board = open_dashboard(str(journal))
    assert capsys.readouterr().out == f"Dashboard of {journal} at {board.url}\nStudies in it: mine.\n"
    assert f'href="{board.url}"' in board._repr_html_()
    assert repr(board) == f"The dashboard at {board.url} is running."
    assert open_dashboard(journal) is board  # the cell runs again
    assert capsys.readouterr().out == f"It is already running at {board.url}\n"
    board.stop()
    again = open_dashboard(journal)
    assert again is not board
    again.stop()


def test_only_this_machine_reaches_it(opened):
    # 127.0.0.2 is another address of this machine: a server that listens everywhere answers there, ours does not.
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        try:
            socket.create_connection(("127.0.0.2", everywhere.getsockname()[1]), timeout=5).close()
        except OSError:
            pytest.skip("this system has no second address on the loopback")
    with pytest.raises(ConnectionRefusedError):
        get(opened.url, "/dashboard", host="127.0.0.2")


def test_stop_ends_the_process_and_the_second_time_does_nothing(opened):
    opened.stop()
    opened.stop()
    assert opened.process.poll() is not None
    assert not answers(opened.url)
    assert repr(opened) == f"The dashboard at {opened.url} has been stopped."


KERNEL = """
import signal, sys, time
from helpers.dashboard import open_dashboard
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
board = open_dashboard(sys.argv[1])
print(board.url, flush=True)
del board
sys.stdin.read()
"""


@pytest.fixture
def kernel(journal):
    """A process that opens a dashboard as a kernel does, and the address of the dashboard."""
    process = subprocess.Popen(
        [sys.executable, "-c", KERNEL, journal], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True)
    with process:
        yield process, [process.stdout.readline() for _ in range(3)][-1].strip()
        process.kill()


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_it_ends_with_the_kernel_however_that_ends(kernel, end):
    process, url = kernel
    assert answers(url)
    getattr(process, end)()
    process.wait()
    assert wait_for(lambda: not answers(url))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")
def test_an_interrupt_of_the_kernel_does_not_reach_it(kernel, opened):
    process, url = kernel
    os.killpg(process.pid, signal.SIGINT)  # as Jupyter's stop button does
    assert process.stdout.readline() == "interrupted\n"
    assert answers(url)
    assert os.getpgid(opened.process.pid) == opened.process.pid  # in no group of a kernel's


def refused(path_or_url, words, **options):
    with pytest.raises(StudyError) as caught:
        open_dashboard(path_or_url, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_storage_that_would_show_nothing_is_refused_with_a_sentence(tmp_path, journal, monkeypatch):
    monkeypatch.chdir(tmp_path / "..")
    refused("my_study.journal", f"{tmp_path.parent / 'my_study.journal'} does not exist")
    refused("sqlite:///my_study.db", "my_study.db does not exist")
    refused("sqlite:/my_study.db", "write sqlite:///my_study.db")
    assert not (tmp_path.parent / "my_study.db").exists()
    refused(tmp_path, f"{tmp_path} is a directory")
    refused(open_study("in memory"), "got a Study; give it the file of the study")
    refused("grpc://host:13000", "can't open grpc://host:13000; on the machine that serves the")
    (tmp_path / "table.csv").write_text("text,label\n", encoding="utf-8")
    refused(tmp_path / "table.csv", "table.csv does not begin like a journal")


def test_a_database_of_sqlite_may_be_named_by_its_file_or_its_url(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    open_study("in a database", "sqlite:///study.db")
    for name in ("study.db", "sqlite:///study.db"):
        board = open_dashboard(name)
        assert "Studies in it: in a database." in capsys.readouterr().out
        board.stop()


def test_a_storage_without_a_study_is_reported(tmp_path, capsys):
    (tmp_path / "empty.journal").touch()
    open_dashboard(tmp_path / "empty.journal").stop()
    assert "Studies in it: none yet. Is this the file of your study?" in capsys.readouterr().out


def test_a_port_that_is_taken_is_named(journal):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused(journal, f"port {port} can't be used (", port=port)


def test_a_broken_journal_gives_its_reason(tmp_path):
    (tmp_path / "broken.journal").write_text('{"op_code":broken\n{}\n', encoding="utf-8")
    refused(tmp_path / "broken.journal", "broken.journal did not start: JSONDecodeError: ")


def test_a_password_in_the_address_of_a_database_is_not_repeated():
    with pytest.raises(StudyError) as caught:
        open_dashboard("nosuchdatabase://me:secret@127.0.0.1/studies")
    assert "nosuchdatabase://me:***@127.0.0.1/studies did not start: NoSuchModuleError: " in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("url", "shown"), [
    ("postgresql+psycopg://me:secret@host:5432/db", "postgresql+psycopg://me:***@host:5432/db"),
    ("postgresql://me:se/cret@host/db", "postgresql://me:***@host/db"),
    ("postgresql://host/db?password=secret&sslmode=require", "postgresql://host/db?password=***&sslmode=require"),
    ("postgresql://me:se@cret@host/db", "postgresql://me:***@host/db"),
    ("postgresql://me:secret@host:port/db", "postgresql://me:***@host:port/db"),
    ("postgresql://host:port/db?password=secret", "postgresql://host:port/db?password=***"),
    ("no/such://me:secret@host", "no/such://me:***@host"),
    ("sqlite:///C:\\me@work\\study.db", "sqlite:///C:\\me@work\\study.db"),
    ("/home/me@work/study.journal", "/home/me@work/study.journal"),
])
def test_a_password_is_hidden_in_whatever_is_shown(url, shown):
    assert hide_password(url) == shown


def test_a_missing_package_is_named_with_its_fix(journal, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused(journal, f"optuna-dashboard is missing. {FIX}")
