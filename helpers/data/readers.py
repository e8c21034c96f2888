"""From a file or an address to rows of text and label, in three steps: read the bytes, decode them, parse the table.

The ending names the format: .csv, .tsv, and .jsonl or .ndjson (one JSON object per line). Anything else is read as
CSV. Each may be packed with gzip. What can't be read is a `DataError`: one sentence.
"""

import codecs
import csv
import difflib
import gzip
import io
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SPLITS = ("train", "val", "test")
JSON_LINES = (".jsonl", ".ndjson")
MANY_LINES = 50  # a text of more lines may be a missing quotation mark
TIMEOUT = 10  # seconds that a server may stay silent
LARGEST = 500_000_000  # bytes that are fetched from an address
GZIP = b"\x1f\x8b"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
WEB_PAGE = "a web page, not a table; look for the address of the file itself (on GitHub: the button Raw)"
NOT_A_TABLE = {  # how other files begin, in lower case
    b"pk\x03\x04": "an Excel file or another zip archive: save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV (UTF-8)",
    b"par1": "a Parquet file: pandas.read_parquet(...).to_csv(..., index=False) makes a CSV file of it",
    b"sqlite format 3": "an SQLite database: export a table as CSV",
    b"%pdf": "a PDF: a table has to be exported as CSV",
    b"\x89png": "a picture, not a table",
    b"\xff\xd8\xff": "a picture, not a table",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: fetch that with git lfs pull",
    b"<!doctype html": WEB_PAGE,
    b"<html": WEB_PAGE,
}


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


@dataclass(slots=True)
class Row:
    line: int  # of the file, where the row begins
    text: str
    label: str
    split: str | None


def read_rows(source, text="text", label="label"):
    """Reads the rows of a file; text, label: the names of the columns.

    source: a path or an http(s) address. Returns the rows that can be used; the lines of those that can't,
    {reason: [line, ...]}; and warnings. Raises DataError.
    """
    content, n_nul = decode(source, read_bytes(source))
    notes = [f"{plural(n_nul, 'NUL character')} left out; was the file cut off while being written?"] if n_nul else []
    ending = Path(file_name(source)).suffix.lower()
    delimiter = "\t" if ending == ".tsv" else ","
    records = _json_lines(source, content) if ending in JSON_LINES else _table(source, content, delimiter)
    line, columns = next(records, (1, None))
    if columns is None:
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    _check_columns(source, line, columns, {"text": text, "label": label}, delimiter)
    rows, dropped = [], {}
    for line, fields in records:
        row = Row(line, _as_text(source, line, text, fields.get(text)),
                  _as_text(source, line, label, fields.get(label)).strip(), fields.get("split"))
        if ("split" in fields) != ("split" in columns) or ("split" in columns and row.split not in SPLITS):
            raise DataError(f"{source}, line {line}: the split is {shown(row.split)}; it must be train, val or test, "
                            "in all rows or in none.")
        if (n_lines := row.text.count("\n") + 1) > MANY_LINES:
            notes.append(f"the text in line {line:,} spans {n_lines:,} lines; is a quotation mark missing?")
        if empty := text if not row.text.strip() else label if not row.label else None:
            dropped.setdefault(f"the {empty} is empty", []).append(line)
        else:
            rows.append(row)
    if not rows and not dropped:
        raise DataError(f"{source}: there is a header line but no row below it.")
    return rows, dropped, notes


def file_name(source):
    """The name of a file, or of one at an address, without .gz."""
    name = Path(urlsplit(str(source)).path if is_address(source) else source).name
    return name[:-3] if name.lower().endswith(".gz") else name


def is_address(source):
    return str(source).lower().startswith(("http://", "https://"))


