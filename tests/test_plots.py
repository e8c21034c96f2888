import matplotlib as mpl

mpl.use("Agg")

import nbformat
import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from nbclient import NotebookClient

from helpers import plots
from helpers.data import MESSAGES, load_csv
from helpers.figure_style import alt_text
from helpers.models import PaperRecipe


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plots.plt.close("all")


@pytest.fixture(scope="module")
def study():
    """Ten trials of three epochs; every third is pruned after the second."""

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for epoch in range(1, 4):
            trial.report(x * epoch, epoch)
            if epoch == 2 and trial.number % 3 == 2:
                raise optuna.TrialPruned
        return 3 * x

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=10)
    return study


@pytest.fixture(scope="module")
def curves():
    return pd.DataFrame([
        {"model": model, "seed": seed, "epoch": epoch, "seconds": 2.0 * epoch,
         "val_accuracy": 0.1 * epoch + 0.01 * seed}
        for model in ("LSTM", "paper's recipe, 60 epochs")
        for seed in range(3)
        for epoch in range(1, 5)
    ])


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_function_and_trials(study):
    ax = plots.function_and_trials(np.sin, study, 0, 1)
    assert labels(ax) == ("x", "value")
    assert len(ax.collections[0].get_offsets()) == 10
    assert alt_text(ax.figure) == "A picture of value against x."  # the colour bar is left out


def test_best_so_far_never_falls_and_averages_over_runs():
    ax = plots.best_so_far([[1, 3, 2], [3, 1, 5]])
    assert ax.lines[0].get_ydata().tolist() == [2, 3, 4]
    assert labels(ax) == ("trials", "best value so far")


def test_class_shares():
    ax = plots.class_shares(pd.Series(["a"] * 3 + ["b"]))
    assert [bar.get_width() for bar in ax.patches] == [25, 75]
    assert ax.get_xlabel() == "share of the hands (%)"


def test_classes_and_lengths_show_the_training_part():
    data = load_csv(MESSAGES)
    left, right = plots.classes_and_lengths(data)
    names = [label.get_text() for label in left.get_yticklabels()]
    shares = (100 * torch.bincount(data.y_train) / 1_800).tolist()
    assert sorted(names) == data.classes
    assert [bar.get_width() for bar in left.patches] == pytest.approx(sorted(shares), abs=1e-4)
    assert right.get_xlim()[1] > (data.x_train != 0).sum(dim=1).max()


@pytest.mark.parametrize(("x", "label"), [("epoch", "epoch"), ("seconds", "seconds of training")])
def test_learning_curves_have_one_line_per_seed_and_a_mean(curves, x, label):
    ax = plots.learning_curves(curves, x, majority=0.4)
    assert labels(ax) == (label, "validation accuracy")
    assert len(ax.lines) == 2 * (3 + 1) + 1
    assert legend(ax) == ["LSTM", "paper's recipe, 60 epochs", "majority"]
    assert ax.lines[3].get_ydata() == pytest.approx([0.11, 0.21, 0.31, 0.41])
    assert ax.lines[3].get_xdata().tolist() == [1, 2, 3, 4] if x == "epoch" else [2, 4, 6, 8]


def test_a_model_keeps_its_colour():
    assert plots.color("LSTM, 60 epochs") == plots.color("LSTM") != plots.color("tuned LSTM")
    assert plots.color("Transformer, first try") != plots.color("Transformer") == plots.color("paper's recipe")
    of_lesson_06 = {"TF-IDF", "bag", "tuned bag", "Transformer"}
    shared = {"LSTM", "tuned LSTM", "tuned Transformer", "majority"}
    for one_picture in (plots.COLORS.keys() - of_lesson_06, of_lesson_06 | shared):
        assert len({plots.COLORS[name] for name in one_picture}) == len(one_picture)


def test_compare_has_one_line_per_model(curves):
    last = curves[curves["epoch"] == 4]
    ax = plots.compare(last)
    assert ax.get_xlabel() == "validation accuracy"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["LSTM", "paper's recipe, 60 epochs"]


def test_schedules_shade_the_steps_of_the_training():
    ax = plots.schedules({"the paper's": PaperRecipe()}, n_steps=1_000)
    assert labels(ax) == ("step", "learning rate")
    assert legend(ax) == ["the paper's", "the steps that we train"]
    assert ax.patches[0].get_width() == 1_000


def test_compare_draws():
    ax = plots.compare_draws(np.full(5, 0.05), np.full(7, 0.001))
    assert ax.get_xscale() == "log"
    assert sorted(len(line.get_xdata()) for line in ax.lines) == [5, 7]


def test_history_shows_complete_and_pruned_trials(study):
    ax = plots.history(study, {"LSTM": 0.7}, label="validation accuracy")
    assert labels(ax) == ("trial", "validation accuracy")
    assert ax.get_title() == ""
    assert legend(ax) == ["complete", "best so far", "pruned", "LSTM"]
    complete, best, pruned, _ = ax.lines
    assert len(complete.get_xdata()) == 7
    assert pruned.get_xdata().tolist() == [2, 5, 8]
    assert (np.diff(best.get_ydata()) >= 0).all()


