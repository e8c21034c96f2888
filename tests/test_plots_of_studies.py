"""The pictures of studies that people really have: a loss, limits, several directions, odd settings and values."""

from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from helpers import plots
from helpers.figure_style import alt_text


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plots.plt.close("all")


def study_of(*trials, **options):
    study = optuna.create_study(**options)
    study.add_trials(trials)
    return study


def with_param(choice, distribution, **options):
    return create_trial(params={"p": choice}, distributions={"p": distribution}, **options)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    (found,) = [each for each in ax.lines if each.get_label() == label]
    return found


def points(ax, label):
    return [tuple(point) for point in line(ax, label).get_xydata().tolist()]


@pytest.fixture
def losses():
    reports = ([2.0, 0.9], [0.4, 0.6], [0.7], [0.2, 0.3], [0.5])
    return study_of(*[
        create_trial(value=value, params={"lr": 10.0**-number}, intermediate_values=dict(enumerate(reported)),
                     distributions={"lr": FloatDistribution(1e-5, 1, log=True)})
        for number, (value, reported) in enumerate(zip([0.9, 0.4, 0.7, 0.2, 0.5], reports, strict=True))
    ], direction="minimize")


# The direction


def test_the_best_so_far_of_a_loss_falls(losses):
    ax = plots.history(losses)
    assert line(ax, "best so far").get_ydata().tolist() == [0.9, 0.4, 0.4, 0.2, 0.2]
    assert alt_text(ax.figure) == ("A picture of value against trial; complete from 0.900 to 0.500; "
                                   "best so far from 0.900 to 0.200.")


def test_the_slices_of_a_loss_show_the_smallest_report(losses):
    (ax,) = plots.slices(losses, ["lr"])
    assert [y for _, y in points(ax, "complete")] == [0.9, 0.4, 0.7, 0.2, 0.5]
    assert (ax.get_ylabel(), ax.get_xlabel(), ax.get_xscale()) == ("best value", "lr", "log")


def test_the_thick_curve_of_a_loss_is_the_smallest(losses):
    assert line(plots.trial_curves(losses), "best trial, number 3").get_ydata().tolist() == [0.2, 0.3]


def test_a_small_loss_is_not_zero_in_words():
    study = study_of(create_trial(value=2e-5), create_trial(value=1e-5), direction="minimize")
    assert "best so far from 2e-05 to 1e-05" in alt_text(plots.history(study).figure)


def test_the_value_is_called_what_the_caller_or_else_the_study_says(losses):
    assert plots.history(losses, label="log loss").get_ylabel() == "log loss"
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        losses.set_metric_names(["perplexity"])
    assert plots.history(losses).get_ylabel() == "perplexity"
    assert plots.trial_curves(losses).get_ylabel() == "perplexity"
    assert plots.slices(losses, "lr")[0].get_ylabel() == "best perplexity"
    assert plots.history(losses, label="log loss").get_ylabel() == "log loss"


def test_the_ticks_of_pruned_trials_are_at_the_bottom_of_any_scale():
    pruned = create_trial(state=TrialState.PRUNED, intermediate_values={1: 5_000.0})
    ax = plots.history(study_of(create_trial(value=4_000.0), create_trial(value=9_000.0), pruned, pruned))
    assert ax.get_ylim()[0] > 3_000
    assert line(ax, "pruned").get_transform() == ax.get_xaxis_transform()
    assert "; 2 pruned." in alt_text(ax.figure)


# Limits


def limited(value, limit, **options):
    return create_trial(value=value, constraints={"size": limit}, intermediate_values={0: value, 1: value}, **options)


def test_without_a_feasible_trial_no_picture_has_a_best_one():
    study = study_of(limited(0.5, 1.0), limited(0.7, 2.0), direction="maximize")
    ax = plots.history(study)
    assert ax.get_title() == plots.trial_curves(study).get_title() == "none feasible yet"
    assert points(ax, "infeasible") == [(0, 0.5), (1, 0.7)]
    assert np.isnan(line(ax, "best so far").get_ydata()).all()
    assert legend(plots.trial_curves(study)) == ["complete", "pruned"]
    assert alt_text(ax.figure).startswith("A picture of value against trial; none feasible yet; infeasible")


def test_an_infeasible_trial_is_never_the_best():
    study = study_of(limited(0.9, 1.0), limited(0.5, 0.0), limited(0.4, -1.0), limited(0.6, 0.0), direction="maximize")
    ax = plots.history(study)
    np.testing.assert_equal(line(ax, "best so far").get_ydata(), [np.nan, 0.5, 0.5, 0.6])
    assert study.best_value == 0.6
    assert points(ax, "infeasible") == [(0, 0.9)]
    assert "best so far from 0.500 to 0.600" in alt_text(ax.figure)
    assert legend(plots.trial_curves(study))[0] == "best trial, number 3"


