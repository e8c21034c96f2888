"""Runs the notebooks headless from top to bottom and keeps them with their outputs, for the book."""

from datetime import datetime

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor
from tqdm import tqdm

from helpers.budget import pick
from helpers.commands import ROOT

EXECUTED = ROOT / "build" / "executed" / pick("full", smoke="smoke")


def run_notebook(path, out):
    """Runs one notebook; writes it to OUT, executed; returns its minutes, its slowest cell's seconds and its errors.

    A cell with the tag "behind" waits for what runs while one reads; its seconds are not counted.
    """
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    with tqdm(total=len(cells), desc=path.stem, unit="cell") as progress:
        executor = ExecutePreprocessor(timeout=None, allow_errors=True, kernel_name="python3",
                                       on_cell_executed=lambda **_: progress.update())
        executor.preprocess(notebook, {"metadata": {"path": path.parent}})
    nbformat.write(notebook, out / path.name)
    seconds = [seconds_of(cell.metadata.execution) for cell in cells
               if "execution" in cell.metadata and "behind" not in cell.metadata.get("tags", [])]
    errors = [output.ename for cell in cells if "raises-exception" not in cell.metadata.get("tags", [])
              for output in cell.outputs if output.output_type == "error"]
    return sum(seconds) / 60, max(seconds), errors


def seconds_of(execution):
    begin, end = (datetime.fromisoformat(execution[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (end - begin).total_seconds()


def notebooks(names=(), folder=ROOT / "notebooks"):
    """The paths of the lessons in a folder, or of those whose names begin with one of `names`, like "03"."""
    lessons = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    paths = [path for path in lessons if not names or path.stem.startswith(tuple(names))]
    if not paths:
        raise SystemExit(f"{folder}: no notebook's name begins with {' or '.join(names)}.")
    return paths


def walk(paths, out=EXECUTED):
    """Runs the notebooks; prints a table of their minutes and errors, and returns its rows."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [(path.stem, *run_notebook(path, out)) for path in paths]
    print("| notebook | minutes | slowest cell, seconds | errors |")
    print("|---|---:|---:|---|")
    for name, minutes, slowest, errors in rows:
        print(f"| {name} | {minutes:.1f} | {slowest:.0f} | {', '.join(errors) or 'none'} |")
    print(f"| all | {sum(row[1] for row in rows):.1f} | | |")
    return rows
