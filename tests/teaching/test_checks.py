import signal
import threading
import time
import warnings

import nbformat
import numpy as np
import pytest
import torch
from ipykernel.compiler import get_file_name
from nbclient import NotebookClient

from helpers.teaching import checks, feedback, progress_store


@pytest.fixture(autouse=True)
def _an_exercise(monkeypatch):
    """99.1 asks for a function that returns 42."""

    def the_answer(function):
        given = checks.returned(function)
        checks.need(given == 42, f"{given} is not the answer.")
        return "That is the answer."

    monkeypatch.setitem(checks.EXERCISES, "99.1", checks.Exercise(the_answer, seconds=60))


def judge(answer, seconds=60):
    return checks.run_check(checks.EXERCISES["99.1"]._replace(seconds=seconds), answer)


def from_a_cell(*body):
    """A function as a notebook's cell defines it, with the file name that the kernel gives to the cell."""
    source = "\n    ".join(["def answer():", *body])
    cell = {}
    exec(compile(source, get_file_name(source), "exec"), cell)
    return cell["answer"]


def test_the_three_verdicts():
    assert judge(lambda: 42) == ("right", "That is the answer.")
    assert judge(lambda: 41) == ("not yet", "41 is not the answer.")
    dots = "write your answer in place of the three dots, then run the cell again."
    for untouched in (..., lambda: ..., ("LSTM", ...)):
        assert judge(untouched) == ("not answered yet", dots)


def test_dots_that_are_left_between_other_code_are_named_with_their_line():
    verdict, words = judge(from_a_cell("x = ...", "return x + 1"))
    assert verdict == "not answered yet"
    assert words.startswith("write your answer in place of the three dots in line 3 of the cell, ")


@pytest.mark.parametrize("body", ["return", "42", "print(42)"])
def test_an_answer_without_return_or_with_print_in_its_place_returns_none(body):
    assert judge(from_a_cell(body)) == (
        "not yet", "your function returns None. Is the return missing, or does it print the result instead?")


@pytest.mark.parametrize(("value", "same"), [(2, 2), (np.int64(2), 2), (np.array(2.5), 2.5), (torch.tensor(2.5), 2.5)])
def test_numbers_of_numpy_and_torch_are_numbers(value, same):
    assert checks.number(value, "it is") == same


@pytest.mark.parametrize("value", ["2", None, True, [2], np.array([2]), float("nan")])
def test_what_is_not_a_number_is_shown(value):
    with pytest.raises(checks.Wrong, match=r"it is .+; it should be a number\."):
        checks.number(value, "it is")


def test_a_hint_is_given_only_if_it_explains_all_wrong_numbers():
    def mistakes(x, y):
        return {"a difference.": x - y, "a product.": x * y}

    def hint(function):
        try:
            checks.compare(function, lambda x, y: x + y, [(2, 2), (4, 2), (5, 1)], mistakes,
                           what=lambda x, y: f"for {x} and {y} it returns", otherwise="no sum.")
        except checks.Wrong as wrong:
            return str(wrong)

    assert hint(lambda x, y: x + y) is None
    assert hint(lambda x, y: x * y) == "for 4 and 2 it returns 8: a product."
    assert hint(lambda x, y: x - y) == "for 2 and 2 it returns 0: a difference."
    assert hint(lambda x, y: 8) == "for 2 and 2 it returns 8: no sum."


def test_an_old_name_of_optuna_is_refused_with_the_new_name():
    def old():
        warnings.warn("suggest_uniform has been deprecated. Use suggest_float instead.", FutureWarning, stacklevel=2)
        return 42

    assert judge(old) == (
        "not yet", "your code raised FutureWarning: suggest_uniform has been deprecated. Use suggest_float instead.")


def goes_on_after_exceptions():
    while True:
        try:
            int("1")
        except Exception:
            continue


def returns_when_it_is_stopped():
    try:
        while True:
            pass
    except BaseException:
        return 42


