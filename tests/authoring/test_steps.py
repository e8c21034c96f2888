import shutil

import optuna
import pandas as pd
import pytest
from optuna.trial import FixedTrial

from helpers import recorded, search
from helpers.authoring import kept, steps

pytestmark = pytest.mark.slow


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with the recorded rounds, to record tiny steps into, in this process."""
    shutil.copy(recorded.study_path("transformer_rounds"), tmp_path)
    monkeypatch.setattr(recorded, "RECORDED", tmp_path)
    for module in (kept, steps):
        monkeypatch.setattr(module, "WORKERS", 1)
    monkeypatch.setattr(steps, "SEEDS_AGAIN", (101,))
    monkeypatch.setattr(steps, "N_TRIALS", {"round 1": 2, "round 2": 1})
    return tmp_path


def test_each_step_is_recorded_once_and_its_best_is_trained_again(small):
    steps.record_steps()
    table = pd.read_csv(small / "steps.csv")
    assert list(table["step"]) == list(steps.ALL)
    assert table.set_index("step")["trials"].to_dict() == {
        name: 2 if name.startswith("round 1") and "instead" not in name else 1 for name in table["step"]}
    for name, best in table.set_index("step")["best_value"].items():
        assert best == pytest.approx(steps.load_step(name).best_value, abs=1e-4)
    assert len(steps.load_step("round 1 goes on instead").trials) == 16 + 1
    before = {path: path.read_bytes() for path in small.iterdir()}
    steps.record_steps()
    assert before == {path: path.read_bytes() for path in small.iterdir()}


def test_a_recording_goes_on_where_it_was_stopped(small, monkeypatch):
    for name in steps.STEPS:
        steps.run_step(name)
    monkeypatch.setattr(steps, "run_step", lambda name: None)
    trained = []
    train_best = steps.train_best

    def train_and_stop(name, seed):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(name)
        return train_best(name, seed)

    monkeypatch.setattr(steps, "train_best", train_and_stop)
    with pytest.raises(KeyboardInterrupt):
        steps.record_steps()
    monkeypatch.setattr(steps, "train_best", lambda *arguments: trained.append(arguments[0]) or train_best(*arguments))
    steps.record_steps()
    assert trained == list(steps.ALL)


def test_a_step_changes_one_thing_of_its_round(small):
    def asked(train):
        trial = optuna.create_study().ask()
        train(trial, seed=0)
        return trial.distributions

    narrow = asked(steps.NARROW["transformer"])
    small_width = asked(steps.STEPS["round 2 without more width"].train)
    assert {name for name in narrow if narrow[name] != small_width[name]} == {"d_model"}
    assert small_width["d_model"].high == 96
    params = recorded.load_round("transformer", "round 2").best_params | {"d_model": 96}
    first, second = (define(FixedTrial(params)) for define in (search.define_narrow_transformer,
                                                               steps.define_narrow_and_small))
    assert str(first) == str(second)