def test_trial_curves_show_pruned_ones_in_grey(study):
    ax = plots.trial_curves(study, label="validation accuracy")
    assert labels(ax) == ("epoch", "validation accuracy")
    assert ax.get_title() == ""
    grey = [line for line in ax.lines if line.get_color() == "#AAAAAA" and len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in grey] == [2, 2, 2]


def test_slices_show_the_best_value_of_every_trial(study):
    axes = plots.slices(study, ["x", "x"], label="validation accuracy")
    assert axes[0].get_ylabel() == "best validation accuracy"
    pruned, complete = axes[0].lines
    assert (len(pruned.get_xdata()), len(complete.get_xdata())) == (3, 7)
    assert pruned.get_ydata() == pytest.approx([2 * study.trials[number].params["x"] for number in (2, 5, 8)])
    assert legend(axes[1]) == ["pruned", "complete"]


def test_our_style_comes_back_after_another_one():
    mpl.style.use("ggplot")
    assert mpl.colors.to_hex(plots.new_axes().get_facecolor()) == "#ffffff"


def test_interactions_have_a_panel_for_each_parameter_and_a_line_for_each_of_its_values():
    table = pd.DataFrame([{"lr": lr, "a": a, "b": b, "accuracy": lr * a + b}
                          for lr in (0.1, 1.0) for a in (1, 2) for b in (3, 4, 5)])
    first, second = plots.interactions(table, "lr", ["a", "b"], "accuracy")
    assert (len(first.lines), len(second.lines)) == (2, 3)
    assert legend(second) == ["3", "4", "5"]
    assert first.lines[1].get_xydata().tolist() == [[0.1, pytest.approx(4.2)], [1.0, 6.0]]
    assert (first.get_xscale(), first.get_ylabel()) == ("log", "mean accuracy")


def test_the_price_of_each_way_is_two_marks_in_its_row_the_best_at_the_top():
    ways = pd.DataFrame({"accuracy": [0.9, 0.8], "my minutes": [1, 60], "the machine's": [3, 30]},
                        index=["patience", "by hand"])
    ax = plots.price(ways)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["by hand: 0.800", "patience: 0.900"]
    mine, machine = ax.lines
    assert (mine.get_xdata().tolist(), machine.get_xdata().tolist()) == ([60, 1], [30, 3])
    assert legend(ax) == ["my minutes", "the machine's"]


def test_selection():
    ax = plots.selection([0.1, 0.9, 0.5], [0.7, 0.8], label="accuracy")
    assert ax.get_xlabel() == "accuracy"
    assert ax.lines[1].get_xdata().tolist() == [0.9]
    assert "; the best of them at 0.900; its settings, trained again, on test from 0.700" in alt_text(ax.figure)
    assert plots.selection([0.9, 0.1, 0.5], [0.2], minimize=True).lines[1].get_xdata().tolist() == [0.1]
    assert plots.selection([], [0.2]).lines[1].get_xdata().tolist() == []


def test_ten_tries_show_each_search_their_mean_and_those_by_hand():
    ax = plots.ten_tries([0.4, 0.3, 0.5], [[0.1, 0.3], [0.5, 0.2]])
    assert labels(ax) == ("tries", "best validation accuracy so far")
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.1, 0.3], [0.5, 0.5], [0.3, 0.4], [0.4, 0.4, 0.5]]
    assert legend(ax) == ["Optuna", "you"]
    assert legend(plots.ten_tries([], [[0.1, 0.3]])) == ["Optuna"]


