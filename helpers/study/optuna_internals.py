"""Private names of Optuna without a public equivalent, as of Optuna 5.0.0; a test fails when one is gone."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import optuna
from optuna.storages._grpc.auto_generated.api_pb2_grpc import add_StorageServiceServicer_to_server
from optuna.storages._grpc.servicer import OptunaStorageProxyService
from optuna.storages._heartbeat import BaseHeartbeat as BaseHeartbeat  # for our storages


def is_in_memory(study):
    return isinstance(study._storage, optuna.storages.InMemoryStorage)


def place_of(study):
    """The file, database URL or storage that holds a study: it tells apart studies of the same name."""
    backend = getattr(study._storage, "_backend", study._storage)
    return getattr(backend, "path", getattr(backend, "url", backend))


def was_told_to_stop(study):
    """Whether `study.stop()` was called since the study last started to optimize."""
    return study._stop_flag


def trial_id(trial):
    """The id by which a storage knows a trial; its number counts within its study only."""
    return trial._trial_id


def mark_failed(study, trial):
    """`study.tell` without the sampler: a GridSampler would stop the study, which Optuna allows only in a run."""
    study._storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.FAIL)


def queued_parameters(trial):
    """The parameters with which a trial was queued, by `study.enqueue_trial`."""
    return trial._fixed_params


def grid_of(sampler):
    """The values of each parameter, if it is a GridSampler; {} for any other sampler."""
    return sampler._search_space if isinstance(sampler, optuna.samplers.GridSampler) else {}


def grid_points(sampler, trials):
    """The numbers of the points of a GridSampler that no trial has taken yet."""
    taken = {trial.system_attrs["grid_id"] for trial in trials
             if "grid_id" in trial.system_attrs and sampler._same_search_space(trial.system_attrs["search_space"])}
    return set(range(len(sampler._all_grids))) - taken


@dataclass(frozen=True)
class Proposal:
    """What TPE chose a proposal from. good, rest: functions, {name: array of values} -> log density at each."""

    good_trials: set  # their numbers
    good: object
    rest: object
    candidates: dict  # {name: array of values}, drawn from `good`; the one where good / rest is largest is proposed


class WatchedTPE(optuna.samplers.TPESampler):
    """Proposes what TPESampler does; `proposals` has a Proposal for each that was not drawn at random, in order."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.proposals = []

    def _build_parzen_estimator(self, study, search_space, trials, handle_below):
        estimator = super()._build_parzen_estimator(study, search_space, trials, handle_below)
        estimator.numbers = {trial.number for trial in trials}
        return estimator

    def _compute_acquisition_func(self, samples, mpe_below, mpe_above):
        self.proposals.append(Proposal(mpe_below.numbers, mpe_below.log_pdf, mpe_above.log_pdf, samples))
        return super()._compute_acquisition_func(samples, mpe_below, mpe_above)


def proxy_server(storage, address, interceptor):
    """What `optuna.storages.run_grpc_proxy_server` starts, but with an interceptor, which sees who asks."""
    server = grpc.server(ThreadPoolExecutor(max_workers=10), interceptors=[interceptor])
    add_StorageServiceServicer_to_server(OptunaStorageProxyService(storage), server)
    server.add_insecure_port(address)
    return server


def refused_parameter(error):
    """The (name, distribution) of the `trial.suggest_...` that raised an error, or None."""
    known = _locals_of(error, "_suggest", {"name", "distribution"})
    return known and (known["name"], known["distribution"])


def refused_attribute(error):
    """The key of the `set_user_attr` that raised an error, or None."""
    known = _locals_of(error, "set_user_attr", {"key", "value"})
    return known and known["key"]


def _locals_of(error, function, names):
    """The local variables of the first call of that function, with variables of these names, that led to an error."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == function and names <= frame.f_locals.keys():
            return frame.f_locals
    return None