@pytest.mark.parametrize("endless", [goes_on_after_exceptions, returns_when_it_is_stopped])
def test_an_endless_answer_is_stopped(endless):
    verdict, words = judge(endless, seconds=0.2)
    assert verdict == "not yet"
    assert "still running after 0.2 seconds and was stopped" in words


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="on Windows a wait is not interrupted")
@pytest.mark.parametrize("wait", [time.sleep, threading.Event().wait])
def test_an_answer_that_waits_is_stopped_too(wait):
    start = time.monotonic()
    verdict, words = judge(lambda: wait(60), seconds=0.2)
    assert verdict == "not yet"
    assert "still running after 0.2 seconds and was stopped" in words
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("step", ["start", "cancel"])
def test_an_answer_whose_time_is_over_before_it_begins_or_as_it_ends_is_stopped_too(step, monkeypatch):
    class Timer(threading.Timer):
        def start(self):
            super().start()
            if step == "start":
                self.join()

        def cancel(self):
            if step == "cancel":
                self.join()
            super().cancel()

    monkeypatch.setattr(checks.threading, "Timer", Timer)
    try:
        verdict, words = judge(lambda: 42, seconds=0.2)
    except KeyboardInterrupt:
        pytest.fail("the interrupt went past the check")
    assert verdict == "not yet"
    assert "still running after 0.2 seconds and was stopped" in words


def test_in_a_kernel_too_an_endless_answer_is_stopped_and_the_kernel_goes_on():
    endless = """
from helpers.teaching import checks
def answer():
    while True:
        pass
print(checks.run_check(checks.Exercise(lambda function: function(), seconds=0.2), answer))"""
    cells = [nbformat.v4.new_code_cell(source) for source in (endless, "print('on')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=600).execute()
    assert "was stopped" in notebook.cells[0].outputs[0].text
    assert notebook.cells[1].outputs[0].text == "on\n"


def test_the_button_of_the_toolbar_interrupts_an_answer_as_it_does_any_cell():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(interrupted)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (["x = 1", "return x / 0"], "your code raised ZeroDivisionError in line 3 of the cell: division by zero"),
        (["return sorted([1, 'a'])"], "your code raised TypeError in line 2 of the cell: '<' not supported"),
        (["raise SystemExit('enough')"], "your code raised SystemExit in line 2 of the cell: enough"),
        (["assert False"], "your code raised AssertionError in line 2 of the cell."),
        (["return a_name_with_a_typo"], "NameError in line 2 of the cell: name 'a_name_with_a_typo' is not defined"),
    ],
)
def test_an_exception_of_the_answer_becomes_one_sentence_with_its_line(body, words):
    verdict, sentence = judge(from_a_cell(*body))
    assert verdict == "not yet"
    assert words in sentence


def test_an_exception_outside_of_any_cell_has_no_line():
    assert judge(lambda: [] + 1)[1] == 'your code raised TypeError: can only concatenate list (not "int") to list'


def test_an_answer_that_is_no_function_is_shown():
    assert judge(3)[1] == "3 is not a function; pass the function itself, without calling it."


def test_an_exercise_that_does_not_exist_is_an_error_that_lists_those_that_do():
    with pytest.raises(ValueError, match=r"no exercise '9\.9'; the exercises are 01\.1, .*03\.2, "):
        checks.check("9.9", lambda: 42)


def test_only_a_right_answer_is_recorded_and_each_is_shown(capsys):
    checks.check("99.1")
    checks.check("99.1", lambda: 41)
    checks.check("99.1", from_a_cell("return 1 / 0"))
    assert not progress_store.solved()
    checks.check("99.1", lambda: 42)
    assert list(progress_store.solved()) == ["99.1"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "99.1: not answered yet: write your answer in place of the three dots, then run the cell again."
    assert lines[1] == "99.1: not yet: 41 is not the answer."
    assert lines[2].startswith("99.1: not yet: your code raised ZeroDivisionError")
    assert lines[3] == "99.1: right. That is the answer."


def test_in_a_notebook_the_words_are_escaped_and_stand_as_plain_text_too(monkeypatch):
    shown = []
    monkeypatch.setattr(feedback, "get_ipython", object)
    monkeypatch.setattr(feedback, "display", lambda data, raw: shown.append(data))
    checks.check("99.1", lambda: "<b>1 & 2</b>")
    assert shown[0]["text/plain"] == "99.1: not yet: <b>1 & 2</b> is not the answer."
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt; is not the answer." in shown[0]["text/html"]
    assert "<b>1" not in shown[0]["text/html"]