# Several directions


@pytest.mark.parametrize(("directions", "where"), [
    (["maximize", "minimize"], "2 directions, so no single best: see plots.pareto"),
    (["maximize"] * 3, "3 directions, so no single best: see optuna.visualization.plot_pareto_front"),
])
def test_a_picture_of_one_value_points_to_the_pareto_front(directions, where):
    study = study_of(with_param(1, IntDistribution(0, 3), values=[0.5] * len(directions)), directions=directions)
    for ax in (plots.history(study), plots.trial_curves(study), *plots.slices(study, ["p"])):
        assert ax.get_title() == where
        assert where in alt_text(ax.figure)


@pytest.mark.parametrize(("directions", "front"), [
    (["maximize", "minimize"], [(-1, 0.2), (2, 0.4), (3, 0.9)]),
    (["minimize", "minimize"], [(-1, 0.2), (2, 0.1)]),
    (["maximize", "maximize"], [(3, 0.9)]),
    (["minimize", "maximize"], [(2, 0.1), (3, 0.3)]),
])
def test_the_pareto_front_follows_both_directions(directions, front):
    values = [(0.2, -1), (0.4, 2), (0.1, 2), (0.9, 3), (0.3, 3)]
    study = study_of(*[create_trial(values=pair) for pair in values], directions=directions)
    ax = plots.pareto(study, "gain", "cost")
    assert points(ax, "the Pareto front") == front
    assert ax.get_xscale() == "linear"  # one of them is negative
    assert line(ax, "the Pareto front").get_drawstyle() == f"steps-{'post' if directions[1] == 'minimize' else 'pre'}"


def test_the_pareto_front_of_another_number_of_values_is_refused_with_the_right_picture():
    with pytest.raises(ValueError, match=r"this study has 1; see plots\.history\(study\)"):
        plots.pareto(study_of(create_trial(value=1.0)), "a", "b")
    three = study_of(create_trial(values=[1, 2, 3]), directions=["minimize"] * 3)
    with pytest.raises(ValueError, match=r"this study has 3; see optuna\.visualization\.plot_pareto_front"):
        plots.pareto(three, "a", "b")


def test_a_pareto_front_without_trials_says_so():
    study = optuna.create_study(directions=["maximize", "minimize"])
    assert plots.pareto(study, "a", "b").get_title() == "none complete yet"
    study.add_trial(create_trial(values=[1, 2], constraints={"size": 1.0}))
    assert plots.pareto(study, "a", "b").get_title() == "none feasible yet"


# Settings


