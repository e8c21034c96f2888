"""For graded classes: the course without its solutions, or its notebooks with the solutions filled in and run.

`make handout` and `make solutions`.
"""

import itertools
import os
import re
import shutil
import sys

import nbformat

from helpers.authoring.book import FOR_TEACHERS_ONLY
from helpers.authoring.run_notebooks import notebooks, walk
from helpers.commands import ROOT

COURSE = ["CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "conftest.py", "data",
          "environment.yml", "helpers", "notebooks", "pyproject.toml", "requirements.txt"]  # no test: they hold answers
LEFT_OUT = ["__pycache__", ".ipynb_checkpoints"]
LEFT_OUT_OF_NOTEBOOKS = [*LEFT_OUT, FOR_TEACHERS_ONLY, "my_*", "Untitled*", "parabola.*", "*.journal*", "runs"]
SOLUTION = re.compile(r"\n*<details><summary>Solution</summary>\n\n```python\n(.+?)\n```\n\n</details>", re.DOTALL)


def without_solutions(notebook):
    """Removes the solutions from a notebook; the stubs and the hints stay."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = SOLUTION.sub("", cell.source)


def with_solutions(notebook):
    """Replaces each stub of a notebook by its solution. The line that checks it stays."""
    for stub, below in itertools.pairwise(notebook.cells):
        if "exercise" in stub.metadata.get("tags", []):
            check = stub.source.splitlines()[-1]
            stub.source = f"{SOLUTION.search(below.source)[1]}\n\n\n{check}"


def rewrite(change, folder, names=()):
    """Writes the lessons whose names begin with one of `names`, by default all, to the folder, after `change`."""
    for path in notebooks(names):
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        nbformat.write(notebook, folder / path.name)


def handout(folder=ROOT / "build" / "handout"):
    """Copies to the folder all that learners need, and replaces what is there: the course, without its solutions."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COURSE:
        if (ROOT / name).is_dir():
            left_out = LEFT_OUT_OF_NOTEBOOKS if name == "notebooks" else LEFT_OUT
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*left_out))
        else:
            shutil.copy(ROOT / name, folder)
    rewrite(without_solutions, folder / "notebooks")
    print(f"{folder}: the course without its solutions")


def solutions(names=(), folder=ROOT / "build" / "solutions"):
    """Writes the notebooks with their exercises solved, and runs them, so that they hold their outputs.

    names: how the notebooks begin, like "03"; all of them by default. Returns the rows of `walk`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rewrite(with_solutions, folder, names)
    os.environ["TUNING_PROGRESS"] = str(folder / "progress.json")  # or all would count as solved by who runs this
    return walk(notebooks(folder=folder), folder)


if __name__ == "__main__":
    what, *lessons = sys.argv[1:] or [""]
    if what not in ("handout", "solutions"):
        sys.exit("write what to make: handout or solutions")
    handout() if what == "handout" else solutions(lessons)
