"""Writes the numbers that pages quote from data/recorded/: `make numbers`.

README.md and the prose of notebooks hold them between `<!-- numbers: NAME -->` and `<!-- end -->`;
data/recorded/README.md is written whole. A test compares all of them with the recordings.
"""

import json
import re

import pandas as pd

from helpers import plots, recorded
from helpers.authoring import minutes, snippets
from helpers.data import DATA_DIR
from helpers.evaluation import by_model, difference, interval
from helpers.figure_style import alt_text

README = DATA_DIR.parent / "README.md"
NOTEBOOKS = DATA_DIR.parent / "notebooks"
PAGE = recorded.RECORDED / "README.md"
IN_README = ("paper's recipe", "LSTM", "Transformer, first try", "tuned boosted trees", "tuned Transformer")
SEARCH_OF = {"tuned LSTM": "lstm", "tuned Transformer": "transformer", "tuned boosted trees": "trees"}


def table(columns, rows):
    """A table in Markdown; the first column holds names, the others numbers."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def results_in_short():
    """Five rows, and the sentence to remember."""
    runs = recorded.load_test_results()
    summary = by_model(runs, ("test_accuracy", "test_auc"))
    mean, margin = summary["test_accuracy"], summary["± accuracy"]
    rows = [[name, f"{mean[name]:.3f} ± {margin[name]:.3f}", f"{summary.loc[name, 'seconds']:.0f}"]
            for name in mean.index if name in IN_README]
    paper, _, blind, trees, tuned = IN_README
    by_hand, patient, long = "recipe fixed by hand", f"{paper}, 60 epochs", f"{tuned}, 60 epochs"

    def compared(name, reference, better, same, worse):
        gap, of_gap = difference(*(runs.loc[runs["model"] == one, "test_accuracy"] for one in (name, reference)))
        return same if abs(gap) <= of_gap else better if gap > 0 else worse

    return table(["model", "test accuracy", "seconds per training"], rows) + (
        f"\n\nOne study of a hundred trials, run blindly, takes the Transformer from {mean[paper]:.2f} to "
        f"{mean[blind]:.2f}, {compared(blind, by_hand, 'further than', 'about as far as', 'less far than')} two "
        f"well-reasoned manual changes ({mean[by_hand]:.2f}). Tuned in rounds and re-ranked, for "
        f"{recorded.seconds_of_search('transformer') / 60:.0f} minutes of one core, it reaches {mean[tuned]:.2f}, "
        f"{compared(tuned, trees, 'above', 'level with', 'below')} boosted trees whose two rounds took as long as its "
        f"own ({mean[trees]:.2f}). If both train five times as long, the tuned Transformer is "
        f"{compared(long, patient, 'above', 'level with', 'below')} the paper's recipe ({mean[long]:.2f} and "
        f"{mean[patient]:.2f})."
    )


def results():
    summary = by_model(recorded.load_test_results(), ("test_accuracy", "test_auc"))
    rows = []
    for model, row in summary[::-1].iterrows():
        search = SEARCH_OF.get(model.split(",")[0])
        seconds = f"{recorded.seconds_of_search(search):,.0f}" if search else ""
        accuracy = f"{row['test_accuracy']:.3f} ± {row['± accuracy']:.3f}"
        rows.append([model, accuracy, f"{row['test_auc']:.3f}", f"{row['seconds']:.0f}", seconds])
    return table(["model", "test accuracy", "AUC", "seconds per training", "seconds of search"], rows)


def learning_curves():
    """The first picture of README: the LSTM, the Transformer that lost, and the one that was tuned."""
    curves = pd.concat(recorded.load_table(f"{part}_curves") for part in ("untuned", "tuned"))
    return plots.learning_curves(curves[curves["model"].isin(["LSTM", "paper's recipe", "tuned Transformer"])]).figure


def round_two():
    """The second picture of README: the trials of round two, above what there was before."""
    mean = by_model(recorded.load_test_results(), ("val_accuracy",))["val_accuracy"]
    names = ("LSTM", "Transformer, first try", "tuned boosted trees")
    trials = recorded.load_round("transformer", "round 2")
    return plots.history(trials, {name: mean[name] for name in names}, label="validation accuracy").figure


def layouts():
    runs = recorded.load_table("bench/layouts", test=True)
    means = runs.pivot_table(index="layout", columns=["tuned", "model"], values="test_accuracy", sort=False)
    columns = [f"{'tuned' if tuned else 'untuned'} {model}" for tuned, model in means.columns]
    rows = [[row.Index, *(f"{value:.3f}" for value in row[1:])] for row in means.itertuples()]
    return table(["layout", *columns], rows)


def gain(runs, column, name, reference, budget):
    """How far an arm is ahead of another within each seed, in points: the mean and half its 95 % interval."""
    values = runs.pivot(index="seed", columns=column, values=budget)
    points = 100 * (values[name] - values[reference])
    return points.mean(), interval(points)


def samplers():
    runs = recorded.load_table("bench/samplers")
    rows = []
    for name, group in runs.groupby("sampler", sort=False):
        cells = []
        for budget in ("best_20", "best_100"):
            points, margin = gain(runs, "sampler", name, "random", budget)
            cells += [f"{group[budget].mean():.3f}", "" if name == "random" else f"{points:+.1f} ± {margin:.1f}"]
        rows.append([name, *cells, f"{1_000 * group['cpu_seconds'].mean() / 100:.1f}"])
    return table(["sampler", "after 20 trials", "to random", "after 100", "to random", "ms per trial"], rows)


def article():
    rows = []
    for name, group in recorded.load_table("bench/article").groupby("arm", sort=False):
        low, middle, high = group["seconds_to_target"].quantile([0.25, 0.5, 0.75])
        after = f"{group['val_accuracy'].mean():.3f} ± {interval(group['val_accuracy']):.3f}"
        rows.append([name, f"{middle:.0f}", f"{low:.0f} to {high:.0f}", after])
    return table(["search", "seconds to the target", "quartiles", "best after 240 s"], rows)


def tuners():
    runs = recorded.load_table("bench/tuners")
    asleep = runs[runs["training"] == "asleep"].groupby("arm")
    rows = []
    for name, group in runs[runs["training"] == "real"].groupby("arm", sort=False):
        mean, low, high = group["val_accuracy"].agg(["mean", "min", "max"])
        own = f"{asleep.get_group(name)['ms_per_trial'].median():.0f}" if name in asleep.groups else ""
        rows.append([name, f"{mean:.3f} ({low:.3f} to {high:.3f})",
                     f"{group['seconds_to_target'].count()} of {len(group)}", f"{group['trials'].mean():.0f}", own,
                     f"{group['megabytes'].median():,.0f}"])
    return table(["tuner", "best after 100 s", "reached the target", "trials", "ms per trial", "MB"], rows)


def gpu():
    hands = recorded.load_table("bench/gpu").pivot_table(
        index="processes", columns=["size", "device"], values="hands_per_second")
    order = [(size, device) for size in ("usual", "full width") for device in ("cuda", "cpu")]
    rows = [[number, *(f"{row[column]:,.0f}" for column in order)] for number, row in hands.iterrows()]
    columns = ["processes", "course's size, GPU", "on cores", "full width, GPU", "on cores"]
    return f"{table(columns, rows)}\n\nThe first try of lesson 04: {sentence_on_gpu_studies()}"


def running():
    runs = recorded.load_table("bench/running")
    means = runs.pivot_table(index="sampler", columns="workers", values="best", sort=False)
    margins = runs.pivot_table(index="sampler", columns="workers", values="best", aggfunc=interval, sort=False)
    rows = [[name, *(f"{row[column]:.3f} ± {margins.loc[name, column]:.3f}" for column in means)]
            for name, row in means.iterrows()]
    return table(["sampler", *(f"{workers} at a time" for workers in means)], rows)


def over_seeds():
    rows = [[arm, f"{runs['trials'].mean():.0f}", f"{runs['best_value'].mean():.4f}",
             f"{runs['fresh_accuracy'].mean():.4f} ± {interval(runs['fresh_accuracy']):.4f}"]
            for arm, runs in recorded.load_table("bench/wilcoxon").groupby("arm", sort=False)]
    return table(["a trial", "trials", "best value", "its settings, trained again"], rows)


def training_loop():
    loops = recorded.load_table("bench/training_loop")
    seconds = (loops["cpu_seconds"] / loops["epochs"]).groupby([loops["model"], loops["repeat"], loops["loop"]]).sum()
    ratios = seconds.unstack().pipe(lambda each: each.div(each["bare"], axis=0)).groupby("model").median()
    return table(["model", *ratios], [[model, *(f"{value:.3f}" for value in row)] for model, row in ratios.iterrows()])


SECTIONS = {  # heading: (what the table says, the function that makes it, the parts of the record behind it)
    "Every model": (
        "Card hands, 6,000 to train on; accuracy and macro AUC on 4,000 test hands that played no role in any choice; "
        "mean of five seeds and 95 % interval, which is zero where a method does not depend on a seed. Twelve epochs "
        "unless the name says otherwise. *Tuned*: searched in two rounds, the best five settings re-ranked over three "
        "seeds; seconds of search are of one core. *First try*: the best of one study of 100 trials.",
        results, ["untuned", "patience", "schedule", "studies", "first_try", "rounds", "tuned"]),
    "The same hands in another order": (
        "Test accuracy by the order of the seven cards, mean of five seeds.", layouts, ["bench/layouts"]),
    "Samplers": (
        "On a table of Transformers that were trained once: 30 studies each, validation accuracy of the best trial, "
        "difference from random search within each seed in points with its 95 % interval, and the sampler's own time. "
        "*TPE* is Optuna 5's default, *independent* is how Optuna 4 did it.",
        samplers, ["bench/samplers", "bench/table"]),
    "Trials that still run": (
        "On the same table, 20 studies of 64 trials each: the best value if 1, 4 or 16 trials run at a time. "
        "*AutoSampler* is OptunaHub's.", running, ["bench/running"]),
    "When a trial is a mean": (
        "Real trainings on scikit-learn's digits, the same number for each row: one training per trial, or eight with "
        "other seeds and splits, without and with a pruner over them; the winner trained twenty times again.",
        over_seeds, ["bench/wilcoxon"]),
    "The article's search against ours": (
        "On the same table and a simulated clock, two workers, 30 studies each: seconds until ten points above the "
        "untuned LSTM are reached, and the best after 240 seconds. The names say what was changed; *ours* has all "
        "three. Lesson 03 names the article.", article, ["bench/article"]),
    "Other tuners": (
        "Real trainings from a larger space, three seeds of 100 seconds on two cores, too few to rank them: the best "
        "(least to most), trainings, the tuner's own time, memory.", tuners, ["bench/tuners"]),
    "The training loop": (
        "An epoch of the course's loop and of others, in epochs of the bare loop; median of the repeats.",
        training_loop, ["bench/training_loop"]),
    "A GPU": (
        "Transformers trained side by side by this many processes, on one GPU and on the cores beside it: hands per "
        "second, all together.", gpu, ["bench/gpu", "bench/gpu_studies"]),
}


def page():
    parts = ["# What was measured",
             "Written by `make numbers` from the files beside it; lessons 05 and 09 discuss some of them. Each table "
             "names how it was recorded."]
    for heading, (words, make, sources) in SECTIONS.items():
        origin = "\n".join(f"- `{source}`: {' '.join(recorded.provenance(source).split())}" for source in sources)
        parts += [f"## {heading}", words, make(), origin]
    return "\n\n".join(parts) + "\n"


def sentence_on_storages():
    rates = recorded.load_table("storages").groupby(["storage", "writers"])["trials_per_second"].median().unstack()
    shared = rates.drop(index=["in memory", "Ray, on a journal"])  # Ray's is a journal again
    shared = shared.rename(index={"journal": "a journal file"})
    fastest = shared[30].sort_values(ascending=False).index
    gain = shared[2] / shared[1]
    slow = shared.drop(index=["a journal file", "Dask"])
    return (
        f"Among those that several processes can share, {fastest[0]} handles the most trials of thirty writers on one "
        f"machine, and {fastest[1]} comes next. A second writer adds a fifth or more with "
        f"{' and '.join(gain[gain > 1.2].index)} only. A database or a proxy handles {slow.min().min():.0f} to "
        f"{slow.max().max():.0f} trials per second."
    )


def sentence_on_gpu(size):
    hands = recorded.load_table("bench/gpu").query("size == @size")
    hands = hands.groupby(["device", "processes"])["hands_per_second"].mean()
    gpu, cpu = hands["cuda"], hands["cpu"]
    return (
        f"Two processes do {gpu[2] / gpu[1]:.1f} times the work of one, eight {gpu[8] / gpu[1]:.1f} times, sixteen "
        f"{gpu[16] / gpu[1]:.1f} times. One process on the GPU is {gpu[1] / cpu[1]:.1f} times as fast as one core; "
        f"sixteen cores do {100 * cpu[16] / gpu[16]:.0f} % of what sixteen processes do on the GPU."
    )


def sentence_on_gpu_studies():
    studies = recorded.load_table("bench/gpu_studies").set_index(["device", "workers"])
    return "; ".join(
        f"{workers} {'worker' if workers == 1 else 'workers'} on the {'GPU' if device == 'cuda' else 'CPU'}: "
        f"{row['trials']:.0f} trials in {row['seconds']:.0f} s"
        for (device, workers), row in studies.iterrows()) + "."


PICTURES = (learning_curves, round_two)


def picture(draw):
    return f"![{alt_text(draw())}](notebooks/{draw.__name__}.png)"


BLOCKS = {
    "results": lambda: f"{picture(learning_curves)}\n\n{results_in_short()}\n\n{picture(round_two)}\n"
                       "*Round two of the search:* a dot per trial that trained to its end, a tick at the bottom per "
                       "pruned one; the dashed lines are what there was before.",
    "storages": sentence_on_storages,
    "gpu, usual": lambda: sentence_on_gpu("usual"),
    "gpu, full width": lambda: sentence_on_gpu("full width"),
}


def with_numbers(text):
    """The text with what is between its markers replaced by what the recordings say."""
    return re.sub(r"(<!-- numbers: (.+?) -->\n).*?(\n<!-- end -->)",
                  lambda found: found[1] + BLOCKS[found[2]]() + found[3], text, flags=re.DOTALL)


def notebook_with_numbers(path, totals):
    notebook = json.loads(minutes.with_header(path))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = minutes.with_totals(with_numbers("".join(cell["source"])), totals)
            cell["source"] = text.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def pages():
    """{path: its text with the numbers of the recordings}"""
    lessons = sorted(NOTEBOOKS.glob("*.ipynb"))
    totals = minutes.totals(lessons)
    return {
        README: minutes.with_totals(with_numbers(README.read_text(encoding="utf-8")), totals),
        PAGE: page(),
        snippets.PAGE: snippets.page(lessons),
        **{path: notebook_with_numbers(path, totals) for path in lessons},
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for draw in PICTURES:
        draw().savefig(NOTEBOOKS / f"{draw.__name__}.png", dpi=80)
