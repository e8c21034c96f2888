"""Makes a page to print of notebooks/cheat_sheet.md: `make cheat-sheet`."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import mistune
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

ROOT = Path(__file__).resolve().parents[2]
SHEET = ROOT / "notebooks" / "cheat_sheet.md"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
STYLE = """
@page { size: A4 portrait; margin: 7mm 8mm }
body { font: 8pt/1.25 Arial, "Liberation Sans", "DejaVu Sans Condensed", sans-serif }
body { color: #222; width: 194mm; margin: 0 auto }
header { display: flex; justify-content: space-between; align-items: baseline; margin-bottom: 2mm }
header { padding-bottom: 0.8mm; border-bottom: 0.6mm solid #0072B2 }
h1 { font-size: 13pt; margin: 0 }
main { columns: 2; column-gap: 6mm }
section { break-inside: avoid; padding-bottom: 2.2mm }
h2 { font-size: 9.5pt; margin: 0 0 0.8mm; color: #0072B2 }
p, ol, ul { margin: 1mm 0 0 } ol { padding-left: 4.5mm } ul { padding-left: 3.5mm } li { margin-bottom: 0.4mm }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: normal; font-style: italic; color: #555 }
td, th { padding: 0.25mm 1.5mm 0.25mm 0; border-bottom: 0.2mm solid #ccc; vertical-align: top }
td:first-child, th, td code { white-space: nowrap } td:last-child { padding-right: 0 }
code, pre { font: 7.5pt/1.2 "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace }
pre { margin: 0 } .code { background: #f5f5f5; padding: 1mm 1.5mm; border-radius: 1mm }
"""


class Page(mistune.HTMLRenderer):
    def block_code(self, code, info=None):
        lines = re.sub(r"\n{3,}", "\n\n", code)  # paper is dear: one blank line will do
        return f"<div class='code'>{highlight(lines, PythonLexer(), HtmlFormatter())}</div>\n"


def as_html(text):
    """The sheet as a page of HTML that needs nothing else: a section for each heading, in two columns."""
    body = mistune.create_markdown(renderer=Page(), plugins=["table"])(text)
    title, *sections = re.split(r"(?=<h2>)", body)
    colours = HtmlFormatter().get_style_defs(".code")
    main = "".join(f"<section>{section}</section>\n" for section in sections)
    return (f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>Tuning with Optuna</title>"
            f"<style>{colours}{STYLE}</style></head><body><header>{title}</header><main>{main}</main></body></html>\n")


def find_chromium():
    """The path of the Chromium to drive: the one that CHROMIUM names, or the first on the PATH; None without one."""
    names = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else CHROMIUM
    return next((found for found in map(shutil.which, names) if found), None)


def print_to_pdf(page, pdf):
    """Prints a page with Chromium; returns False where there is none, or it failed."""
    browser = find_chromium()
    pdf.unlink(missing_ok=True)  # not the one of last time
    if browser is None:
        return False
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:  # else a browser that is open would answer
        subprocess.run([browser, "--headless", *root, "--disable-gpu", f"--user-data-dir={own}",
                        "--no-pdf-header-footer", f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()],
                       capture_output=True, timeout=120)
    return pdf.exists()


def make(folder=ROOT / "build"):
    """Writes cheat_sheet.html, and cheat_sheet.pdf where there is a Chromium, to the folder."""
    page = Path(folder) / "cheat_sheet.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(as_html(SHEET.read_text(encoding="utf-8")), encoding="utf-8")
    print(page)
    pdf = page.with_suffix(".pdf")
    no_pdf = "no PDF: no Chromium was found, or it failed; open the page in a browser and print it"
    print(pdf if print_to_pdf(page, pdf) else no_pdf)


if __name__ == "__main__":
    make()
