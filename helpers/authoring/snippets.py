"""Writes notebooks/snippets.md, the page of all snippets, from the lessons: `make numbers`."""

import itertools
import re

import nbformat

from helpers.commands import ROOT

PAGE = ROOT / "notebooks" / "snippets.md"
HEAD = """# Snippets

Each runs as it is, alone, in an empty folder. Copy one, run it, then put your own model and data into it.
"""


def snippets(path):
    """Yields (name, what for, code) for each cell of a lesson that has the tag `snippet`.

    The last paragraph above the cell says what for, and its first words are the name.
    """
    cells = nbformat.read(path, as_version=4).cells
    for above, cell in itertools.pairwise(cells):
        if "snippet" in cell.metadata.get("tags", []):
            what_for = above.source.strip().split("\n\n")[-1].replace("\n", " ").removeprefix("## Take it home ")
            name = re.split(r"[.:,] |(?<=\?) ", what_for)[0].rstrip(".")
            yield name, what_for, re.sub(r"^%%writefile .*\n", "", cell.source)


def page(paths):
    """The page as text; paths: of the lessons."""
    contents, sections = [], []
    for path in paths:
        for name, what_for, code in snippets(path):
            contents.append(f"- [{name}](#{anchor(name)})")
            sections.append(f"## {name}\n\n{what_for} From [lesson {path.stem[:2]}]({path.name}).\n\n"
                            f"```python\n{code}\n```")
    return "\n\n".join([HEAD + "\n" + "\n".join(contents), *sections]) + "\n"


def anchor(heading):
    """The address of a heading, as GitHub and Sphinx make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
