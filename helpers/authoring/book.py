"""Makes a web site of the course, with all outputs, that needs no network: `make book` writes build/book/html/."""

import json
import os
import re
import shutil
import sys

import nbformat
from markupsafe import Markup

from helpers.authoring.run_notebooks import EXECUTED, run_notebook
from helpers.commands import ROOT
from helpers.html import fill

STATE, VIEW = "application/vnd.jupyter.widget-state+json", "application/vnd.jupyter.widget-view+json"
CONTENTS = {
    "Lessons": ["notebooks/*.ipynb"],
    "To look up": ["notebooks/*.md", "notebooks/project/*.md", "data/*.md", "data/recorded/README.md"],
    "Teaching": ["notebooks/teaching/README.md", "notebooks/teaching/*.md"],
    "Changing it": ["CONTRIBUTING.md"],
}
FOR_TEACHERS_ONLY = "survey_key.md"
TOCTREE = "\n```{{toctree}}\n:hidden:\n:caption: {}\n\n{}\n```\n"


def executed(path, cache=EXECUTED):
    """The notebook with its outputs: those that were kept, unless its code has changed since; then it runs."""
    kept, notebook = cache / path.name, nbformat.read(path, as_version=4)
    ran = nbformat.read(kept, as_version=4) if kept.exists() else nbformat.v4.new_notebook()
    if [cell.source for cell in code_of(ran)] != [cell.source for cell in code_of(notebook)]:
        cache.mkdir(parents=True, exist_ok=True)
        run_notebook(path, cache)
        ran = nbformat.read(kept, as_version=4)
    for cell, with_outputs in zip(code_of(notebook), code_of(ran), strict=True):
        cell.outputs = with_outputs.outputs
    notebook.metadata = ran.metadata  # it holds the widgets
    return notebook


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def as_page(notebook):
    """The notebook with a picture, made of HTML, in the place of each widget, and without progress bars.

    Links to headings are in lower case, as Sphinx wants them and JupyterLab does not, and those to a term lead to the
    top of the glossary; no error names this folder.
    """
    folder = json.dumps(f"{ROOT}{os.sep}")[1:-1]
    notebook = nbformat.reads(nbformat.writes(notebook).replace(folder, ""), as_version=4)
    state = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        cell.source = cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n")
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(\S*#\S+\)", lambda link: link[0].lower(), cell.source)
            cell.source = re.sub(r"(glossary\.md)#[^)]+", r"\1", cell.source)
        for output in list(cell.get("outputs", [])):
            view = output.get("data", {}).pop(VIEW, None)
            if view and is_bar(state, view.model_id):
                cell.outputs.remove(output)
            elif view:
                output.data["text/html"] = fill("widget.html", state=state, html=Markup, name=view.model_id)
    return notebook


def is_bar(state, name):
    """Whether a widget is a progress bar. Of one that a thread made between two cells, parts were not kept."""
    children = state[name].state.get("children", []) if name in state else []
    parts = [state.get(child.removeprefix("IPY_MODEL_")) for child in children]
    return name not in state or any(part is None or part.model_name == "FloatProgressModel" for part in parts)


def gather(source, run=executed):
    """Writes the pages of the book to a folder, at the places that they have in the repository."""
    shutil.rmtree(source, ignore_errors=True)
    index = (ROOT / "README.md").read_text(encoding="utf-8")
    for caption, patterns in CONTENTS.items():
        paths = dict.fromkeys(path for pattern in patterns for path in sorted(ROOT.glob(pattern))
                              if path.name != FOR_TEACHERS_ONLY)
        index += TOCTREE.format(caption, "\n".join(path.relative_to(ROOT).as_posix() for path in paths))
        for path in paths:
            copy = source / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".ipynb":
                nbformat.write(as_page(run(path)), copy)
            else:
                up = "](" + "../" * (len(path.relative_to(ROOT).parts) - 1)
                text = path.read_text(encoding="utf-8").replace(f"{up}README.md", f"{up}index.md")
                copy.write_text(text, encoding="utf-8")
    for picture in (ROOT / "notebooks").glob("*.png"):
        shutil.copyfile(picture, source / "notebooks" / picture.name)
    (source / "index.md").write_text(index, encoding="utf-8")


def build(folder=ROOT / "build" / "book", run=executed):
    """Makes the book below the folder; returns its first page and the number of warnings."""
    from sphinx.application import Sphinx

    gather(folder / "source", run)
    html, settings = folder / "html", ROOT / "helpers" / "authoring" / "pages"
    app = Sphinx(folder / "source", settings, html, folder / "doctrees", "html", status=None)
    app.build()
    size = sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
    print(f"{html / 'index.html'}: {size / 1e6:.0f} MB")
    return html / "index.html", app._warncount


if __name__ == "__main__":
    sys.exit(1 if build()[1] else 0)
