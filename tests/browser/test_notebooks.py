"""Every notebook, run by the menu of JupyterLab, and once more: learners scroll back and run cells again."""

import pytest

from tests.notebooks.tidy_notebooks import NOTEBOOKS

pytestmark = pytest.mark.browser
FIRST, *OTHERS = [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("name", [FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_a_notebook_runs_twice_in_jupyterlab(notebook, name):
    notebook.open(name)
    for _ in range(2):
        notebook.clear()
        notebook.run_all()
        assert notebook.errors() == []
        assert notebook.not_run() == []
    assert notebook.broken_widgets() == []
    assert notebook.console_errors == []
    assert notebook.strangers == set()
    assert notebook.pictures_without_words() == []
