"""From one row a training to one row a model: means over seeds with their 95 % intervals."""

import pandas as pd
from scipy import stats


def interval(values):
    """Half the width of the 95 % interval of the mean (Student's t): the mean lies within mean ± this.

    Too few values (one seed) give NaN, since one run says nothing about the next.
    """
    values = pd.Series(values).dropna()
    if len(values) < 2:
        return float("nan")
    return float(stats.t.ppf(0.975, len(values) - 1) * values.sem())


def by_model(table, metrics=("val_accuracy", "val_auc")):
    """A row a model, in order of the first metric: for each metric its mean and interval, and seconds a training.

    table: a data frame with the columns model, seed, seconds and the metrics, a row a training.
    """
    rows = []
    for model, group in table.groupby("model", sort=False):
        row = {"model": model, "seeds": len(group)}
        for metric in metrics:
            row |= {metric: group[metric].mean(), f"± {metric.split('_')[1]}": interval(group[metric])}
        rows.append(row | {"seconds": group["seconds"].mean()})
    return pd.DataFrame(rows).set_index("model").sort_values(metrics[0])


def verdict(table, first, second, metric="test_accuracy"):
    """One sentence on two models: which is better, by how many points, and whether that is more than chance.

    A difference counts if the two 95 % intervals do not overlap.
    """
    summary = by_model(table, (metric,))
    better, worse = sorted((first, second), key=lambda model: -summary.loc[model, metric])
    margin = summary.filter(like="±").iloc[:, 0]
    gap = summary.loc[better, metric] - summary.loc[worse, metric]
    values = f"{summary.loc[better, metric]:.3f} against {summary.loc[worse, metric]:.3f}"
    if gap > margin[better] + margin[worse]:
        return f"{better} beats {worse} by {100 * gap:.1f} points ({values}), more than the intervals."
    return f"{better} and {worse} can't be told apart ({values}; the intervals overlap)."
