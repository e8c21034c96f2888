"""Cells of lessons 04 and 05 that read a study, if the learner stopped it after no, one or three trials."""

import matplotlib as mpl

mpl.use("Agg")

import nbformat
import optuna
import pytest
from optuna.trial import TrialState

from helpers import recorded
from helpers.teaching import progress, progress_store
from tests.notebooks.tidy_notebooks import NOTEBOOKS


def cells_of(lesson):
    [path] = [path for path in NOTEBOOKS if path.stem.startswith(lesson)]
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run_cell(lesson, words, names):
    """Runs the one cell of a lesson that holds these words."""
    [source] = [source for source in cells_of(lesson) if words in source]
    exec(compile(source, words, "exec"), names)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    mpl.pyplot.close("all")


@pytest.fixture
def lesson_04():
    names = {}
    run_cell("04", "from helpers import evaluation, plots, recorded", names)
    run_cell("04", "pick(100, smoke=6)", names)
    names["reference"], names["first_try"] = {"LSTM": 0.7}, recorded.load_study("transformer")
    return names


def stopped(trials, n_trials):
    """A study that was stopped in the trial after the first `n_trials`."""
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials[:n_trials])
    study.add_trial(optuna.trial.create_trial(state=TrialState.FAIL))
    study.enqueue_trial({"lr": 0.002})
    return study


@pytest.mark.parametrize(("n_trials", "words"), [
    (0, ["No trial is complete yet: let the cell above run longer."]),
    (1, ["Best trial:\n  Value: ", "the best 1 trials:", "hidden_size: "]),
    (3, ["Best trial:\n  Value: ", "the best 3 trials:", "hidden_size: "]),
])
def test_the_report_and_the_best_settings_of_the_small_study(lesson_04, n_trials, words, capsys):
    trials = recorded.load_study("small").get_trials(states=(TrialState.COMPLETE,))
    lesson_04["study"] = stopped(trials, n_trials)
    for cell in ('print("Number of finished', "print(count_trials(study))\nplots.history", "ten = pd.DataFrame"):
        run_cell("04", cell, lesson_04)
    said = capsys.readouterr().out
    assert [each for each in words if each not in said] == []


@pytest.mark.parametrize(("n_trials", "words"), [
    (0, "yours: 0 complete, none complete yet; has not passed the first try\n"),
    (1, "yours: 1 complete, best 0.839; has not passed the first try\n"),
    (3, "yours: 3 complete, best 0.839; has not passed the first try\n"),
    (5, "yours: 5 complete, best 0.881; passed the first try after 4\n"),
])
def test_round_one_compared_with_the_recorded_one(lesson_04, n_trials, words, capsys):
    lesson_04["study"] = stopped(recorded.load_round("transformer", "round 1").trials, n_trials)
    run_cell("04", 'from_us = recorded.load_round("transformer", "round 1")', lesson_04)
    assert words in capsys.readouterr().out


def test_round_one_has_no_seed_which_would_repeat_trials_when_it_goes_on():
    [source] = [source for source in cells_of("04") if "TPESampler" in source and "my_rounds.journal" in source]
    assert "seed=" not in source


@pytest.mark.parametrize("n_trials", [0, 1, 3])
def test_round_two_while_it_runs_and_ten_tries(n_trials, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress_store, "PATH", tmp_path / "progress.json")
    for accuracy in (0.4, 0.7, 0.6)[:n_trials]:
        progress_store.add_try({"accuracy": accuracy, "of_epochs": 12})
    names = {"progress": progress}
    run_cell("05", "from helpers import evaluation, plots, recorded", names)
    names["round_two"] = stopped(recorded.load_round("transformer", "round 2").trials, n_trials)
    run_cell("05", "plots.history(round_two, ax=left", names)
    run_cell("05", "plots.ten_tries(tries, searches)", names)
    words = {0: "you: no tries of twelve epochs yet", 1: "you after 1: 0.400", 3: "you after 3: 0.700"}[n_trials]
    assert words in capsys.readouterr().out
