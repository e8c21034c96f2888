"""Every notebook in JupyterLab as learners use it: run by the menu, exercises untouched and solved, then run again."""

import json

import nbformat
import pytest

from tests.notebooks.tidy_notebooks import NOTEBOOKS, exercises

PATIENT = "from helpers.teaching import checks\nchecks.exercise.__defaults__ = (600,)"  # seconds, on a busy machine


def add_solutions(path):
    """Repeats the cell of each exercise below it, solved. Returns [(number of the first, exercise)]."""
    notebook = nbformat.read(path, as_version=4)
    found = exercises(notebook)
    for exercise in reversed(found):
        notebook.cells.insert(exercise.cell + 1, nbformat.v4.new_code_cell(exercise.solved()))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(PATIENT))
    nbformat.write(notebook, path)
    return [(exercise.cell + inserted, exercise) for inserted, exercise in enumerate(found, start=1)]


def verdicts(cell):
    """What checks.check showed under a cell; lines that were printed on the way, and progress bars, don't count."""
    shown = [output["data"] for output in cell["outputs"] if output["output_type"] == "display_data"]
    return [data["text/plain"] for data in shown if "application/vnd.jupyter.widget-view+json" not in data]


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_twice_in_jupyterlab(lab, notebook, name):
    tried = add_solutions(lab.originals / f"{name}.ipynb")
    notebook.open(name)
    for _ in range(2):  # a learner scrolls back: any cell can run again after all of them
        notebook.clear()
        notebook.run_all()
        assert notebook.errors() == []
        assert notebook.not_run() == []
        cells = notebook.cells()
        for number, exercise in tried:
            (stub,) = verdicts(cells[number])
            assert stub.startswith(f"{exercise.name}: not answered yet: ")
            assert verdicts(cells[number + 1]) == [exercise.below["expected"]]
    if tried:
        assert set(json.loads(lab.progress.read_bytes())["solved"]) == {exercise.name for _, exercise in tried}
    assert notebook.broken_widgets() == []
    assert notebook.console_errors == []
    assert notebook.strangers == set()
    assert notebook.pictures_without_words() == []
