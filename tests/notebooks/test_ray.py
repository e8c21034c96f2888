"""Lesson 12's cells for Ray. All other tests of the notebook pass whether it starts or not."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
]
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "12_many_machines_and_a_class.ipynb"
CELLS = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
START_FAILS = """
def init(**_):
    subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)  # what had started
    raise Exception("The current node timed out during startup.")
ray.init = init"""


def cell_with(words):
    [source] = [source for source in CELLS if words in source]
    return source


def printed(*sources):
    """What the cells print, after those that they build on."""
    before = [CELLS[0], CELLS[1], cell_with("def toy"), cell_with("import ray")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (*before, *sources)])
    NotebookClient(notebook, timeout=600).execute()
    return "".join(output.get("text", "") for cell in notebook.cells[len(before):] for output in cell.outputs)


def test_two_tasks_of_ray_share_a_study():
    right = "trials by 2 processes, this one among them: False"
    tries = (right in printed(cell_with("def start_ray")) for _ in range(3))  # on a busy machine it may not start
    assert any(tries)


def test_a_ray_that_does_not_start_is_a_sentence_and_leaves_nothing_behind():
    words = printed(START_FAILS, cell_with("def start_ray"), cell_with("processes left"))
    assert "Ray did not start: The current node timed out during startup.\nOn a busy machine, run" in words
    assert "processes left: []" in words
