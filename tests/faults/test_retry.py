"""Patience with a storage: an injected clock, and a database that is away whenever the test says so."""

import grpc
import optuna
import pytest
import sqlalchemy
from sqlalchemy.exc import DataError, OperationalError

from helpers.study import StudyError, count_trials, open_storage, open_study, run_until, summarize
from helpers.study.database_errors import reason_of
from helpers.study.retry import RECONNECT, retry_while_away
from tests.study.clock import Clock

optuna.logging.set_verbosity(optuna.logging.ERROR)
MINUTES = 300.0


@pytest.fixture
def clock(monkeypatch):
    """The database of `study` is away until it shows `clock.back`."""
    clock = Clock()
    clock.back = 0.0
    monkeypatch.setattr("helpers.study.retry.time", clock)
    return clock


@pytest.fixture
def study(tmp_path, clock):
    """A study in a database that is away while the clock shows less than `clock.back`."""
    study = open_study("mine", f"sqlite:///{tmp_path}/a.db")

    @sqlalchemy.event.listens_for(study._storage._backend.engine, "before_cursor_execute")
    def answer(connection, cursor, statement, *others):
        if clock.now < clock.back:
            raise OperationalError(statement, {}, Exception("the server is away\nand more of this"))

    return study


def test_the_seconds_count_from_the_first_failure_and_again_from_each_failure_after_a_trial(study, clock):
    def objective(trial):
        clock.now += MINUTES  # of healthy work
        if trial.number in (1, 3, 4):
            clock.back = clock.now + 4
        trial.report(0.5, 1)
        return 1.0

    run_until(study, objective, 4)
    assert count_trials(study) == "4 complete, 3 failed"


def test_a_storage_that_stays_away_ends_the_run_after_a_minute_with_one_line(study, clock):
    def objective(trial):
        clock.now += MINUTES
        clock.back = clock.now + 10 * MINUTES
        trial.report(0.5, 1)

    with pytest.raises(StudyError) as caught:
        run_until(study, objective, 4)
    assert str(caught.value) == "the study's storage was unavailable for 60 seconds: the server is away"
    assert RECONNECT <= clock.now - MINUTES <= RECONNECT + 2
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(StudyError, match="was unavailable for 60 seconds: the server is away"):
        summarize(study)


def test_errors_that_come_back_with_each_trial_end_the_run_though_the_storage_answers(study, tmp_path):
    @sqlalchemy.event.listens_for(study._storage._backend.engine, "before_cursor_execute")
    def refuse(connection, cursor, statement, *others):
        if "INSERT INTO trial_intermediate_values" in statement:
            raise DataError(statement, {}, Exception("the value is too long"))

    with pytest.raises(StudyError, match="errors of the storage ended 10 trials in a row: the value"):
        run_until(study, lambda trial: trial.report(0.5, 1), 4)


def test_a_trial_that_was_taken_is_no_trouble_of_the_storage(tmp_path, clock, capsys):
    storage = f"{tmp_path}/a.journal"

    def objective(trial):
        clock.now += MINUTES  # the laptop slept
        if trial.number < 2:
            other = optuna.load_study(study_name="mine", storage=open_storage(storage))
            other.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        return 1.0

    study = open_study("mine", storage)
    run_until(study, objective, 3)
    assert count_trials(study) == "3 complete, 2 failed"
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [f"Trial {number} was marked as failed by another process while this one was silent, perhaps "
                         "asleep; the next trial begins" for number in range(2)]


def test_a_stop_is_not_forgotten_while_the_storage_is_away(study, clock):
    def objective(trial):
        trial.study.stop()
        clock.back = clock.now + 4
        trial.report(0.5, 1)

    run_until(study, objective, 4)
    assert count_trials(study) == "1 failed, 1 waiting"


def test_a_database_of_the_objectives_own_is_not_the_studys(study):
    ran = []

    def objective(trial):
        ran.append(trial.number)
        with sqlalchemy.create_engine("sqlite://").connect() as mine:
            mine.execute(sqlalchemy.text("SELECT * FROM nowhere"))

    with pytest.raises(OperationalError, match="no such table: nowhere"):
        run_until(study, objective, 4)
    assert ran == [0]


class Unreachable(grpc.RpcError):
    def details(self):
        return "failed to connect to all addresses\nand more"


def test_an_error_of_a_proxy_is_one_line():
    assert reason_of(Unreachable()) == "failed to connect to all addresses"
    assert reason_of(OperationalError("SELECT", {}, Exception("away"))) == "away"


def test_an_error_that_is_not_the_storages_is_raised_at_once(clock):
    with pytest.raises(ZeroDivisionError):
        retry_while_away(lambda: 1 / 0)
    assert clock.now == 0
