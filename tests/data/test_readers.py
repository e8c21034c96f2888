"""Whatever stands in a file: it is used row by row with nothing lost, or refused with a `DataError`."""

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.data import DataError, load_csv

settings.register_profile("steady", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("steady")

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
LABELS = st.sampled_from(["a", "b", "", " a", "c"])
ROWS = st.lists(st.tuples(WORDS, LABELS), max_size=60)


def as_table(delimiter):
    def write(rows):
        file = io.StringIO()
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *rows])
        return file.getvalue()

    return write


def as_json(rows):
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)


FORMATS = {"a.csv": as_table(","), "a.tsv": as_table("\t"), "a.jsonl": as_json}


def load(name, content, **options):
    """The data, or None where the file is refused; checks what has to hold in any case."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            data = load_csv(path, **options)
        except DataError:
            return None
    x_test, y_test = data.unlock_test()
    n_rows = len(data.y_train) + len(data.y_val) + len(y_test)
    assert data.quality.rows_read == n_rows + sum(map(len, data.quality.dropped.values()))
    assert data.quality.rows_kept == n_rows
    for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val), (x_test, y_test)):
        assert x.shape == (len(y), data.max_length)
        assert set(x.unique().tolist()) <= set(range(data.vocab_size))
        assert set(y.tolist()) <= set(range(data.n_classes))
        assert (x[:, 0] != 0).all()
    assert str(data.quality.rows_kept) in data.quality.report().replace(",", "")
    return data


@pytest.mark.parametrize("name", FORMATS)
@given(rows=ROWS)
def test_no_row_is_lost_silently(name, rows):
    filler = [(f"word{number}", "ab"[number % 2]) for number in range(30)]
    data = load(name, FORMATS[name](filler + rows))
    usable = [(text, label) for text, label in rows if text.strip() and label.strip()]
    if data is None:
        classes = [label for _, label in usable]
        assert len(usable) < len(rows) / 2 or "c" in classes  # too many dropped, or too few of a class
    else:
        assert data.quality.rows_kept == 30 + len(usable)
        assert data.quality.rows_read == 30 + len(rows)


@pytest.mark.parametrize("name", [*FORMATS, "a.csv.gz", "a.txt"])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(name, content):
    load(name, content)


GOOD = {name: write([(f"a {number}, \"b\" ü", "xy"[number % 2]) for number in range(30)]).encode()
        for name, write in FORMATS.items()}


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_good_file_cut_anywhere_is_read_or_refused(name, data):
    cut = data.draw(st.integers(0, len(GOOD[name])))
    load(name, GOOD[name][:cut])


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_good_file_with_bytes_exchanged_is_read_or_refused(name, data):
    content = bytearray(GOOD[name])
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        content[place] = byte
    load(name, bytes(content))


@given(vocab_size=st.integers(1, 40), min_count=st.integers(1, 5), max_length=st.integers(1, 5))
def test_the_vocabulary_keeps_what_it_is_told_to_keep(vocab_size, min_count, max_length):
    rows = [(f"often w{number % 7} rare{number}", "ab"[number % 2]) for number in range(60)]
    data = load("a.csv", as_table(",")(rows), vocab_size=vocab_size, min_count=min_count, max_length=max_length)
    whole = load("a.csv", as_table(",")(rows))
    assert len(data.vocab) <= vocab_size
    assert list(data.vocab) == list(whole.vocab)[: len(data.vocab)]  # the most frequent, in the same order
    assert "often" in data.vocab
    assert min_count == 1 or not any(word.startswith("rare") for word in data.vocab)
    assert data.x_train.shape[1] == max_length
