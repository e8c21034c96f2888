"""The rules that every notebook keeps.

`python tests/notebooks/tidy_notebooks.py` names what breaks them. With `--refresh` it runs each notebook at the smoke
budget first, keeps the outputs of the cells that nbval compares, and clears all others.
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from helpers.authoring import minutes
from helpers.teaching import checks

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
MARK = "# NBVAL_CHECK_OUTPUT"
LONGEST = 15
CELLS, WORDS = 70, 2700  # of a lesson
LONG_ON_PURPOSE = {"whole", "snippet"}  # a full model or loop; a snippet to copy
TAGS = LONG_ON_PURPOSE | {"raises-exception", "exercise", "behind"}  # behind: waits for what ran behind the lesson

MINUTES = range(3, 9)  # of an exercise
CHALLENGES = {"05.3"}  # longer on purpose
REFERENCE = "10"
WITHOUT_EXERCISES = {"00", REFERENCE}
HEADING = re.compile(r"### Exercise (?P<name>\d\d\.\d) · (?P<minutes>\d+) minutes\n")
CALL = re.compile(r'checks\.check\("(?P<name>\d\d\.\d)", .+\)')
BELOW = re.compile(
    r"\*\*You should see:\*\*\n\n```text\n(?P<expected>.+?)\n```\n\n"
    r"<details><summary>Hint</summary>\n\n.+?\n\n</details>\n\n"
    r"<details><summary>Solution</summary>\n\n```python\n(?P<solution>.+?)\n```\n\n</details>",
    re.DOTALL,
)


@dataclass
class Exercise:
    """An exercise as a notebook holds it: in a code cell, between its task and its solution."""

    cell: int
    task: re.Match | None  # of HEADING
    stub: str
    call: re.Match | None
    below: re.Match | None

    @property
    def name(self):
        return self.call["name"]

    def solved(self):
        """The source of the cell with the solution in place of the stub."""
        return f"{self.below['solution']}\n\n\n{self.call[0]}"


def is_checked(cell):
    return cell.cell_type == "code" and cell.source.startswith(MARK)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def broken_rules(notebook, lesson):
    """Yields a sentence for each rule that the notebook breaks; lesson: the two digits of its name."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for words in ("# ", "minutes", "**After this lesson you can**", "## Recap"):
        if words not in text:
            yield f"it has no {words!r}"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if sum(map(is_checked, code)) < 3:
        yield f"fewer than three cells are marked {MARK}"
    if not any("helpers.budget import pick" in cell.source for cell in code):
        yield "no cell sets the sizes with helpers.budget"
    if lesson not in WITHOUT_EXERCISES and not any(f'Quiz("{lesson}")' in cell.source for cell in code):
        yield f'no cell asks the quick questions: Quiz("{lesson}")'
    if lesson != REFERENCE:
        if "## Take it home" not in text or not any("snippet" in tags(cell) for cell in code):
            yield "it has no '## Take it home' with a cell that has the tag 'snippet'"
        if len(notebook.cells) > CELLS:
            yield f"it has {len(notebook.cells)} cells; {CELLS} at most"
        if minutes.words(notebook) > WORDS:
            yield f"it has {minutes.words(notebook):,} words to read; {WORDS:,} at most"
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
    yield from broken_rules_of_exercises(notebook, lesson)


def exercises(notebook):
    """The exercises of a notebook, in order; what is missing of one is None."""
    cells = notebook.cells
    texts = [cell.source if cell.cell_type == "markdown" else "" for cell in [*cells, nbformat.v4.new_markdown_cell()]]
    found = []
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and "exercise" in tags(cell):
            stub, _, last_line = cell.source.rpartition("\n")
            found.append(Exercise(number, HEADING.match(texts[number - 1]), stub.rstrip(), CALL.fullmatch(last_line),
                                  BELOW.fullmatch(texts[number + 1].strip())))
    return found


def is_solution_with_holes(stub, solution):
    holes = ".+".join(re.escape(part) for part in stub.split("..."))
    return "..." in stub and "..." not in solution and re.fullmatch(holes, solution, re.DOTALL)


def broken_rules_of_exercises(notebook, lesson):
    """Yields a sentence for each rule that the exercises of the notebook break."""
    found = exercises(notebook)
    for one in found:
        where = f"the exercise in cell {one.cell}"
        if not one.call or not one.name.startswith(f"{lesson}."):
            yield f'{where} does not end with checks.check("{lesson}.k", ...)'
            continue
        if not one.task or one.task["name"] != one.name:
            yield f"above {where} there is no markdown cell that begins with '### Exercise {one.name} · M minutes'"
        elif int(one.task["minutes"]) not in MINUTES and one.name not in CHALLENGES:
            yield f"{where} takes {one.task['minutes']} minutes; {MINUTES[0]} to {MINUTES[-1]} are allowed"
        if not one.below:
            yield (f"below {where} there is no markdown cell of **You should see:**, a ```text block, a Hint and a "
                   "Solution in <details>, in the very form that lesson 03 shows")
        elif not is_solution_with_holes(one.stub, one.below["solution"]):
            yield f"the stub of {where} is not its solution with holes: the same lines, and ... where they differ"
    names = [one.name for one in found if one.call]
    if names != [f"{lesson}.{number}" for number in range(1, len(names) + 1)]:
        yield f"its exercises are {', '.join(names)}; number them {lesson}.1, {lesson}.2 and so on, in order"
    checks.load_exercises()
    registered = {name for name in checks.EXERCISES if name.startswith(f"{lesson}.")}
    for name in sorted(registered - set(names)):
        yield f"exercise {name} has a check in helpers/teaching/exercises but no cell with the tag 'exercise'"
    for name in sorted(set(names) - registered):
        yield f"exercise {name} has no check in helpers/teaching/exercises/lesson_{lesson}.py"
    if len(found) not in ([0] if lesson in WITHOUT_EXERCISES else [2, 3, 4]):
        yield f"its number of exercises is {len(found)}; a lesson has two to four, and 00 and 10 have none"


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
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, path)


def main():
    names = [name for name in sys.argv[1:] if name != "--refresh"]
    chosen = [path for path in NOTEBOOKS if not names or path.stem in names]
    if "--refresh" in sys.argv:
        for path in chosen:
            print("running", path.name, flush=True)
            refresh(path)
    broken = [f"{path.name}: {rule}" for path in chosen
              for rule in broken_rules(nbformat.read(path, as_version=4), path.stem[:2])]
    print("\n".join(broken) or f"{len(chosen)} notebooks keep the rules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
