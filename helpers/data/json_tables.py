"""JSON in its usual layouts: lines, an array, columns, rows under a key, a list for each split."""

import json
import re

from helpers.data.columns import Table, has_names, split_name
from helpers.data.readers import DataError, shown

ENDINGS = (".json", ".jsonl", ".ndjson")
DECODER = json.JSONDecoder()


def looks_like_json(text, ending):
    """True for the content of a JSON file, whatever it is called."""
    begin = text.lstrip()
    if ending in ENDINGS or not begin.startswith(("{", "[")):
        return ending in ENDINGS
    try:
        _, end = DECODER.raw_decode(begin)
    except (ValueError, RecursionError):
        return False
    return not begin[end:].partition("\n")[0].strip()  # "[1] a text, a label" is none


def read_json(source, text):
    """{None or a split: table}. Raises DataError."""
    if text.strip() in ("", "[]", "{}"):
        raise DataError(f"{source}: the file is empty; it needs one object per line, like "
                        "{\"text\": \"...\", \"label\": \"...\"}.")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("[") and getattr(error, "msg", "Extra data") != "Extra data":
            raise DataError(f"{source}, line {error.lineno}: not valid JSON ({error.msg}); fix it there.") from None
        whole = None
    if isinstance(whole, dict) and len(whole) > 0:
        return {part: as_table(source, range(1, len(rows) + 1), rows, said)
                for part, (rows, said) in _rows_of_object(source, whole).items()}
    if isinstance(whole, list) and whole:
        return {None: as_table(source, range(1, len(whole) + 1), whole, "a JSON array, entries counted as lines")}
    return {None: as_table(source, *_read_lines(source, text), "JSON lines")}


def _read_lines(source, text):
    """The lines at which JSON values begin, and the values."""
    lines, rows, line, end = [], [], 1, 0
    while found := re.compile(r"\S").search(text, end):
        line += text.count("\n", end, found.start())
        try:
            row, after = DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError) as error:
            raise DataError(f"{source}, line {line}: not valid JSON ({getattr(error, 'msg', error)}); each line has to "
                            "be a complete object, like {\"text\": \"...\", \"label\": \"...\"}.") from None
        rows.append(row)
        lines.append(line)
        line += text.count("\n", found.start(), after)
        end = after
    return lines, rows


def _rows_of_object(source, whole):
    """{None or a split: (rows, what was assumed)} of one object that holds all rows."""
    lists = {key: value for key, value in whole.items() if isinstance(value, list) and value}
    parts = {split_name(key): key for key, value in whole.items()
             if split_name(key) and isinstance(value, (list, dict)) and value}
    columns = {key: list(value.values()) if isinstance(value, dict) else value for key, value in whole.items()}
    if len(parts) > 1:
        others = [shown(key) for key in whole if key not in parts.values()]
        said = "JSON with a key for each split" + (f" ({', '.join(others)} left out)" if others else "")
        found = {part: _rows_of_object(source, {key: whole[key]}) for part, key in parts.items()}
        return {part: (next(iter(tables.values()))[0], said) for part, tables in found.items()}
    if has_names(whole) and all(isinstance(value, list) for value in columns.values()):
        if len(set(map(len, columns.values()))) > 1:
            raise DataError(f"{source}: the columns have different lengths, " + ", ".join(
                f"{key!r} {len(value):,}" for key, value in columns.items()) + "; these must match.")
        return {None: ([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
                       "JSON columns")}
    if len(lists) == 1:
        (key, rows), = lists.items()
        return {None: (rows, f"the JSON list {shown(key)}")}
    if len(whole) > 1 and all(isinstance(value, dict) for value in whole.values()):
        return {None: (list(whole.values()), "a JSON object for each row")}
    if len(whole) == 1 and isinstance(inner := next(iter(whole.values())), dict) and inner:
        return _rows_of_object(source, inner)
    if lists:
        raise DataError(f"{source}: a JSON object with several lists, {', '.join(map(shown, lists))}; save the one "
                        "with the rows in its own file.")
    return {None: ([whole], "JSON lines")}


def as_table(source, lines, rows, said):
    """The table of rows that are objects, possibly within objects, or all lists. Raises DataError."""
    if not rows:
        raise DataError(f"{source}: there are no rows in it.")
    kind, name, signs = (list, "array", "[]") if isinstance(rows[0], list) else (dict, "object", "{}")
    for line, row in zip(lines, rows, strict=True):
        if not isinstance(row, kind):
            raise DataError(f"{source}, line {line}: {json.dumps(row)[:40]} is not a JSON {name}; write one per line, "
                            f"in {signs}.")
        if kind is list and len(row) != len(rows[0]):
            raise DataError(f"{source}, line {line}: {len(row)} entries, but the first has {len(rows[0])}; the "
                            "numbers must match.")
    if kind is list:
        start = int(len(rows) > 1 and has_names(rows[0]))
        names = list(map(str, rows[0])) if start else list(range(len(rows[0])))
        return Table(names, [list(map(_alone, row)) for row in rows[start:]], lines[start:], [said])
    rows = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table(names, [[row.get(name) for name in names] for row in rows], lines, [said])


def _alone(value):
    """[1] -> 1 and [] -> None: annotation tools write lists, even for a single label or none."""
    while isinstance(value, list) and len(value) < 2:
        value = value[0] if value else None
    return value


def _flat(record, prefix=""):
    """{"a": [{"b": 1}]} -> {"a.b": 1}"""
    flat = {}
    for key in record:
        value = _alone(record[key])
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
