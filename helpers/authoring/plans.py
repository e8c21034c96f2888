"""The plans for teaching, as notebooks/teaching/plans.md has them, and a rehearsal: `make rehearse PLAN="90 minutes"`.

A rehearsal runs what a plan lets everybody run, and says how many seconds of each row the machine computes.
"""

import re
import sys
from dataclasses import dataclass

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor

from helpers.authoring.run_notebooks import seconds_of
from helpers.commands import ROOT

PLANS = ROOT / "notebooks" / "teaching" / "plans.md"
HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (\d+):(\d\d) \| (\d+) \| (\d*) \| ([a-z ]+) \| (.*) \|$", re.MULTILINE)


@dataclass
class Row:
    """A row of a plan: when it begins and how long it takes, in minutes; the lesson's number, if it has one; how it is
    done; and the rest, in words."""

    at: int
    minutes: int
    lesson: str
    how: str
    what: str

    def sections(self):
        """The sections that it names, or all of its lesson but these."""
        named = re.findall(r'"(.+?)"', self.what)
        if self.what.startswith("all sections"):
            return [section for section in sections(read(self.lesson)) if section and section not in named]
        return named


def plans():
    """{name: (its total in minutes, its rows)}; an evening is a plan of its own."""
    names_and_texts = HEADING.split(PLANS.read_text(encoding="utf-8"))[1:]
    found = {}
    for name, text in zip(names_and_texts[::2], names_and_texts[1::2], strict=True):
        rows = [Row(60 * int(hour) + int(minute), int(minutes), lesson, how, what)
                for hour, minute, minutes, lesson, how, what in ROW.findall(text)]
        if rows:
            hours, minutes = re.search(r"It takes (\d+):(\d\d)\.", text).groups()
            found[name] = 60 * int(hours) + int(minutes), rows
    return found


def read(lesson):
    """The notebook of a lesson, given by its number."""
    [path] = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    return nbformat.read(path, as_version=4)


def sections(notebook):
    """{heading of a section: its code cells}, in order; what stands above the first one is under ""."""
    found, current = {"": []}, ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found[current].append(cell)
        else:
            for current in re.findall(r"^## (.+?)(?: · \d+ minutes)?$", cell.source, re.MULTILINE):
                found[current] = []
    return found


def cells_to_run(rows, lesson):
    """[(row, cell)] of what everybody runs of a lesson; the cells above its first section belong to its first row."""
    there = sections(read(lesson))
    run = [row for row in rows if row.how == "run" and row.lesson == lesson]
    top = [(row, cell) for row in run[:1] for cell in there[""]]
    return top + [(row, cell) for row in run for section in row.sections() for cell in there[section]]


def rehearse(rows):
    """Runs what everybody runs in these rows, one kernel per lesson; returns {row.at: seconds of computing}.

    Raises CellExecutionError at the first cell that fails, unless its tag says that it may.
    """
    seconds = {}
    for lesson in sorted({row.lesson for row in rows if row.how == "run"}):
        chosen = cells_to_run(rows, lesson)
        notebook = nbformat.v4.new_notebook(cells=[cell for _, cell in chosen])
        folder = {"metadata": {"path": ROOT / "notebooks"}}
        ExecutePreprocessor(timeout=None, kernel_name="python3").preprocess(notebook, folder)
        for (row, _), cell in zip(chosen, notebook.cells, strict=True):
            seconds[row.at] = seconds.get(row.at, 0) + seconds_of(cell.metadata.execution)
    return seconds


def main(name):
    if name not in plans():
        sys.exit(f"there is no plan {name!r}; the plans are: {', '.join(plans())}")
    _, rows = plans()[name]
    seconds = rehearse(rows)
    for row in rows:
        computing = f"{seconds[row.at]:.0f} s" if row.at in seconds else ""
        print(f"{row.at // 60}:{row.at % 60:02}  {row.minutes:2} min  {computing:>6}  {row.lesson:2}  {row.what}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
