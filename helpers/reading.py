"""From a file or an address to rows of text and label. What can't be read is a `DataError`: one sentence.

The ending says the format: .csv, .tsv, and .jsonl or .ndjson (a JSON object a line), each also with .gz behind it.
Anything else is read as CSV.
"""

import csv
import functools
import io
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers.fetching import DataError, fetch_text, file_name

SPLITS = ("train", "val", "test")
FORMATS = {".tsv": "\t", ".jsonl": "json", ".ndjson": "json"}
MANY_LINES = 50  # a text over more of them may be a quotation mark that is missing
csv.field_size_limit(sys.maxsize)


@dataclass(slots=True)
class Row:
    line: int  # of the file, where the row begins
    text: str
    label: str
    split: str | None


def plural(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def short(value):
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
            raise DataError(f"{source}, line {line}: the split is {short(row.split)}; it must be train, val or test, "
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
                    raise DataError(f"{source}, line {line}: the column {short(repeated[0])} stands there twice; "
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
            found = ", ".join(map(short, columns[:10]))
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
        raise DataError(f"{source}, line {line}: {column!r} is {short(value)}; it has to be a text.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); mend it.")
    return value
