import pandas as pd

from helpers import recorded
from helpers.authoring import numbers


def test_the_pages_say_what_was_recorded():
    """`make numbers` writes them again."""
    for path, text in numbers.pages().items():
        assert text == path.read_text(encoding="utf-8"), path


def test_each_block_is_quoted_somewhere():
    everything = "".join(numbers.pages().values())
    assert [name for name in numbers.BLOCKS if f"<!-- numbers: {name} -->" not in everything] == []


def test_another_recording_gives_other_words(monkeypatch):
    def results(fixed):
        accuracies = {**dict.fromkeys(numbers.IN_README, 0.5), "tuned Transformer": 0.8, "recipe fixed by hand": fixed,
                      "paper's recipe, 60 epochs": 0.9}
        return pd.DataFrame([{"model": model, "seed": seed, "seconds": 1, "test_auc": 0.5,
                              "test_accuracy": accuracy + seed / 1_000}
                             for model, accuracy in accuracies.items() for seed in range(5)])

    for fixed, words in {0.7: "fall behind (0.70)", 0.8: "do as well (0.80)", 0.9: "do better (0.90)"}.items():
        monkeypatch.setattr(recorded, "load_test_results", lambda fixed=fixed: results(fixed))
        assert f"manual changes {words}" in numbers.results_in_short()
    assert numbers.with_numbers(numbers.README.read_text(encoding="utf-8")).count("do better (0.90)") == 1
