"""The private names of Optuna that the helpers use: when one goes, a test here says which, and what it was for."""

import inspect

import grpc
import numpy as np
import optuna
import pytest
from optuna.storages import GrpcStorageProxy, InMemoryStorage, RDBStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import TrialState

from helpers.study import open_study
from helpers.study.journal import CREATE_STUDY, CREATE_TRIAL, DELETE_STUDY, SET_STATE
from helpers.study.optuna_internals import (
    BaseHeartbeat,
    WatchedTPE,
    grid_of,
    grid_points,
    is_in_memory,
    mark_failed,
    place_of,
    proxy_server,
    queued_parameters,
    refused_attribute,
    refused_parameter,
    trial_id,
    was_told_to_stop,
)
from tests.servers import free_port


def test_a_heartbeat_has_the_methods_that_our_storages_write_again():
    ours = {"record_heartbeat", "_get_stale_trial_ids", "get_heartbeat_interval", "get_heartbeat_stale_trial_callback"}
    assert BaseHeartbeat.__abstractmethods__ == ours
    assert issubclass(RDBStorage, BaseHeartbeat)
    assert not issubclass(GrpcStorageProxy, BaseHeartbeat)


def test_optunas_cache_makes_a_trial_through_the_method_that_adds_our_claim():
    parameters = inspect.signature(RDBStorage._create_new_trial).parameters
    assert list(parameters) == ["self", "study_id", "template_trial"]
    study = optuna.create_study(storage="sqlite://")
    made = []
    backend = study._storage._backend
    backend._create_new_trial = lambda *arguments: made.append(1) or RDBStorage._create_new_trial(backend, *arguments)
    study.ask()
    assert made == [1]


def test_a_database_finds_silent_trials_through_the_method_that_spares_our_live_ones(tmp_path):
    storage = RDBStorage(f"sqlite:///{tmp_path}/a.db", heartbeat_interval=1, grace_period=1)
    asked = []
    storage._get_stale_trial_ids = lambda study_id: asked.append(study_id) or []
    optuna.storages.fail_stale_trials(optuna.create_study(storage=storage))
    assert len(asked) == 1


def test_a_study_in_memory_is_told_from_one_in_a_file(tmp_path):
    assert is_in_memory(open_study("mine"))
    assert not is_in_memory(open_study("mine", tmp_path / "study.journal"))
    assert not is_in_memory(open_study("mine", f"sqlite:///{tmp_path}/study.db"))


def test_a_study_that_is_opened_twice_is_in_one_place_and_another_of_its_name_in_another(tmp_path):
    for one, other in [(f"{tmp_path}/a.journal", f"{tmp_path}/b.journal"),
                       (f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"), (None, None)]:
        study = open_study("mine", one)
        assert place_of(study) == place_of(open_study("mine", one) if one else study)
        assert place_of(study) != place_of(open_study("mine", other))


def test_a_study_remembers_that_it_was_told_to_stop():
    study = optuna.create_study()
    study.optimize(lambda trial: 1.0, n_trials=1)
    assert not was_told_to_stop(study)
    study.optimize(lambda trial: trial.study.stop() or 1.0, n_trials=3)
    assert was_told_to_stop(study)


def test_the_id_of_a_trial_is_the_storages_and_not_its_number():
    storage = InMemoryStorage()
    optuna.create_study(storage=storage).ask()
    study = optuna.create_study(storage=storage)
    asked = study.ask()
    for trial in (asked, study.trials[0]):
        assert storage.get_trial_id_from_study_id_trial_number(study._study_id, 0) == trial_id(trial) != trial.number
    assert storage.get_trial(trial_id(asked)).state == TrialState.RUNNING


@pytest.mark.parametrize("suggest", [
    lambda trial: trial.suggest_float("x", 0, 2),
    lambda trial: trial.suggest_categorical("x", ["a"]),
])  # fmt: skip
def test_the_parameter_that_a_storage_refused_is_named(suggest):
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_int("x", 0, 2), n_trials=1)
    with pytest.raises(ValueError, match="distribution") as caught:
        suggest(study.ask())
    name, distribution = refused_parameter(caught.value)
    assert name == "x"
    assert isinstance(distribution, optuna.distributions.BaseDistribution)
    assert refused_parameter(ValueError("mine")) is None


def test_the_attribute_that_a_storage_refused_is_named():
    trial = optuna.create_study(storage="sqlite://").ask()
    with pytest.raises(TypeError, match="JSON") as caught:
        trial.set_user_attr("device", object())
    assert refused_attribute(caught.value) == "device"
    assert refused_attribute(ValueError("mine")) is None


def test_the_parameters_of_a_queued_trial_are_known():
    study = optuna.create_study()
    study.enqueue_trial({"x": 1})
    assert [queued_parameters(study.ask()), queued_parameters(study.ask())] == [{"x": 1}, {}]


def test_the_points_of_a_grid_that_no_trial_has_taken_are_known():
    sampler = optuna.samplers.GridSampler({"x": [0, 1], "y": [0, 1, 2]})
    assert grid_of(sampler) == {"x": [0, 1], "y": [0, 1, 2]}
    assert grid_of(optuna.samplers.TPESampler()) == {}
    study = optuna.create_study(sampler=sampler)
    assert grid_points(sampler, study.trials) == set(range(6))
    study.optimize(lambda trial: trial.suggest_int("x", 0, 1) + trial.suggest_int("y", 0, 2), n_trials=2)
    assert grid_points(sampler, study.trials) == {2, 3, 4, 5}
    assert grid_points(optuna.samplers.GridSampler({"x": [0, 1]}), study.trials) == {0, 1}
    point = {"search_space": grid_of(sampler), "grid_id": 5}
    study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, system_attrs=point))
    study.ask()  # a queued point is taken as it is
    assert study.trials[2].system_attrs["grid_id"] == 5