def test_a_trial_gets_a_dot_as_large_as_the_share_of_its_training():
    trials = pd.DataFrame({"library": ["a", "a", "b", "b"], "number": [0, 1, 0, 1], "reported": [15, 3, 60, 60],
                           "state": ["COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]})
    ax = plots.work_of_trials(trials, {"b": "Bees", "a": "Ants"})
    complete, pruned = ax.collections
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Bees", "Ants"]
    assert complete.get_offsets().tolist() == [[0, 1], [0, 0], [1, 0]]
    assert pruned.get_offsets().tolist() == [[1, 1]]
    assert pruned.get_sizes()[0] / complete.get_sizes()[0] == pytest.approx(0.2)


def test_only_the_newest_curves_can_be_drawn(study):
    curves = [line for line in plots.trial_curves(study, newest=4).lines if len(line.get_xdata())]
    assert len(curves) == 4 + 1


def test_a_study_without_a_complete_trial_can_be_drawn():
    study = optuna.create_study(direction="maximize")
    study.tell(study.ask(), state=optuna.trial.TrialState.PRUNED)
    assert legend(plots.history(study)) == ["complete", "best so far", "pruned"]
    assert plots.history(study).get_title() == "none complete yet"
    assert legend(plots.trial_curves(study)) == ["complete", "pruned"]


def test_alt_text_names_the_axes_and_says_where_curves_end(curves):
    words = alt_text(plots.learning_curves(curves, majority=0.4).figure)
    assert words == ("A picture of validation accuracy against epoch; LSTM from 0.110 to 0.410; "
                     "paper's recipe, 60 epochs from 0.110 to 0.410; majority at 0.400.")


def test_alt_text_reads_crosses_and_bars(curves):
    last = curves[curves["epoch"] == 4]
    assert "LSTM 0.410; paper's recipe, 60 epochs 0.410" in alt_text(plots.compare(last).figure)
    assert "b 25, a 75" in alt_text(plots.class_shares(pd.Series(["a"] * 3 + ["b"])).figure)
    ax = plots.new_axes()
    ax.barh(["d", "lr"], [0.3, 0.7], label="one")
    assert "one: d 0.3, lr 0.7" in alt_text(ax.figure)


@pytest.mark.slow
def test_a_notebook_shows_pictures_with_alt_text():
    ours, not_ours = (nbformat.v4.new_code_cell(source) for source in (
        "from helpers import plots\nplots.best_so_far([1, 2], label='a <b>');",
        "import matplotlib.pyplot as plt\nplt.plot([3, 4], label='c')\nplt.xlabel('x');"))
    NotebookClient(nbformat.v4.new_notebook(cells=[ours, not_ours]), kernel_name="python3").execute()
    data = ours.outputs[0]["data"]
    assert 'alt="A picture of best value so far against trials; a &lt;b&gt; from 1.000 to 2.000."' in data["text/html"]
    assert "image/png" in data
    assert 'alt="A picture of x; c from 3.000 to 4.000."' in not_ours.outputs[0]["data"]["text/html"]


def test_luck_marks_the_run_that_validation_likes_best():
    ax = plots.luck(np.array([0.90, 0.95, 0.92]), np.array([0.93, 0.91, 0.95]))
    assert legend(ax) == ["a run", "the mean of all", "the best on validation"]
    assert ax.lines[2].get_xydata().tolist() == [[0.95, 0.91]]
    assert ax.lines[1].get_xydata()[0] == pytest.approx([0.92333, 0.93], abs=1e-4)


def test_pareto_draws_the_front_from_small_to_large():
    study = optuna.create_study(directions=["maximize", "minimize"])
    for accuracy, size in [(0.9, 400), (0.8, 100), (0.7, 300), (0.95, 5_000), (0.9, 400)]:
        study.add_trial(optuna.trial.create_trial(values=[accuracy, size]))
    ax = plots.pareto(study, "accuracy", "parameters")
    assert labels(ax) == ("parameters", "accuracy")
    assert len(ax.lines[0].get_xdata()) == 5
    assert ax.lines[1].get_xydata().tolist() == [[100, 0.8], [400, 0.9], [5_000, 0.95]]


def test_layouts_draws_means_of_both_models_untuned_and_tuned():
    table = pd.DataFrame([
        {"layout": layout, "model": model, "tuned": tuned, "seed": seed,
         "test_accuracy": 0.1 * place + 0.3 * tuned + 0.02 * seed + 0.05 * (model == "LSTM")}
        for place, layout in enumerate(["as dealt", "by rank"])
        for model in ("LSTM", "Transformer") for tuned in (False, True) for seed in range(3)
    ])
    left, right = plots.layouts(table)
    assert (left.get_xlabel(), right.get_xlabel()) == ("untuned", "tuned")
    assert legend(right) == ["LSTM", "Transformer"]
    (lstm,) = [line for line in right.lines if line.get_label() == "LSTM"]
    assert lstm.get_ydata() == pytest.approx([0.37, 0.47])


def test_bands_draws_means_at_the_columns_and_an_interval():
    runs = pd.DataFrame({10: [0.5, 0.7], 20: [0.8, 0.8]})
    ax = plots.bands({"TPE": runs, "random": runs - 0.1}, "trials")
    assert legend(ax) == ["TPE", "random"]
    assert ax.lines[0].get_xydata().tolist() == [[10, 0.6], [20, 0.8]]
    low, high = ax.collections[0].get_datalim(ax.transData).intervaly
    assert (low, high) == pytest.approx((0.6 - 12.706 * 0.1, 0.6 + 12.706 * 0.1), abs=1e-3)


def test_medians_are_one_line_per_value_on_log_scales():
    table = pd.DataFrame({"sampler": ["GP"] * 4 + ["TPE"] * 2, "trials": [10, 10, 10, 100, 10, 100],
                          "milliseconds": [1.0, 2.0, 9.0, 100.0, 3.0, 5.0]})
    ax = plots.medians(table, "trials", "milliseconds", "sampler", "trials in the study", "ms")
    assert legend(ax) == ["GP", "TPE"]
    assert ax.lines[0].get_ydata().tolist() == [2.0, 100.0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10", "100"]
