"""From a file to a `Table`: what separates its columns, how it quotes, whether it has a header.

CSV in any dialect, and labels in front of texts; JSON through `json_tables`; Parquet and Excel through their engines.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.data.columns import SEVERAL, Table, has_names, is_header, is_number, split_name
from helpers.data.json_tables import as_table, looks_like_json, read_json
from helpers.data.readers import ZIP, DataError, decode, file_name, lines_of, plural, read_bytes, shown

SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", "_!_": "_!_", "|||": "|||", "::": "::"}
STANDARD, SPACED, ESCAPED = {}, {"skipinitialspace": True}, {"doublequote": False, "escapechar": "\\"}
LITERAL, SINGLE = {"quoting": csv.QUOTE_NONE}, {"quotechar": "'"}
MANY_LINES = 50  # a text of more lines may be a missing quotation mark
MOST_ABOVE = 10  # rows above a table
SAMPLE = 200_000  # characters, by which the separator is found
LINE = re.compile(r"[^\r\n]+(?:\r\n|\r|\n)?|\r\n|\r|\n")  # and no other sign ends a line


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


def read_tables(source, how):
    """The tables of a file, {None: table}, or {its split: table} where it holds one for each."""
    content = read_bytes(source)
    if content.startswith(b"PAR1"):
        rows = _with_engine(source, content, "a Parquet", "pyarrow", _parquet_rows)
        return {None: as_table(source, range(1, len(rows) + 1), rows, "Parquet file, rows counted as lines")}
    if content.startswith(ZIP):
        return _excel_tables(source, _with_engine(source, content, "an Excel", "openpyxl", _excel_sheets), how)
    text, encoding, notes = decode(source, content, how.encoding)
    del content
    if how.label_from is None and looks_like_json(text, Path(file_name(source)).suffix.lower()):
        tables = read_json(source, text)
    else:
        tables = {None: _read_text(source, text, how)}
    for table in tables.values():
        table.notes += notes
        table.said += [encoding] if encoding != "utf-8" else []
    return tables


def _with_engine(source, content, what, engine, read):
    try:
        return read(io.BytesIO(content))
    except ImportError:
        raise DataError(f"{source}: this is {what} file; run %pip install {engine} in a cell and restart the kernel, "
                        "or save it as CSV (UTF-8).") from None
    except Exception as error:  # the engines raise errors of many kinds
        raise DataError(f"{source}: this is {what} file that can't be read ({shown(str(error))}); save it as CSV "
                        "(UTF-8).") from None


def _parquet_rows(file):
    from pyarrow import parquet

    return parquet.ParquetFile(file).read().to_pylist()


def _excel_sheets(file):
    """{name: rows of strings}"""
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    return {sheet.title: [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
            for sheet in book.worksheets}


def _excel_tables(source, sheets, how):
    """One table for each split, if the sheets are called so; otherwise the longest sheet of several columns."""
    sheets = {name: rows for name, rows in sheets.items() if any(map(any, rows))} or {"": []}
    parts = {split_name(name): rows for name, rows in sheets.items()}
    if len(parts) == 1 or None in parts or len(parts) < len(sheets):
        longest = max(sheets, key=lambda name: sum(sum(map(bool, row)) > 1 for row in sheets[name]))
        others = ", ".join(shown(name) for name in sheets if name != longest)
        named = f", sheet {shown(longest)}, not {others}" if others else ""
        return {None: _sheet(source, sheets[longest], how, f"Excel file{named}")}
    return {part: _sheet(source, rows, how, "Excel file, a sheet for each split") for part, rows in parts.items()}


def _sheet(source, rows, how, said):
    """The table of a sheet, without empty rows and columns."""
    width = max((number for row in rows for number, cell in enumerate(row, start=1) if cell), default=0)
    lines = [line for line, row in enumerate(rows, start=1) if any(row)]
    records = [(rows[line - 1] + [""] * width)[:width] for line in lines]
    start = _n_above(records)
    return _with_header(source, records[start:], lines[start:], how, [said])


def _read_text(source, text, how):
    starts = [line.startswith("__label__") for line in text[:SAMPLE].splitlines() if line.strip()]
    if how.label_from == "prefix" or sum(starts) > 0.9 * len(starts):
        return _prefixed(source, text, is_fast_text=how.label_from is None)
    if first := re.match(r'"?sep=(.)"?(?=\r|\n)', text):
        text, how = text[first.end() :], replace(how, sep=how.sep or first[1])  # an empty line is left of it
    sep = how.sep or _find_separator(source, text, how)
    if len(sep) > 1:  # csv knows only single characters
        text = text.replace(sep, "\x1f")
    records, lines, quotes = _parse_whole(source, text, sep, how)
    said = [] if sep == "," else [f"{SEPARATORS.get(sep, shown(sep))} separated"]
    table = _with_header(source, records, lines, how, said + ([quotes] if quotes else []))
    if long := [line for line, record in zip(table.lines, table.records, strict=True)
                if max(cell.count("\n") for cell in record) >= MANY_LINES]:
        table.notes.append(f"texts of more than {MANY_LINES} lines begin in {lines_of(long)}: is a quotation mark "
                           "missing?")
    return table


def _n_above(records):
    """How many rows stand above a table: titles and comments, one filled cell in each."""
    filled = [sum(map(bool, record)) for record in records[:MOST_ABOVE]]
    return next((number for number, cells in enumerate(filled) if cells > 1), 0)


def _with_header(source, records, lines, how, said):
    if not records:
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    if how.header == "infer" and how.names is None:
        has_header = is_header(records, how.wanted)
    else:
        has_header = how.header not in (None, "infer")
    if lines[0] > 1:
        said.append(f"from line {lines[0]}")
    if not has_header:
        said.append("no header")
    names = list(map(str, how.names)) if how.names else records[0] if has_header else list(range(len(records[0])))
    if len(names) != len(records[0]):
        raise DataError(f"{source}: names has {plural(len(names), 'name')}, but the file has "
                        f"{plural(len(records[0]), 'column')}; name all of them.")
    start = int(has_header)
    if not records[start:]:
        raise DataError(f"{source}: there is a header line but no row below it.")
    return Table(names, records[start:], lines[start:], said)


def _prefixed(source, text, is_fast_text):
    """A line is a label, white space, and the text."""
    records, lines = [], []
    for line, found in enumerate(LINE.finditer(text), start=1):
        label, rest = [*found.group().strip().split(maxsplit=1), "", ""][:2]
        if rest.startswith("__label__"):
            raise DataError(f"{source}, line {line}: " + SEVERAL.format(shown(f"{label} {rest.split()[0]}")))
        if is_fast_text and label and not label.startswith("__label__"):
            label, rest = "", f"{label} {rest}"
        if label or rest:
            records.append([rest, label.removeprefix("__label__")])
            lines.append(line)
    if not records:
        raise DataError(f"{source}: the file is empty; it needs a label and a text in each line.")
    return Table(["text", "label"], records, lines, ["fastText's labels in front" if is_fast_text else
                                                     "labels in front"])


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
    """Ways in which the texts may be quoted, and how the report calls them."""
    if how.quoting == csv.QUOTE_NONE:
        return [(LITERAL, "quotes taken literally")]
    if how.quotechar != '"':
        return [({"quotechar": how.quotechar}, "")]
    spaced = text.count(f'{sep} "') > text.count(sep) / 5
    ways = [(STANDARD, "", True), (SPACED, "a space after each separator", spaced),
            (ESCAPED, "backslash before quotes", '\\"' in text),
            (LITERAL, "quotes taken literally", how.quoting is None),
            (SINGLE, "quotechar=\"'\"", f"{sep}'" in text or f"'{sep}" in text)]
    return [(quotes, said) for quotes, said, fits in ways if fits]


def _find_separator(source, text, how):
    sample = text if len(text) <= SAMPLE else text[: max(text.rfind("\n", 0, SAMPLE), text.rfind("\r", 0, SAMPLE)) + 1]
    all_lines = [line for line in LINE.findall(sample) if line.strip()]
    scores = {}
    for sep in SEPARATORS:
        if sep not in sample:
            continue
        one = sample.replace(sep, "\x1f") if len(sep) > 1 else sample
        ways = [_parse(one, sep, quotes) for quotes, _ in _ways_to_quote(one, sep, how)]
        named = any(records and len(records[0]) > 1 and has_names(records[0], how.wanted) for records, _, _ in ways)
        scores[sep] = (named, max(_consistency(records, error, len(all_lines)) for records, _, error in ways))
    best = max(scores, key=scores.get, default=None)  # of equals the first
    if not all_lines or (best and (scores[best][0] or scores[best][1] > 0.5)):
        return best or ","
    words = Counter(line.split(None, 1)[0] for line in all_lines)
    begin = ", ".join(shown(word) for word, _ in words.most_common(3))
    raise DataError(f"{source}: no comma, tab, semicolon or bar divides all lines into the same columns. Say sep=... "
                    f"if something else does; label_from='prefix' if each line begins with its label ({begin}); or "
                    "give (texts, labels), the paths of two files.")


def _consistency(records, error, n_lines):
    """The share of the lines that have equally many columns; 0 if it is one, or the separator is mere punctuation."""
    widths = Counter(map(len, records))
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    after = [fields[1][:1] == " " for fields in records if len(fields) > 1]
    if width < 2 or sum(after) > len(after) / 2:
        return 0
    lost = n_lines - error[0] + 1 if error else 0
    return round(count / (len(records) + max(lost, 0)), 3)


def _parse_whole(source, text, sep, how):
    """The records of all lines, the lines, and how texts are quoted: the first way by which all records are even.

    If quotes may be literal, and then there are more rows, they are: two stray ones had made one text of many lines.
    """
    sample = LINE.findall(text[:SAMPLE])
    quoted = re.compile(f'(?:^|{re.escape(sep)})"(?:[^"]|"")*"(?={re.escape(sep)}|\\s*$)')
    is_quoted = sum(bool(quoted.search(line)) for line in sample) > len(sample) / 2
    found = fault = None
    for quotes, said in _ways_to_quote(text, sep, how):
        if is_quoted and quotes is LITERAL and how.quoting is None:
            continue
        records, lines, error = _parse(text, sep, quotes)
        start = _n_above(records)
        records, lines = records[start:], lines[start:]
        if _has_row_numbers(records):
            records[0].insert(0, "")
        if one := _fault(records, lines, error, sep):
            fault = fault or one
        elif found is None or (quotes is LITERAL and len(records) > len(found[0])):
            found = records, lines, said
        if found and not any("\n" in cell or "\r" in cell for record in found[0] for cell in record):
            break
    if found:
        return found
    raise DataError(f"{source}, line {fault[0]}: {fault[1]}")


def _has_row_numbers(records):
    """True where all rows begin with a number of their own for which the header has no name, as R writes tables."""
    numbers = {record[0] for record in records[1:] if len(record) == len(records[0]) + 1 and is_number(record[0])}
    return 0 < len(numbers) == len(records) - 1


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
