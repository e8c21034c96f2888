"""Servers that go away, disks that are full, workers that are killed: tried for real."""

import threading
import time
from collections import Counter
from types import SimpleNamespace

import optuna
import pytest

from helpers.study import StudyError, count_trials, finished, open_study, run_until, run_workers, worker_process
from tests.faults.disks import small_disk
from tests.faults.soak import facts, losses, objective, soak
from tests.servers import Postgres, programs

pytestmark = pytest.mark.slow
optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize("kind", ["journal", "SQLite", "class", pytest.param("PostgreSQL", marks=pytest.mark.postgres)])
def test_kills_sleepers_and_restarts_lose_nothing(kind):
    if kind == "PostgreSQL" and programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    served = kind in ("PostgreSQL", "class")  # it takes a while to come back on a slow machine
    row = soak(kind, patience=30 if served else 6, faults=Counter(kill=2, sleep=1, restart=1))
    assert row["finished"] >= row["total"]
    assert (row["kills"], row["sleeps"], row["restarts"]) == (2, 1, served)
    assert (row["lost"], row["duplicated"], row["stuck"]) == (0, 0, 0)


def test_the_soak_sees_what_it_looks_for():
    study = open_study("mine")
    study.optimize(objective, n_trials=5)
    seen = {trial.number: facts(trial) for trial in study.trials}
    assert losses(study, seen) == {"finished": 5, "failed": 0, "lost": 0, "duplicated": 0, "stuck": 0}
    study.add_trial(study.trials[0])  # finished a second time
    study.ask()
    seen[1] = (*seen[1][:3], [])  # a report that came later
    seen[9] = seen[0]  # a trial that is gone
    assert losses(study, seen) == {"finished": 6, "failed": 0, "lost": 2, "duplicated": 1, "stuck": 1}


@pytest.mark.postgres
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed (Debian: apt-get install postgresql)")
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_study_outlives_a_restart_of_its_database(tmp_path, mode):
    with Postgres() as server:
        study = open_study("mine", server.url)
        watched = optuna.load_study(study_name="mine", storage=server.url)
        stopped = tmp_path / "stopped"

        def restart():
            while finished(watched) < 3:
                time.sleep(0.05)
            server.stop(mode)
            stopped.touch()
            time.sleep(3)
            server.start()

        def objective(trial):
            x = trial.suggest_float("x", 0, 1)
            while trial.number > 3 and not stopped.exists():  # a gate: most trials come after the stop
                time.sleep(0.05)
            for step in range(10):
                time.sleep(0.05)
                trial.report(x, step)
            return x

        thread = threading.Thread(target=restart, daemon=True)
        thread.start()
        run_workers(objective, study, 14, workers=2)
        thread.join()
        assert finished(study) == 14
        assert "running" not in count_trials(open_study("mine", server.url))


@pytest.mark.postgres
def test_a_worker_that_begins_while_its_database_is_away_waits_for_it(monkeypatch):
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with Postgres() as server:
        copied = worker_process.copy_of(open_study("mine", server.url), objective)
        monkeypatch.setattr(worker_process, "_work", {"copied": copied})
        waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: server.start())
        monkeypatch.setattr("helpers.study.retry.time", waits)
        server.stop()
        study, _ = worker_process._load()
        assert finished(study) == 0


@pytest.mark.postgres
def test_a_database_that_stays_away_ends_the_run_with_a_sentence(monkeypatch):
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    monkeypatch.setattr("helpers.study.database.RECONNECT", 1)
    monkeypatch.setattr("helpers.study.retry.RECONNECT", 1)
    with Postgres() as server:
        study = open_study("mine", server.url)
        stop_at_two = [lambda study, trial: server.stop() if trial.number == 1 else None]
        with pytest.raises(StudyError, match="the study's storage was unavailable for"):
            run_until(study, lambda trial: trial.suggest_float("x", 0, 1), 5, callbacks=stop_at_two)
        server.start()
        assert count_trials(open_study("mine", server.url)) == "2 complete"


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path, kilobytes=600):
        yield tmp_path


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_full_disk_is_named_and_loses_nothing_that_finished(disk, kind):
    storage = disk / "study.journal" if kind == "journal" else f"sqlite:///{disk}/study.db"
    study = open_study("mine", storage)
    run_until(study, lambda trial: trial.suggest_float("x", 0, 1), 5)
    filler = disk / "filler"

    def objective(trial):
        if trial.number == 7:
            with filler.open("wb", buffering=0) as file:
                try:
                    while file.write(b"0" * 512):
                        pass
                except OSError:
                    pass
        for step in range(300):
            trial.report(0.5, step)
        return trial.suggest_float("x", 0, 1)

    with pytest.raises(StudyError, match="no space left on the disk"):
        run_until(study, objective, 12)
    assert finished(open_study("mine", storage)) == 7  # it can be looked at
    filler.unlink()
    study = open_study("mine", storage)
    assert finished(study) == 7
    run_until(study, lambda trial: trial.suggest_float("x", 0, 1), 12)
    assert "running" not in count_trials(study)
