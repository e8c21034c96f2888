import json
import math
import subprocess
import sys

import grpc
import numpy as np
import optuna
import pytest
import torch
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from helpers.study import StudyError, finished, open_study, run_until
from helpers.study.objective import checked

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.array(0.5), np.array([0.5]), torch.tensor(0.5), torch.tensor([[0.5]])]
)
def test_one_number_in_any_wrapping_counts_as_its_float(value):
    study = open_study("mine")
    run_until(study, lambda trial: value, 1)
    assert study.best_value == 0.5
    assert type(study.best_value) is float


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "returned None; does it end with `return`"),
        (float("nan"), "returned nan, which can't be compared"),
        (float("inf"), "returned inf, which can't be compared"),
        (torch.tensor(float("-inf")), "returned -inf"),
        ("0.5", "returned the text '0.5'"),
        (torch.ones(2), "returned a Tensor of shape (2,)"),
        (np.ones((1, 3)), "returned a ndarray of shape (1, 3)"),
        ((0.5, 0.6), "returned a tuple; return a single number"),
        ({"accuracy": 0.5}, "returned a dict"),
        (1 + 2j, "returned a complex"),
        (10**400, "returned inf"),
    ],
)
def test_anything_else_ends_its_trial_alone_and_says_why(value, words, capsys):
    study = open_study("mine")
    run_until(study, lambda trial: value if trial.number == 0 else 0.25, 2)
    diverged = "can't be compared" in words or words.endswith("inf")
    state, name = (TrialState.PRUNED, "pruned") if diverged else (TrialState.FAIL, "failed")
    assert [trial.state for trial in study.trials] == [state] + [TrialState.COMPLETE] * (1 if diverged else 2)
    assert words in study.trials[0].user_attrs["reason"]
    assert f"Trial 0 {name}: {study.trials[0].user_attrs['reason']}\n" in capsys.readouterr().out
    assert study.best_value == 0.25


@pytest.mark.parametrize("bad", [math.nan, math.inf, MemoryError()])
def test_the_sampler_keeps_away_from_where_trainings_diverge(bad):
    """TPE takes no notice of failed trials, and asks for the same bad settings again and again."""

    def objective(trial, bad):
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        if lr > 0.01 and isinstance(bad, MemoryError):
            raise bad
        return bad if lr > 0.01 else lr

    def n_diverged(study):
        return sum(trial.params["lr"] > 0.01 for trial in study.trials[20:])

    ours, plain = (optuna.create_study(direction="maximize", sampler=TPESampler(seed=0)) for _ in range(2))
    run_until(ours, lambda trial: objective(trial, bad), 60)
    plain.optimize(lambda trial: objective(trial, math.nan), n_trials=60)
    assert n_diverged(ours) < n_diverged(plain)


def test_a_complete_trial_may_have_a_reason_of_its_own(capsys):
    def objective(trial):
        trial.set_user_attr("reason", "a whim")
        return 0.5

    study = open_study("mine")
    run_until(study, objective, 12)
    assert finished(study) == 12
    assert "a whim" not in capsys.readouterr().out


def test_a_study_in_which_all_diverges_is_ended():
    with pytest.raises(StudyError, match="10 trials in a row ended without a value"):
        run_until(open_study("mine"), lambda trial: math.nan, 100)


def test_what_diverges_is_pruned_in_a_study_of_several_directions_too():
    study = optuna.create_study(directions=["maximize", "minimize"])
    run_until(study, lambda trial: (math.nan, 1) if trial.number == 0 else (0.5, 3), 15)
    assert [trial.state for trial in study.trials] == [TrialState.PRUNED] + [TrialState.COMPLETE] * 14


def test_a_program_that_ends_itself_leaves_no_trial_running():
    study = open_study("mine")
    run_until(study, lambda trial: sys.exit(1) if trial.number == 0 else 1.0, 1)
    assert study.trials[0].state == TrialState.FAIL
    assert "ended the program" in study.trials[0].user_attrs["reason"]


def test_several_values_are_each_looked_at():
    study = optuna.create_study(directions=["maximize", "minimize"])
    run_until(study, lambda trial: (torch.tensor(0.5), None if trial.number == 0 else 3), 1)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.trials[1].values == [0.5, 3.0]


@pytest.mark.parametrize("value", [0.5, (0.5,), "ab", None])
def test_a_study_of_several_directions_says_how_many_values_it_needs(value):
    study = open_study("mine", directions=["maximize", "minimize"])
    run_until(study, lambda trial: value if trial.number == 0 else (0.5, 3), 1)
    assert study.trials[0].state == TrialState.FAIL
    words = f"the study has 2 directions, and the objective returned {value!r}; return that many numbers"
    assert words in study.trials[0].user_attrs["reason"]


