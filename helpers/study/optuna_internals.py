"""Private names of Optuna without a public equivalent, as of Optuna 5.0.0; a test fails when one is gone."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import optuna
from optuna.storages._grpc.auto_generated.api_pb2_grpc import add_StorageServiceServicer_to_server
from optuna.storages._grpc.servicer import OptunaStorageProxyService
from optuna.storages._heartbeat import BaseHeartbeat

__all__ = ["BaseHeartbeat", "is_in_memory", "proxy_server", "refused_parameter", "trial_id", "was_told_to_stop"]


def is_in_memory(study):
    return isinstance(study._storage, optuna.storages.InMemoryStorage)


def was_told_to_stop(study):
    """Whether `study.stop()` was called since the study last started to optimize."""
    return study._stop_flag


def trial_id(trial):
    """The id by which a storage knows a trial; its number counts within its study only."""
    return trial._trial_id


def proxy_server(storage, address, interceptor):
    """What `optuna.storages.run_grpc_proxy_server` starts, but with an interceptor, which sees who asks."""
    server = grpc.server(ThreadPoolExecutor(max_workers=10), interceptors=[interceptor])
    add_StorageServiceServicer_to_server(OptunaStorageProxyService(storage), server)
    server.add_insecure_port(address)
    return server


def refused_parameter(error):
    """The (name, distribution) of the `trial.suggest_...` that raised an error, or None."""
    step = error.__traceback__
    while step is not None:
        known = step.tb_frame.f_locals
        if step.tb_frame.f_code.co_name == "_suggest" and {"name", "distribution"} <= known.keys():
            return known["name"], known["distribution"]
        step = step.tb_next
    return None
