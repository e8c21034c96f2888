import nbformat
import pytest

from helpers.authoring import run_notebooks


def test_the_walk_runs_notebooks_and_says_where_they_fail(tmp_path, capsys):
    for name, sources in [("00_good", ["print('fine')", ""]), ("01_bad", ["1 / 0", "import time; time.sleep(1.6)"])]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.cells.append(nbformat.v4.new_code_cell(sources[-1], metadata={"tags": ["behind"]}))
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    rows = run_notebooks.walk(run_notebooks.notebooks(folder=tmp_path), tmp_path / "build")
    assert [errors for *_, errors in rows] == [[], ["ZeroDivisionError"]]
    table = capsys.readouterr().out
    assert "| 00_good | 0.0 | 0 | none |" in table
    assert "| 01_bad | 0.0 | 2 | ZeroDivisionError |" in table
    kept = nbformat.read(tmp_path / "build" / "00_good.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "fine\n"
    with pytest.raises(SystemExit, match="no notebook's name begins with 07"):
        run_notebooks.notebooks(["07"], tmp_path)
