"""What a teacher hands out, and the solutions that stay on the teacher's machine."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from helpers.authoring import handout
from helpers.teaching import progress_store
from tests.notebooks.tidy_notebooks import NOTEBOOKS, exercises

EXERCISES = {path.name: exercises(nbformat.read(path, as_version=4)) for path in NOTEBOOKS}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "handout"
    handout.handout(folder)
    return folder


def test_a_handout_holds_no_solution_and_all_stubs_and_hints(course):
    texts = {path.relative_to(course).as_posix(): path.read_text(encoding="utf-8")
             for pattern in ("*.ipynb", "*.md", "*.py", "*.toml") for path in course.rglob(pattern)}
    assert [name for name, text in texts.items() if "<summary>Solution</summary>" in text and ".py" not in name] == []
    for name, original in EXERCISES.items():
        cells = nbformat.reads(texts[f"notebooks/{name}"], as_version=4).cells
        whole = nbformat.read(handout.ROOT / "notebooks" / name, as_version=4).cells
        assert [cell.source for cell in cells if cell.cell_type == "code"] == [
            cell.source for cell in whole if cell.cell_type == "code"]
        for one in original:
            below = cells[one.cell + 1].source
            assert one.below["expected"] in below
            assert below.endswith("</details>")
            assert below.count("<summary>Hint</summary>") == 1
            assert one.below["solution"] not in below


def test_a_handout_is_a_whole_course_without_tests_and_without_what_the_teacher_has_done(course):
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=handout.ROOT, capture_output=True, text=True).stdout.split("\0")
    if not listed[0]:
        pytest.skip("not a clone")
    expected = [name for name in listed if name and not name.startswith(("tests/", "."))]
    expected = [name for name in expected if not name.endswith("survey_key.md")]
    there = [path.relative_to(course).as_posix() for path in course.rglob("*") if path.is_file()]
    assert sorted(there) == sorted(set(expected))


@pytest.mark.slow
def test_the_commands_work_in_a_handout(course, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "progress"], cwd=course, capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": str(course), "TUNING_PROGRESS": str(tmp_path / "progress.json")})
    assert done.stdout.startswith("lesson 01  ...")
    assert done.stderr == ""


def test_each_stub_is_replaced_by_its_solution_and_nothing_else_changes(tmp_path):
    handout.rewrite(handout.with_solutions, tmp_path)
    for path in NOTEBOOKS:
        before, after = (nbformat.read(folder / path.name, as_version=4).cells for folder in (path.parent, tmp_path))
        changed = {number: cell.source for number, (cell, old) in enumerate(zip(after, before, strict=True))
                   if cell != old}
        assert changed == {one.cell: one.solved() for one in EXERCISES[path.name]}


@pytest.mark.slow
def test_the_solutions_of_a_lesson_are_run_and_right_and_the_teachers_own_progress_stays(tmp_path, monkeypatch):
    own = tmp_path / "own.json"
    monkeypatch.setenv("TUNING_BUDGET", "smoke")
    monkeypatch.setenv("TUNING_PROGRESS", str(own))
    monkeypatch.setattr(progress_store, "PATH", own)
    rows = handout.solutions(["01"], tmp_path / "solutions")
    assert [(name, errors) for name, *_, errors in rows] == [("01_the_transformer_that_lost", [])]
    solved = json.loads((tmp_path / "solutions" / "progress.json").read_text(encoding="utf-8"))["solved"]
    assert sorted(solved) == ["01.1", "01.2", "01.3"]
    assert "01.1: right." in (tmp_path / "solutions" / "01_the_transformer_that_lost.ipynb").read_text(encoding="utf-8")
    assert not own.exists()
