import csv
import itertools
import pickle
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from helpers.data import CARD_HANDS, MESSAGES, LazyData, dataset, load_csv

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
    assert load_csv(path, max_length=2).x_train.tolist()[0] == [2, 3]


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


def test_a_tokenizer_of_ones_own(tmp_path):
    path = write(tmp_path, "text,label\n" + "".join(f"天地玄{n},甲\n宇宙洪{n},乙\n" for n in range(9)))
    data = load_csv(path, tokenize=list)
    assert data.max_length == 4
    assert {"天", "宇"} <= set(data.vocab)


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


def test_columns_may_have_other_names(tmp_path):
    path = write(tmp_path, "review,stars\n" + rows(20))
    assert load_csv(path, text="review", label="stars").classes == ["a", "b"]


def test_a_row_without_tokens_is_dropped(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(20) + "-,a\n")
    report = load_csv(path, tokenize=lambda text: re.findall(r"\w+", text)).quality
    assert report.dropped == {"the text has no tokens": [22]}
    assert (report.rows_read, report.rows_kept) == (21, 20)


def test_quoted_line_breaks_are_read(tmp_path):
    path = write(tmp_path, "text,label\n" + "".join(f'"two\nlines {n}",a\n"{n}, comma",b\n' for n in range(5)))
    assert load_csv(path).n_classes == 2


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


def test_importing_the_searches_reads_no_data():
    code = (
        "import sys; opened = []; "
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None); "
        "import helpers.search; assert opened; sys.exit(any(path.endswith('.csv') for path in opened))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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
