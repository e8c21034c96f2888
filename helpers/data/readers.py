"""From a file or an address to rows of text and label. What can't be read is a `DataError`: one sentence.

The ending says the format: .csv, .tsv, and .jsonl or .ndjson (a JSON object a line), each also with .gz behind it.
Anything else is read as CSV.
"""

import csv
import difflib
import functools
import gzip
import http.client
import io
import json
import math
import sys
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "val", "test")
FORMATS = {".tsv": "\t", ".jsonl": "json", ".ndjson": "json"}
MANY_LINES = 50  # a text over more of them may be a quotation mark that is missing
csv.field_size_limit(sys.maxsize)
TIMEOUT = 10  # seconds that a server may stay silent
LARGEST = 500_000_000  # bytes that are fetched from an address
WEB_PAGE = "a web page, not a table; look for the address of the file itself (on GitHub: the button Raw)"
UTF_16 = "text in UTF-16: save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8 OLD > NEW"
KINDS = {  # how files begin that are no table, in lower case
    b"pk\x03\x04": "an Excel file or another zip archive: save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "a gzip archive: let its name end with .gz",
    b"par1": "a Parquet file: pandas.read_parquet(...).to_csv(..., index=False) makes a CSV file of it",
    b"sqlite format 3": "an SQLite database: export a table as CSV",
    b"%pdf": "a PDF: a table has to be exported as CSV",
    b"\x89png": "a picture, not a table",
    b"\xff\xd8\xff": "a picture, not a table",
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: fetch that with git lfs pull",
    b"<!doctype html": WEB_PAGE,
    b"<html": WEB_PAGE,
}


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


def file_name(source):
    """The name of a file, or of one behind an address, without .gz."""
    name = _whole_name(source)
    return name[:-3] if is_packed(source) else name


def is_packed(source):
    return _whole_name(source).lower().endswith(".gz")


def _whole_name(source):
    return Path(urllib.parse.urlsplit(str(source)).path if is_address(source) else source).name


def is_address(source):
    return str(source).lower().startswith(("http://", "https://"))


def fetch_text(source):
    """The text of a file or an http(s) address, unpacked if its name ends with .gz, and the number of NULs left out."""
    content = _download(str(source)) if is_address(source) else _read(Path(source).expanduser())
    if is_packed(source):
        content = _unpack(source, content)
    return _decode(source, content), content.count(0)


def _read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the current folder is {Path.cwd()}."
        raise DataError(f"{path}: there is no such file; {hint}") from None
    except (IsADirectoryError, PermissionError):
        if path.is_dir():  # for Windows it is a matter of permission
            raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.") from None
        raise DataError(f"{path}: you are not allowed to read it; ask its owner, or copy it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path}: it can't be read ({error}); copy it to another place.") from None


