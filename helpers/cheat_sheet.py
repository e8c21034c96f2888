"""Makes a page to print of notebooks/cheat_sheet.md: `make cheat-sheet`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import mistune
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

ROOT = Path(__file__).resolve().parent.parent
SHEET = ROOT / "notebooks" / "cheat_sheet.md"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
STYLE = """
@page { size: A4 portrait; margin: 8mm }
body { font: 7.9pt/1.28 "DejaVu Sans", Arial, sans-serif; color: #222; max-width: 194mm; margin: 0 auto }
h1 { font-size: 13pt; margin: 0 0 2mm; border-bottom: 2px solid #0072B2 }
main { columns: 2; column-gap: 6mm }
section { break-inside: avoid; margin-bottom: 2.4mm }
h2 { font-size: 9pt; margin: 0 0 0.6mm; color: #0072B2 }
p, ol { margin: 0.8mm 0; padding-left: 0 } ol { list-style-position: inside }
table { border-collapse: collapse; width: 100% } td:first-child, th { white-space: nowrap }
th { text-align: left; font-weight: normal; font-style: italic; color: #555 }
td, th { padding: 0.25mm 1.5mm 0.25mm 0; border-bottom: 0.5px solid #ccc; vertical-align: top }
code, pre { font: 6.8pt/1.25 "DejaVu Sans Mono", monospace } pre { margin: 0; white-space: pre-wrap }
td code { white-space: nowrap } .code { background: #f5f5f5; padding: 1mm 1.5mm; border-radius: 1mm }
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
            f"<style>{colours}{STYLE}</style></head><body>{title}<main>{main}</main></body></html>\n")


def print_to_pdf(page, pdf):
    """Prints a page with Chromium (CHROMIUM=/path names another); returns False where there is none."""
    browser = shutil.which(os.environ.get("CHROMIUM", "")) or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        return False
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    subprocess.run([browser, "--headless", *root, "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={pdf}",
                    page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    return True


def make(folder=ROOT / "build"):
    """Writes cheat_sheet.html, and cheat_sheet.pdf where there is a Chromium, to the folder."""
    page = Path(folder) / "cheat_sheet.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(as_html(SHEET.read_text(encoding="utf-8")), encoding="utf-8")
    print(page)
    pdf = page.with_suffix(".pdf")
    print(pdf if print_to_pdf(page, pdf) else "no Chromium was found for a PDF; print the page with a browser")


if __name__ == "__main__":
    make()
