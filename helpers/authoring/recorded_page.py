"""Writes data/recorded/README.md, the page of measurements: `make numbers`."""

from helpers import recorded
from helpers.evaluation import by_model, interval

PAGE = recorded.RECORDED / "README.md"
SEARCH_OF = {"tuned LSTM": "lstm", "tuned Transformer": "transformer", "tuned boosted trees": "trees"}


def table(columns, rows):
    """A table in Markdown; the first column holds names, the others numbers."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def with_interval(values, digits=3):
    """A mean with its 95 % interval, as text."""
    return f"{values.mean():.{digits}f} ± {interval(values):.{digits}f}"


def results():
    summary = by_model(recorded.load_test_results(), ("test_accuracy", "test_auc"))
    rows = []
    for model, row in summary[::-1].iterrows():
        search = SEARCH_OF.get(model.split(",")[0])
        seconds = f"{recorded.seconds_of_search(search):,.0f}" if search else ""
        accuracy = f"{row['test_accuracy']:.3f} ± {row['± accuracy']:.3f}"
        rows.append([model, accuracy, f"{row['test_auc']:.3f}", f"{row['seconds']:.0f}", seconds])
    return table(["model", "test accuracy", "AUC", "seconds per training", "seconds of search"], rows)


def layouts():
    runs = recorded.load_table("bench/layouts", test=True)
    means = runs.pivot_table(index="layout", columns=["tuned", "model"], values="test_accuracy", sort=False)
    columns = [f"{'tuned' if tuned else 'untuned'} {model}" for tuned, model in means.columns]
    rows = [[row.Index, *(f"{value:.3f}" for value in row[1:])] for row in means.itertuples()]
    return table(["layout", *columns], rows)


def samplers():
    runs = recorded.load_table("bench/samplers")
    rows = []
    for name, group in runs.groupby("sampler", sort=False):
        cells = []
        for budget in ("best_20", "best_100"):
            best = runs.pivot(index="seed", columns="sampler", values=budget)
            ahead = 100 * (best[name] - best["random"])  # within each seed
            cells += [f"{best[name].mean():.3f}",
                      "" if name == "random" else f"{ahead.mean():+.1f} ± {interval(ahead):.1f}"]
        rows.append([name, *cells, f"{1_000 * group['cpu_seconds'].mean() / 100:.1f}"])
    return table(["sampler", "after 20 trials", "vs random", "after 100", "vs random", "ms per trial"], rows)


def article():
    rows = []
    for name, group in recorded.load_table("bench/article").groupby("arm", sort=False):
        low, middle, high = group["seconds_to_target"].quantile([0.25, 0.5, 0.75])
        rows.append([name, f"{middle:.0f}", f"{low:.0f} to {high:.0f}", with_interval(group["val_accuracy"])])
    return table(["search", "seconds to the target", "quartiles", "best after 240 s"], rows)


def race():
    runs = recorded.load_table("bench/race")
    rows = []
    for name, group in runs.groupby("arm", sort=False):
        mean, low, high = group["best_480"].agg(["mean", "min", "max"])
        reached = group.filter(like="to_")
        seconds = [f"{reached[goal].median():.0f} ({reached[goal].count()})" if reached[goal].count() else "never"
                   for goal in reached]
        best = f"{mean:.3f} ({low:.3f} to {high:.3f})"
        rows.append([name, len(group), best, f"{group['trials'].mean():.0f}", *seconds])
    return table(["search", "runs", "best", "trials", "to 0.75", "to 0.85", "to 0.90"], rows)


def gpu():
    hands = recorded.load_table("bench/gpu").pivot_table(
        index="processes", columns=["size", "device"], values="hands_per_second")
    order = [(size, device) for size in ("usual", "full width") for device in ("cuda", "cpu")]
    rows = [[number, *(f"{row[column]:,.0f}" for column in order)] for number, row in hands.iterrows()]
    columns = ["processes", "course's size, GPU", "on cores", "full width, GPU", "on cores"]
    return f"{table(columns, rows)}\n\nThe first try of lesson 04: {sentence_on_gpu_studies()}"


def running():
    runs = recorded.load_table("bench/running")
    best = runs.pivot_table(index="sampler", columns="workers", values="best", aggfunc=with_interval, sort=False)
    return table(["sampler", *(f"{workers} at a time" for workers in best)], best.reset_index().values)


def over_seeds():
    rows = [[arm, f"{runs['trials'].mean():.0f}", f"{runs['best_value'].mean():.4f}",
             with_interval(runs["fresh_accuracy"], digits=4)]
            for arm, runs in recorded.load_table("bench/wilcoxon").groupby("arm", sort=False)]
    return table(["a trial's value", "trials", "best value", "its settings, retrained"], rows)


def training_loop():
    loops = recorded.load_table("bench/training_loop")
    seconds = (loops["cpu_seconds"] / loops["epochs"]).groupby([loops["model"], loops["repeat"], loops["loop"]]).sum()
    ratios = seconds.unstack().pipe(lambda each: each.div(each["bare"], axis=0)).groupby("model").median()
    return table(["model", *ratios], [[model, *(f"{value:.3f}" for value in row)] for model, row in ratios.iterrows()])


def sentence_on_gpu_studies():
    studies = recorded.load_table("bench/gpu_studies").set_index(["device", "workers"])
    return "; ".join(
        f"{workers} {'worker' if workers == 1 else 'workers'} on the {'GPU' if device == 'cuda' else 'CPU'}: "
        f"{row['trials']:.0f} trials in {row['seconds']:.0f} s"
        for (device, workers), row in studies.iterrows()) + "."


SECTIONS = {  # heading: (what the table says, the function that makes it, the recordings used)
    "Every model": (
        "Card hands, 6,000 to train on. Accuracy and macro AUC on 4,000 test hands that played no role in any choice: "
        "mean of five seeds with its 95 % interval, which is zero for methods that do not depend on a seed. Twelve "
        "epochs unless the name says otherwise. *Tuned*: searched in two rounds; the networks' best five settings "
        "re-ranked over three seeds, which counts as search. Seconds are of one core. *First try*: the best of one "
        "study of 100 trials.",
        results, ["untuned", "patience", "schedule", "studies", "first_try", "rounds", "tuned"]),
    "The same hands in another order": (
        "Test accuracy by the order of the seven cards, mean of five seeds.", layouts, ["bench/layouts"]),
    "Samplers": (
        "Trials are looked up in a table of trained Transformers. Means of 30 studies: validation accuracy of the best "
        "trial, difference from random search within each seed in points (95 % interval), sampler's own time. "
        "*TPE* is Optuna 5's default, *independent* was Optuna 4's.",
        samplers, ["bench/samplers", "bench/table"]),
    "Trials that still run": (
        "On the same table, 20 studies of 64 trials each: the best value if 1, 4 or 16 run at a time. "
        "*AutoSampler* is OptunaHub's.", running, ["bench/running"]),
    "When a trial is a mean": (
        "Real training runs on scikit-learn's digits, equally many for each row: one run per trial, or eight with "
        "different seeds and splits, with or without a pruner; the winner retrained twenty times.",
        over_seeds, ["bench/wilcoxon"]),
    "The article's search against ours": (
        "On the samplers' table and a simulated clock, two workers, 30 studies each: seconds to reach ten points above "
        "the untuned LSTM, and the best after 240 seconds. The names say what was changed; *ours* has all "
        "three. Lesson 03 names the article.", article, ["bench/article"]),
    "A race": (
        "Real training of the Transformer, eight minutes of two cores for each run. Time is CPU time, halved, so "
        "waiting costs nothing. All seven runs of a seed were on one machine. Mean validation accuracy of the best "
        "trial (lowest to highest), and median seconds to an accuracy, with the number of runs that reached it. "
        "All search the wide space of round one, except the second of *our rounds*, whose space a person wrote.",
        race, ["bench/race"]),
    "The training loop": (
        "An epoch of the course's loop and of others, in epochs of the bare loop; median of the repeats.",
        training_loop, ["bench/training_loop"]),
    "A GPU": (
        "Transformers trained by this many processes at once, on one GPU and on the same machine's cores: hands per "
        "second, in total.", gpu, ["bench/gpu", "bench/gpu_studies"]),
}


def page():
    parts = ["# What was measured",
             "Written by `make numbers` from the files beside it; other recordings are shown in the lessons "
             "that use them. Each table says how it was recorded."]
    for heading, (words, make, sources) in SECTIONS.items():
        origin = "\n".join(f"- `{source}`: {' '.join(recorded.provenance(source).split())}" for source in sources)
        parts += [f"## {heading}", words, make(), origin]
    return "\n\n".join(parts) + "\n"
