import csv
import html
import itertools
import pickle
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.data import CARD_HANDS, MESSAGES, DataError, LazyData, dataset, load_csv

REVIEWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "customer_reviews.csv"


def write(folder, content, name="mine.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(n, label=lambda index: "ab"[index % 2]):
    return "".join(f"word{index} same,{label(index)}\n" for index in range(n))


def test_card_hands():
    data = load_csv(CARD_HANDS)
    assert data.x_train.shape == (6_000, 7)
    assert data.x_val.shape == (2_000, 7)
    assert data.vocab_size == 54
    assert data.n_classes == 7
    assert data.x_train.min() == 2  # nothing padded, nothing unknown
    assert "6,000 train, 2,000 val, 4,000 test rows" in data.describe()


def test_messages_are_padded_with_zeros_on_the_right():
    data = load_csv(MESSAGES)
    is_token = (data.x_train != 0).int()
    assert (is_token.diff(dim=1) <= 0).all()
    assert (is_token.sum(dim=1) < data.max_length).any()


def test_tokens_and_classes_are_numbered_as_in_the_file(tmp_path):
    path = write(tmp_path, "text,label,split\nb a b,10,train\na c,2,train\nz a,2,val\nb,10,test\n")
    data = load_csv(path)
    assert data.classes == ["2", "10"]
    assert data.vocab == {"a": 2, "b": 3, "c": 4}
    assert data.x_train.tolist() == [[3, 2, 3], [2, 4, 0]]
    assert data.y_train.tolist() == [1, 0]
    assert data.x_val.tolist() == [[1, 2, 0]]  # z was not seen in training
    assert data.encode(["c b"]).tolist() == [[4, 3, 0]]


def test_longer_texts_are_cut(tmp_path):
    path = write(tmp_path, "text,label,split\na b c,x,train\na,y,train\na,x,val\na,x,test\n")
    for two in (2, np.int64(2)):  # as computed from the lengths of the texts
        assert load_csv(path, max_length=two, limit=two).x_train.tolist()[0] == [2, 3]


def test_without_a_split_column_each_class_is_split_by_shares(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(100, lambda index: "a" if index < 80 else "b"))
    data = load_csv(path)
    assert torch.bincount(data.y_train).tolist() == [48, 12]
    assert torch.bincount(data.y_val).tolist() == [16, 4]
    assert torch.bincount(data.unlock_test()[1]).tolist() == [16, 4]
    assert torch.equal(load_csv(path).x_train, data.x_train)
    assert not torch.equal(load_csv(path, seed=1).x_train, data.x_train)


def test_limit_draws_by_class_with_the_seed(tmp_path):
    path = write(tmp_path, "text,label,split\n" + "".join(
        f"w{n} {label},{label},{part}\n" for part in ("train", "val", "test") for label in "ab" for n in range(100)))
    data = load_csv(path, limit=50)
    assert torch.bincount(data.y_train).tolist() == torch.bincount(data.y_val).tolist() == [25, 25]
    assert torch.equal(load_csv(path, limit=50).x_train, data.x_train)
    assert not torch.equal(load_csv(path, limit=50, seed=1).x_train, data.x_train)


def test_limit_loses_no_class_in_the_training_part():
    data = load_csv(CARD_HANDS, limit=3)
    assert set(data.y_train.tolist()) == set(range(7))
    assert (len(data.y_train), len(data.y_val)) == (7, 3)
    assert any("limit=3 is less than the 7 classes" in sentence for sentence in data.quality.warnings)


@pytest.mark.parametrize("rare", ["drop", "merge"])
def test_rare_classes_are_dropped_or_merged_and_named(rare, tmp_path):
    path = write(tmp_path, "text,label\n" + rows(40) + "".join(f"odd{n},odd{n}\n" for n in range(6)))
    quality = (data := load_csv(path, rare=rare)).quality
    assert data.classes == (["a", "b"] if rare == "drop" else ["a", "b", "other"])
    assert (quality.rows_read, quality.rows_kept) == (46, 40 if rare == "drop" else 46)
    assert "'odd0' (1), 'odd1' (1), 'odd2' (1)" in quality.report()


def test_texts_without_spaces_are_split_into_characters_unless_the_user_chose(tmp_path):
    path = write(tmp_path, "text,label\n" + "".join(f"川石灯緑早窓紙雲{n},{'ab'[n % 2]}\n" for n in range(30)))
    data = load_csv(path)
    assert data.tokenize is list
    assert "a token for each character" in data.quality.read_as
    assert "each character is a token" in data.quality.report()
    chosen = load_csv(path, tokenize=str.split)
    assert chosen.tokenize == str.split
    assert "say tokenize=list" in chosen.quality.report()


def test_the_report_says_what_was_assumed(tmp_path):
    plain = load_csv(write(tmp_path, "text,label\n" + rows(20)))
    assert plain.quality.read_as == "read as comma separated, text in 'text', label in 'label'"
    guessed = load_csv(write(tmp_path, rows(20).replace(",", "\t").encode("utf-16")))
    assert guessed.quality.read_as.startswith("read as tab separated, no header, utf-16, text in column 0, label in co")
    assert guessed.quality.report().startswith(guessed.quality.read_as)


def test_opening_the_test_part_twice_is_reported(capsys):
    data = load_csv(CARD_HANDS, limit=5)
    data.unlock_test()
    assert capsys.readouterr().out == ""
    data.unlock_test()
    assert "opened 2 times" in capsys.readouterr().out


def test_rows_with_the_same_text_stay_in_one_part(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(60) * 3)
    data = load_csv(path)
    x_test, _ = data.unlock_test()
    seen = [{tuple(row) for row in x.tolist()} for x in (data.x_train, data.x_val, x_test)]
    assert data.quality.shared == 0
    assert data.quality.duplicates == 120
    assert data.vocab_size < 62  # the words of the other parts were not seen in training
    assert sum(len(x) for x in (data.x_train, data.x_val, x_test)) == 180
    assert len(seen[0]) == len(data.x_train) / 3


def test_leakage_between_the_parts_of_a_file_is_reported(tmp_path):
    path = write(tmp_path, "text,label,split\nx,a,train\nx,b,train\ny,a,val\nx,b,test\n")
    report = load_csv(path).quality
    assert (report.shared, report.conflicting, report.duplicates) == (1, 1, 1)
    assert "warning: leakage: 1 text in more than one part" in report.report()


def test_a_smaller_vocabulary_makes_the_other_tokens_unknown(tmp_path):
    path = write(tmp_path, "text,label,split\na b b c c c,x,train\na,y,train\na,x,val\na,x,test\n")
    data = load_csv(path, vocab_size=2)
    assert data.vocab == {"c": 2, "a": 3}
    assert data.x_train.tolist()[0] == [3, 1, 1, 2, 2, 2]
    assert data.vocab_size == 4
    assert load_csv(path, min_count=3).vocab == {"c": 2}


def test_a_row_without_tokens_is_dropped(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(20) + "-,a\n")
    report = load_csv(path, tokenize=lambda text: re.findall(r"\w+", text)).quality
    assert report.dropped == {"the text has no tokens": [22]}
    assert (report.rows_read, report.rows_kept) == (21, 20)


def test_only_line_ends_end_a_row(tmp_path):
    path = write(tmp_path, "text,label\r\n" + "".join(
        f"one\u2028two\x0c{n},a\r\nfour\x85{n},b\r\n" for n in range(5)))
    data = load_csv(path)
    assert len(data.y_train) + len(data.y_val) + len(data.unlock_test()[1]) == 10


def test_lazy_data_are_read_once_at_the_first_use(monkeypatch):
    calls = []
    monkeypatch.setattr(dataset, "load_csv", lambda *args, **options: calls.append(args) or load_csv(*args, **options))
    lazy = LazyData(CARD_HANDS, limit=5)
    unread = pickle.loads(pickle.dumps(lazy))
    assert not calls
    assert (len(lazy.x_train), lazy.n_classes, unread.vocab_size) == (7, 7, lazy.vocab_size)
    assert calls == [(CARD_HANDS,)] * 2  # one for each of the two
    assert torch.equal(pickle.loads(pickle.dumps(lazy)).x_train, lazy.x_train)
    assert len(calls) == 2


@pytest.mark.skipif(not REVIEWS.exists(), reason=f"{REVIEWS.name} is not beside this checkout")
def test_real_reviews():
    data = load_csv(REVIEWS)
    assert data.classes == ["negative", "positive"]
    assert data.quality.dropped == {"the text is empty": [770, 1369, 3692, 3776]}
    assert len(data.y_train) + len(data.y_val) + len(data.unlock_test()[1]) == data.quality.rows_kept == 3_771


def test_data_are_made_smaller_as_the_file_would_have_been_read():
    read, reduced = load_csv(MESSAGES, max_length=9, min_count=5), load_csv(MESSAGES).reduced(9, min_count=5)
    counts = Counter(load_csv(MESSAGES).reduced(9).x_train.flatten().tolist())  # of tokens that are not cut off
    assert len(reduced.vocab) == sum(count >= 5 for number, count in counts.items() if number)
    assert set(reduced.vocab) <= set(read.vocab)
    assert sorted(reduced.vocab.values()) == list(range(2, reduced.vocab_size))
    with MESSAGES.open(encoding="utf-8") as file:
        texts = {name: [row["text"] for row in rows] for name, rows in itertools.groupby(
            csv.DictReader(file), key=lambda row: row["split"])}
    for name, x in (("train", reduced.x_train), ("val", reduced.x_val), ("test", reduced.unlock_test()[0])):
        assert torch.equal(x, reduced.encode(texts[name]))


def test_fewer_rows_are_drawn_by_class_and_keep_each_class(tmp_path):
    classes = ["often"] * 800 + ["seldom"] * 200 + [f"rare{number}" for number in range(10)] * 5
    lines = "".join(f"w{number} x,{name}\n" for number, name in enumerate(classes))
    data = load_csv(write(tmp_path, "text,label\n" + lines)).reduced(limit=60, seed=1)
    counts = dict(zip(data.classes, torch.bincount(data.y_train).tolist(), strict=True))
    assert len(data.y_train) == 60
    assert min(counts.values()) >= 1
    assert counts["often"] == pytest.approx(4 * counts["seldom"], abs=4)
    again = load_csv(tmp_path / "mine.csv").reduced(limit=60, seed=1)
    assert torch.equal(data.x_train, again.x_train)


def test_fewer_rows_leave_the_test_part_whole():
    data = load_csv(MESSAGES)
    reduced = data.reduced(limit=100)
    assert len(reduced.y_train) == len(reduced.y_val) == 100
    assert torch.equal(reduced.unlock_test()[1], data.unlock_test()[1])


def test_the_summary_of_many_classes_names_the_frequent_ones_and_the_rarest(tmp_path):
    classes = [f"c{number}" for number in range(77) for _ in range(10 + number)]
    lines = "".join(f"w{number} x,{name}\n" for number, name in enumerate(classes))
    summary = load_csv(write(tmp_path, "text,label\n" + lines)).describe()
    assert re.search(r"77 classes \((c7\d 2\.\d%, ){5}\.\.\., c\d 0\.\d%\);", summary)


@pytest.mark.parametrize(("seconds", "shown"), [(0.001, False), (1, True)])
def test_a_bar_is_shown_where_reading_takes_longer_than_two_seconds(seconds, shown, tmp_path, monkeypatch, capsys):
    clock = itertools.count(step=seconds)  # each look at it costs so much

    def tokenize(text):
        next(clock)
        return text.split()

    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    load_csv(write(tmp_path, "text,label\n" + "".join(f"w{number} x,{'ab'[number % 2]}\n" for number in range(40))),
             tokenize)
    assert ("tokenizing" in capsys.readouterr().err) == shown


@pytest.mark.parametrize("rare", ["refuse", "merge"])
def test_only_what_helps_is_advised_for_a_rare_class(rare, tmp_path):
    def advice(content):
        with pytest.raises(DataError) as caught:
            load_csv(write(tmp_path, content), rare=rare)
        return str(caught.value).partition("Add rows")[2]

    odd = "".join(f"odd{n},c\n" for n in range(3))
    assert advice("text,label\n" + rows(40) + odd) == ", or say rare='drop'."  # merged, they would be as few
    assert advice("text,label\n" + rows(40, lambda index: "a") + odd) == "."  # dropped, they would leave one class
    split = "text,label,split\n" + rows(40).replace("\n", ",train\n") + "a,a,test\n" + odd.replace("\n", ",test\n")
    assert advice(split) == ", or say rare='drop'."


@pytest.mark.parametrize(("name", "values", "test"), [
    ("is_test", ("0", "1"), "1"), ("IsTest", ("False", "True"), "True"), ("is_train", ("0", "1"), "0"),
    ("in_test_set", ("no", "yes"), "yes"), ("fold", ("0", "1", "2"), "2")])
def test_a_split_that_is_not_in_words_is_told_with_the_line_that_writes_them(name, values, test, tmp_path):
    lines = [f"w{n} x,{'ab'[n % 2]},{values[n // 2 % len(values)]}\n" for n in range(60)]
    path = write(tmp_path, f"text,label,{name}\n" + "".join(lines))
    warning = next(words for words in load_csv(path).quality.warnings if words.startswith(f"column '{name}' may be a "))
    with pytest.raises(DataError, match="it must be train, val or test, in all rows or in none") as caught:
        load_csv(path, split=name)
    line, = {re.search(r"frame\[.*\}\)", words)[0] for words in (warning, str(caught.value))}
    frame = pd.read_csv(path)
    exec(line, {"frame": frame})
    frame.to_csv(path, index=False)
    for options in ({}, {"split": name}):
        data = load_csv(path, **options)
        assert len(data.unlock_test()[1]) == sum(words.endswith(f",{test}\n") for words in lines)


def test_a_label_and_a_column_of_many_values_are_not_taken_for_a_split(tmp_path):
    path = write(tmp_path, "wording,test,dev_id\n" + "".join(f"w{n} x,{n % 2},{n}\n" for n in range(40)))
    assert "may be a split" not in load_csv(path, text="wording", label="test").quality.report()
    path = write(tmp_path, "text,way\n" + rows(40, lambda index: ("test", "train")[index % 2]))
    assert load_csv(path).classes == ["test", "train"]
    assert load_csv(path).quality.warnings[0].startswith("few rows")


WORDS = re.compile(r"\w+|[^\w\s]")


@pytest.mark.parametrize(("remains", "tokenize"), [
    ("I&#39;d", None), ("<br /><br />", None), ("&nbsp;", None), ("<a href='x'>here</a>", None), ("<P>", None),
    ("&amp;", WORDS.findall), ("<br/>", WORDS.findall), ("&#x27;", list)])
def test_html_in_texts_is_told_with_the_line_that_removes_it(remains, tokenize, tmp_path):
    path = write(tmp_path, "text,label\n" + rows(40) + f"good{remains}day,a\nbad {remains},b\n")
    warning = next(words for words in load_csv(path, tokenize).quality.warnings if words.startswith("HTML"))
    assert "in 2 texts (lines 42, 43): import html and re" in warning
    names = {"html": html, "re": re, "your_function": tokenize}
    data = load_csv(path, eval(re.search("`tokenize=(.*)`", warning)[1], names))
    assert "HTML" not in data.quality.report()
    assert data.encode([f"word1{remains}same"]).tolist() == data.encode([html.unescape(f"word1{remains}same")]).tolist()


def test_no_html_is_seen_where_there_is_none(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(40) + "cats & dogs; birds,a\na < b and b > c <user> <3 </s> R&D;,b\n")
    for tokenize in (None, WORDS.findall, list):
        assert "HTML" not in load_csv(path, tokenize).quality.report()


@pytest.mark.parametrize("names", [["text", "label"], None])
def test_what_is_no_path_is_told_how_to_write_a_file(names, tmp_path, monkeypatch):
    frame = pd.DataFrame([(f"word{number} same", "ab"[number % 2]) for number in range(40)], columns=names)
    for source in (frame, {"train": frame, "test": frame}, {"a": frame, "b": frame}, (frame, frame)):
        with pytest.raises(ValueError, match="path is of the type DataFrame; it has to be the pa") as caught:
            load_csv(source)
    monkeypatch.chdir(tmp_path)
    exec(re.search(r"frame\.to_csv\(.*?\)", str(caught.value))[0], {"frame": frame})
    assert load_csv("mine.csv").quality.rows_kept == 40
