"""The style of the course's pictures, and their alt texts for readers who can't see them."""

import base64
import functools

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.html import fill

# One colour per model, everywhere; from the palette of Okabe and Ito, which colour-blind readers can tell apart.
COLORS = {
    "LSTM": "#56B4E9",
    "tuned LSTM": "#0072B2",
    "paper's recipe": "#D55E00",
    "recipe fixed by hand": "#A04000",
    "Transformer, first try": "#7FBF5F",
    "tuned Transformer": "#009E73",
    "boosted trees": "#E69F00",
    "tuned boosted trees": "#B07900",
    "logistic regression": "#CC79A7",
    "TF-IDF": "#CC79A7",
    "bag": "#E69F00",
    "tuned bag": "#B07900",
    "Transformer": "#D55E00",
    "majority": "#888888",
}
OTHER = "#555555"

STYLE = {  # large enough for a projector; white background, to be readable in JupyterLab's dark theme too
    "font.size": 13,
    "lines.linewidth": 2,
    "figure.facecolor": "white",
    "axes.prop_cycle": plt.cycler(color=["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"]),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def new_axes(width=9, height=4, columns=1):
    """A figure of that size (inches) in the style of the course, which Optuna's own pictures switch off.

    From the first call on, a notebook shows every matplotlib figure with alt text.
    """
    show_with_alt_text(get_ipython())
    plt.style.use(["default", STYLE])
    return plt.subplots(1, columns, figsize=(width, height), sharey=True, layout="constrained")[1]


def alt_text(figure):
    """What a picture shows, in words: its axes, where its curves end, the values of its bars."""
    sentences = []
    for ax in figure.axes:
        if ax.get_label() == "<colorbar>":
            continue
        axes = " against ".join(filter(None, [ax.get_ylabel(), ax.get_xlabel()]))
        details = [ax.get_title()]
        details += [_curve_in_words(line, ax) for line in ax.lines if not line.get_label().startswith("_")]
        rows = [label.get_text() for label in ax.get_yticklabels()]
        crosses = [group for group in ax.containers if isinstance(group, ErrorbarContainer)]
        details += [f"{row} {cross.lines[0].get_xdata()[0]:.3f}" for row, cross in zip(rows, crosses, strict=False)]
        for group in ax.containers:
            if isinstance(group, BarContainer):
                bars = ", ".join(f"{row} {bar.get_width():.3g}" for row, bar in zip(rows, group, strict=False))
                details.append(bars if group.get_label().startswith("_") else f"{group.get_label()}: {bars}")
        sentences.append("; ".join([f"A picture of {axes}", *filter(None, details)]) + ".")
    return " ".join(sentences)


def _curve_in_words(line, ax):
    x, y = line.get_xdata(orig=False), line.get_ydata(orig=False)  # as numbers, dates and names too
    if len(x) > 1 and (x == x[0]).all():
        return f"{line.get_label()} at {x[0]:.2f}"
    if line.get_transform() == ax.get_xaxis_transform():  # marks along the x axis
        return f"{len(x)} {line.get_label()}" if len(x) else ""
    y = y if len(ax.get_yticks()) else x  # without ticks, the height says nothing
    y = y[~np.isnan(y)]
    if len(y) == 0:
        return ""
    first, last = number_in_words(y[0]), number_in_words(y[-1])
    return f"{line.get_label()} at {last}" if first == last else f"{line.get_label()} from {first} to {last}"


def number_in_words(value):
    """A number with three decimals, or three significant digits if it is very small or very large."""
    return f"{value:.3f}" if value == 0 or 0.001 <= abs(value) < 1e6 else f"{value:.3g}"


def shortened(name, most=30):
    """A name on one line of at most that many characters, for an axis."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(name))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def image_html(png, words):
    """A picture as HTML with its alt text; png: the bytes of the file."""
    return fill("image.html", words=words, data=base64.b64encode(png).decode())


@functools.cache
def show_with_alt_text(shell):
    """Makes a notebook show every matplotlib figure with its alt text, which JupyterLab's own images lack."""
    if shell is None:  # not in a notebook
        return
    plt.switch_backend(plt.get_backend())  # else the first figure does it and undoes what is set below
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type(Figure, lambda figure: image_html(print_figure(figure, "png"), alt_text(figure)))


def color(model):
    """The colour of a model; a suffix after a comma ("LSTM, 60 epochs") does not change it, unless it has its own."""
    return COLORS.get(model) or COLORS.get(model.split(",")[0], OTHER)


def legend_beside(ax):
    """Puts the legend to the right of the picture, where it covers nothing; a picture without labels gets none."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def whole_numbers(ax):
    """Puts the ticks of the x axis at whole numbers, even if all trials so far fit between two of them."""
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
