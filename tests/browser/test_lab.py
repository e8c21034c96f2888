"""That the tests of this folder can fail: what they look at is the copy, and they see what is wrong with it."""

import os
import subprocess
import sys

import pytest

from tests.browser.lab import DARK, LIGHT, ROOT, expect, processes_with

pytestmark = pytest.mark.slow

WIDGET = "import ipywidgets\n"
NO_MODEL = {"application/vnd.jupyter.widget-view+json": {"model_id": "0", "version_major": 2, "version_minor": 0}}


def test_what_is_wrong_in_a_notebook_is_seen(lab, notebook):
    lab.add(
        "wrong",
        ("1 / 0", ["raises-exception"]),
        "import time\ntime.sleep(1)",
        f"{WIDGET}ipywidgets.IntSlider()",
        f"{WIDGET}closed = ipywidgets.IntSlider()\ndisplay(closed)\nclosed.close()",
        f"display({NO_MODEL}, raw=True)",
        f"{WIDGET}ipywidgets.VBox()",
        "from IPython.display import HTML, Javascript\nHTML('<img src=\"http://nowhere.invalid/picture\">')",
        "Javascript('console.error(\"said by a cell\")')",
        "nobody_knows_me",
        "print('never reached')",
    )
    notebook.open("wrong")
    assert notebook.not_run() == list(range(10))
    notebook.run_all()
    assert notebook.errors() == ["cell 8: NameError: name 'nobody_knows_me' is not defined"]
    assert notebook.not_run() == [9]
    notebook.cell(2).locator(".widget-slider").wait_for()
    expect(notebook.cell(3).locator(".jp-OutputArea-output")).to_be_hidden()
    notebook.cell(4).get_by_text("Error displaying widget").first.wait_for()
    assert notebook.broken_widgets(timeout=5) == [
        "cell 4: Error displaying widget: model not found",
        "cell 5: nothing to see",
    ]
    assert "said by a cell" in notebook.console_errors
    assert notebook.strangers == {"http://nowhere.invalid/picture"}


def test_a_picture_without_words_is_seen(lab, notebook):
    drawn = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    lab.add("pictures", drawn, "from helpers import plots\nplots.best_so_far([1, 2]);")
    notebook.open("pictures")
    notebook.run_all()
    assert len(notebook.pictures_without_words()) == 1
    notebook.run_cell(0)
    assert notebook.pictures_without_words() == []  # from the import of plots on, all have words


def test_cells_below_an_error_that_is_meant_are_waited_for(lab, notebook):
    lab.add("meant", ("1 / 0", ["raises-exception"]), "import time\ntime.sleep(2)\nprint('late')")
    notebook.open("meant")
    notebook.run_all()
    assert notebook.cells()[1]["outputs"][0]["text"] == "late\n"


def test_every_opening_starts_afresh_with_the_helpers_of_the_copy(lab, notebook):
    lab.add(
        "fresh",
        "from helpers.teaching import progress_store as store\nfrom pathlib import Path\n"
        "print(store.__file__, store.solved())",
        "seen = Path('left.journal').exists(), 'left' in globals()\nprint(seen)",
        "left = Path('left.journal').write_text('')\nstore.solve('left')",
    )
    for _ in range(2):
        notebook.open("fresh")
        notebook.run_all()
        where, seen, _ = [cell["outputs"] for cell in notebook.cells()]
        assert where[0]["text"] == f"{lab.course}/helpers/teaching/progress_store.py {{}}\n"
        assert seen[0]["text"] == "(False, False)\n"


def test_a_cell_runs_alone_and_is_found_by_its_words(lab, notebook):
    lab.add("alone", "first = 1", "print('second')", "second = 2")
    notebook.open("alone")
    notebook.run_cell("print(")
    assert notebook.not_run() == [0, 2]
    assert "second" in notebook.cell(1).locator(".jp-OutputArea").inner_text()
    with pytest.raises(LookupError, match=r"it is in \[1, 2\]"):
        notebook.cell("second")
    with pytest.raises(LookupError, match="it is in none"):
        notebook.cell("third")


def test_a_cell_that_takes_too_long_is_named(lab, notebook):
    lab.add("slow", "quick = 1", "import time\ntime.sleep(600)")
    notebook.open("slow")
    notebook.run_cell(0)
    with pytest.raises(AssertionError, match=r"slow: after 2 s, cells \[1\] had not ended"):
        notebook.run_cell(1, timeout=2)


@pytest.mark.parametrize(("theme", "is_dark"), [(LIGHT, False), (DARK, True)])
def test_a_notebook_opens_in_the_theme_that_is_asked_for(lab, notebook, tmp_path, theme, is_dark):
    lab.add("themed", *["print('a line')\n" * 20] * 4)
    notebook.open("themed", theme=theme)
    color = notebook.page.evaluate("getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
    assert (sum(map(int, color[4:-1].split(", "))) < 3 * 128) == is_dark
    paths = notebook.screenshots(tmp_path / theme)
    assert [path.name for path in paths] == [f"{theme}-{number:02}.png" for number in range(1, len(paths) + 1)]
    assert len(paths) > 1


def test_processes_are_known_by_their_environment():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                             env=os.environ | {"TUNING_PROGRESS": "of this test"})  # fmt: skip
    try:
        assert [process.pid for process in processes_with("TUNING_PROGRESS", "of this test")] == [child.pid]
    finally:
        child.communicate()
    assert processes_with("TUNING_PROGRESS", "of this test") == []


@pytest.mark.parametrize(("ci", "outcome", "code"), [("", "1 skipped", 0), ("true", "1 error", 1)])
def test_without_chromium_the_tests_say_so_and_ci_fails(ci, outcome, code):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "tests/browser/test_lab.py", "-k", "test_a_cell_runs_alone"],
        cwd=ROOT,
        env=os.environ | {"CHROMIUM": "/nowhere/chromium", "CI": ci},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout
    assert outcome in done.stdout
    assert "no browser tests: CHROMIUM names /nowhere/chromium, but no Chromium was found" in done.stdout
