"""From a file or an address to rows of text and label. What can't be read is a `DataError`: one sentence.

The ending says the format: .csv, .tsv, and .jsonl or .ndjson (a JSON object a line), each also with .gz behind it.
Anything else is read as CSV.
"""

import csv
import difflib
import functools
import gzip
import io
import json
import sys
import urllib.error
import urllib.request
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 10  # seconds that a server may stay silent
LARGEST = 500_000_000  # bytes that are fetched from an address
SPLITS = ("train", "val", "test")
FORMATS = {".tsv": "\t", ".jsonl": "json", ".ndjson": "json"}
KINDS = {  # how files begin that are no text
    b"PK\x03\x04": "an Excel file or another zip archive: save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "a gzip archive: let its name end with .gz",
    b"PAR1": "a Parquet file: pandas.read_parquet(...).to_csv(..., index=False) makes a CSV file of it",
    b"SQLite format 3": "an SQLite database: export a table as CSV",
    b"%PDF": "a PDF: a table has to be exported as CSV",
    b"\x89PNG": "a picture, not a table",
    b"\xff\xd8\xff": "a picture, not a table",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8 OLD > NEW",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8 OLD > NEW",
}
csv.field_size_limit(sys.maxsize)


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


@dataclass(slots=True)
class Row:
    line: int  # of the file, where the row begins
    text: str
    label: str
    split: str | None


