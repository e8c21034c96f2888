"""The plans: their sums, their breaks, what they name in the lessons, and that one can run what they say."""

import re
import subprocess
import sys

import pytest

from helpers.authoring import plans
from tests.notebooks.tidy_notebooks import HEADING, NOTEBOOKS

PLANS = plans.plans()
EVENINGS = [name for name in PLANS if name.startswith("Evening")]
MINUTES = {found["name"]: int(found["minutes"]) for path in NOTEBOOKS for cell in plans.read(path.stem[:2]).cells
           for found in HEADING.finditer(cell.source)}
LESSONS = {path.stem[:2]: plans.sections(plans.read(path.stem[:2])) for path in NOTEBOOKS}
PAIRS = [(name, lesson) for name, (_, rows) in PLANS.items()
         for lesson in sorted({row.lesson for row in rows if row.how == "run"})]


def exercises(row):
    return re.findall(r"Exercise (\d\d\.\d)", row.what)


def test_there_are_the_four_plans():
    assert list(PLANS) == ["90 minutes", "Half a day", "A full day", "Evening 1", "Evening 2", "Evening 3", "Evening 4"]
    assert [total for total, _ in PLANS.values()] == [90, 210, 480, 120, 120, 120, 120]


def test_every_row_of_the_page_is_read():
    text = plans.PLANS.read_text(encoding="utf-8")
    assert len(re.findall(r"^\| \d", text, re.MULTILINE)) == sum(len(rows) for _, rows in PLANS.values())


@pytest.mark.parametrize("name", PLANS)
def test_the_minutes_add_up_and_nobody_sits_for_more_than_90(name):
    total, rows = PLANS[name]
    at, since_break = 0, 0
    for row in rows:
        assert row.at == at, row
        at += row.minutes
        assert "the survey again" not in row.what or row.minutes >= 10, row
        since_break = 0 if row.how == "break" else since_break + row.minutes
        assert since_break <= 90, row
    assert at == total


@pytest.mark.parametrize("name", PLANS)
def test_each_row_names_sections_and_exercises_that_are_there_and_gives_them_their_minutes(name):
    _, rows = PLANS[name]
    for row in rows:
        assert row.how in ("run", "show", "class study", "talk", "break"), row
        if row.how in ("run", "show"):
            assert row.sections(), row
            assert set(row.sections()) <= set(LESSONS[row.lesson]), row
        else:
            assert row.lesson == "", row
        if row.how != "talk":  # there it is for the days between
            assert sum(MINUTES[exercise] for exercise in exercises(row)) < row.minutes or not exercises(row), row
            for exercise in exercises(row):
                calls = [cell.source for section in row.sections() for cell in LESSONS[row.lesson][section]]
                assert any(f'checks.check("{exercise}"' in source for source in calls), (exercise, row)


@pytest.mark.parametrize(("name", "lesson"), PAIRS)
def test_each_lesson_that_is_run_has_an_exercise(name, lesson):
    rows = [row for row in PLANS[name][1] if row.lesson == lesson]
    assert lesson == "00" or any(exercises(row) for row in rows)


@pytest.mark.parametrize("rows", [PLANS["90 minutes"][1], PLANS["Half a day"][1], PLANS["A full day"][1],
                                  [row for name in EVENINGS for row in PLANS[name][1]]])
def test_a_plan_has_a_class_study_with_one_high_point(rows):
    steps = [row for row in rows if row.how == "class study"]
    assert len(steps) == 2
    assert ["**the high point:**" in row.what for row in steps] == [False, True]


def undefined(rows, lesson, folder):
    """What ruff says about names that the cells of these rows use and none of them defines."""
    pytest.importorskip("ruff")
    cells = [cell.source for _, cell in plans.cells_to_run(rows, lesson)]
    script = folder / f"lesson_{lesson}.py"
    script.write_text("\n".join(source for source in cells if not source.startswith("%%")), encoding="utf-8")
    return subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", script],
                          capture_output=True, text=True).stdout


@pytest.mark.parametrize(("name", "lesson"), PAIRS)
def test_what_is_run_needs_nothing_that_is_skipped(name, lesson, tmp_path):
    assert undefined(PLANS[name][1], lesson, tmp_path) == "All checks passed!\n"


def test_a_section_that_is_skipped_but_needed_would_be_found(tmp_path):
    rows = [plans.Row(0, 5, "01", "run", '"The LSTM that you had", "Ten tries by hand"')]
    assert "Undefined name `data`" in undefined(rows, "01", tmp_path)


@pytest.mark.slow
def test_a_rehearsal_runs_each_row_that_is_to_be_run(monkeypatch):
    monkeypatch.setenv("TUNING_BUDGET", "smoke")
    _, rows = PLANS["90 minutes"]
    assert set(plans.rehearse(rows)) == {row.at for row in rows if row.how == "run"}


def test_an_unknown_plan_is_answered_with_those_that_there_are():
    with pytest.raises(SystemExit, match=r"there is no plan '2 hours'; the plans are: 90 minutes, Half a day, .+"):
        plans.main("2 hours")