def _download(address):
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            content, announced = answer.read(LARGEST + 1), answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        raise DataError(f"{address}: the server says {error.code} {error.reason}; look at the address.") from None
    except (OSError, ValueError, http.client.HTTPException) as error:  # no such host, no network, a broken answer
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            reason = f"no answer within {TIMEOUT} seconds"
        reason = " ".join(str(reason).split())
        raise DataError(f"{address}: can't be fetched ({reason}); look at the address and the network, or download "
                        "the file and give its path.") from None
    if len(content) > LARGEST:
        raise DataError(f"{address}: larger than {LARGEST // 1_000_000} MB; download the file and give its path.")
    if announced.isdigit() and len(content) < int(announced):
        raise DataError(f"{address}: only {len(content):,} of {int(announced):,} bytes came; try again.")
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
    begin = content.lstrip()[:100].lower()
    for start, what in KINDS.items():
        if begin.startswith(start):
            raise DataError(f"{source}: this is {what}.")
    if not begin:
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    if content.count(0) > len(content) / 10:
        raise DataError(f"{source}: this is not text, every tenth byte is zero; if it is UTF-16, save it as UTF-8.")
    try:
        return content.replace(b"\0", b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{source}, line {line}: this is not UTF-8 text (byte {error.object[error.start]:#04x}); save "
                        "the file as UTF-8, or convert it: iconv -f latin1 -t utf-8 OLD > NEW.") from None


@dataclass(slots=True)
class Row:
    line: int  # of the file, where the row begins
    text: str
    label: str
    split: str | None


def plural(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def shown(value):
    """A value as Python writes it, cut where it is long."""
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."


def read_rows(source, text="text", label="label"):
    """Reads the rows of a file; text, label: the names of the columns.

    source: a path or an http(s) address. Returns the rows that can be used; the lines of those that can't,
    {reason: [line, ...]}; and sentences on what is odd. Raises DataError.
    """
    content, nul = fetch_text(source)
    notes = [f"{plural(nul, 'NUL character')} left out; was the file cut off while it was written?"] if nul else []
    kind = FORMATS.get(Path(file_name(source)).suffix.lower(), ",")
    check = functools.partial(_check_columns, source, {"text": text, "label": label}, kind)
    records = _json_lines(source, content, check) if kind == "json" else _table(source, content, kind, check)
    rows, dropped, has_split = [], {}, None
    for line, fields in records:
        has_split = "split" in fields if has_split is None else has_split
        words = [_as_text(source, line, name, fields.get(name)) for name in (text, label)]
        row = Row(line, words[0], words[1].strip(), fields.get("split"))
        if has_split != ("split" in fields) or (has_split and row.split not in SPLITS):
            raise DataError(f"{source}, line {line}: the split is {shown(row.split)}; it must be train, val or test, "
                            "in all rows or in none.")
        if row.text.count("\n") > MANY_LINES:
            notes.append(f"the text in line {line:,} goes over {row.text.count(chr(10)) + 1:,} lines; is a quotation "
                         "mark missing?")
        empty = text if not row.text.strip() else label if not row.label else None
        if empty:
            dropped.setdefault(f"the {empty} is empty", []).append(line)
        else:
            rows.append(row)
    if not rows and not dropped:
        raise DataError(f"{source}: there is a header line but no row below it.")
    return rows, dropped, notes


def _table(source, content, delimiter, check):
    """Yields (line, {column: field}) for each row of a CSV or TSV file."""
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    columns, begin = None, 1
    try:
        for fields in reader:
            line, begin = begin, reader.line_num + 1
            if len(fields) < 2 and not "".join(fields).strip():  # a blank line
                continue
            if columns is None:
                columns = fields
                if repeated := [name for name, count in Counter(columns).items() if count > 1]:
                    raise DataError(f"{source}, line {line}: the column {shown(repeated[0])} stands there twice; "
                                    "rename or delete one.")
                check(line, columns)
            elif len(fields) != len(columns):
                mark = "a tab" if delimiter == "\t" else "a comma"
                advice = (f"a text with {mark} in it needs quotation marks around it" if len(fields) > len(columns)
                          else "something is missing, or a text with a line break lacks its quotation marks")
                raise DataError(f"{source}, line {line}: {plural(len(fields), 'field')}, and the header has "
                                f"{len(columns)}; {advice}.")
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
        except (ValueError, RecursionError) as error:
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
        near = [name for name in columns if name.strip().lower() == column.lower()]
        others = [mark for mark in ",;\t|" if mark != kind and len(columns) == 1 and mark in columns[0]]
        if near:
            advice = f"there is {near[0]!r}: rename it, or say {argument}={near[0]!r}."
        elif others:
            advice = f"the columns are parted by {others[0]!r}; save the file with commas, or as .tsv with tabs."
        else:
            found = ", ".join(map(shown, columns[:10]))
            advice = f"only {found}; rename one, or say {argument}=... (or does the file lack a header line?)."
        raise DataError(f"{source}, line {line}: there is no column {column!r}; {advice}")
    for name in columns:
        if name != "split" and name.strip().lower() == "split":
            raise DataError(f"{source}, line {line}: there is a column {name!r}; rename it to 'split', or to another "
                            "word if it is not meant.")


def _as_text(source, line, column, value):
    """A field as a string; JSON has other things too. Numbers can be labels, and nothing is empty."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, (bool, int, float)):
        return str(value)
    value = value or ""
    if not isinstance(value, str):
        raise DataError(f"{source}, line {line}: {column!r} is {shown(value)}; it has to be a text.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); mend it.")
    return value