def test_choices_of_any_kind_get_a_place_each_in_their_order():
    kinds = CategoricalDistribution([None, "None", True, 1, 1.5, "a" * 50])
    study = study_of(*[with_param(choice, kinds, value=float(number)) for number, choice in enumerate(kinds.choices)])
    (ax,) = plots.slices(study, ["p"])
    assert points(ax, "complete") == [(number, number) for number in range(6)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["None", "None", "True", "1", "1.5", "a" * 11 + "…"]


def test_a_trial_without_the_parameter_or_still_running_is_not_in_its_slice():
    space = FloatDistribution(0, 1)
    study = study_of(with_param(0.5, space, value=1.0), create_trial(value=2.0),
                     with_param(0.6, space, state=TrialState.RUNNING), with_param(0.7, space, state=TrialState.FAIL))
    (ax,) = plots.slices(study, ["p"])
    assert points(ax, "complete") == [(0.5, 1.0)]
    assert legend(ax) == ["complete"]


def test_a_trial_without_reports_has_the_value_that_it_returned():
    study = study_of(with_param(0.2, FloatDistribution(0, 1), value=0.8))
    assert points(plots.slices(study, "p")[0], "complete") == [(0.2, 0.8)]  # a text is one name, not its letters


def test_what_has_no_finite_value_is_counted_in_the_legend():
    space = FloatDistribution(0, 1)
    study = study_of(
        with_param(0.1, space, value=0.5), with_param(0.2, space, value=np.inf),
        with_param(0.3, space, value=0.4, intermediate_values={0: np.nan, 1: 0.6}),
        with_param(0.4, space, state=TrialState.PRUNED), direction="maximize")
    (ax,) = plots.slices(study, ["p"])
    assert legend(ax) == ["pruned (1 without a finite value)", "complete (1 without a finite value)"]
    assert points(ax, "complete (1 without a finite value)") == [(0.1, 0.5), (0.3, 0.6)]
    assert legend(plots.history(study))[0] == "complete (1 without a finite value)"


@pytest.mark.parametrize("params", [["p", "learning_rate"], "learning_rate"])
def test_a_misspelt_parameter_is_named_with_those_that_there_are(params):
    study = study_of(with_param(0.1, FloatDistribution(0, 1), value=0.5))
    with pytest.raises(ValueError, match=r"no trial has a parameter 'learning_rate'; this study's are: p$"):
        plots.slices(study, params)
    with pytest.raises(ValueError, match="this study's are: none yet"):
        plots.slices(optuna.create_study(), params)
    with pytest.raises(ValueError, match=r"name the parameters to draw; this study's are: p$"):
        plots.slices(study, [])


def test_names_are_drawn_letter_by_letter_and_short():
    name = r"$\frac$" + "λ\n" * 40
    study = study_of(create_trial(value=0.5, params={name: 1}, distributions={name: IntDistribution(0, 2)}))
    for ax in (plots.slices(study, [name])[0], plots.class_shares(pd.Series(["$x^$", "b"]))):
        ax.figure.draw_without_rendering()  # "$...$" would be a formula, and a wrong one an error
    assert plots.slices(study, [name])[0].get_xlabel() == r"$\frac$" + "λ?" * 11 + "…"


def test_classes_whose_names_begin_alike_keep_a_bar_each():
    data = SimpleNamespace(n_classes=2, classes=["a" * 40 + "1", "a" * 40 + "2"], y_train=torch.tensor([0, 0, 1]),
                           x_train=torch.ones(3, 5))
    left, _ = plots.classes_and_lengths(data)
    assert [bar.get_y() + bar.get_height() / 2 for bar in left.patches] == [0, 1]
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["a" * 29 + "…"] * 2


# Curves


def test_a_single_report_is_a_dot_and_a_study_without_reports_says_so():
    ax = plots.trial_curves(study_of(create_trial(value=0.5, intermediate_values={3: 0.5})))
    assert ax.lines[0].get_marker() == "o"
    silent = plots.trial_curves(study_of(create_trial(value=0.5)))
    assert silent.get_title() == "no trial has reported a value"


def test_only_finished_trials_have_a_curve():
    states = (TrialState.RUNNING, TrialState.FAIL, TrialState.PRUNED)
    study = study_of(*[create_trial(state=state, intermediate_values={0: 0.1, 1: 0.2}) for state in states])
    drawn = [each for each in plots.trial_curves(study).lines if len(each.get_xdata())]
    assert [each.get_color() for each in drawn] == [plots.GREY]


def test_a_function_is_drawn_with_the_trials_that_have_a_value():
    space = {"x": FloatDistribution(0, 1)}
    study = study_of(create_trial(value=1.0, params={"x": 0.5}, distributions=space), create_trial(value=2.0),
                     create_trial(state=TrialState.FAIL), create_trial(state=TrialState.WAITING))
    places = plots.function_and_trials(np.sin, study, 0, 1).collections[0].get_offsets()
    assert places.filled(np.nan)[0].tolist() == [0.5, 1.0]
    assert len(places) == 2


def test_alt_text_reads_dates_and_names_on_an_axis():
    ax = plots.new_axes()
    ax.plot(pd.to_datetime(["2026-01-01", "2026-01-02"]), ["low", "high"], label="mood")
    assert alt_text(ax.figure) == "A picture of ; mood from 0.000 to 1.000."


# The trial axis


def test_the_best_so_far_goes_on_to_the_last_trial_whatever_became_of_it():
    complete, pruned, failed = (create_trial(value=0.5), create_trial(state=TrialState.PRUNED),
                                create_trial(state=TrialState.FAIL))
    for last in ([], [pruned], [failed], [pruned, failed], [failed, failed, pruned]):
        found = line(plots.history(study_of(complete, *last, direction="maximize")), "best so far")
        assert (found.get_xdata()[-1], found.get_ydata()[-1]) == (len(last), 0.5)
    found = line(plots.history(study_of(failed, direction="maximize")), "best so far")
    assert len(found.get_xdata()) == 0


@pytest.mark.parametrize("n_trials", [1, 2, 3, 5])
def test_trials_epochs_and_whole_settings_have_whole_ticks(n_trials):
    study = study_of(*[create_trial(value=0.1 * number, intermediate_values={1: 0.1, 2: 0.2}, params={"x": number},
                                    distributions={"x": IntDistribution(0, 5)}) for number in range(n_trials)])
    pictures = [plots.history(study), plots.trial_curves(study), plots.best_so_far([0.1] * n_trials),
                *plots.slices(study, "x"), plots.function_and_trials(np.sin, study, 0, 1).figure.axes[-1]]
    for ax in pictures:
        ax.figure.canvas.draw()
        axis = ax.yaxis if ax.get_label() == "<colorbar>" else ax.xaxis
        ticks = axis.get_major_locator()()
        assert len(ticks)
        assert [tick for tick in ticks if tick != round(tick)] == []
