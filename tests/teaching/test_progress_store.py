import json
import threading

import pytest

from helpers.teaching import progress_store


def test_a_record_begins_empty_and_makes_no_file(record):
    assert not progress_store.solved()
    assert progress_store.tries() == []
    assert not record.exists()


def test_what_is_solved_stays_with_the_time_of_the_first_time(record):
    progress_store.solve("03.2")
    first = json.loads(record.read_text(encoding="utf-8"))
    first["solved"]["03.2"] = "2026-01-01T12:00:00"
    record.write_text(json.dumps(first), encoding="utf-8")
    progress_store.solve("03.2")
    progress_store.solve("03 question 1")
    assert list(progress_store.solved()) == ["03.2", "03 question 1"]
    assert json.loads(record.read_text(encoding="utf-8"))["solved"]["03.2"] == "2026-01-01T12:00:00"
    assert list(record.parent.iterdir()) == [record]


def test_tries_come_back_in_their_order_and_leave_the_solved_alone():
    progress_store.solve("03.2")
    tries = [{"lr": 0.01, "accuracy": 0.5}, {"lr": 0.001, "accuracy": 0.7}]
    for settings in tries:
        progress_store.add_try(settings)
    assert progress_store.tries() == tries
    assert list(progress_store.solved()) == ["03.2"]


def test_a_try_that_ends_while_a_question_is_answered_costs_neither(monkeypatch):
    progress_store.solve("01 question 1")
    answer, write = threading.Thread(target=progress_store.solve, args=["01 question 2"]), progress_store._write

    def in_between(progress):
        monkeypatch.setattr(progress_store, "_write", write)
        answer.start()
        answer.join(1)  # it has to wait for us
        write(progress)

    monkeypatch.setattr(progress_store, "_write", in_between)
    progress_store.add_try({"lr": 0.01})
    answer.join()
    assert list(progress_store.solved()) == ["01 question 1", "01 question 2"]
    assert progress_store.tries() == [{"lr": 0.01}]


def test_reset_forgets_all_even_where_there_is_nothing(capsys):
    progress_store.solve("03.2")
    progress_store.add_try({"lr": 0.01})
    progress_store.reset()
    progress_store.reset()
    assert not progress_store.solved()
    assert progress_store.tries() == []
    assert capsys.readouterr().out == 2 * "Your progress is empty.\n"


@pytest.mark.parametrize("broken", ["{", "", "[1, 2]", '{"solved": {"03.2": '])
def test_a_broken_file_is_kept_and_the_record_starts_again(record, capsys, broken):
    record.write_text(broken, encoding="utf-8")
    assert not progress_store.solved()
    assert capsys.readouterr().out == (
        "progress.json could not be read, so your progress starts again; the old file is kept as progress.broken.\n")
    assert record.with_suffix(".broken").read_text(encoding="utf-8") == broken
    progress_store.solve("03.2")
    assert list(progress_store.solved()) == ["03.2"]


def test_a_record_that_cannot_be_kept_is_reported_and_is_no_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress_store, "PATH", tmp_path / "no such folder" / "progress.json")
    progress_store.solve("03.2")
    assert "can't be kept" in capsys.readouterr().out
    assert not progress_store.solved()
