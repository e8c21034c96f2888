"""What nbval does not see: the rules of the notebooks, their snippets, and that helpers/ holds the same code."""

import ast
import itertools
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.authoring import snippets
from helpers.teaching import checks
from tests.notebooks import tidy_notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = tidy_notebooks.NOTEBOOKS


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_rules(path):
    assert list(tidy_notebooks.broken_rules(read(path), path.stem[:2])) == []


def test_the_rules_can_be_broken():
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell("x = 1\n" * 16, outputs=[nbformat.v4.new_output("stream", text="1")]),
        nbformat.v4.new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(1)", metadata={"tags": ["odd"]}),
    ])
    rules = "; ".join(tidy_notebooks.broken_rules(notebook, "98"))
    for words in ("it has no '## Recap'", "fewer than three", "'snippet'", "helpers.budget", "16 lines of code",
                  "keeps an output", "no stored output", "unknown tags {'odd'}", "its number of exercises is 0",
                  "no cell asks the quick questions"):
        assert words in rules


@pytest.mark.parametrize(("lesson", "cells", "words", "broken"), [
    ("98", 70, 2700, 0), ("98", 71, 2700, 1), ("98", 70, 2701, 1), ("10", 71, 2701, 0)])
def test_a_lesson_has_at_most_70_cells_and_2700_words(lesson, cells, words, broken):
    text = "*About 5 minutes: to read.*\n\n" + "one " * words + "\n```\ncode\n```\n<details>a solution</details>"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)] + [
        nbformat.v4.new_code_cell("") for _ in range(cells - 1)])
    assert sum("at most" in rule for rule in tidy_notebooks.broken_rules(notebook, lesson)) == broken


BELOW = """**You should see:**

```text
NAME: right. One.
```

<details><summary>Hint</summary>

Count.

</details>

<details><summary>Solution</summary>

```python
def one():
    x = 1
    return x
```

</details>"""
STUB = "def one():\n    ...\n    return x\n\n\nchecks.check(\"NAME\", one)"


def exercise(name="98.1", heading="### Exercise NAME · 5 minutes\n\nCount.", stub=STUB, below=BELOW):
    """The three cells of an exercise, with its name in place of NAME."""
    return [
        nbformat.v4.new_markdown_cell(heading.replace("NAME", name)),
        nbformat.v4.new_code_cell(stub.replace("NAME", name), metadata={"tags": ["exercise"]}),
        nbformat.v4.new_markdown_cell(below.replace("NAME", name)),
    ]


@pytest.mark.parametrize(
    ("cells", "lesson", "words"),
    [
        (exercise(stub=STUB.replace("one)", "one)\none()")), "98", "does not end with checks.check"),
        (exercise("97.1"), "98", "does not end with checks.check"),
        (exercise()[1:], "98", "there is no markdown cell that begins with '### Exercise 98.1"),
        (exercise(heading="### Exercise 98.2 · 5 minutes\n"), "98", "begins with '### Exercise 98.1"),
        (exercise(heading="### Exercise NAME\n"), "98", "begins with '### Exercise 98.1"),
        (exercise(heading="### Exercise NAME · 2 minutes\n"), "98", "takes 2 minutes; 3 to 8"),
        (exercise(heading="### Exercise NAME · 9 minutes\n"), "98", "takes 9 minutes; 3 to 8"),
        (exercise()[:2], "98", "below the exercise in cell 1 there is no markdown cell of **You should see:**"),
        (exercise(below=BELOW.replace("should", "will")), "98", "there is no markdown cell of **You should see:**"),
        (exercise(below=BELOW.replace("```text", "```")), "98", "there is no markdown cell of **You should see:**"),
        (exercise(below=BELOW.replace("Hint", "Tip")), "98", "there is no markdown cell of **You should see:**"),
        (exercise(below=BELOW.replace("```python", "```")), "98", "there is no markdown cell of **You should see:**"),
        (exercise(below=BELOW.replace("return x", "return 1")), "98", "is not its solution with holes"),
        (exercise(stub=STUB.replace("...", "x = 1")), "98", "is not its solution with holes"),
        (exercise(below=BELOW.replace("x = 1", "...")), "98", "is not its solution with holes"),
        (exercise("98.2") + exercise("98.1"), "98", "its exercises are 98.2, 98.1; number them 98.1, 98.2"),
        (exercise("98.1") + exercise("98.1"), "98", "its exercises are 98.1, 98.1; number them"),
        (exercise("98.1"), "98", "exercise 98.2 has a check in helpers/teaching/exercises but"),
        (exercise("98.1") + exercise("98.2") + exercise("98.3"), "98", "98.3 has no check in helpers/"),
        (exercise("98.1"), "98", "its number of exercises is 1; a lesson has two to four"),
        ([cell for n in "12345" for cell in exercise(f"98.{n}")], "98", "its number of exercises is 5"),
        (exercise("00.1") + exercise("00.2"), "00", "is 2; a lesson has two to four, and 00 and 10 have none"),
    ],
)  # fmt: skip
def test_the_rules_of_exercises_can_be_broken(cells, lesson, words, monkeypatch):
    for name in ("98.1", "98.2"):
        monkeypatch.setitem(checks.EXERCISES, name, None)
    kept = nbformat.v4.new_notebook(cells=exercise("98.1") + exercise("98.2"))
    assert list(tidy_notebooks.broken_rules_of_exercises(kept, "98")) == []
    broken = nbformat.v4.new_notebook(cells=cells)
    assert words in "; ".join(tidy_notebooks.broken_rules_of_exercises(broken, lesson))


