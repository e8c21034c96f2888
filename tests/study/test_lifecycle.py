import subprocess
import sys

import optuna
import pytest
from optuna.trial import TrialState

from helpers.study import StudyError, count_trials, finished, open_study, run_until, run_workers, summarize

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

    with pytest.raises(StudyError, match="10 trials failed in a row"):
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
    assert finished(study) < 10
    run_until(study, parabola, 10)
    assert finished(study) == 10


def test_what_cannot_be_meant_is_said_in_one_sentence(tmp_path):
    study = open_study("mine", tmp_path / "study.journal")
    for request, words in {
        lambda: run_until(parabola, study, 3): r"write run_until\(study, objective, n_trials\), in this order",
        lambda: run_until(study, 0.5, 3): "the objective, which is the function itself, without brackets",
        lambda: run_until(study, parabola, "3"): "n_trials is '3'; it must be a whole number, the total",
        lambda: run_until(study, parabola, None): "n_trials is None",
        lambda: run_workers(study, parabola, 3): r"write run_workers\(objective, study, n_trials\), in this order",
        lambda: run_workers(parabola, study, 2.5): "n_trials is 2.5",
        lambda: run_workers(parabola, study, 3, workers=-1): "workers is -1; it must be 1 or more, or None",
        lambda: run_workers(parabola, study, 3, workers=0): "workers is 0",
        lambda: open_study("study.journal"): r'there is no storage; write open_study\(name, "study.journal"\)',
        lambda: open_study("sqlite:///study.db"): "there is no storage",
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
    best = "in every direction: " + " ".join(str(trial.number) for trial in study.best_trials)
    assert best in capsys.readouterr().out


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
