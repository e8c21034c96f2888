"""A report of one page, as HTML (one file, pictures included) and as Markdown (pictures beside it)."""

import datetime
import itertools
import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from helpers.figure_style import alt_text, image_html
from helpers.html import fill

PACKAGES = ("torch", "optuna", "scikit-learn", "numpy")


def search_space(study):
    """One row per parameter: how it was searched, conditional parameters included."""
    found = {}
    for trial in study.get_trials(deepcopy=False):
        for name, how in trial.distributions.items():
            ends = f"{how.low:g} to {how.high:g}" if hasattr(how, "low") else ", ".join(map(str, how.choices))
            found[name] = ends + (" (log scale)" if getattr(how, "log", False) else "")
    return pd.DataFrame({"parameter": found.keys(), "searched": found.values()})


def settings(params):
    """One row per parameter of a trial."""
    words = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in params.values()]
    return pd.DataFrame({"parameter": params.keys(), "value": words})


def versions():
    """One row per package that was used."""
    rows = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return pd.DataFrame({"package": rows.keys(), "version": rows.values()})


def write_report(folder, title, headline, sections):
    """Creates the folder, writes report.html and report.md to it; returns the path of report.html.

    headline: the sentence to remember. sections: {heading: [content, ...]}, each content a sentence, a data frame
    or a matplotlib figure. Raises TypeError for any other content.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.date.today().isoformat()
    page, text = {}, [f"# {title}", today, f"**{headline}**"]
    pictures = (folder / f"picture_{number}.png" for number in itertools.count(1))
    for heading, contents in sections.items():
        contents = contents if isinstance(contents, list | tuple) else [contents]
        both = [_in_both_forms(content, pictures) for content in contents]
        page[heading] = [as_html for as_html, _ in both]
        text += [f"## {heading}", *(as_markdown for _, as_markdown in both)]
    whole = fill("report.html", title=title, today=today, headline=headline, sections=page)
    (folder / "report.html").write_text(whole + "\n", encoding="utf-8")
    (folder / "report.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return folder / "report.html"


def _in_both_forms(content, pictures):
    """A content as HTML (a sentence as it is) and as Markdown; a figure is saved under the next path of `pictures`."""
    if isinstance(content, pd.DataFrame):
        table = content.to_html(index=False, float_format="{:.3f}".format, na_rep="", border=0)
        return Markup(table), _markdown(content)
    if isinstance(content, Figure):
        path, words = next(pictures), alt_text(content)
        content.savefig(path, dpi=110)
        return image_html(path.read_bytes(), words), f"![{words}]({path.name})"
    if not isinstance(content, str):
        hint = "; write ax.figure in place of ax" if hasattr(content, "figure") else ""
        raise TypeError(f"a report takes sentences, data frames and figures, not {type(content).__name__}{hint}")
    return content, content


def _markdown(table):
    rows = [table.columns, ["---"] * len(table.columns), *table.itertuples(index=False)]
    words = [["" if _is_missing(cell) else f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
             for row in rows]
    cells = [[" ".join(word.replace("|", "\\|").splitlines()) for word in row] for row in words]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _is_missing(cell):
    return pd.api.types.is_scalar(cell) and pd.isna(cell)  # a list in a cell is not missing
