"""Makes slides of the lessons, out of what the notebooks have: `make slides` writes build/slides/.

One slide per heading: the questions of its section, in bold there, or its first sentence; then one per picture, with
the sentence on how to read it. No text is written for slides alone.
"""

import re
import sys

import mistune
from markupsafe import Markup

from helpers.authoring.book import executed
from helpers.authoring.cheat_sheet import print_to_pdf
from helpers.authoring.run_notebooks import notebooks
from helpers.commands import ROOT
from helpers.html import fill

SLIDES = ROOT / "build" / "slides"


def sections(notebook):
    """(heading, its text, [(a picture as HTML, the text after it), ...]) of each section."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text, *parts = re.split(r"^#+ (.+)\n", f"{cell.source}\n", flags=re.MULTILINE)
            if found and not found[-1][2]:
                found[-1][1] += text
            elif found and not found[-1][2][-1][1]:
                found[-1][2][-1][1] = text
            found += [[heading, text, []] for heading, text in zip(parts[::2], parts[1::2], strict=True)]
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html", "")
            if "course-picture" in html:
                found[-1][2].append([html, ""])
    return found


def beginning(text):
    """The first sentence of a text, or the list that it begins with; nothing of a table or a piece of code."""
    return re.match(r"\s*((- [^\n]+\n)+|(?![|<`]).*?([.?!]\*?(?=\s)|\Z)|)", text, re.DOTALL)[1]


def slides(notebook):
    """(heading, words as HTML, picture as HTML or nothing) of each slide."""
    found = []
    for heading, text, pictures in sections(notebook):
        questions = [bold for bold in re.findall(r"\*\*(.+?)\*\*", text) if "?" in bold]
        words = "\n\n".join(questions) or beginning(text)
        if words or not pictures:
            found.append((heading, words, ""))
        found += [(heading, beginning(reading), picture) for picture, reading in pictures]
    return [(heading, Markup(mistune.html(words)), Markup(picture)) for heading, words, picture in found]


def write(path, folder=SLIDES, run=executed):
    """Writes the slides of a notebook as HTML; returns the path of the file."""
    page = folder / f"{path.stem}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(fill("slides.html", title=path.stem, slides=slides(run(path))), encoding="utf-8")
    return page


def main(names):
    """Writes the slides of the notebooks whose names begin with one of `names`, and a PDF of each."""
    for path in notebooks(names):
        page = write(path)
        printed = print_to_pdf(page, page.with_suffix(".pdf"))
        print(page, "and .pdf" if printed else "(no PDF: no Chromium was found, or it failed)")


if __name__ == "__main__":
    main(sys.argv[1:])
