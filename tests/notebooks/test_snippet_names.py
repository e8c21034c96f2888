"""A snippet has names of its own: else a picture above it, drawn again, may show the snippet's study."""

import ast

import nbformat
import pytest

from tests.notebooks.tidy_notebooks import NOTEBOOKS, exercises, tags

SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def read(path):
    return nbformat.read(path, as_version=4)


def tree_of(source):
    """The syntax tree of a cell, without its magic lines."""
    lines = source.splitlines()
    return ast.parse("" if lines and lines[0].startswith("%%") else "\n".join(
        line for line in lines if not line.startswith(("%", "!"))))


def bound(source):
    """The names that a cell gives a value, imports and `_` left out."""
    names, nodes = set(), [tree_of(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif not isinstance(node, SCOPES):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            nodes += ast.iter_child_nodes(node)
    return names - {"_"}


def imported(source):
    return {alias.asname or alias.name for node in ast.walk(tree_of(source))
            if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}


def shared_names(notebook):
    """The names of the snippets that another cell, or the solution of an exercise, uses too."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and "raises-exception" not in tags(cell)]
    others = [cell.source for cell in code if "snippet" not in tags(cell)]
    others += [one.below["solution"] for one in exercises(notebook) if one.below]
    snippets = [cell.source for cell in code if "snippet" in tags(cell)]
    return set().union(*map(bound, snippets)) & set().union(*map(bound, others), *map(imported, others))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_snippet_has_names_of_its_own(path):
    assert shared_names(read(path)) == set()


def test_a_snippet_that_takes_a_name_is_noticed():
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell("from helpers.training import accuracy\nfor study in []:\n    best = 1"),
        nbformat.v4.new_code_cell("study, own = 1, [best for best in []]\ndef accuracy():\n    inner = 1",
                                  metadata={"tags": ["snippet"]})])
    assert shared_names(notebook) == {"study", "accuracy"}
