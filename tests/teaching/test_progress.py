"""What `progress.show()` says at the beginning, in the middle and at the end."""

import re

import pytest

from helpers.teaching import feedback, progress, progress_store, quizzes

LESSONS = {"01": ["01.1", "01 question 1"], "02": ["02.1", "02.2", "02 question 1", "02 question 2"], "03": ["03.1"]}


@pytest.fixture(autouse=True)
def _three_lessons(monkeypatch):
    monkeypatch.setattr(progress, "known", lambda: LESSONS)


def shown(capsys, *solved):
    for name in solved:
        progress_store.solve(name)
    progress.show()
    return capsys.readouterr().out.splitlines()


def test_a_beginner_sees_what_there_is_and_where_to_begin(capsys):
    assert shown(capsys) == [
        "lesson 01  ..  0 of 2",
        "lesson 02  ....  0 of 4",
        "lesson 03  .  0 of 1",
        "What you solve will appear here. The first exercises and questions are in lesson 01.",
        "Your progress is kept in progress.json, on this machine only. To start again: progress.reset()",
    ]


def test_in_the_middle_it_names_what_is_open_in_the_lesson_of_the_latest_solution(capsys):
    lines = shown(capsys, "03.1", "02 question 1", "02.1", "an old name")
    assert lines[:3] == ["lesson 01  ..  0 of 2", "lesson 02  ##..  2 of 4", "lesson 03  #  1 of 1"]
    assert lines[3] == "Still open in lesson 02: 02.2, 02 question 2."


def test_after_a_lesson_that_is_done_comes_the_next_one_with_something_open(capsys):
    assert "Still open in lesson 02: 02.1, 02.2," in shown(capsys, "01 question 1", "01.1")[3]
    assert "Still open in lesson 02: 02.1, 02.2," in shown(capsys, "03.1")[3]  # after the last comes the first


def test_at_the_end_all_is_solved(capsys):
    lines = shown(capsys, *(name for names in LESSONS.values() for name in names))
    assert lines[1] == "lesson 02  ####  4 of 4"
    assert lines[3] == "All exercises and questions are solved."


def test_after_a_reset_nothing_is_solved(capsys):
    shown(capsys, "01.1")
    progress.reset()
    assert "lesson 01  ..  0 of 2" in shown(capsys)


def test_in_a_notebook_there_are_bars_that_say_their_numbers(capsys, monkeypatch):
    bundles = []
    monkeypatch.setattr(feedback, "get_ipython", lambda: "a kernel")
    monkeypatch.setattr(feedback, "display", lambda bundle, raw: bundles.append(bundle))
    assert shown(capsys, "02.1") == []
    (bundle,) = bundles
    assert "lesson 02  #...  1 of 4" in bundle["text/plain"]
    page = bundle["text/html"]
    bars = re.findall('role="progressbar" aria-label="lesson (..)" .*?aria-valuemax="(.)" aria-valuenow="(.)"', page)
    assert bars == [("01", "2", "0"), ("02", "4", "1"), ("03", "1", "0")]
    assert re.findall(r"width: (\d+)%; height: 100%", page) == ["0", "25", "0"]
    assert [text for text in ("0 of 2", "1 of 4", "0 of 1") if f"<span>{text}</span>" in page] == [
        "0 of 2", "1 of 4", "0 of 1"]
    assert "Still open in lesson 02: 02.2," in page
    assert "progress.reset()" in page


def test_all_exercises_and_questions_are_known(monkeypatch):
    monkeypatch.undo()
    known = progress.known()
    assert list(known)[:5] == ["01", "02", "03", "04", "05"]
    assert "03.2" in known["03"]
    for lesson in quizzes.all_questions():
        assert known[lesson][-len(quizzes.all_questions()[lesson]) :] == quizzes.names(lesson)
        assert known[lesson][0] == f"{lesson}.1"
