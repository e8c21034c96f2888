import subprocess
import sys

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from helpers.study import StudyError, count_trials, finished, open_study, run_until, run_workers, summarize
from tests.study.clock import Clock

optuna.logging.set_verbosity(optuna.logging.WARNING)


def parabola(trial):
    return -((trial.suggest_float("x", -10, 10) - 2) ** 2)


@pytest.fixture(params=["journal", "sqlite", "memory"])
def storage(request, tmp_path):
    return {"journal": tmp_path / "deep" / "study.journal", "sqlite": f"sqlite:///{tmp_path}/s.db", "memory": None}[
        request.param
    ]


def test_a_study_is_made_and_runs_to_a_total(storage, capsys):
    study = open_study("mine", storage)
    assert capsys.readouterr().out == "mine: no trials yet\n"
    assert study.direction.name == "MAXIMIZE"
    run_until(study, parabola, 5)
    run_until(study, parabola, 8)
    run_until(study, parabola, 8)
    assert finished(study) == len(study.trials) == 8


def test_a_study_in_a_file_is_found_again_in_another_process(tmp_path, capsys):
    path = tmp_path / "study.journal"
    code = (
        "from helpers.study import *; from tests.study.test_lifecycle import parabola; "
        f"run_until(open_study('mine', {str(path)!r}), parabola, 3)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    study = open_study("mine", path)
    assert capsys.readouterr().out == "mine: 3 complete\n"
    run_until(study, parabola, 5)
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3, 4]


def test_failed_trials_do_not_count_and_pruned_ones_do():
    def shaky(trial):
        if trial.number % 3 == 0:
            raise ValueError("broken")
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        return parabola(trial)

    study = open_study("mine")
    run_until(study, shaky, 6, catch=(ValueError,))
    assert finished(study) == 6
    assert count_trials(study) == "3 complete, 3 pruned, 3 failed"


def test_an_objective_that_always_fails_ends_with_a_sentence():
    def broken(trial):
        raise ValueError("broken")

    with pytest.raises(StudyError, match="10 trials in a row ended without a value"):
        run_until(open_study("mine"), broken, 4, catch=(ValueError,))


def test_an_interrupt_loses_only_the_running_trial(tmp_path):
    def interrupted(trial):
        if trial.number == 2:
            raise KeyboardInterrupt
        return parabola(trial)

    study = open_study("mine", tmp_path / "study.journal")
    with pytest.raises(KeyboardInterrupt):
        run_until(study, interrupted, 5)
    run_until(open_study("mine", tmp_path / "study.journal"), parabola, 5)
    states = [trial.state for trial in study.trials]
    assert states.count(TrialState.COMPLETE) == 5
    assert states.count(TrialState.FAIL) == 1


def test_a_callback_or_a_timeout_can_end_it_before_the_total():
    def stop_after_three(study, trial):
        if trial.number == 2:
            study.stop()

    study = open_study("mine")
    run_until(study, parabola, 10, callbacks=[stop_after_three])
    assert count_trials(study) == "3 complete"
    run_until(study, parabola, 10, timeout=0)
    assert finished(study) == 3
    run_until(study, parabola, 10)
    assert finished(study) == 10


def test_the_timeout_holds_for_trials_that_replace_failed_ones_too(monkeypatch):
    def fails_after_ten_seconds(trial):
        clock.now += 10

    clock = Clock()
    monkeypatch.setattr("helpers.study.lifecycle.time", clock)
    monkeypatch.setattr("helpers.study.optimization.time", clock)
    study = open_study("mine")
    run_until(study, fails_after_ten_seconds, 1, timeout=25)
    assert count_trials(study) == "3 failed"


class Watcher:
    def __call__(self, study, trial):
        if trial.number > 0:
            raise [KeyError("lr"), OSError("no picture")][trial.number % 2]


def test_a_callback_that_raises_is_named_once_and_the_run_goes_on(capsys):
    seen = []
    study = open_study("mine")
    run_until(study, parabola, 6, callbacks=[Watcher(), lambda study, trial: seen.append(trial.number)])
    assert seen == [0, 1, 2, 3, 4, 5]
    assert count_trials(study) == "6 complete"
    end = ". The run goes on; to end it from a callback, call study.stop() there"
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"The callback Watcher raised OSError: no picture{end}", f"The callback Watcher raised KeyError: 'lr'{end}"]


