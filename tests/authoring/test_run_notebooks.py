import nbformat
import pytest

from helpers.authoring import run_notebooks


def test_the_walk_runs_notebooks_and_says_where_they_fail(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run_notebooks, "seconds_of", lambda execution: 36)
    for name, sources in [("00_good", ["print('fine')", ""]), ("01_bad", ["1 / 0", "2"])]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.cells.append(nbformat.v4.new_code_cell("3", metadata={"tags": ["behind"]}))
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    rows = run_notebooks.walk(run_notebooks.notebooks(folder=tmp_path), tmp_path / "build")
    assert [errors for *_, errors in rows] == [[], ["ZeroDivisionError"]]
    table = capsys.readouterr().out
    assert "| 00_good | 0.6 | 36 | none |" in table
    assert "| 01_bad | 1.2 | 36 | ZeroDivisionError |" in table
    kept = nbformat.read(tmp_path / "build" / "00_good.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "fine\n"
    assert run_notebooks.notebooks(["01"], tmp_path) == [tmp_path / "01_bad.ipynb"]
    with pytest.raises(SystemExit, match="no notebook's name begins with 07"):
        run_notebooks.notebooks(["07"], tmp_path)


def test_the_seconds_of_a_cell_are_those_between_its_start_and_its_reply():
    times = {"iopub.execute_input": "2026-01-01T00:00:00.500000Z", "shell.execute_reply": "2026-01-01T00:01:00.000000Z"}
    assert run_notebooks.seconds_of(times) == 59.5
