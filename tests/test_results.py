import math

import pandas as pd
import pytest

from helpers.results import by_model, interval, verdict


def table(**runs):
    return pd.DataFrame([
        {"model": model, "seed": seed, "seconds": 2.0 * seed,
         "val_accuracy": value, "val_auc": value, "test_accuracy": value}
        for model, values in runs.items()
        for seed, value in enumerate(values)
    ])


def test_the_interval_is_students():
    # Five values with mean 3 and standard deviation sqrt(2.5): t(0.975, 4) = 2.776.
    assert interval([1, 2, 3, 4, 5]) == pytest.approx(2.7764 * math.sqrt(2.5) / math.sqrt(5), rel=1e-4)


def test_one_run_has_no_interval():
    assert math.isnan(interval([0.9]))


def test_a_row_a_model_the_worst_first():
    summary = by_model(table(good=[0.8, 0.9, 1.0], bad=[0.1, 0.1, 0.1]))
    assert list(summary.index) == ["bad", "good"]
    assert summary.loc["good", "val_accuracy"] == pytest.approx(0.9)
    assert summary.loc["bad", "± accuracy"] == pytest.approx(0)
    assert summary.loc["good", "seconds"] == 2
    assert summary.loc["good", "seeds"] == 3


def test_the_verdict_names_the_better_one_whatever_the_order():
    runs = table(a=[0.80, 0.81, 0.82], b=[0.50, 0.51, 0.52])
    assert verdict(runs, "a", "b") == verdict(runs, "b", "a")
    assert verdict(runs, "b", "a").startswith("a beats b by 30.0 points (0.810 against 0.510)")


def test_overlapping_intervals_are_no_difference():
    assert "can't be told apart" in verdict(table(a=[0.7, 0.8, 0.9], b=[0.6, 0.7, 0.8]), "a", "b")