MEMORY_HOG = """
import resource, torch
from helpers.study import open_study, run_until
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))

def objective(trial):
    if trial.number == 0:
        torch.zeros(2**33)          # 32 GiB
    if trial.number == 1:
        [0] * 2**33                 # in plain Python
    return 1.0

study = open_study("mine")
run_until(study, objective, 4)
print([trial.state.name for trial in study.trials], [trial.user_attrs.get("reason") for trial in study.trials])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can not limit the memory of a process")
def test_running_out_of_memory_prunes_that_trial_alone():
    done = subprocess.run([sys.executable, "-c", MEMORY_HOG], capture_output=True, text=True)
    assert "['PRUNED', 'PRUNED', 'COMPLETE', 'COMPLETE']" in done.stdout, done.stderr
    assert done.stdout.count("out of memory (") == 4  # printed, and stored, for both


def test_an_error_of_the_objective_keeps_its_own_kind():
    def broken(trial):
        return {}["lr"]

    with pytest.raises(KeyError, match="lr"):
        run_until(open_study("mine"), broken, 1)

    def wrong(trial):
        return torch.ones(2, 3) @ torch.ones(2, 3)

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run_until(open_study("mine"), wrong, 1)

    def diverged(trial):
        torch.distributions.Normal(torch.tensor(float("nan")), 1)

    with pytest.raises(ValueError, match="to satisfy the constraint"):
        run_until(open_study("mine"), diverged, 1)

    def around_itself(trial):
        error = KeyError("lr")
        raise error from error

    with pytest.raises(KeyError, match="lr"):
        run_until(open_study("mine"), around_itself, 1)

    def wrong_too(trial):
        raise RuntimeError("unsupported memory format")  # speaks of memory, and there is enough

    with pytest.raises(RuntimeError, match="unsupported memory format"):
        run_until(open_study("mine"), wrong_too, 1)


def before(trial):
    trial.suggest_categorical("optimizer", ["Adam", "SGD"])
    return trial.suggest_float("lr", 1e-5, 1e-1, log=True)


def more_choices(trial):
    trial.suggest_categorical("optimizer", ["Adam", "SGD", "RMSprop"])
    return trial.suggest_float("lr", 1e-5, 1e-1, log=True)


def no_log(trial):
    trial.suggest_categorical("optimizer", ["Adam", "SGD"])
    return trial.suggest_float("lr", 1e-5, 1e-1)


def another_kind(trial):
    return trial.suggest_int("lr", 1, 2)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (more_choices, ["optimizer as CategoricalDistribution(choices=('Adam', 'SGD'))", "'RMSprop'"]),
        (no_log, ["lr as FloatDistribution(high=0.1, log=True", "log=False"]),
        (another_kind, ["lr as FloatDistribution", "IntDistribution"]),
    ],
)
@pytest.mark.parametrize("n_startup_trials", [2, 10])  # drawn from what is known, and at random
@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_space_that_changed_is_named_with_the_way_out(after, words, n_startup_trials, kind, tmp_path):
    storage = tmp_path / "a.journal" if kind == "journal" else f"sqlite:///{tmp_path}/a.db"
    run_until(open_study("mine", storage), before, 4)
    sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=n_startup_trials)
    study = open_study("mine", storage, sampler=sampler)
    with pytest.raises(StudyError, match="Give the study a new name") as caught:
        run_until(study, after, 8)
    for part in ['the study "mine" has', *words]:
        assert part in str(caught.value)
    assert [trial.state for trial in study.trials[:4]] == [TrialState.COMPLETE] * 4
    assert study.trials[-1].state == TrialState.FAIL
    run_until(study, before, 5)  # put back as it was


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
@pytest.mark.parametrize(
    ("store", "words"),
    [
        (lambda trial: trial.set_user_attr("n", np.int64(3)), 'the user attribute "n" holds a value of type int64'),
        (lambda trial: trial.set_user_attr("n", {"all": [np.float32(3)]}), 'the user attribute "n" holds .* float32'),
        (lambda trial: trial.study.set_user_attr("w", torch.ones(2)), 'the user attribute "w" holds .* Tensor'),
        (lambda trial: trial.suggest_categorical("n", list(np.arange(3))), "the parameter n holds .* int64"),
    ],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution:UserWarning")
def test_what_no_storage_can_keep_is_named_with_the_way_out(store, words, kind, tmp_path):
    study = open_study("mine", tmp_path / "a.journal" if kind == "journal" else f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(StudyError, match=words + r", which can't be stored; .* value.item\(\) or values.tolist\(\)"):
        run_until(study, store, 3)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL]


def test_an_objective_that_cannot_write_its_own_text_keeps_its_error():
    with pytest.raises(TypeError, match="JSON serializable"):
        run_until(open_study("mine"), lambda trial: json.dumps(np.int64(3)), 1)


@pytest.mark.parametrize("queued", [{"optimizer": "Adma"}, {"lr": "fast"}, {"lr": [0.1, 0.2]}])
def test_a_queued_value_that_does_not_fit_fails_its_trial_alone(queued, capsys, tmp_path):
    study = open_study("mine", tmp_path / "a.journal")
    study.enqueue_trial(queued)
    run_until(study, before, 2)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE", "COMPLETE"]
    ((name, value),) = queued.items()
    assert f"Trial 0 failed: the queued value {value!r} of {name} does not fit " in capsys.readouterr().out


class Refused(grpc.RpcError):
    def details(self):
        return "Exception calling application: the value of lr is outside its range"


def test_a_value_that_the_class_study_refuses_fails_its_trial_alone():
    def refused(trial):
        if trial.number == 0:
            raise Refused
        return 1.0

    study = open_study("mine")
    run_until(study, refused, 1)
    assert study.trials[0].user_attrs["reason"] == "the class study refuses this: the value of lr is outside its range"


def test_the_check_keeps_the_objectives_name():
    assert checked(before).__name__ == "before"