SNIPPETS = {path.stem[:2]: {name: code for name, _, code in snippets.snippets(path)} for path in NOTEBOOKS}
SNIPPETS["README"] = {"": (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]}
RUN_EACH = """
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path(os.path.join(folder, "snippet.py"), run_name="__main__")
    print("END OF SNIPPET")
"""


def run_snippets(folders):
    """What each prints. They run in one process, to import torch once, but know no name of one another."""
    done = subprocess.run([sys.executable, "-c", RUN_EACH, *folders], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return dict(zip(folders, map(str.strip, done.stdout.split("END OF SNIPPET")[:-1]), strict=True))


@pytest.mark.parametrize("lesson", [  # nbval runs those of a lesson too
    pytest.param(lesson, marks=() if lesson == "README" else pytest.mark.slow) for lesson, codes in SNIPPETS.items()
    if codes])
def test_a_snippet_runs_alone_in_an_empty_folder(lesson, tmp_path):
    folders = {tmp_path / str(number): code for number, code in enumerate(SNIPPETS[lesson].values())}
    for folder, code in folders.items():
        assert "helpers" not in code
        folder.mkdir()
        (folder / "snippet.py").write_text(code, encoding="utf-8")
    said = run_snippets(folders)
    assert all(said.values())
    if totals := [folder for folder, code in folders.items() if "TOTAL" in code]:
        for folder, again in run_snippets(totals).items():
            assert re.match(r"\d+ trials", again)[0] == re.match(r"\d+ trials", said[folder])[0]


def test_the_page_of_snippets_has_a_section_for_each_and_its_links_lead_there():
    page = snippets.page(NOTEBOOKS)
    names = re.findall("^## (.+)$", page, re.M)
    assert len(names) == len(set(names)) == sum(map(len, SNIPPETS.values())) - 1  # README has one too
    assert re.findall(r"^- \[(.+)\]\(#(.+)\)$", page, re.M) == [(name, snippets.anchor(name)) for name in names]


def definitions(source):
    """The functions and classes of a source, as trees without their docstrings."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for inner in ast.walk(node):
                if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(inner) is not None:
                    inner.body = inner.body[1:]
            found[node.name] = ast.dump(node)
    return found


@pytest.mark.parametrize(
    ("notebook", "module", "names"),
    [
        ("02_define_the_model", "models", ["masked_mean", "EmbeddingClassifier", "LSTMClassifier", "sinusoids",
                                           "TransformerClassifier"]),
        ("02_define_the_model", "training", ["set_seed", "predict", "accuracy", "run"]),
        ("03_define_model_and_objective", "search", ["define_small_model", "small_objective", "define_lstm",
                                                     "define_transformer", "define_model", "linear_schedule",
                                                     "define_optimizer", "train", "objective"]),
        ("05_see_what_happened", "search", ["define_narrow_transformer", "train_narrow", "narrow_objective"]),
    ],
)  # fmt: skip
def test_a_notebook_and_the_helper_hold_the_same_code(notebook, module, names):
    in_notebook = {}
    for cell in code_cells(ROOT / "notebooks" / f"{notebook}.ipynb"):
        if "snippet" not in cell.metadata.get("tags", []):
            in_notebook |= definitions(cell.source)
    in_helper = definitions((ROOT / "helpers" / f"{module}.py").read_text(encoding="utf-8"))
    for name in names:
        assert in_notebook[name] == in_helper[name], name


def test_the_map_and_the_readme_list_every_notebook():
    readme, start = (ROOT / "README.md").read_text(encoding="utf-8"), read(NOTEBOOKS[0]).cells[1].source
    for path in NOTEBOOKS:
        assert f"notebooks/{path.name}" in readme
        assert f"**{path.stem[:2]}**" in start


def test_readme_is_one_page():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


def test_links_between_notebooks_lead_somewhere():
    for path, following in itertools.pairwise(NOTEBOOKS):
        assert f"({following.name})" in read(path).cells[-1].source
