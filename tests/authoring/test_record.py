import joblib
import optuna
import pandas as pd
import pytest

from helpers import baselines, recipes, recorded
from helpers.authoring import kept, provenance, record, rounds
from helpers.data import CARD_HANDS, load_csv

pytestmark = pytest.mark.slow


def test_recording_writes_a_table_its_curves_and_its_provenance(tmp_path, monkeypatch):
    def record_tiny():
        """A tiny training."""
        jobs = record.network_jobs({"LSTM": recipes.lstm}, test, seeds=[0], epochs=1)
        jobs.append(joblib.delayed(record.train_baseline)("majority", baselines.majority(), 0, test))
        record.write_tables("tiny", jobs)

    small = load_csv(CARD_HANDS, limit=200)
    test = small.unlock_test()
    monkeypatch.setattr(record, "load_csv", lambda path: small)
    for module in (record, recorded, provenance):
        monkeypatch.setattr(module, "RECORDED", tmp_path)
    monkeypatch.setattr(record, "WORKERS", 1)
    monkeypatch.setitem(record.PARTS, "tiny", record_tiny)
    record.record(["tiny"])
    table = pd.read_csv(tmp_path / "tiny.csv")
    assert list(table["model"]) == ["LSTM", "majority"]
    assert table["test_accuracy"].between(0, 1).all()
    assert len(recorded.load_table("tiny_curves")) == 1
    assert "A tiny training." in (tmp_path / "tiny.json").read_text(encoding="utf-8")


def test_an_unknown_part_is_named():
    with pytest.raises(SystemExit, match="'everything' is not a part of the record; the parts are untuned"):
        record.record(["everything"])


def test_a_round_begins_with_its_starts_takes_its_seconds_and_is_recorded_once(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "RECORDED", tmp_path)
    monkeypatch.setattr(rounds, "N_TRIALS", {"round 1": 2, "round 2": 1})
    rounds.run_rounds("trees", seed=0, seconds=3)
    before = recorded.study_path("trees_rounds").read_bytes()
    rounds.run_rounds("trees", seed=0, seconds=3)
    assert recorded.study_path("trees_rounds").read_bytes() == before
    one, two = (recorded.load_round("trees", kind) for kind in ("round 1", "round 2"))
    assert [trial.params for trial in one.trials[:2]] == rounds.STARTS["trees"][:2]
    assert one.user_attrs["seconds"] + two.user_attrs["seconds"] >= 3
    assert rounds.best_trials("trees")[0].number == two.best_trial.number


def test_a_winner_is_trained_as_its_trial_was():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: rounds.NARROW["lstm"](trial, seed=7)[1], n_trials=1)
    row = rounds.train_again("lstm", study.best_trial, seed=7)
    assert row["val_accuracy"] == row["value"] == study.best_value


def test_five_searches_train_what_is_missing_and_go_on_where_they_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "RECORDED", tmp_path)
    monkeypatch.setattr(kept, "WORKERS", 1)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: rounds.NARROW["transformer"](trial, epochs=1)[1], n_trials=1)
    trial, small = study.best_trial, load_csv(CARD_HANDS, limit=200)
    wanted = {(0, trial.number, "val", 101): trial, (0, trial.number, "test", 11): trial}
    first = rounds.train_missing(dict(list(wanted.items())[:1]), small.unlock_test())
    assert list(first["part"]) == ["val"]
    again = rounds.train_for_luck(0, trial, 101, "val", None)
    assert again["accuracy"] == pytest.approx(first["accuracy"].item(), abs=1e-4)
    both = rounds.train_missing(wanted, small.unlock_test())
    assert sorted(both["part"]) == ["test", "val"]
    assert both["seconds"].isin(first["seconds"]).sum() == 1
