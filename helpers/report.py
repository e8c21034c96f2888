"""A report of one page, as HTML (one file, pictures within) and as Markdown (pictures beside it)."""

import datetime
import html
import io
import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from helpers.figure_style import alt_text, image_html

PACKAGES = ("torch", "optuna", "scikit-learn", "numpy")
STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
h1 { line-height: 1.2 } .headline { font-size: 1.2em; border-left: 4px solid #0072B2; padding-left: 1em }
table { border-collapse: collapse } td, th { padding: 0.25em 0.8em; text-align: left; border-bottom: 1px solid #ccc }
img { max-width: 100% } @media print { h2 { break-after: avoid } img, table { break-inside: avoid } }"""


def search_space(study):
    """A row a parameter: how it was searched. Parameters of a branch stand in the trials that took it."""
    found = {}
    for trial in study.get_trials(deepcopy=False):
        for name, how in trial.distributions.items():
            ends = f"{how.low:g} to {how.high:g}" if hasattr(how, "low") else ", ".join(map(str, how.choices))
            found[name] = ends + (" (log scale)" if getattr(how, "log", False) else "")
    return pd.DataFrame({"parameter": found.keys(), "searched": found.values()})


def settings(params):
    """A row a parameter of a trial."""
    words = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in params.values()]
    return pd.DataFrame({"parameter": params.keys(), "value": words})


def versions():
    """A row a package: what the results were made with."""
    rows = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return pd.DataFrame({"package": rows.keys(), "version": rows.values()})


def write_report(folder, title, headline, sections):
    """Writes report.html and report.md to the folder, which is made; returns the path of the first.

    headline: the sentence to remember. sections: {heading: [content, ...]}, each content a sentence, a data frame
    or a figure of matplotlib's.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.date.today().isoformat()
    page = [f"<h1>{html.escape(title)}</h1><p>{today}</p><p class='headline'>{html.escape(headline)}</p>"]
    text = [f"# {title}", today, f"**{headline}**"]
    for heading, contents in sections.items():
        page.append(f"<h2>{html.escape(heading)}</h2>")
        text.append(f"## {heading}")
        for content in contents:
            if isinstance(content, pd.DataFrame):
                page.append(content.to_html(index=False, float_format="{:.3f}".format, na_rep="", border=0))
                text.append(_markdown(content))
            elif isinstance(content, Figure):
                picture = io.BytesIO()
                content.savefig(picture, dpi=110, format="png")
                name = f"picture_{sum('![' in block for block in text) + 1}.png"
                (folder / name).write_bytes(picture.getvalue())
                page.append(image_html(picture.getvalue(), alt_text(content)))
                text.append(f"![{alt_text(content)}]({name})")
            else:
                page.append(f"<p>{html.escape(content)}</p>")
                text.append(content)
    head = f"<meta charset='utf-8'><title>{html.escape(title)}</title><style>{STYLE}</style>"
    whole = f"<!DOCTYPE html><html lang='en'><head>{head}</head><body>{''.join(page)}</body></html>\n"
    (folder / "report.html").write_text(whole, encoding="utf-8")
    (folder / "report.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return folder / "report.html"


def _markdown(table):
    rows = [table.columns, ["---"] * len(table.columns), *table.itertuples(index=False)]
    words = [["" if pd.isna(cell) else f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
             for row in rows]
    cells = [[word.replace("|", "\\|").replace("\n", " ") for word in row] for row in words]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)
