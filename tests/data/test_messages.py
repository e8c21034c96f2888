import csv

import numpy as np

from helpers.data import MESSAGES, messages


def test_the_committed_file_is_what_the_grammar_writes(tmp_path):
    messages.write_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == MESSAGES.read_bytes()


def test_every_text_is_different_and_no_slot_is_left_open():
    with MESSAGES.open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert len(texts) == len(set(texts)) == 3_600
    assert not any("{" in text or "  " in text for text in texts)


def test_a_message_tells_of_its_own_team():
    rng = np.random.default_rng(0)
    for _ in range(50):
        message = messages.write_message("delivery", rng)
        assert any(word in message for word in ("parcel", "courier", "tracking page", "delivery date", "not arrived"))
