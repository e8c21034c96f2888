"""Files that people really have: each is used row by row with nothing lost, or refused with one sentence."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import socket
import stat
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.data import DataError, load_csv, readers

GOOD = "text,label\n" + "".join(f"word{number} same,{'ab'[number % 2]}\n" for number in range(500))
QUOTED = 'text,label\n' + "".join(f'"word{number} same","{"ab"[number % 2]}"\n' for number in range(500))
LINES = "".join(f'{{"text": "word{number}", "label": "{"ab"[number % 2]}"}}\n' for number in range(500))


def swap(old, new, count=1):
    return GOOD.replace(old, new, count)


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def excel():
    return zipped({"xl/worksheets/sheet1.xml": "<worksheet/>"})


BROKEN = {  # kind: (name, content, what the sentence has to say)
    "an empty file": ("a.csv", "", "the file is empty; it needs a header line"),
    "only blank lines": ("a.csv", "\n\n  \n", "the file is empty"),
    "only a header": ("a.csv", "text,label\n", "a header line but no row"),
    "a column twice": ("a.csv", swap("text,label", "text,text"), "duplicate column 'text'; rename or delete one"),
    "no separator": ("a.csv", GOOD.replace(",", " "), "no comma, tab, .* Say sep=.*label_from='prefix'"),
    "two columns of texts": ("a.csv", re.sub("(word.*),", r"\1,\1,", GOOD.replace("text", "body,review")),
                             "column holds the texts. There is 0 'body' ..word0 same.., 1 'review' .*text=.* label="),
    "a comma too many": ("a.csv", swap("word5 same", "word5, same"), "line 7: 3 fields, but the header has 2; "),
    "a field too few": ("a.csv", swap("word5 same,b", "word5 same"), "line 7: 1 field, .*lacks its quotation marks"),
    "an unclosed quotation mark": ("a.csv", QUOTED.replace('5 same"', "5 same", 1), "line 7: not valid CSV .*writt"),
    "the last one unclosed": ("a.csv", QUOTED[:-2], "line 501: a quotation mark is opened and never closed"),
    "a quotation mark inside": ("a.csv", QUOTED.replace("5 same", '5" same', 1), "line 7: not valid CSV .*written t"),
    "all labels empty": ("a.csv", re.sub(",[ab]\n", ",\n", GOOD), "500 of 500 rows can't be used: the label is empty"),
    "most texts empty": ("a.csv", re.sub(r"word\d+ same", "", GOOD, count=300),
                         "300 of 500 rows can't be used: the text is empty .*right column"),
    "one class": ("a.csv", GOOD.replace(",b\n", ",a\n"), "holds only 'a'; a classifier needs at least two"),
    "a class with one row": ("a.csv", GOOD + "x,rare\n", "of these classes: 'rare' .1.; each needs at least 5"),
    "a class of one text": ("a.csv", GOOD + "x,rare\n" * 9, "too few different texts of these classes: 'rare' .1."),
    "an identifier as label": ("a.csv", re.sub(",[ab]\n", lambda found: f",{found.start()}\n", GOOD), "an identifier"),
    "an unknown split": ("a.csv", "text,label,split\na,b,fold 1\n", "line 2: the split is 'fold 1'; it must be"),
    "a split in some rows only": ("a.jsonl", '{"text": "a", "label": "b", "split": "train"}\n' + LINES,
                                  "line 2: the split is None; .*in all rows or in none"),
    "a very long split": ("a.csv", f"text,label,split\na,b,{'x' * 99_999}\n", r"the split is 'x{39}\.\.\.; it must be"),
    "a split without rows": ("a.csv", "text,label,split\na,b,train\nb,c,val\n", "no row has the split 'test'"),
    "a class missing from training": ("a.csv", "text,label,split\na,b,train\na,c,train\na,d,val\na,b,test\n",
                                      "too few different texts in the split 'train' of these classes: 'd' .0."),
    "one line that isn't UTF-8": ("a.csv", swap("word5", "größer und schöner").encode() + b"caf\xe9,a\n",
                                  r"line 502: this is not UTF-8 text \(byte 0xe9\), though the rest is: .*='cp1252'"),
    "half of UTF-16": ("a.csv", GOOD.encode("utf-16")[:-1], "this is not UTF-16-LE text .* or save the file as UTF-8"),
    "UTF-16 without a mark": ("a.csv", GOOD.encode("utf-16-le"), "over 10 % zero bytes"),
    "a picture": ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "this is a picture"),
    "random bytes": ("a.csv", bytes(range(128, 256)) * 9, "this is not UTF-8 text .*, nor any other known encoding"),
    "a truncated .gz": ("a.csv.gz", gzip.compress(GOOD.encode())[:-40], "this archive is damaged .*; download or copy"),
    "a JSON array without commas": ("a.json", f"[{LINES}]", "line 2: not valid JSON .Expecting ',' delimiter"),
    "a broken line of JSON": ("a.jsonl", LINES.replace('"word5"', '"word5', 1), "line 6: not valid JSON"),
    "an empty JSON array": ("a.json", "[]\n", "the file is empty; it needs one object per line"),
    "a line of JSON that is no object": ("a.jsonl", '"hello"\n' + LINES, 'line 1: "hello" is not a JSON object'),
    "a list as text": ("a.jsonl", LINES.replace('"word5"', '["a", "b"]', 1), r"line 6: 'text' is \['a', 'b'\]"),
    "half a character in JSON": ("a.jsonl", LINES.replace("word5", "\\ud83d", 1), "line 6: 'text' holds half of a"),
    "a web page": ("a.csv", "\n<!DOCTYPE html>\n<html></html>", "this is a web page, not a table"),
    "XML": ("a.xml", "<?xml version='1.0'?>", "this is XML, not a table: write its texts and labels as CSV"),
    "packed with xz": ("a.csv.xz", lzma.compress(GOOD.encode()), "this is compressed with xz: unpack it"),
    "packed with bzip2": ("a.csv.bz2", bz2.compress(GOOD.encode()), "this is compressed with bzip2: unpack it"),
    "an Office document": ("a.docx", zipped({"[Content_Types].xml": "", "word/document.xml": ""}),
                           "this is a Word, LibreOffice or similar document; save it as text or CSV"),
    "a pickle": ("a.pkl", bytes(99), "this is not text.* unpack it or export it as CSV"),
    "a pointer of Git LFS": ("a.csv", "version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not"),
    "a number of 5,000 digits": ("a.jsonl", LINES.replace('"word5"', "9" * 5_000, 1), "line 6: not valid JSON"),
    "amounts in JSON": ("a.json", LINES.replace('"a"', "NaN").replace('"b"', "NaN"), "500 of 500 rows can't be used"),
}

USABLE = {  # kind: (name, content, what the data-quality report has to say, rows kept)
    "Windows' line ends": ("a.csv", GOOD.replace("\n", "\r\n"), "500 rows read, 500 kept", 500),
    "old Mac's line ends": ("a.csv", GOOD.replace("\n", "\r"), "500 rows read, 500 kept", 500),
    "blank lines between": ("a.csv", GOOD.replace("\n", "\n\n"), "500 rows read, 500 kept", 500),
    "a line of spaces at the end": ("a.csv", GOOD + "   \n", "500 rows read, 500 kept", 500),
    "a missing quotation mark that another one closes": (
        "a.csv", swap("word5 same", '"word5, same').replace("word99 same", 'word99 same"', 1),
        "texts of more than 50 lines begin in line 7: is a quotation mark missing", 406),
    "two stray quotation marks": (
        "a.csv", swap("word5", '"word5').replace("word99 same", 'word99 same"', 1), "quotes taken literally", 500),
    "capitals and spaces in the header": ("a.csv", swap("text,label", "Text, LABEL"), "'Text', label in ' LABEL'", 500),
    "the label nan": ("a.csv", swap(",a\n", ",nan\n", 100).replace(",b\n", ",2\n", 100), "500 rows read, 500", 500),
    "a NaN in JSON": ("a.jsonl", LINES.replace('"a"', "NaN", 1), r"the label is empty \(line 1\)", 499),
    "an empty text": ("a.csv", swap("word5 same", " "), r"dropped 1: the text is empty \(line 7\)", 499),
    "empty labels": ("a.csv", swap("same,a", "same,", 4), r"dropped 4: the label is empty \(lines 2, 4, 6, ...\)", 496),
    "a missing key in JSON": ("a.jsonl", LINES.replace('"text": "word5", ', "", 1), "the text is empty .line 6", 499),
    "NUL characters": ("a.csv", swap("word5", "wo\0rd\0"), "2 NUL characters left out", 500),
    "200 rows": ("a.csv", "".join(GOOD.splitlines(True)[:201]), "with 40 rows in the test .* within 15 points,", 200),
    "one class of 95 %": ("a.csv", GOOD.replace(",b", ",a").replace(",a", ",b", 25), "look at macro F1 or AUC", 500),
    "a class with few rows": ("a.csv", GOOD + "".join(f"rare{n},c\n" for n in range(9)), "'c' has only 5 rows", 509),
    "amounts as labels": ("a.csv", re.sub(",[ab]\n", lambda found: f",{found.start() % 31 / 2}\n", GOOD),
                          "labels are 31 different numbers: if they are amounts", 500),
    "Yes and yes": ("a.csv", swap(",a\n", ",B\n", 200), "'B' and 'b' differ only in capitals", 500),
    "10 MB in one cell": ("a.csv", swap("word5", "long " * 2_000_000), "longest text has 2,000,001 tokens", 500),
    "any script, and emoji": ("a.csv", swap("word5", "天地 שלום 🎉"), "500 rows read, 500 kept", 500),
    "gzip without .gz": ("a.csv", gzip.compress(GOOD.encode()), "500 rows read, 500 kept", 500),
    ".gz without gzip": ("a.csv.gz", GOOD, "500 rows read, 500 kept", 500),
}


def made(folder, name, content):
    path = Path(folder) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sentence(path, **options):
    """What load_csv says of a file that it refuses."""
    with pytest.raises(DataError) as caught:
        load_csv(path, **options)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # no traceback of a library
    return str(caught.value)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_refused_gets_one_sentence(kind, tmp_path):
    name, content, words = BROKEN[kind]
    assert re.search(words, sentence(made(tmp_path, name, content)))


@pytest.mark.parametrize("kind", USABLE)
def test_a_file_with_small_faults_is_used_and_the_report_says_so(kind, tmp_path):
    name, content, words, kept = USABLE[kind]
    data = load_csv(made(tmp_path, name, content))
    assert re.search(words, data.quality.report())
    assert data.quality.rows_kept == len(data.y_train) + len(data.y_val) + len(data.unlock_test()[1]) == kept


@pytest.mark.parametrize(("content", "engine"), [(b"PAR1", "pyarrow"), (excel(), "openpyxl")])
def test_a_missing_engine_is_named_with_the_command_that_installs_it(content, engine, tmp_path, monkeypatch):
    path = made(tmp_path, "a.table", content)
    monkeypatch.setitem(sys.modules, engine, None)  # what Python keeps of a module that can't be imported
    assert f"run %pip install {engine} in a cell and restart the kernel, or save it as CSV" in sentence(path)


@pytest.mark.parametrize(("content", "engine"), [(b"PAR1", "pyarrow"), (excel(), "openpyxl")])
def test_what_an_engine_can_not_read_is_one_sentence(content, engine, tmp_path):
    pytest.importorskip(engine)
    assert "file that can't be read (" in sentence(made(tmp_path, "a.table", content))


def test_a_missing_file_is_named_with_one_that_is_there(tmp_path):
    made(tmp_path, "reviews.csv", GOOD)
    assert sentence(tmp_path / "review.csv").endswith("there is no such file; did you mean reviews.csv?")
    assert "the current folder is" in sentence(tmp_path / "nowhere" / "x.csv")


def test_names_in_capitals_and_a_home_folder_are_understood(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    made(tmp_path, "A.CSV.GZ", gzip.compress(GOOD.encode()))
    data = load_csv("~/A.CSV.GZ")
    assert (data.quality.rows_kept, data.name) == (500, "A")
    made(tmp_path, "what#.tsv.gz", gzip.compress(GOOD.replace(",", "\t").encode()))
    assert load_csv(tmp_path / "what#.tsv.gz").name == "what#"


def test_a_path_that_no_file_can_have():
    assert "it can't be read (embedded null" in sentence("a\0.csv")


@pytest.mark.parametrize("option", ["limit", "max_length", "vocab_size", "min_count"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "a"])
def test_an_invalid_size_is_refused(option, value, tmp_path):
    with pytest.raises(ValueError, match=f"{option} is {value!r}; it has to be a whole number above 0"):
        load_csv(made(tmp_path, "a.csv", GOOD), **{option: value})


@pytest.mark.parametrize("header", [False, True, 1, "yes"])
def test_an_unknown_header_is_refused(header, tmp_path):
    with pytest.raises(ValueError, match=f"header is {header!r}; it has to be one of 'infer', None, 0"):
        load_csv(made(tmp_path, "a.csv", GOOD), header=header)


def test_a_vocabulary_without_tokens_is_warned_of(tmp_path):
    quality = load_csv(made(tmp_path, "a.csv", GOOD), min_count=9_999).quality
    assert "no token occurs 9999 times in the training part: all are unknown" in quality.warnings


def test_a_folder_is_no_file(tmp_path):
    assert "it holds nothing. Give the path of a file in it" in sentence(tmp_path)


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = made(tmp_path, "a.csv", GOOD)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read anything: refuse in its place
        def refuse(self):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "it can't be read (Permission denied)" in sentence(path)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)


PAGES = {"/good.csv": GOOD.encode(), "/page.csv": b"\n<!DOCTYPE html><html></html>", "/short.csv": GOOD.encode(),
         "/good.jsonl.gz": gzip.compress(LINES.encode()), "/decoded.csv.gz": gzip.compress(GOOD.encode())}


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path.partition("?")[0])
        if self.path == "/garbled.csv":
            return self.wfile.write(b"nonsense\r\n\r\n")
        if page is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(page) + 10 * (self.path == "/short.csv")))
        if "decoded" in self.path:  # some servers declare an archive's own packing as that of the transfer
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return self.wfile.write(page)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """The address of a real server with a few files."""
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        patch.setattr(readers, "TIMEOUT", 120)  # the machine may be busy
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_files_are_read_from_an_address(server):
    assert load_csv(f"{server}/good.csv").quality.rows_kept == 500
    assert load_csv(f"{server}/decoded.csv.gz").quality.rows_kept == 500
    data = load_csv(f"{server}/good.jsonl.gz?raw=true")
    assert (data.quality.rows_kept, data.name) == (500, "good")


def test_an_address_that_is_wrong(server):
    assert "can't be fetched (404 Client Error: Not Found" in sentence(f"{server}/none.csv")
    assert "this is a web page, not a table" in sentence(f"{server}/page.csv")
    assert "can't be fetched" in sentence("http://no-such-host.invalid/a.csv")
    assert "can't be fetched" in sentence("http://127.0.0.1:1/a.csv")
    assert "can't be fetched" in sentence("http://[/a.csv")
    assert "404" in sentence(f"{server}/a file.csv")
    assert "can't be fetched" in sentence(f"{server}/garbled.csv")
    assert "Connection broken" in sentence(f"{server}/short.csv")


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setattr(readers, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "Read timed out" in sentence(f"http://127.0.0.1:{silent.getsockname()[1]}/a.csv")


def test_a_tokenizer_that_fails_is_named_with_its_line(tmp_path):
    path = made(tmp_path, "a.csv", GOOD)
    assert "line 2: tokenize fails on 'word0 same' (ZeroDivisionError" in sentence(path, tokenize=lambda text: 1 / 0)
    assert "line 2: tokenize returns 'word0 same' for" in sentence(path, tokenize=str)
    assert "line 2: tokenize returns [1] for" in sentence(path, tokenize=lambda text: [1])


# Any file at all, drawn by hypothesis.

settings.register_profile("steady", deadline=None, derandomize=True, max_examples=150,
                          suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
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
    assert data.quality.rows_read == data.quality.rows_kept + sum(map(len, data.quality.dropped.values()))
    assert data.quality.rows_kept == n_rows or "limit" in options
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


WHOLE = {name: write([(f"a {number}, \"b\" ü", "xy"[number % 2]) for number in range(30)]).encode()
        for name, write in FORMATS.items()}


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_good_file_cut_anywhere_is_read_or_refused(name, data):
    cut = data.draw(st.integers(0, len(WHOLE[name])))
    load(name, WHOLE[name][:cut])


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
def test_a_good_file_with_bytes_exchanged_is_read_or_refused(name, data):
    content = bytearray(WHOLE[name])
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        content[place] = byte
    load(name, bytes(content))


OPTIONS = st.fixed_dictionaries({}, optional={
    "sep": st.sampled_from([",", "\t", ";", "::"]), "header": st.sampled_from(["infer", None, 0]),
    "names": st.sampled_from([None, ["text", "label"], ["a"]]), "quoting": st.sampled_from([None, 0, 3]),
    "quotechar": st.sampled_from(['"', "'"]), "label_from": st.sampled_from([None, "prefix"]),
    "rare": st.sampled_from(["refuse", "drop", "merge"]), "split": st.sampled_from(["split", None, 1]),
    "text": st.sampled_from([None, 0, [0, 1], "text"]), "label": st.sampled_from([None, 1, "label"]),
    "encoding": st.sampled_from([None, "cp1252", "utf-16", "gb18030"]), "limit": st.integers(1, 9)})


@pytest.mark.parametrize("name", FORMATS)
@given(rows=ROWS, options=OPTIONS, has_header=st.booleans())
def test_any_arguments_give_all_rows_or_one_sentence(name, rows, options, has_header):
    filler = [(f"word{number} same", "ab"[number % 2]) for number in range(30)]
    content = FORMATS[name](filler + rows)
    data = load(name, content if has_header else content.partition("\n")[2], **options)
    if data is not None and not {"sep", "label_from", "quoting", "quotechar", "encoding"} & set(options):
        without_first = not has_header and (name == "a.jsonl" or options.get("header") == 0)
        assert data.quality.rows_read >= 30 + len(rows) - without_first


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


def test_a_file_that_is_cut_off_within_a_character_is_not_taken_for_another_encoding(tmp_path):
    path = tmp_path / "cut.csv"
    path.write_bytes("text,label\ndas Kühlfach,a\nfür dich,b\n".encode()[:-9] + b"\xc3")
    assert "the file ends in the middle of a character" in sentence(path)


def test_an_encoding_that_was_said_is_used_and_a_wrong_one_is_seen(tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(("text,label\n" + "".join(f"“gut” {n},a\nschön {n},b\n" for n in range(9))).encode("cp1252"))
    assert "“gut”" in load_csv(path, encoding="cp1252").vocab
    assert "control characters in the texts: latin-1 may be" in load_csv(path, encoding="latin-1").quality.report()
    assert "line 2: this is not UTF-8 text" in sentence(path, encoding="utf-8")
    with pytest.raises(ValueError, match="Python doesn't know it; try utf-8"):
        load_csv(path, encoding="latin-one")


def test_an_address_that_is_none_is_one_sentence():
    assert "can't be fetched" in sentence("http://a..b/x.csv")
