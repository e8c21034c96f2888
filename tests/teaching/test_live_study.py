"""What a live study shows of a study that runs behind, here in the test's own process; a gate holds its trials."""

import threading

import optuna
import pytest
from optuna.trial import TrialState

from helpers.study import open_study, run_until
from helpers.teaching.widgets import LiveStudy, live_study


class Here(threading.Thread):
    """Stands in for a run of `run_behind`, without processes: `gate` lets one more trial begin."""

    def __init__(self, study, n_trials, opened):
        super().__init__(daemon=True)
        self.study, self.n_trials, self.gate, self.stopped = study, n_trials, threading.Semaphore(opened), False

    def run(self):
        run_until(self.study, self.objective, self.n_trials)

    def objective(self, trial):
        self.gate.acquire()
        if self.stopped:
            trial.study.stop()
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, 1)
        if x < 0.5:
            raise optuna.TrialPruned
        return x

    def stop(self):
        self.stopped = True


@pytest.fixture
def study(tmp_path):
    return open_study("live", tmp_path / "live.journal", sampler=optuna.samplers.RandomSampler(seed=0))


def watched(study, n_trials, opened, **options):
    """A live study, and the run behind it that may begin `opened` trials."""
    behind = Here(study, n_trials, opened)
    behind.start()
    return LiveStudy(behind, "accuracy", **options), behind


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_it_shows_the_study_to_its_end(study):
    live, _ = watched(study, 30, 30)
    live.watcher.join()
    left, right = live.picture.axes
    assert lines(left)["best so far"].get_ydata()[-1] == study.best_value
    curves = [line for line in right.lines if len(line.get_xdata())]
    assert len(curves) == live_study.NEWEST + 1
    grey = sum(line.get_color() == "#AAAAAA" for line in curves)
    assert grey == sum(trial.state == TrialState.PRUNED for trial in study.trials[-live_study.NEWEST :]) > 0
    assert f"best so far from 0.549 to {study.best_value:.3f}" in live.picture.value
    assert (live.button.description, live.button.disabled) == ("Finished", True)


def test_what_is_to_be_beaten_is_drawn_from_the_start_over_all_trials_to_come(study, monkeypatch):
    monkeypatch.setattr(LiveStudy, "watch", lambda live: None)  # it would clear the axes while they are compared
    live, behind = watched(study, 16, 0, reference={"LSTM": 0.7})
    left, _ = live.picture.axes
    assert lines(left)["LSTM"].get_ydata() == [0.7, 0.7]
    assert left.get_xlim() == (-0.5, 15.5)
    behind.gate.release(16)
    behind.join()


def test_a_storage_that_is_away_is_said_and_its_end_is_seen_when_it_is_back(study, monkeypatch):
    away, at_hand = threading.Event(), live_study.finished
    asked = {True: threading.Event(), False: threading.Event()}  # in vain, while the run goes on, and after its end

    def finished(study):
        if away.is_set():
            asked[behind.is_alive()].set()
            raise OSError("the drive is <away>")
        return at_hand(study)

    monkeypatch.setattr(live_study, "finished", finished)
    (live, behind), said = watched(study, 3, 0), []
    live.words.observe(lambda change: said.append(change.new), "value")
    away.set()
    assert asked[True].wait(60)
    behind.gate.release(3)
    behind.join()
    assert asked[False].wait(60)
    away.clear()
    live.watcher.join()
    assert "the study can't be shown at the moment: OSError: the drive is &lt;away&gt;" in said
    assert (live.button.description, live.button.disabled) == ("Finished", True)
    assert live.words.value.startswith("3 of 3 trials; best so far ")


def test_it_is_stopped_and_goes_on_in_another(study):
    live, behind = watched(study, 4, 0)
    live.button.click()
    assert (live.button.description, live.button.disabled) == ("Stopping ...", True)
    behind.gate.release()
    live.watcher.join()
    assert (live.button.description, len(study.trials)) == ("Stopped", 1)
    assert live.words.value.startswith("1 of 4 trials; best so far 0.549; 1 complete")
    assert live.words.value.endswith("; run the cell again to continue")
    live, _ = watched(study, 4, 3)
    live.watcher.join()
    assert (live.button.description, len(study.trials)) == ("Finished", 4)
    assert live.words.value.startswith("4 of 4 trials; best so far ")


def test_no_legend_covers_a_curve(study):
    live, _ = watched(study, 3, 3)
    live.watcher.join()
    left, right = live.picture.axes
    assert left.get_legend().get_window_extent().x0 > left.get_window_extent().x1
    assert right.get_legend() is None
