"""Every exercise as learners meet it: the untouched stub, the mistakes on the way, and the solution."""

import copy
import importlib
import inspect
import json
import os
import re

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.teaching import checks
from tests.notebooks import tidy_notebooks
from tests.teaching.right_answers import RIGHT
from tests.teaching.test_quizzes import headings

NOTEBOOKS = {path.stem[:2]: nbformat.read(path, as_version=4) for path in tidy_notebooks.NOTEBOOKS}
EXERCISES = {  # those that are whole; tests/notebooks/test_rules.py says what the others lack
    lesson: [exercise for exercise in tidy_notebooks.exercises(notebook) if exercise.call and exercise.below]
    for lesson, notebook in NOTEBOOKS.items()
}
LESSONS = [lesson for lesson, exercises in EXERCISES.items() if exercises]
NAMES = [exercise.name for lesson in LESSONS for exercise in EXERCISES[lesson]]
FUNCTIONS = [exercise.name for lesson in LESSONS for exercise in EXERCISES[lesson]
             if exercise.stub.startswith("def ") and ", (" not in exercise.call[0]]

PATIENT = "from helpers.teaching import checks\nchecks.exercise.__defaults__ = (600,)"  # seconds, on a busy machine


def verdicts(cell):
    """What checks.check showed under a cell; lines that were printed on the way, and progress bars, don't count."""
    return [output.data["text/plain"] for output in cell.outputs
            if output.output_type == "display_data" and "application/vnd.jupyter.widget-view+json" not in output.data]


def wrong_answers(lesson):
    return importlib.import_module(f"tests.teaching.wrong_answers.lesson_{lesson}").WRONG


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_stub_is_not_answered_yet_and_its_solution_is_right(lesson, tmp_path, monkeypatch):
    """One run of the notebook proves both: under each untouched exercise the same cell is repeated, solved."""
    record = tmp_path / "progress.json"
    monkeypatch.setenv("TUNING_PROGRESS", str(record))
    without_ray = tidy_notebooks.NOTEBOOKS[0].parents[1] / "tests" / "notebooks" / "without_ray"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(without_ray), os.environ.get("PYTHONPATH", "")]))
    notebook = copy.deepcopy(NOTEBOOKS[lesson])
    for exercise in reversed(EXERCISES[lesson]):
        notebook.cells.insert(exercise.cell + 1, nbformat.v4.new_code_cell(exercise.solved()))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(PATIENT))
    # in a folder of its own, so that it shares no file with the run of nbval that may be running at the same time
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()

    for inserted, exercise in enumerate(EXERCISES[lesson], start=1):
        stub, solved = notebook.cells[exercise.cell + inserted :][:2]
        (verdict,) = verdicts(stub)
        assert verdict.startswith(f"{exercise.name}: not answered yet: ")
        assert verdicts(solved) == [exercise.below["expected"]]
    assert set(json.loads(record.read_bytes())["solved"]) == {exercise.name for exercise in EXERCISES[lesson]}


def judge(name, answer):
    checks.load_exercises()
    return checks.run_check(checks.EXERCISES[name]._replace(seconds=600), answer)


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_may_be_written_in_another_way(name):
    for answer in RIGHT[name]:
        assert judge(name, answer)[0] == "right", judge(name, answer)[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_without_return_is_told_that_it_returns_none(name):
    verdict, hint = judge(name, lambda *arguments: print("the answer"))
    assert verdict == "not yet"
    assert hint.startswith("your function returns None.")


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_are_refused_and_each_gets_its_own_hint(name):
    answers = wrong_answers(name[:2])[name]
    assert len(answers) >= 3
    hints = []
    for answer, words in answers:
        verdict, hint = judge(name, answer)
        assert verdict == "not yet", f"{words!r} was awaited, but the verdict is {verdict!r}"
        assert words in hint
        hints.append(hint)
    assert len(set(hints)) == len(hints)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_section_that_a_hint_names_is_there(lesson):
    checks = importlib.import_module(f"helpers.teaching.exercises.lesson_{lesson}")
    named = re.findall(r'section \\"(.+?)\\"', inspect.getsource(checks))
    assert set(named) <= set(headings(lesson))


@pytest.mark.parametrize("lesson", LESSONS)
def test_there_are_wrong_answers_for_each_exercise_of_a_lesson_and_no_others(lesson):
    assert list(wrong_answers(lesson)) == [exercise.name for exercise in EXERCISES[lesson]]
