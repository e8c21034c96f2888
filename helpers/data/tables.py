"""From the text of a file to a table: what separates its columns, how it quotes, whether it has a header.

CSV in any dialect, JSON in any arrangement, labels in front of texts; Parquet and Excel through pandas.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from helpers.data.columns import has_names, is_header
from helpers.data.json_tables import looks_like_json, read_json
from helpers.data.readers import ZIP, DataError, decode, file_name, plural, read_bytes, shown

SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", "_!_": "_!_", "|||": "|||", "::": "::"}
STANDARD, LITERAL = {}, {"quoting": csv.QUOTE_NONE}
QUOTES = [  # ways to quote, and how the report calls them
    (STANDARD, ""), ({"skipinitialspace": True}, "a space after each separator"),
    ({"doublequote": False, "escapechar": "\\"}, "backslash before quotes"), (LITERAL, "quotes taken literally"),
    ({"quotechar": "'"}, "quotechar=\"'\""),
]
SAMPLE = 200_000  # characters, by which the separator is found
LINE = re.compile(r"[^\r\n]+(?:\r\n|\r|\n)?|\r\n|\r|\n")  # and no other sign ends a line
SEVERAL = "several labels in a cell ({}); here a text has one class: keep one label for each text"


@dataclass
class How:
    """How a file is written, as far as it was said; the arguments of `load_csv`."""

    sep: str | None = None
    encoding: str | None = None
    header: object = "infer"
    names: list | None = None
    quoting: int | None = None
    quotechar: str = '"'
    label_from: str | None = None
    wanted: tuple = ()  # the names of the columns that are asked for


@dataclass
class Table:
    """names: of the columns, numbers without a header. records: rows of fields. lines: where each row begins."""

    names: list
    records: list
    lines: list
    line: int = 1  # of the header
    has_header: bool = True
    said: list = field(default_factory=list)  # what was assumed
    notes: list = field(default_factory=list)

    @property
    def width(self):
        return len(self.names)


def read_tables(source, how):
    """The tables of a file, {None: table}, or {its split: table} where it holds one for each."""
    content = read_bytes(source)
    if content.startswith((b"PAR1", ZIP)):
        return {None: _through_pandas(source, content)}
    text, encoding, notes = decode(source, content, how.encoding)
    del content
    ending = Path(file_name(source)).suffix.lower()
    if how.label_from is None and looks_like_json(text, ending):
        tables = {part: Table(*parsed) for part, parsed in read_json(source, text).items()}
    else:
        tables = {None: _read_text(source, text, how)}
    for table in tables.values():
        table.notes += notes
        if encoding != "utf-8":
            table.said.append(encoding)
    return tables


def _through_pandas(source, content):
    import pandas as pd

    what, engine, read = (("a Parquet", "pyarrow", pd.read_parquet) if content.startswith(b"PAR1") else
                          ("an Excel", "openpyxl", pd.read_excel))
    options = {} if engine == "pyarrow" else {"dtype": str, "keep_default_na": False}
    try:
        frame = read(io.BytesIO(content), **options)
    except ImportError:
        raise DataError(f"{source}: this is {what} file; pip install {engine}, restart the kernel, and it is read (or "
                        "save it as CSV, UTF-8).") from None
    except Exception as error:  # the engines raise errors of many kinds
        raise DataError(f"{source}: this is {what} file that can't be read ({shown(str(error))}); save it as CSV "
                        "(UTF-8).") from None
    records = [list(record) for record in frame.itertuples(index=False, name=None)]
    return Table(list(map(str, frame.columns)), records, list(range(2, len(records) + 2)),
                 said=[f"{what.split()[1]} file"])


def _read_text(source, text, how):
    if how.label_from is None:
        starts = [line.startswith("__label__") for line in text[:SAMPLE].splitlines() if line.strip()]
        if sum(starts) > 0.9 * len(starts):
            return _prefixed(source, text, "fastText's labels in front")
    elif how.label_from == "prefix":
        return _prefixed(source, text, "labels in front")
    skipped = 0
    if first := re.match(r'"?sep=(.)"?(\r\n|\r|\n)', text):
        text, skipped = text[first.end() :], 1
        how = How(**{**vars(how), "sep": how.sep or first[1]})
    sep = how.sep or _find_separator(source, text, how)
    if len(sep) > 1:  # csv knows only single characters
        text = text.replace(sep, "\x1f")
    records, lines, quotes = _parse_whole(source, text, sep, how, skipped)
    said = [] if sep == "," else [f"{SEPARATORS.get(sep, shown(sep))} separated"]
    return _with_header(source, records, lines, how, said + ([quotes] if quotes else []))


def _with_header(source, records, lines, how, said):
    if not records:
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    if how.header == "infer" and how.names is None:
        has_header = is_header(records, how.wanted)
    else:
        has_header = how.header not in (None, "infer")
    if not has_header:
        said.append("no header")
    names = list(how.names or (records[0] if has_header else range(len(records[0]))))
    if len(names) != len(records[0]):
        raise DataError(f"{source}: names has {plural(len(names), 'name')}, but the file has "
                        f"{plural(len(records[0]), 'column')}; name all of them.")
    start = int(has_header)
    if not records[start:]:
        raise DataError(f"{source}: there is a header line but no row below it.")
    return Table(names, records[start:], lines[start:], lines[0], has_header or how.names is not None, said)


# What separates the columns, and how texts are quoted.


def _parse(text, sep, quotes):
    """The records of a table, the lines where they begin, and the line and the error that ended it, or None."""
    csv.field_size_limit(2**31 - 1)  # Python's own limit is less than a long text
    all_lines = (found.group() for found in LINE.finditer(text))
    reader = csv.reader(all_lines, delimiter=sep if len(sep) == 1 else "\x1f", strict=True, **quotes)
    records, lines, begin = [], [], 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():  # not a blank line
                records.append(fields)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        return records, lines, (begin, str(error))
    return records, lines, None


def _ways_to_quote(text, sep, how):
    if how.quoting == csv.QUOTE_NONE:
        return [(LITERAL, QUOTES[3][1])]
    if how.quotechar != '"':
        return [({"quotechar": how.quotechar}, "")]
    spaced = text.count(f'{sep} "') > text.count(sep) / 5
    fits = [True, spaced, '\\"' in text, how.quoting is None, f"{sep}'" in text or f"'{sep}" in text]
    return [way for way, fit in zip(QUOTES, fits, strict=True) if fit]


def _find_separator(source, text, how):
    sample = text if len(text) <= SAMPLE else text[: max(text.rfind("\n", 0, SAMPLE), text.rfind("\r", 0, SAMPLE)) + 1]
    n_lines = sum(not line.isspace() for line in LINE.findall(sample))
    scores = {}
    for sep in SEPARATORS:
        if sep not in sample:
            continue
        one = sample.replace(sep, "\x1f") if len(sep) > 1 else sample
        ways = [_parse(one, sep, quotes) for quotes, _ in _ways_to_quote(one, sep, how)]
        named = any(records and len(records[0]) > 1 and has_names(records[0], how.wanted) for records, _, _ in ways)
        scores[sep] = (named, max(_consistency(*way, n_lines) for way in ways))
    best = max(scores, key=scores.get, default=None)  # of equals the first
    if n_lines == 0 or (best and (scores[best][0] or scores[best][1] > 0.5)):
        return best or ","
    words = Counter(line.split(None, 1)[0] for line in LINE.findall(sample) if line.strip())
    begin = ", ".join(shown(word) for word, _ in words.most_common(3))
    raise DataError(f"{source}: no comma, tab, semicolon or bar divides all lines into the same columns. Say sep=... "
                    f"if something else does; label_from='prefix' if each line begins with its label ({begin}); or "
                    "give (texts, labels), the paths of two files.")


def _consistency(records, lines, error, n_lines):
    """The share of the lines that have equally many columns; 0 if it is one, or the separator is mere punctuation."""
    widths = Counter(map(len, records))
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    after = [fields[1][:1] == " " for fields in records if len(fields) > 1]
    if width < 2 or sum(after) > len(after) / 2:
        return 0
    lost = n_lines - error[0] + 1 if error else 0
    return round(count / (len(records) + max(lost, 0)), 3)


def _parse_whole(source, text, sep, how, skipped):
    """The records of all lines, the lines, and how texts are quoted: the first way by which all records are even."""
    sample = LINE.findall(text[:SAMPLE])
    quoted = re.compile(f'(?:^|{re.escape(sep)})"(?:[^"]|"")*"(?={re.escape(sep)}|\\s*$)')
    is_quoted = sum(bool(quoted.search(line)) for line in sample) > len(sample) / 2
    first_fault = None
    for quotes, said in _ways_to_quote(text, sep, how):
        if quotes is LITERAL and is_quoted and how.quoting is None:
            continue
        records, lines, error = _parse(text, sep, quotes)
        fault = _fault(records, lines, error, sep)
        if fault is None and quotes is STANDARD and how.quoting is None and not is_quoted and _has_line_breaks(records):
            literally = _parse(text, sep, LITERAL)
            if _fault(*literally, sep) is None:  # each line is a row: two stray quotation marks, not a quoted text
                records, lines, said = *literally[:2], QUOTES[3][1]
        if fault is None:
            return records, [line + skipped for line in lines] if skipped else lines, said
        first_fault = first_fault or fault
    line, what = first_fault
    raise DataError(f"{source}, line {line + skipped}: {what}")


def _has_line_breaks(records):
    return any("\n" in cell or "\r" in cell for record in records for cell in record)


def _fault(records, lines, error, sep):
    """(line, what is wrong) of the first row that isn't as wide as the first; empty fields at the end don't count."""
    width = len(records[0]) if records else 0
    for number, record in enumerate(records):
        if len(record) > width and not any(record[width:]):
            del record[width:]
        elif len(record) != width:
            mark = f"a {SEPARATORS.get(sep, sep)}"
            advice = (f"a text with {mark} in it needs quotation marks around it" if len(record) > width else
                      "something is missing, or a text with a line break lacks its quotation marks")
            return lines[number], (f"{plural(len(record), 'field')}, but the header has {width}; {advice}. (sep=... "
                                   "and quotechar=... say how the file is written.)")
    if error:
        line, reason = error
        never = "end of data" in reason
        what = "a quotation mark is opened and never closed" if never else f"not valid CSV ({reason})"
        return line, (f"{what}; inside a text it is written twice, \"\" (or say quoting=3, and all quotation marks are "
                      "taken literally).")
    return None


def _prefixed(source, text, said):
    """A line is a label, white space, and the text."""
    records, lines = [], []
    for line, found in enumerate(LINE.finditer(text), start=1):
        words = found.group().strip()
        if not words:
            continue
        label, _, rest = words.partition(" ") if "\t" not in words.partition(" ")[0] else words.partition("\t")
        if rest.lstrip().startswith("__label__"):
            raise DataError(f"{source}, line {line}: " + SEVERAL.format(shown(f"{label} {rest.split()[0]}")))
        if said.startswith("fastText") and not label.startswith("__label__"):
            label, rest = "", words
        records.append([rest.strip(), label.removeprefix("__label__")])
        lines.append(line)
    if not records:
        raise DataError(f"{source}: the file is empty; it needs a label and a text in each line.")
    return Table(["text", "label"], records, lines, said=[said])
