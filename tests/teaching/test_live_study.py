"""What a live study shows of a study that goes on; its other tests are in test_widgets.py."""

import optuna
import pytest

from helpers.study import run_until
from helpers.teaching.widgets import LiveStudy


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 1)
    return x


@pytest.fixture
def study():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=3)
    return study


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_a_study_that_goes_on_is_shown_before_its_next_trial(study):
    live = LiveStudy(5, study)
    assert len(lines(live.picture.axes[0])["complete"].get_xdata()) == 3
    assert "complete from" in live.picture.value
    assert not live.button.disabled
    run_until(study, objective, 5, callbacks=[live])
    assert len(lines(live.picture.axes[0])["complete"].get_xdata()) == 5
    assert live.button.description == "Finished"


def test_a_study_that_has_all_its_trials_is_finished_at_once(study):
    live = LiveStudy(3, study)
    assert (live.button.description, live.button.disabled) == ("Finished", True)


def test_what_is_to_be_beaten_is_drawn_from_the_start_over_all_trials_to_come():
    live = LiveStudy(16, optuna.create_study(direction="maximize"), reference={"LSTM": 0.7})
    left, _ = live.picture.axes
    assert lines(left)["LSTM"].get_ydata() == [0.7, 0.7]
    assert left.get_xlim() == (-0.5, 15.5)


def test_no_legend_covers_a_curve(study):
    live = LiveStudy(3, study)
    live.picture.draw()
    for ax in live.picture.axes:
        assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
