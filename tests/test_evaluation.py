import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from helpers.evaluation import auc, by_model, difference, headline, interval, macro_f1, rows_margin, verdict


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


def test_one_row_per_model_the_worst_first():
    summary = by_model(table(good=[0.8, 0.9, 1.0], bad=[0.1, 0.1, 0.1]))
    assert list(summary.index) == ["bad", "good"]
    assert summary.loc["good", "val_accuracy"] == pytest.approx(0.9)
    assert summary.loc["bad", "± accuracy"] == pytest.approx(0)
    assert summary.loc["good", "seconds"] == 2
    assert summary.loc["good", "seeds"] == 3


def test_the_verdict_names_the_better_one_whatever_the_order():
    runs = table(a=[0.80, 0.81, 0.82], b=[0.50, 0.51, 0.52])
    assert verdict(runs, "a", "b") == verdict(runs, "b", "a")
    assert verdict(runs, "b", "a").startswith("a: 0.300 ± 0.023 above b (0.810 against 0.510)")


def test_the_interval_of_a_difference_is_welchs():
    first, second = [0.70, 0.72, 0.71, 0.78, 0.74], [0.61, 0.62, 0.60]
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    gap, margin = difference(first, second)
    assert (gap - margin, gap + margin) == (pytest.approx(low), pytest.approx(high))
    assert difference(second, first) == pytest.approx((-gap, margin))


@pytest.mark.filterwarnings("error")
def test_without_spread_a_difference_is_exact_and_of_one_seed_nothing_is_known():
    assert difference([0.8] * 5, [0.5] * 5) == (pytest.approx(0.3), 0)
    assert difference([0.8] * 5, [0.7, 0.8, 0.9])[1] == pytest.approx(interval([0.7, 0.8, 0.9]))
    assert math.isnan(difference([0.8], [0.5, 0.6])[1])
    assert "can't be told apart" in verdict(table(a=[0.8], b=[0.5, 0.6]), "a", "b")


def test_overlapping_intervals_decide_nothing_but_that_of_the_difference_does():
    runs = table(a=[0.70, 0.71, 0.72, 0.73, 0.74], b=[0.67, 0.68, 0.69, 0.70, 0.71], c=[0.69, 0.70, 0.71, 0.72, 0.73])
    margin = interval(runs.loc[runs["model"] == "a", "test_accuracy"])
    assert 2 * margin > 0.03  # the intervals of a and b overlap, and so do those of a and c
    assert verdict(runs, "a", "b").startswith("a: 0.030 ± 0.023 above b")
    assert verdict(runs, "a", "c") == (
        "a and c can't be told apart: their difference is 0.010 ± 0.023 (0.720 against 0.710).")


def evaluated(**means):
    """A test evaluation: five seeds per network, scores 0.01 around the mean; simple models have one row."""
    rows = []
    for model, mean in means.items():
        seeds = range(5) if model[0].isupper() or model.startswith("tuned") else range(1)
        for seed in seeds:
            score = mean + 0.005 * (seed - len(seeds) // 2)
            rows.append({"model": model, "seed": seed, "seconds": 1.0, "test_accuracy": score})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("means", "rows", "words"),
    [
        ({"simple": 0.8, "tuned X": 0.9, "LSTM": 0.7}, 0.01, "Tuning was worth it: tuned X, at 0.900 ± 0.014, beats"),
        ({"simple": 0.8, "tuned X": 0.7, "LSTM": 0.9}, 0.01, "A network was worth it, tuning it was not: LSTM, at"),
        ({"simple": 0.8, "tuned X": 0.9, "LSTM": 0.895}, 0.01, "A network was worth it, tuning it was not: tuned X,"),
        ({"simple": 0.8, "tuned X": 0.9, "LSTM": 0.895}, 0.01, "So does LSTM, untuned, at 0.895."),
        ({"simple": 0.8, "tuned X": 0.9, "LSTM": 0.888}, 0.01, "Tuning was worth it: tuned X, at"),
        ({"simple": 0.8, "tuned X": 0.9}, 0.01, "Tuning was worth it: tuned X, at"),
        ({"simple": 0.8, "tuned X": 0.805, "LSTM": 0.7}, 0.01, "Tuning was not worth it here: simple, at 0.800, lies"),
        ({"simple": 0.8, "tuned X": 0.795, "LSTM": 0.7}, 0.01, "Tuning was not worth it here: simple, at 0.800, lies"),
        ({"simple": 0.8, "tuned X": 0.9, "LSTM": 0.7}, 0.2, "Tuning was not worth it here: simple, at 0.800, lies"),
        ({"simple": 0.8, "tuned X": 0.7, "LSTM": 0.6}, 0.01, "Keep simple: at 0.800 it beats every network; the best"),
        ({"simple": 0.6, "other": 0.8, "tuned X": 0.9}, 0.01, "beats other, the best of the simple models, at 0.800"),
    ],
)
def test_the_headline_says_plainly_whether_it_was_worth_it(means, rows, words):
    assert words in headline(evaluated(**means), ["simple", "other"], "test_accuracy", rows)


def test_an_untuned_network_below_the_simple_models_does_not_beat_them_too():
    runs = pd.concat([evaluated(simple=0.8), table(**{"tuned X": [0.89, 0.90, 0.91], "LSTM": [0.5, 0.8, 0.95]})])
    assert "can't be told apart" in verdict(runs, "tuned X", "LSTM")
    said = headline(runs, ["simple"], "test_accuracy", 0.01)
    assert said.startswith("Tuning was worth it: tuned X, at")
    assert "So does" not in said


def test_one_seed_leaves_the_interval_of_the_rows():
    table = evaluated(simple=0.8, **{"tuned X": 0.9}).drop_duplicates("model", keep="last")
    assert "± 0.030" in headline(table, ["simple"], "test_accuracy", 0.03)


def test_few_test_rows_give_a_wide_margin_and_many_a_narrow_one():
    def accuracy(probabilities, y):
        return (probabilities.argmax(axis=1) == y).mean()

    rng = np.random.default_rng(0)
    for n_rows in (40, 4_000):
        y = rng.integers(2, size=n_rows)
        right = rng.random(n_rows) < 0.8
        probabilities = np.eye(2)[np.where(right, y, 1 - y)]
        in_theory = 1.96 * (0.8 * 0.2 / n_rows) ** 0.5
        assert rows_margin(accuracy, probabilities, y) == pytest.approx(in_theory, rel=0.25)
        assert 0 < rows_margin(macro_f1, probabilities, y) < 2 * in_theory


def test_auc_is_that_of_scikit_learn_with_ties_and_a_class_without_rows():
    rng = np.random.default_rng(0)
    y = rng.choice([0, 1, 3], size=60)
    probabilities = rng.random((60, 4)).round(1)
    expected = [roc_auc_score(y == number, probabilities[:, number]) for number in (0, 1, 3)]
    assert auc(probabilities, y) == pytest.approx(np.mean(expected))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("probabilities", "y"), [
    (np.full((4, 2), np.nan), [0, 1, 0, 1]),  # a training that diverged
    (np.eye(3)[[0, 1, 2]], [1, 1, 1]),
])
def test_auc_of_what_can_not_be_ranked_is_that_of_chance(probabilities, y):
    assert auc(probabilities, y) == 0.5


@pytest.mark.filterwarnings("error")
def test_the_margin_of_rows_does_without_a_rare_class_in_some_of_its_draws():
    y = np.array([0] * 39 + [1])
    assert 0 <= rows_margin(auc, np.random.default_rng(0).random((40, 2)), y) < 1
