"""Writes the numbers that pages quote from data/recorded/: `make numbers`.

README.md and the prose of notebooks hold them between `<!-- numbers: NAME -->` and `<!-- end -->`;
data/recorded/README.md and notebooks/snippets.md are written whole. A test compares all of them with the recordings.
"""

import re

import nbformat
import pandas as pd

from helpers import plots, recorded
from helpers.authoring import minutes, recorded_page, snippets
from helpers.authoring.recorded_page import table
from helpers.authoring.run_notebooks import notebooks
from helpers.commands import ROOT
from helpers.evaluation import by_model, difference
from helpers.figure_style import alt_text

README, NOTEBOOKS = ROOT / "README.md", ROOT / "notebooks"
IN_README = ("paper's recipe", "LSTM", "Transformer, first try", "tuned boosted trees", "tuned Transformer")


def results_in_short():
    """Five rows, and one honest sentence."""
    runs = recorded.load_test_results()
    summary = by_model(runs, ("test_accuracy", "test_auc"))
    mean, margin = summary["test_accuracy"], summary["± accuracy"]
    rows = [[name, f"{mean[name]:.3f} ± {margin[name]:.3f}", f"{summary.loc[name, 'seconds']:.0f}"]
            for name in mean.index if name in IN_README]
    paper, _, blind, _, tuned = IN_README
    wide = recorded.load_table("diagnosis", test=True).query("model == 'full width'").iloc[0]
    by_hand, patient, long = "recipe fixed by hand", f"{paper}, 60 epochs", f"{tuned}, 60 epochs"

    def compared(name, reference, better, same, worse):
        gap, of_gap = difference(*(runs.loc[runs["model"] == one, "test_accuracy"] for one in (name, reference)))
        return same if abs(gap) <= of_gap else better if gap > 0 else worse

    return table(["model", "test accuracy", "seconds per training"], rows) + (
        f"\n\nTuned in rounds for {recorded.seconds_of_search('transformer') / 60:.0f} minutes on one core, the "
        f"Transformer goes from {mean[paper]:.2f} to {mean[tuned]:.2f}; but one blind study of a hundred trials takes "
        f"it to {mean[blind]:.2f}, {compared(blind, by_hand, 'further than', 'about as far as', 'less far than')} two "
        f"well-reasoned manual changes ({mean[by_hand]:.2f}), and the tuned Transformer is "
        f"{compared(long, patient, 'above', 'level with', 'below')} the paper's recipe if both train five times as "
        f"long ({mean[long]:.2f} and {mean[patient]:.2f}). (The recipe here has an eighth of the paper's width, to "
        f"suit a laptop. One run at full width reached {wide['test_accuracy']:.2f}, in {wide['seconds'] / 60:.0f} "
        "minutes on another machine.)"
    )


def learning_curves():
    """The picture of README: the LSTM, the Transformer that lost, and the one that was tuned."""
    curves = pd.concat(recorded.load_table(f"{part}_curves") for part in ("untuned", "tuned"))
    return plots.learning_curves(curves[curves["model"].isin(["LSTM", "paper's recipe", "tuned Transformer"])]).figure


def sentence_on_storages():
    rates = recorded.load_table("storages").groupby(["storage", "writers"])["trials_per_second"].median().unstack()
    shared = rates.drop(index=["in memory", "Ray, on a journal"])  # Ray's is a journal again
    shared = shared.rename(index={"journal": "a journal file"})
    fastest = shared[30].sort_values(ascending=False).index
    gain = shared[2] / shared[1]
    slow = shared.drop(index=["a journal file", "Dask"])
    return (
        f"Of the storages that several processes can share, {fastest[0]} handles the most trials from thirty writers "
        f"on one machine, followed by {fastest[1]}. A second writer adds a fifth or more only with "
        f"{' and '.join(gain[gain > 1.2].index)}. A database or a proxy handles {slow.min().min():.0f} to "
        f"{slow.max().max():.0f} trials per second."
    )


def sentence_on_gpu(size):
    hands = recorded.load_table("bench/gpu").query("size == @size")
    hands = hands.groupby(["device", "processes"])["hands_per_second"].mean()
    gpu, cpu = hands["cuda"], hands["cpu"]
    return (
        f"One process on the GPU is {gpu[1] / cpu[1]:.1f} times as fast as one core. Eight do {gpu[8] / gpu[1]:.1f} "
        f"times its work, sixteen {gpu[16] / gpu[1]:.1f} times; sixteen cores do {100 * cpu[16] / gpu[16]:.0f} % of "
        "that."
    )


PICTURE = NOTEBOOKS / "learning_curves.png"

BLOCKS = {
    "results": lambda: f"![{alt_text(learning_curves())}](notebooks/{PICTURE.name})\n\n{results_in_short()}",
    "storages": sentence_on_storages,
    "gpu, usual": lambda: sentence_on_gpu("usual"),
    "gpu, full width": lambda: sentence_on_gpu("full width"),
}


def with_numbers(text):
    """The text with what is between its markers replaced by what the recordings say."""
    return re.sub(r"(<!-- numbers: (.+?) -->\n).*?(\n<!-- end -->)",
                  lambda found: found[1] + BLOCKS[found[2]]() + found[3], text, flags=re.DOTALL)


def notebook_with_numbers(path, totals):
    notebook = minutes.with_header(path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = minutes.with_totals(with_numbers(cell.source), totals)
    return nbformat.writes(notebook) + "\n"


def pages():
    """{path: its text with the numbers of the recordings}"""
    lessons = notebooks()
    totals = minutes.totals(lessons)
    return {
        README: minutes.with_totals(with_numbers(README.read_text(encoding="utf-8")), totals),
        recorded_page.PAGE: recorded_page.page(),
        snippets.PAGE: snippets.page(lessons),
        **{path: notebook_with_numbers(path, totals) for path in lessons},
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    learning_curves().savefig(PICTURE, dpi=80)
