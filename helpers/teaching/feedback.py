"""How a verdict on an answer looks, in a notebook and as text."""

import html

from IPython import get_ipython
from IPython.display import display

COLORS = {"right": "var(--jp-success-color1, #2e7d32)", "not yet": "var(--jp-warn-color1, #e65100)"}


def say(name, verdict, words):
    """Shows the verdict: as text, and where there is a notebook with a coloured edge."""
    label = f"{name}: {verdict}." if verdict == "right" else f"{name}: {verdict}:"
    text = f"{label} {words}"
    if get_ipython() is None:
        print(text)
        return
    color = COLORS.get(verdict, "var(--jp-border-color0, #888)")
    box = (f'<div style="border-left: 6px solid {color}; padding: 4px 12px"><b>{html.escape(label)}</b> '
           f"{html.escape(words)}</div>")
    display({"text/plain": text, "text/html": box}, raw=True)
