"""How the verdict on an answer looks, in a notebook and as text."""

from IPython import get_ipython
from IPython.display import display

from helpers.html import fill

COLORS = {"right": "var(--jp-success-color1, #2e7d32)", "not yet": "var(--jp-warn-color1, #e65100)"}


def say(name, verdict, words):
    """Shows the verdict: as text, and in a notebook with a coloured edge."""
    label = f"{name}: {verdict}." if verdict == "right" else f"{name}: {verdict}:"
    show(f"{label} {words}", verdict_html(label, verdict, words))


def verdict_html(label, verdict, words, role=None):
    color = COLORS.get(verdict, "var(--jp-border-color0, #888)")
    return fill("verdict.html", label=label, color=color, words=words, role=role)


def show(text, page):
    """Shows the page, which is HTML, in a notebook, and the text everywhere else."""
    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": page}, raw=True)