@pytest.mark.parametrize("error", [StudyError("enough"), KeyboardInterrupt()])
def test_a_callback_can_end_the_run_on_purpose(error):
    def enough(study, trial):
        raise error

    study = open_study("mine")
    with pytest.raises(type(error)):
        run_until(study, parabola, 6, callbacks=[enough])
    assert count_trials(study) == "1 complete"


@pytest.mark.parametrize("show_progress_bar", [False, True])
def test_a_study_without_a_feasible_trial_runs_on_and_says_so(capsys, show_progress_bar):
    def too_large(trial):
        trial.set_constraint("size", 1.0)
        return parabola(trial)

    study = open_study("mine")
    run_until(study, too_large, 3, show_progress_bar=show_progress_bar)
    summarize(study)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Number of finished trials: 3", "  (3 complete)", "Best trial: none feasible yet"]
    both = open_study("both", directions=["maximize", "minimize"])
    run_until(both, lambda trial: (too_large(trial), 1.0), 2, show_progress_bar=show_progress_bar)
    summarize(both)
    assert "Best trials (the Pareto front): none feasible yet\n" in capsys.readouterr().out


def test_a_queued_name_that_the_objective_does_not_know_is_said_when_the_trial_ends(capsys):
    study = open_study("mine")
    study.enqueue_trial({"X": 1.0, "momentum": 0.9})
    study.enqueue_trial({"x": 1.0})
    run_until(study, parabola, 2)
    assert capsys.readouterr().out.splitlines()[1:] == [
        'Trial 0: the queued X=1.0 was not used, since the objective did not ask for that name; did you mean "x"?',
        "Trial 0: the queued momentum=0.9 was not used, since the objective did not ask for that name"]
    study.enqueue_trial({"learnig_rate": 1.0})
    run_until(study, lambda trial: trial.suggest_float("learning_rate", 0, 1), 3)
    assert capsys.readouterr().out.endswith('not ask for that name; did you mean "learning_rate"?\n')


def test_a_sampler_that_raises_leaves_no_trial_running(tmp_path):
    class Broken(optuna.samplers.RandomSampler):
        def before_trial(self, study, trial):
            if trial.number == 1:
                raise ImportError("cmaes")

    study = open_study("mine", tmp_path / "study.journal", sampler=Broken())
    with pytest.raises(ImportError, match="cmaes"):
        run_until(study, parabola, 3)
    assert count_trials(study) == "1 complete, 1 failed, 1 waiting"


def test_a_trial_that_was_asked_for_by_hand_is_left_alone(tmp_path):
    study = open_study("mine", tmp_path / "study.journal")
    study.ask()
    with pytest.raises(ZeroDivisionError):
        run_until(study, lambda trial: 1 / 0, 3)
    assert count_trials(study).startswith("1 failed, 1 running")


def test_a_grid_whose_time_is_over_leaves_its_next_point_in_the_queue(tmp_path):
    study = open_study("mine", tmp_path / "study.journal", sampler=optuna.samplers.GridSampler({"x": [1]}))
    run_until(study, lambda trial: trial.suggest_int("x", 0, 9), 10, timeout=0)
    assert count_trials(study) == "1 waiting"
    run_until(study, lambda trial: trial.suggest_int("x", 0, 9), 10)
    assert count_trials(study) == "1 complete"


@pytest.mark.parametrize("storage", ["journal", "sqlite"], indirect=True)
def test_a_grid_of_numpy_numbers_is_refused_before_a_trial_begins(storage):
    study = open_study("mine", storage, sampler=optuna.samplers.GridSampler({"n": np.arange(3)}))
    for run in (lambda: run_until(study, parabola, 3), lambda: run_workers(parabola, study, 3, workers=1)):
        with pytest.raises(StudyError, match=r"the grid of n holds a value of type int64, .*values.tolist\(\)"):
            run()
    assert count_trials(study) == "no trials yet"


