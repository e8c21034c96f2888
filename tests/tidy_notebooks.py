"""The rules that every notebook keeps.

`python tests/tidy_notebooks.py` names what breaks them. With `--refresh` it runs each notebook at the smoke
budget first, keeps the outputs of the cells that nbval compares, and clears all others.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
MARK = "# NBVAL_CHECK_OUTPUT"
LONGEST = 15
LONG_ON_PURPOSE = {"whole", "snippet"}  # a full model or loop; a snippet to take home
TAGS = LONG_ON_PURPOSE | {"raises-exception"}


def is_checked(cell):
    return cell.cell_type == "code" and cell.source.startswith(MARK)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def broken_rules(notebook):
    """Yields a sentence for each rule that the notebook breaks."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for words in ("# ", "minutes", "**After this lesson you can**", "## Recap", "## Take it home"):
        if words not in text:
            yield f"it has no {words!r}"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if sum(map(is_checked, code)) < 3:
        yield f"fewer than three cells are marked {MARK}"
    if sum("snippet" in tags(cell) for cell in code) != 1:
        yield "not exactly one cell has the tag 'snippet'"
    if not any("helpers.budget import pick" in cell.source for cell in code):
        yield "no cell sets the sizes with helpers.budget"
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
        if len(lines) > LONGEST and not tags(cell) & LONG_ON_PURPOSE:
            yield f"cell {number} has {len(lines)} lines of code; {LONGEST} at most"
        if tags(cell) - TAGS:
            yield f"cell {number} has unknown tags {tags(cell) - TAGS}"
        if is_checked(cell) and not (cell.outputs and cell.execution_count):
            yield f"cell {number} is compared by nbval but has no stored output; refresh it"
        if not is_checked(cell) and (cell.outputs or cell.execution_count):
            yield f"cell {number} keeps an output that nbval does not compare; clear it"


def refresh(path):
    """Runs a notebook and keeps only the outputs that nbval compares."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["TUNING_BUDGET"] = "smoke"
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and not is_checked(cell):
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("language_info", None)
    nbformat.write(notebook, path)


def main():
    names = [name for name in sys.argv[1:] if name != "--refresh"]
    chosen = [path for path in NOTEBOOKS if not names or path.stem in names]
    if "--refresh" in sys.argv:
        for path in chosen:
            print("running", path.name, flush=True)
            refresh(path)
    broken = [f"{path.name}: {rule}" for path in chosen for rule in broken_rules(nbformat.read(path, as_version=4))]
    print("\n".join(broken) or f"{len(chosen)} notebooks keep the rules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
