import nbformat
import pytest

from helpers import recorded
from helpers.authoring import minutes, provenance

TEXT = ("# 04 · Run\n\n*About 30 minutes, as it was.*\n\n" + "word " * 674 + "\n\n### Exercise 04.1 · 4 minutes\n\n"
        "## Ten tries · 3 minutes\n\n")
SOLUTION = "<details>\n" + "word " * 500 + "</details>\n```text\n" + "word " * 500 + "\n```"
README = "| [04 Run a study](notebooks/04_run.ipynb) | 45 | 100 trials |\n| [05 See](notebooks/05_see.ipynb) | 65 | |\n"
MAP = "| **04** run a study | 45 | 100 trials |\n| **10** the error clinic | 2 per entry | |\n"


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    for module in (recorded, provenance):
        monkeypatch.setattr(module, "RECORDED", tmp_path)
    path = tmp_path / "04_run.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(TEXT + SOLUTION)]), path)
    return path


def test_a_lesson_that_was_not_timed_keeps_what_it_says(lesson):
    assert minutes.with_header(lesson) == nbformat.read(lesson, as_version=4)
    assert minutes.totals([lesson]) == {}


def test_a_walk_gives_the_minutes_of_the_lessons_that_ran_without_an_error(lesson):
    minutes.write_measured([("05_see", 3.0, 1, []), ("06_own", 3.0, 1, ["ValueError"])], 0)
    minutes.write_measured([("04_run", 10.04, 60, [])], 0)
    assert minutes.measured() == {"04": 10.0, "05": 3.0}
    header = ('*About 25 minutes: 3 to read, 7 for exercises and "Ten tries", 3 for quick questions, and 10 while the '
              "machine computes.*")
    notebook = minutes.with_header(lesson)
    assert notebook.cells[0].source.splitlines()[2] == header
    for table in (README, MAP):
        assert minutes.with_totals(table, minutes.totals([lesson])) == table.replace("| 45 |", "| 25 |")
    nbformat.write(notebook, lesson)
    assert minutes.with_header(lesson) == notebook