def plural(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def shown(value):
    """A value as Python writes it, shortened if it is long."""
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."


# Step 1: read the bytes.


def read_bytes(source):
    """The bytes of a file or of an http(s) address, unpacked if they are a gzip archive."""
    content = _download(str(source)) if is_address(source) else _read(Path(source).expanduser())
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{source}: this gzip archive is damaged ({error}); download or copy it again.") from None


def _read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the current folder is {Path.cwd()}."
        raise DataError(f"{path}: there is no such file; {hint}") from None
    except (IsADirectoryError, PermissionError):
        if path.is_dir():  # Windows calls it a matter of permission
            raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.") from None
        raise DataError(f"{path}: you are not allowed to read it; ask its owner, or copy it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path}: it can't be read ({error}); copy it to another place.") from None


def _download(address):
    import requests  # here, since most data are files
    import urllib3

    content = bytearray()
    try:
        with requests.get(address, timeout=TIMEOUT, stream=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_content(2**20):
                content += part
                if len(content) > LARGEST:
                    raise DataError(f"{address}: larger than {LARGEST // 1_000_000} MB; download the file and give "
                                    "its path.")
    except requests.HTTPError as error:
        status = f"{error.response.status_code} {error.response.reason}"
        raise DataError(f"{address}: the server says {status}; look at the address.") from None
    except requests.exceptions.ChunkedEncodingError:
        raise DataError(f"{address}: the connection broke before the end of the file; try again.") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:  # no such host, no network, no answer
        reason = getattr(error.args[0], "reason", error) if error.args else error
        if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
            reason = f"no answer within {TIMEOUT} seconds"
        raise DataError(f"{address}: can't be fetched ({' '.join(str(reason).split())}); look at the address and the "
                        "network, or download the file and give its path.") from None
    return bytes(content)


# Step 2: decode them.


def decode(source, content):
    """The text of a file without its NUL characters, and how many there were."""
    begin = content[:1_000].lstrip().lower()
    for start, what in NOT_A_TABLE.items():
        if begin.startswith(start):
            raise DataError(f"{source}: this is {what}.")
    encoding = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    if encoding != "utf-16" and content.count(0) > len(content) / 10:
        raise DataError(f"{source}: this is not text, every tenth byte is zero; if it is UTF-16, save it as UTF-8.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{source}{_not_decoded(error)}") from None
    return text.replace("\0", ""), text.count("\0")


def _not_decoded(error):
    """Where a file isn't UTF-8, which encoding it may be in, a sample to judge by, and how to convert it."""
    import charset_normalizer

    content, start = error.object, error.start
    if error.reason == "unexpected end of data" and not content[:start].isascii():  # what came before was UTF-8
        return ": the file ends in the middle of a character; it was cut off, so download or copy it again."
    line = content[:start].count(b"\n") + 1
    where = f", line {line}: this is not {error.encoding.upper()} text (byte {content[start]:#04x})"
    foreign = b"\n".join([words for words in content.splitlines() if not words.isascii()][:100])
    matches = charset_normalizer.from_bytes(foreign) if error.encoding.startswith("utf-8") else []
    names = [match.encoding for match in matches if not match.encoding.startswith("utf")]
    if not names:
        return f"{where}, nor another known encoding; save the file as UTF-8 in the program that wrote it."
    scores = {match.encoding: (match.chaos, -match.coherence) for match in matches}
    name = "cp1252" if scores.get("cp1252") == scores[names[0]] else names[0]  # of equals, the most frequent one
    sample = shown(content[max(0, start - 20) : start + 20].decode(name, errors="ignore"))
    return (f"{where}; save the file as UTF-8. In {name} it reads {sample}: if that looks right, "
            f"Path(NEW).write_text(Path(OLD).read_text({name!r}), 'utf-8') converts the unpacked file.")


# Step 3: parse the table.


def _table(source, content, delimiter):
    """Yields (line, column names) of a CSV or TSV file, then (line, {column: field}) for each row."""
    csv.field_size_limit(2**31 - 1)  # Python's own limit is less than a long text
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    columns, begin = None, 1
    try:
        for fields in reader:
            line, begin = begin, reader.line_num + 1
            if len(fields) < 2 and not "".join(fields).strip():  # a blank line
                continue
            if columns is None:
                columns = fields
                yield line, columns
            elif len(fields) == len(columns):
                yield line, dict(zip(columns, fields, strict=True))
            else:
                mark = "a tab" if delimiter == "\t" else "a comma"
                advice = (f"a text with {mark} in it needs quotation marks around it" if len(fields) > len(columns)
                          else "something is missing, or a text with a line break lacks its quotation marks")
                raise DataError(f"{source}, line {line}: {plural(len(fields), 'field')}, but the header has "
                                f"{len(columns)}; {advice}.")
    except csv.Error as error:
        never = "end of data" in str(error)
        what = "a quotation mark is opened and never closed" if never else f"not valid CSV ({error})"
        raise DataError(f"{source}, line {begin}: {what}; inside a text it is written twice, \"\".") from None


def _json_lines(source, content):
    """Yields (line, keys) of the first JSON object, then (line, {key: value}) for each object."""
    if content.lstrip().startswith("["):
        raise DataError(f"{source}: this is a JSON array; write one object per line, without the brackets and commas "
                        "around them.")
    columns = None
    for line, words in enumerate(content.split("\n"), start=1):
        if not words.strip():
            continue
        try:
            record = json.loads(words)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{source}, line {line}: not valid JSON ({getattr(error, 'msg', error)}); each line has to "
                            "be a whole object, like {\"text\": \"...\", \"label\": \"...\"}.") from None
        if not isinstance(record, dict):
            raise DataError(f"{source}, line {line}: {words.strip()[:40]} is not a JSON object; write one in {{}} per "
                            "line.")
        if columns is None:
            columns = list(record)
            yield line, columns
        yield line, record


def _check_columns(source, line, columns, needed, delimiter):
    """columns: of the header, or of the first object; needed: {argument of load_csv: column}."""
    if repeated := [name for name, count in Counter(columns).items() if count > 1]:
        raise DataError(f"{source}, line {line}: duplicate column {shown(repeated[0])}; rename or delete one.")
    for argument, column in needed.items():
        if column in columns:
            continue
        near = [name for name in columns if name.strip().lower() == column.lower()]
        others = [mark for mark in ",;\t|" if mark != delimiter and len(columns) == 1 and mark in columns[0]]
        if near:
            advice = f"there is {near[0]!r}: rename it, or say {argument}={near[0]!r}."
        elif others:
            advice = f"the columns are separated by {others[0]!r}; save the file with commas, or as .tsv with tabs."
        else:
            found = ", ".join(map(shown, columns[:10]))
            advice = f"only {found}; rename one, or say {argument}=... (or does the file lack a header line?)."
        raise DataError(f"{source}, line {line}: there is no column {column!r}; {advice}")
    for name in columns:
        if name != "split" and name.strip().lower() == "split":
            raise DataError(f"{source}, line {line}: there is a column {name!r}; rename it to 'split', or to another "
                            "word if it is not meant.")


def _as_text(source, line, column, value):
    """A field as a string. In JSON a number can be a label, and null or NaN is an empty text."""
    if value is None or value != value:  # only NaN differs from itself
        return ""
    if not isinstance(value, (str, bool, int, float)):
        raise DataError(f"{source}, line {line}: {column!r} is {shown(value)}; it has to be a text.")
    value = str(value)
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); fix it.")
    return value
