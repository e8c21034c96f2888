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
    def results(first_try):
        accuracies = {**dict.fromkeys(numbers.IN_README, 0.5), "recipe fixed by hand": 0.8,
                      "Transformer, first try": first_try, "paper's recipe, 60 epochs": 0.9,
                      "tuned Transformer, 60 epochs": 0.9}
        return pd.DataFrame([{"model": model, "seed": seed, "seconds": 1, "test_auc": 0.5, "val_accuracy": accuracy,
                              "test_accuracy": accuracy + seed / 1_000}
                             for model, accuracy in accuracies.items() for seed in range(5)])

    words_of = {0.7: "0.70, less far than", 0.8: "0.80, about as far as", 0.8027: "0.80, further than",
                0.9: "0.90, further than"}
    for first_try, words in words_of.items():
        monkeypatch.setattr(recorded, "load_test_results", lambda first_try=first_try: results(first_try))
        assert f"{words} two well-reasoned manual changes (0.80)" in numbers.results_in_short()
    assert numbers.with_numbers(numbers.README.read_text(encoding="utf-8")).count("0.90, further than") == 1