def plural(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def read_rows(source, text="text", label="label"):
    """Reads the rows of a file; text, label: the names of the columns.

    source: a path or an http(s) address. Returns the rows that can be used; the lines of those that can't,
    {reason: [line, ...]}; and the number of NUL characters, which are left out. Raises DataError.
    """
    content = _fetch(source)
    if str(source).endswith(".gz"):
        content = _unpack(source, content)
    nul = content.count(0)
    content = _decode(source, content)
    kind = FORMATS.get(Path(str(source).removesuffix(".gz")).suffix.lower(), ",")
    check = functools.partial(_check_columns, source, {"text": text, "label": label}, kind)
    records = _json_lines(source, content, check) if kind == "json" else _table(source, content, kind, check)
    rows, dropped = [], {}
    for line, fields in records:
        words = [_as_text(source, line, name, fields.get(name)) for name in (text, label)]
        row = Row(line, words[0], words[1].strip(), fields.get("split"))
        if "split" in fields and row.split not in SPLITS:
            raise DataError(f"{source}, line {line}: the split is {row.split!r}; it must be train, val or test.")
        empty = text if not row.text.strip() else label if not row.label else None
        if empty:
            dropped.setdefault(f"the {empty} is empty", []).append(line)
        else:
            rows.append(row)
    if not rows and not dropped:
        raise DataError(f"{source}: there is a header line but no row below it.")
    return rows, dropped, nul


def _fetch(source):
    """The bytes of a file or an address."""
    if str(source).startswith(("http://", "https://")):
        return _download(str(source))
    path = Path(source)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the current folder is {Path.cwd()}."
        raise DataError(f"{path}: there is no such file; {hint}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.") from None
    except PermissionError:
        if path.is_dir():  # what Windows says of a folder
            raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.") from None
        raise DataError(f"{path}: you are not allowed to read it; ask its owner, or copy it.") from None
    except OSError as error:
        raise DataError(f"{path}: it can't be read ({error.strerror}); copy it to another place.") from None


def _download(address):
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            content = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        raise DataError(f"{address}: the server says {error.code} {error.reason}; look at the address.") from None
    except TimeoutError:
        raise DataError(f"{address}: no answer within {TIMEOUT} seconds; try later, or download the file.") from None
    except (OSError, ValueError) as error:  # no such host, no network, a broken answer
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            reason = f"no answer within {TIMEOUT} seconds"
        raise DataError(f"{address}: can't be fetched ({reason}); look at the address and the network, or download "
                        "the file and give its path.") from None
    if len(content) > LARGEST:
        raise DataError(f"{address}: larger than {LARGEST // 1_000_000} MB; download the file and give its path.")
    if content.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise DataError(f"{address}: this is a web page, not a table; look for the address of the file itself (on "
                        "GitHub: the button Raw).")
    return content


def _unpack(source, content):
    try:
        return gzip.decompress(content)
    except EOFError:
        raise DataError(f"{source}: the archive ends too early; download or copy it again.") from None
    except (OSError, zlib.error):
        raise DataError(f"{source}: this is no gzip archive, or a damaged one; without .gz in its name it is read as "
                        "it is.") from None


def _decode(source, content):
    for start, what in KINDS.items():
        if content.startswith(start):
            raise DataError(f"{source}: this is {what}.")
    if not content.strip():
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    if content.count(0) > len(content) / 10:
        raise DataError(f"{source}: this is not text, every tenth byte is zero; if it is UTF-16, save it as UTF-8.")
    try:
        return content.replace(b"\0", b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{source}, line {line}: this is not UTF-8 text (byte {error.object[error.start]:#04x}); save "
                        "the file as UTF-8, or convert it: iconv -f latin1 -t utf-8 OLD > NEW.") from None


def _table(source, content, delimiter, check):
    """Yields (line, {column: field}) for each row of a CSV or TSV file."""
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    columns, begin = None, 1
    try:
        for fields in reader:
            line, begin = begin, reader.line_num + 1
            if not any(fields):  # a blank line, or nothing but delimiters
                if columns and len(fields) == len(columns):
                    yield line, dict.fromkeys(columns, "")
            elif columns is None:
                columns = fields
                if repeated := [name for name, count in Counter(columns).items() if count > 1]:
                    raise DataError(f"{source}, line {line}: the column {repeated[0]!r} stands there twice; rename or "
                                    "delete one.")
                check(line, columns)
            elif len(fields) != len(columns):
                mark = "a tab" if delimiter == "\t" else "a comma"
                raise DataError(f"{source}, line {line}: {plural(len(fields), 'field')}, and the header has "
                                f"{len(columns)}; a text with {mark} in it needs quotation marks around it.")
            else:
                yield line, dict(zip(columns, fields, strict=True))
    except csv.Error as error:
        never = "end of data" in str(error)
        what = "a quotation mark is opened and never closed" if never else f"not valid CSV ({error})"
        raise DataError(f"{source}, line {begin}: {what}; inside a text it is written twice, \"\".") from None


def _json_lines(source, content, check):
    """Yields (line, {key: value}) for each object."""
    if content.lstrip().startswith("["):
        raise DataError(f"{source}: this is a JSON array; write one object a line, without brackets and commas around.")
    checked = False
    for line, words in enumerate(content.split("\n"), start=1):
        if not words.strip():
            continue
        try:
            record = json.loads(words)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{source}, line {line}: not valid JSON ({getattr(error, 'msg', error)}); each line has to "
                            "be a whole object, like {\"text\": \"...\", \"label\": \"...\"}.") from None
        if not isinstance(record, dict):
            raise DataError(f"{source}, line {line}: {words.strip()[:40]} is no JSON object; write one in {{}} a line.")
        if not checked:
            check(line, list(record))
            checked = True
        yield line, record


def _check_columns(source, needed, kind, line, columns):
    """needed: {argument of load_csv: column}; columns: of the header, or of the first object."""
    for argument, column in needed.items():
        if column in columns:
            continue
        found = ", ".join(repr(name[:40]) for name in columns[:10])
        near = [name for name in columns if name.strip().lower() == column.lower()]
        others = [mark for mark in ",;\t|" if mark != kind and len(columns) == 1 and mark in columns[0]]
        if near:
            advice = f"there is {near[0]!r}: rename it, or say {argument}={near[0]!r}."
        elif others:
            advice = f"the columns are parted by {others[0]!r}; save the file with commas, or as .tsv with tabs."
        else:
            advice = f"only {found}; rename one, or say {argument}=... (or does the file lack a header line?)."
        raise DataError(f"{source}, line {line}: there is no column {column!r}; {advice}")


def _as_text(source, line, column, value):
    """A field as a string; JSON has other things too. Numbers can be labels, and nothing is empty."""
    if isinstance(value, (bool, int, float)):
        return str(value)
    value = value or ""
    if not isinstance(value, str):
        raise DataError(f"{source}, line {line}: {column!r} is {str(value)[:40]}; it has to be a text.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); mend it.")
    return value
