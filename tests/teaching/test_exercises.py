"""What learners answer on the way to the solution; tests/browser/test_notebooks.py tries the stub and the solution."""

import importlib
import inspect
import re

import nbformat
import pytest

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


def wrong_answers(lesson):
    return importlib.import_module(f"tests.teaching.wrong_answers.lesson_{lesson}").WRONG


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
