"""Scores and their summaries over seeds: means with 95 % intervals, verdicts in one sentence."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import rankdata


def auc(probabilities, y):
    """Macro one-vs-rest AUC: how well a class's probability ranks its rows above all others, averaged over classes.

    probabilities: (rows, n_classes), NaN where a training diverged; y: (rows,) class numbers. A class with no rows, or
    with all rows, is left out. With nothing to rank, it is 0.5 (chance).
    """
    probabilities, y = np.nan_to_num(np.asarray(probabilities)), np.asarray(y)
    is_class = y[:, None] == np.arange(probabilities.shape[1])  # (rows, n_classes)
    inside = is_class.sum(axis=0)
    pairs = inside * (len(y) - inside)  # a row of the class, and a row of another
    wins = (rankdata(probabilities, axis=0) * is_class).sum(axis=0) - inside * (inside + 1) / 2
    return float((wins[pairs > 0] / pairs[pairs > 0]).mean()) if pairs.any() else 0.5


def macro_f1(probabilities, y):
    """Macro F1: the harmonic mean of precision and recall, averaged over classes.

    probabilities: (rows, n_classes); y: (rows,) class numbers. A class that is never predicted correctly counts as 0.
    """
    from sklearn.metrics import f1_score  # here, since scikit-learn is slow to import

    return float(f1_score(y, np.asarray(probabilities).argmax(axis=1), average="macro", zero_division=0))


def interval(values):
    """Half the width of the 95 % interval of the mean (Student's t), for "mean ± this".

    A single value (one seed) gives NaN.
    """
    values = pd.Series(values).dropna()
    if len(values) < 2:
        return float("nan")
    return float(stdtrit(len(values) - 1, 0.975) * values.sem())


def difference(first, second):
    """The mean of `first` minus that of `second`, and half the 95 % interval of this difference (Welch's t).

    first, second: the scores of two models, one per seed. Two intervals may overlap although that of the difference
    excludes zero, so use this one to compare. A single score (one seed) gives NaN for the interval.
    """
    first, second = pd.Series(first), pd.Series(second)
    a, b = first.sem() ** 2, second.sem() ** 2
    if a + b == 0:  # neither depends on the seed
        return first.mean() - second.mean(), 0.0
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
    return first.mean() - second.mean(), float(stdtrit(freedom, 0.975) * (a + b) ** 0.5)


def by_model(table, metrics=("val_accuracy", "val_auc")):
    """One row per model, sorted by the first metric: mean and interval of each metric, and mean seconds per training.

    table: a data frame with the columns model, seed, seconds and the metrics, one row per training.
    """
    rows = []
    for model, group in table.groupby("model", sort=False):
        row = {"model": model, "seeds": len(group)}
        for metric in metrics:
            row |= {metric: group[metric].mean(), f"± {metric.split('_')[1]}": interval(group[metric])}
        rows.append(row | {"seconds": group["seconds"].mean()})
    return pd.DataFrame(rows).set_index("model").sort_values(metrics[0])


def verdict(table, first, second, metric="test_accuracy"):
    """One sentence on two models: which is better, by how much, and whether that is more than chance.

    A difference counts if its 95 % interval over the seeds excludes zero.
    """
    scores = {model: table.loc[table["model"] == model, metric] for model in (first, second)}
    better, worse = sorted(scores, key=lambda model: -scores[model].mean())
    gap, margin = difference(scores[better], scores[worse])
    values = f"{scores[better].mean():.3f} against {scores[worse].mean():.3f}"
    if gap > margin:
        return f"{better}: {gap:.3f} ± {margin:.3f} above {worse} ({values})."
    return f"{better} and {worse} can't be told apart: their difference is {gap:.3f} ± {margin:.3f} ({values})."


def headline(table, simple, metric, rows_margin):
    """One sentence on whether the networks of a test evaluation beat the best of the simple models.

    table: as for `by_model`. simple: the names of the simple models; all others are networks, and the names of tuned
    ones start with "tuned". Tuning was worth it if no untuned network beats the simple models, or if the interval of
    the difference from the best untuned one excludes zero.
    rows_margin: half the 95 % interval due to the number of test rows (the one over seeds is in the table).
    """
    summary = by_model(table, (metric,))
    means, over_seeds = summary[metric], summary.filter(like="±").iloc[:, 0].fillna(0)
    baseline, network = means[means.index.isin(simple)].idxmax(), means[~means.index.isin(simple)].idxmax()
    margin = (over_seeds[network] ** 2 + rows_margin**2) ** 0.5
    values = f"{means[network]:.3f} ± {margin:.3f}"
    if means[baseline] > means[network] + margin:
        return f"Keep {baseline}: at {means[baseline]:.3f} it beats every network; the best, {network}, has {values}."
    if means[baseline] >= means[network] - margin:
        return (f"Tuning was not worth it here: {baseline}, at {means[baseline]:.3f}, lies inside the interval of the "
                f"best network, {network}, at {values}.")
    untuned = means[~means.index.str.startswith("tuned") & (means > means[baseline])]
    rival = untuned.idxmax() if len(untuned) else network
    gap, gap_margin = difference(*(table.loc[table["model"] == model, metric] for model in (network, rival)))
    gained = not len(untuned) or gap > gap_margin
    worth = "Tuning was worth it" if gained else "A network was worth it, tuning it was not"
    as_good = f" So does {rival}, untuned, at {means[rival]:.3f}." if rival != network and not gained else ""
    return (f"{worth}: {network}, at {values}, beats {baseline}, the best of the simple models, at "
            f"{means[baseline]:.3f}, by {means[network] - means[baseline]:.3f}.{as_good}")


def rows_margin(measure, probabilities, y):
    """Half the 95 % bootstrap interval of a score, due to the choice of test rows.

    measure: a function of probabilities (rows, n_classes) and class numbers (rows,), like `auc`. The rows are
    resampled 300 times with replacement; few test rows give a wide interval, whatever the number of seeds.
    """
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(y), size=len(y)) for _ in range(300)]
    return float(1.96 * np.std([measure(probabilities[rows], y[rows]) for rows in draws]))