def test_what_cannot_be_meant_is_said_in_one_sentence(tmp_path):
    study = open_study("mine", tmp_path / "study.journal")
    for request, words in {
        lambda: run_until(parabola, study, 3): r"write run_until\(study, objective, n_trials\), in this order",
        lambda: run_until(study, 0.5, 3): "objective is the function itself, without brackets",
        lambda: run_until(study, parabola, "3"): "n_trials is '3'; it must be a whole number, the total",
        lambda: run_until(study, parabola, None): "n_trials is None",
        lambda: run_until(study, parabola, 0): "n_trials is 0; .* 1 or more",
        lambda: run_until(study, parabola, True): "n_trials is True",
        lambda: run_until(study, parabola, 3, timeout="3"): "timeout is '3'; it must be a number of seconds, 0 or more",
        lambda: run_until(study, parabola, 3, timeout=-1): "timeout is -1",
        lambda: run_until(study, parabola, 3, timeout=float("nan")): "timeout is nan",
        lambda: run_until(study, parabola, 3, callbacks=parabola): r"a list of functions, like callbacks=\[live\]",
        lambda: run_until(study, parabola, 3, callbacks=[3]): r"callbacks is \[3\]; it must be a list of functions",
        lambda: run_workers(study, parabola, 3): r"write run_workers\(objective, study, n_trials\), in this order",
        lambda: run_workers(parabola, study, 2.5): "n_trials is 2.5",
        lambda: run_workers(parabola, study, 3, workers=-1): "workers is -1; it must be 1 or more, or None",
        lambda: run_workers(parabola, study, 3, workers=0): "workers is 0",
        lambda: run_workers(parabola, study, 3, workers="2"): "workers is '2'",
        lambda: run_workers(parabola, study, 3, workers=True): "workers is True",
        lambda: run_workers(parabola, study, -3): "n_trials is -3",
        lambda: run_workers(parabola, study, 3, timeout="3"): "timeout is '3'",
        lambda: open_study("study.journal"): r'there is no storage; write open_study\(name, "study.journal"\)',
        lambda: open_study("sqlite:///study.db"): "there is no storage",
        lambda: open_study(""): "the study's name is ''; give it a name",
        lambda: open_study(None): "the study's name is None",
        lambda: open_study("mine", sampler=optuna.samplers.TPESampler): r"write sampler=TPESampler\(\), with brackets",
        lambda: open_study("mine", sampler="tpe"): r"'tpe'; .* like sampler=optuna.samplers.TPESampler\(\)",
        lambda: open_study("mine", pruner="median"): r"'median'; .* like pruner=optuna.pruners.MedianPruner\(\)",
        lambda: open_study("mine", directions="down"): "the direction is down;",
        lambda: open_study("mine", direction="up"): 'the direction is up; write "maximize" or "minimize"',
    }.items():
        with pytest.raises(StudyError, match=words):
            request()
    assert count_trials(study) == "no trials yet"


def test_a_study_of_several_directions_is_opened_with_them_and_reported(tmp_path, capsys):
    study = open_study("mine", tmp_path / "study.journal", directions=["maximize", "minimize"])
    run_until(study, lambda trial: (parabola(trial), trial.number), 3)
    assert len(open_study("mine", tmp_path / "study.journal", directions=study.directions).trials) == 3
    with pytest.raises(StudyError, match="its direction is maximize and minimize; open it with directions="):
        open_study("mine", tmp_path / "study.journal")
    summarize(study)
    best = "Best trials (the Pareto front): " + " ".join(str(trial.number) for trial in study.best_trials)
    assert best + "\n  To see them: optuna.visualization.plot_pareto_front(study)\n" in capsys.readouterr().out


def test_the_report_counts_what_really_finished_and_follows_the_direction(capsys):
    study = open_study("mine", direction="minimize")
    for x in (0.9, 0.00002, 0.7):
        study.enqueue_trial({"x": x})
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    summarize(study)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Number of finished trials: 2", "  (2 complete, 1 waiting)", "Best trial: number 1", "  Value: 2e-05",
        "  Params:", "    x: 2e-05"]


def test_the_report(capsys):
    study = open_study("mine", sampler=optuna.samplers.RandomSampler(seed=0))
    summarize(study)
    assert "Best trial: none" in capsys.readouterr().out
    study.enqueue_trial({"x": 2.0})
    study.optimize(parabola, n_trials=2)
    summarize(study)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Number of finished trials: 2"
    assert lines[1:] == ["  (2 complete)", "Best trial: number 0", "  Value: -0.0000", "  Params:", "    x: 2"]
