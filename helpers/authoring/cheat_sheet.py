"""Makes a printable page of notebooks/cheat_sheet.md: `make cheat-sheet`."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import mistune
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.commands import ROOT
from helpers.html import fill

SHEET = ROOT / "notebooks" / "cheat_sheet.md"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Page(mistune.HTMLRenderer):
    def block_code(self, code, info=None):
        lines = re.sub(r"\n{3,}", "\n\n", code)  # to save space: one blank line is enough
        return f"<div class='code'>{highlight(lines, PythonLexer(), HtmlFormatter())}</div>\n"


def as_html(text):
    """The sheet as a self-contained HTML page: one section per heading, in two columns."""
    body = mistune.create_markdown(renderer=Page(), plugins=["table"])(text)
    title, *sections = map(Markup, re.split(r"(?=<h2>)", body))
    colours = HtmlFormatter().get_style_defs(".code")
    return fill("cheat_sheet.html", title=title, sections=sections, colours=Markup(colours))


def find_chromium():
    """The path of the Chromium to use: the one that CHROMIUM names, or the first on the PATH; None without one."""
    names = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else CHROMIUM
    return next((found for found in map(shutil.which, names) if found), None)


def print_to_pdf(page, pdf):
    """Prints a page with Chromium; returns False if there is none, or if it failed."""
    browser = find_chromium()
    pdf.unlink(missing_ok=True)  # of the last run
    if browser is None:
        return False
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:  # else a running browser would answer
        subprocess.run([browser, "--headless", *root, "--disable-gpu", f"--user-data-dir={own}",
                        "--no-pdf-header-footer", f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()],
                       capture_output=True, timeout=120)
    return pdf.exists()


def make(folder=ROOT / "build"):
    """Writes cheat_sheet.html, and cheat_sheet.pdf if there is a Chromium, to the folder."""
    page = Path(folder) / "cheat_sheet.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(as_html(SHEET.read_text(encoding="utf-8")), encoding="utf-8")
    print(page)
    pdf = page.with_suffix(".pdf")
    no_pdf = "no PDF: no Chromium was found, or it failed; open the page in a browser and print it"
    print(pdf if print_to_pdf(page, pdf) else no_pdf)


if __name__ == "__main__":
    make()