def test_the_numbers_of_a_journals_records_are_those_that_the_repair_knows():
    known = JournalOperation.CREATE_STUDY, JournalOperation.DELETE_STUDY, JournalOperation.CREATE_TRIAL
    assert known == (CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL)
    assert JournalOperation.SET_TRIAL_STATE_VALUES == SET_STATE


def test_the_error_of_a_trial_that_another_process_has_failed_reads_as_the_retry_expects():
    study = optuna.create_study()
    trial = study.ask()
    study.tell(trial, state=TrialState.FAIL)
    with pytest.raises(ValueError, match=r"^Cannot tell a FAIL trial\.$"):
        study.tell(trial, 1.0)


class Notes(grpc.ServerInterceptor):
    def __init__(self):
        self.headers = []

    def intercept_service(self, continuation, details):
        self.headers.append(dict(details.invocation_metadata))
        return continuation(details)


def test_the_server_of_a_proxy_hears_the_name_that_our_proxy_sends():
    notes, port = Notes(), free_port()
    memory = InMemoryStorage()
    server = proxy_server(memory, f"127.0.0.1:{port}", notes)
    server.start()
    try:
        open_study("mine", f"grpc://127.0.0.1:{port}", who="Søren").ask()
    finally:
        server.stop(None)
    assert {headers["who-bin"].decode() for headers in notes.headers if "who-bin" in headers} == {"Søren"}
    assert memory.get_all_trials(0)[0].user_attrs == {"who": "Søren"}


def test_the_watched_tpe_proposes_what_tpe_does_and_shows_what_it_chose_from():
    def objective(trial):
        return -abs(trial.suggest_float("x", 0, 10) - 7)

    watched = WatchedTPE(seed=3)
    studies = [optuna.create_study(direction="maximize", sampler=sampler)
               for sampler in (watched, optuna.samplers.TPESampler(seed=3))]
    for study in studies:
        study.optimize(objective, n_trials=15)
    assert studies[0].trials_dataframe()["params_x"].equals(studies[1].trials_dataframe()["params_x"])
    assert len(watched.proposals) == 5  # the first ten are drawn at random
    for number, one in enumerate(watched.proposals, start=10):
        ratio = one.good(one.candidates) - one.rest(one.candidates)
        assert studies[0].trials[number].params["x"] == one.candidates["x"][ratio.argmax()]
        values = [trial.value for trial in studies[0].trials[:number]]
        assert one.good_trials == set(np.argsort(values)[-len(one.good_trials) :])
    x = np.linspace(0, 10, 2_001)
    assert np.exp(one.good({"x": x})).sum() * (x[1] - x[0]) == pytest.approx(1, abs=0.01)  # a density


def test_a_trial_is_marked_as_failed_without_its_sampler():
    study = optuna.create_study(sampler=optuna.samplers.GridSampler({"x": [1]}))
    study.ask()
    with pytest.raises(RuntimeError):
        study.tell(study.ask().number, state=optuna.trial.TrialState.FAIL)
    mark_failed(study, study.trials[0])
    assert study.trials[0].state == optuna.trial.TrialState.FAIL
