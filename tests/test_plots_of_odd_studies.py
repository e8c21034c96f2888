"""Any study at all, drawn by hypothesis: every picture, table and widget shows it, and hides nothing."""

import re
from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from helpers import plots, report
from helpers.classroom.leaderboard import board_html, standings
from helpers.figure_style import alt_text, number_in_words
from helpers.study import FINISHED
from helpers.teaching.widgets import LiveStudy

VALUES = st.floats(-1e300, 1e300, allow_subnormal=False) | st.sampled_from([0.0, 0.5, np.inf, -np.inf, 1e-300])
REPORTS = VALUES | st.just(np.nan)
NAMES = st.text(min_size=1, max_size=60) | st.sampled_from(["lr", "x", "$a$", r"$\frac$", "_hidden", "学習率", "a\nb"])
CHOICES = st.lists(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=40),
    min_size=1, max_size=6, unique_by=repr)
SPACES = st.one_of(
    st.just(FloatDistribution(-1e6, 1e6)), st.just(FloatDistribution(1e-9, 1e3, log=True)),
    st.just(FloatDistribution(0.0, 0.5, step=0.1)), st.just(IntDistribution(-3, 10**12)),
    st.just(IntDistribution(1, 64, log=True)), CHOICES.map(CategoricalDistribution))
DIRECTIONS = st.sampled_from([
    ["maximize"], ["minimize"], ["maximize", "minimize"], ["minimize", "maximize"], ["minimize"] * 3])


@st.composite
def trials(draw, space, n_values):
    """A trial in any state, with any of the parameters."""
    state = draw(st.sampled_from([TrialState.COMPLETE] * 3 + [TrialState.PRUNED] * 2 + list(TrialState)))
    asked = [name for name in space if draw(st.booleans())]
    inner = {name: draw(st.floats(0, 1)) for name in asked}
    params = {name: space[name].to_external_repr(place(space[name], inner[name])) for name in asked}
    values = [draw(VALUES) for _ in range(n_values)]
    reports = draw(st.dictionaries(st.integers(0, 50), REPORTS, max_size=4)) if n_values == 1 else {}
    constraints = draw(st.none() | st.dictionaries(st.sampled_from(["size", "time"]), st.floats(-1, 1)))
    return create_trial(
        state=state, values=values if state == TrialState.COMPLETE else None, params=params,
        distributions={name: space[name] for name in asked}, intermediate_values=reports, constraints=constraints)


def place(distribution, share):
    """Optuna's internal value of a setting that lies at this share of the range."""
    if isinstance(distribution, CategoricalDistribution):
        return round(share * (len(distribution.choices) - 1))
    value = distribution.low + share * (distribution.high - distribution.low)
    step = distribution.step
    return distribution.low + round((value - distribution.low) / step) * step if step else value


@st.composite
def studies(draw):
    directions = draw(DIRECTIONS)
    study = optuna.create_study(directions=directions)
    space = draw(st.dictionaries(NAMES, SPACES, max_size=3))
    study.add_trials(draw(st.lists(trials(space, len(directions)), max_size=8)))
    return study


def any_study(test):
    suppressed = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=20, deadline=None, suppress_health_check=suppressed)(given(study=studies())(test))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Glyph .* missing from font"),  # boxes in the picture; the alt text has the name
    pytest.mark.filterwarnings("ignore:constrained_layout not applied"),
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plots.plt.close("all")


def shown(ax):
    """Draws the picture; returns its alt text, and {label: number of points} with those that the label counts."""
    ax.figure.draw_without_rendering()
    words = alt_text(ax.figure)
    assert ax.get_title() in words
    plots.plt.close(ax.figure)
    counts = {}
    for line in ax.lines:
        label, left_out = re.fullmatch(r"(.*?)(?: \((\d+) without a finite value\))?", line.get_label()).groups()
        counts[label] = len(line.get_xdata()) + int(left_out or 0)
    return words, counts


def of_state(study, *states):
    return study.get_trials(deepcopy=False, states=states)


@any_study
def test_the_history_has_every_finished_trial_and_the_best_value(study):
    ax = plots.history(study)
    words, counts = shown(ax)
    if len(study.directions) > 1:
        assert "directions, so no single best: see " in words
        return
    assert counts["complete"] + counts.get("infeasible", 0) == len(of_state(study, TrialState.COMPLETE))
    assert counts["pruned"] == len(of_state(study, TrialState.PRUNED))
    best, note = plots.best_of(study)
    if best:
        assert ax.lines[-2].get_ydata()[-1] == best.value == study.best_value
    assert ax.get_title() == note


@any_study
def test_the_curves_are_those_of_the_finished_trials_and_of_the_best(study):
    ax = plots.trial_curves(study)
    _, counts = shown(ax)
    reported = [trial for trial in of_state(study, *FINISHED) if trial.intermediate_values]
    best, note = plots.best_of(study)
    extra = bool(best and best.intermediate_values)
    assert sum(bool(len(line.get_xdata())) for line in ax.lines) == len(reported) * (len(study.directions) == 1) + extra
    assert (f"best trial, number {best.number}" in counts) if extra else True
    assert ax.get_title() == note or not reported


@any_study
def test_the_slices_have_every_finished_trial_that_has_the_parameter(study):
    names = sorted({name for trial in study.trials for name in trial.params})
    if not names:
        with pytest.raises(ValueError, match="this study's are: none yet"):
            plots.slices(study, ["lr"])
        return
    axes = plots.slices(study, names)
    for name, ax in zip(names, axes, strict=True):
        _, counts = shown(ax)
        for state, label in ((TrialState.COMPLETE, "complete"), (TrialState.PRUNED, "pruned")):
            has = sum(name in trial.params for trial in of_state(study, state))
            assert counts.get(label, 0) == (has if len(study.directions) == 1 else 0)


@any_study
def test_the_pareto_front_is_drawn_for_two_directions_and_refused_for_others(study):
    if len(study.directions) != 2:
        with pytest.raises(ValueError, match=r"plots\.pareto draws two values"):
            plots.pareto(study, "a", "b")
        return
    _, counts = shown(plots.pareto(study, "a", "b"))
    assert counts["a trial"] == len(of_state(study, TrialState.COMPLETE))
    assert counts["the Pareto front"] == len({tuple(trial.values) for trial in study.best_trials})


@any_study
def test_the_drop_of_any_study_is_drawn(study):
    shown(plots.selection([trial.value for trial in of_state(study, TrialState.COMPLETE)], [0.5])
          if len(study.directions) == 1 else plots.selection([], []))


@any_study
def test_a_live_study_watches_any_study(study):
    live = LiveStudy(SimpleNamespace(study=study, n_trials=3, is_alive=lambda: False, join=lambda seconds: None))
    live.watcher.join()
    best, note = plots.best_of(study)
    assert (escape(note) or f"best so far {number_in_words(best.value)}") in live.words.value
    assert live.picture.value.count(escape(note)) >= 2 * bool(note)
    plots.plt.close("all")


@any_study
def test_the_tables_of_the_report_and_the_board_take_any_study(study):
    space = report.search_space(study)
    assert set(space["parameter"]) == {name for trial in study.trials for name in trial.params}
    assert len(report._markdown(space).splitlines()) == len(space) + 2
    for trial in study.trials:
        assert len(report.settings(trial.params)) == len(trial.params)
    if len(study.directions) == 1 and study.trials:
        (row,) = standings(study.trials, [])
        assert row.finished == len(of_state(study, *FINISHED))
        assert row.who in board_html(study.trials, [row])
