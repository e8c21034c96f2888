"""A run in the background. Its trials wait at a gate, a file, so that each test knows when they run."""

import signal
import time
from pathlib import Path

import pytest

from helpers.study import StudyError, finished, open_study, run_behind


@pytest.fixture
def gate(tmp_path):
    return tmp_path / "gate"


def waiting(gate):
    """An objective that returns once the gate is open."""

    def objective(trial):
        Path(f"{gate} of {trial.number}").touch()
        while not gate.exists():
            time.sleep(0.01)
        return 1.0

    return objective


def until_begun(gate, behind):
    while not Path(f"{gate} of 0").exists():
        assert behind.is_alive()
        time.sleep(0.01)


def test_the_cell_is_free_at_once_and_a_second_run_of_the_study_goes_on_with_the_first(gate, tmp_path, capsys):
    first = run_behind(waiting(gate), open_study("mine", tmp_path / "a.journal"), 3, workers=1)
    until_begun(gate, first)
    study = open_study("mine", tmp_path / "a.journal")  # its cell was run again
    assert run_behind(waiting(gate), study, 5, workers=1) is first
    assert "mine: it is already running, up to 3 trials" in capsys.readouterr().out
    other = run_behind(lambda trial: 1.0, open_study("mine", tmp_path / "b.journal"), 1, workers=1)
    assert other is not first
    gate.touch()
    first.wait()
    other.wait()
    assert len(study.trials) == finished(study) == 3
    run_behind(waiting(gate), study, 5, workers=1).wait()
    assert finished(study) == 5


def test_stop_lets_the_trial_in_progress_end(gate, tmp_path):
    study = open_study("mine", tmp_path / "a.journal")
    behind = run_behind(waiting(gate), study, 3, workers=1)
    until_begun(gate, behind)
    behind.stop()
    gate.touch()
    behind.wait()
    assert len(study.trials) == finished(study) == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="an interrupt does not reach workers on Windows")
def test_its_workers_are_deaf_to_the_interrupt_of_a_cell(tmp_path):
    def is_deaf(trial):
        import signal

        signal.signal(signal.SIGINT, signal.default_int_handler)  # as before a worker is ready
        signal.raise_signal(signal.SIGINT)
        return 1.0

    study = open_study("mine", tmp_path / "a.journal")
    run_behind(is_deaf, study, 1, workers=1).wait()
    assert finished(study) == len(study.trials) == 1


def test_an_error_is_printed_when_it_happens_and_raised_by_who_waits(capsys):
    behind = run_behind(lambda trial: 1.0, open_study("mine"), 1)
    with pytest.raises(StudyError, match="in this process's memory"):
        behind.wait()
    assert "mine has ended: StudyError: this study is kept in this process's memory" in capsys.readouterr().out
