import joblib
import pandas as pd
import pytest

from helpers import baselines, recipes, recorded
from helpers.authoring import provenance, record
from helpers.data import CARD_HANDS, load_csv


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
