"""Runs the notebooks headless from top to bottom and writes them, executed, as HTML."""

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]


def run_notebook(path, out):
    """Runs one notebook; writes OUT/NAME.html; returns its minutes, its slowest cell's seconds and its errors."""
    notebook = nbformat.read(path, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    seconds = []
    with tqdm(total=cells, desc=path.stem, unit="cell") as progress:

        def on_start(cell, cell_index):
            seconds.append(-time.perf_counter())

        def on_end(cell, cell_index, execute_reply):
            seconds[-1] += time.perf_counter()
            progress.update()

        client = NotebookClient(
            notebook,
            timeout=None,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_execute=on_start,
            on_cell_executed=on_end,
        )
        client.execute()
    html, _ = HTMLExporter().from_notebook_node(notebook)
    (out / f"{path.stem}.html").write_text(html, encoding="utf-8")
    errors = [
        output.ename
        for cell in notebook.cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "error"
    ]
    return sum(seconds) / 60, max(seconds), errors


def walk(folder=ROOT / "notebooks", out=ROOT / "build", names=()):
    """Runs the notebooks of the folder, or those whose names begin so, and prints a table.

    Returns whether all ran without an error.
    """
    out.mkdir(exist_ok=True)
    paths = [path for path in sorted(folder.glob("*.ipynb")) if not names or path.stem.startswith(tuple(names))]
    if not paths:
        raise SystemExit(f"{folder}: no notebook's name begins with {' or '.join(names)}.")
    rows = [(path.stem, *run_notebook(path, out)) for path in paths]
    print("| notebook | minutes | slowest cell, seconds | errors |")
    print("|---|---:|---:|---|")
    for name, minutes, slowest, errors in rows:
        print(f"| {name} | {minutes:.1f} | {slowest:.0f} | {', '.join(errors) or 'none'} |")
    print(f"| all | {sum(row[1] for row in rows):.1f} | | |")
    return not any(errors for *_, errors in rows)
