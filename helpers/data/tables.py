"""From a file to a `Table`: what kind of file it is, and whether it has a header.

Columns with anything between them through `separated`, JSON through `json_tables`, Parquet and Excel through their
engines; and labels in front of texts.
"""

import io
from collections import namedtuple
from pathlib import Path

from helpers.data.columns import SEVERAL, Table, is_header, split_name
from helpers.data.json_tables import as_table, looks_like_json, read_json
from helpers.data.readers import LINE, ZIP, DataError, decode, file_name, lines_of, plural, read_bytes, shown
from helpers.data.separated import SAMPLE, n_above, read_records

MANY_LINES = 50  # a text of more lines may be a missing quotation mark

# How a file is written, as far as it was said: arguments of `load_csv`. wanted: the columns that are asked for.
How = namedtuple("How", "sep encoding header names quoting quotechar label_from wanted")


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
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write wrong ones
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
    start = n_above(records)
    return _with_header(source, records[start:], lines[start:], [said], how)


def _read_text(source, text, how):
    starts = [line.startswith("__label__") for line in text[:SAMPLE].splitlines() if line.strip()]
    if how.label_from == "prefix" or sum(starts) > 0.9 * len(starts):
        return _prefixed(source, text, is_fast_text=how.label_from is None)
    table = _with_header(source, *read_records(source, text, how), how)
    if long := [line for line, record in zip(table.lines, table.records, strict=True)
                if max(cell.count("\n") for cell in record) >= MANY_LINES]:
        table.notes.append(f"texts of more than {MANY_LINES} lines begin in {lines_of(long)}: is a quotation mark "
                           "missing?")
    return table


def _with_header(source, records, lines, said, how):
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
