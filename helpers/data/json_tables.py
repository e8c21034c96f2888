"""JSON in the arrangements that people have: lines, an array, columns, rows under a key, a list for each split."""

import json

from helpers.data.columns import has_names, split_name
from helpers.data.readers import DataError, shown

ENDINGS = (".json", ".jsonl", ".ndjson")
DEEPEST = 5  # fields within fields


def looks_like_json(text, ending):
    """True for the content of a JSON file, whatever it is called."""
    if ending in ENDINGS:
        return True
    begin = text[:10_000].lstrip()
    if not begin.startswith(("{", "[")):
        return False
    for words in (begin.partition("\n")[0], text):
        try:
            return isinstance(json.loads(words), (dict, list))
        except (ValueError, RecursionError):
            continue
    return False


def read_json(source, text):
    """{None or a split: (names, records, lines, line, has_header, said)}, the fields of a `Table`. Raises DataError."""
    if not text.strip():
        raise DataError(f"{source}: the file is empty; it needs an object in each line, like "
                        "{\"text\": \"...\", \"label\": \"...\"}.")
    whole = fault = None
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        fault = error
    if fault:
        if text.lstrip().startswith("[") and getattr(fault, "msg", "Extra data") != "Extra data":
            raise DataError(f"{source}, line {fault.lineno}: not valid JSON ({fault.msg}); mend it there.")
        return {None: _as_table(source, *_read_lines(source, text), "JSON lines")}
    if isinstance(whole, dict):
        return _read_object(source, whole)
    if not isinstance(whole, list) or not whole:
        raise DataError(f"{source}, line 1: {text.strip()[:40]} is not a JSON object; write one in {{}} per line.")
    return {None: _as_table(source, list(range(1, len(whole) + 1)), whole, "a JSON array, entries counted as lines")}


def _read_lines(source, text):
    lines, rows = [], []
    for line, words in enumerate(text.split("\n"), start=1):
        if not words.strip():
            continue
        try:
            rows.append(json.loads(words))
            lines.append(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{source}, line {line}: not valid JSON ({getattr(error, 'msg', error)}); each line has to "
                            "be a whole object, like {\"text\": \"...\", \"label\": \"...\"}.") from None
    return lines, rows


def _read_object(source, whole):
    """The tables of one object that holds all rows."""
    lists = {key: value for key, value in whole.items() if isinstance(value, list) and value}
    parts = {key: split_name(key) for key in lists if split_name(key)}
    columns = {key: list(value.values()) if isinstance(value, dict) else value for key, value in whole.items()}
    if len(parts) > 1:
        others = [shown(key) for key in whole if key not in parts]
        said = "a JSON list for each split" + (f" ({', '.join(others)} left out)" if others else "")
        chosen = {part: (lists[key], said) for key, part in parts.items()}
    elif has_names(whole) and all(isinstance(value, list) for value in columns.values()):
        if len(set(map(len, columns.values()))) > 1:
            raise DataError(f"{source}: the columns have different lengths, " + ", ".join(
                f"{key!r} {len(value):,}" for key, value in columns.items()) + "; they must be equally long.")
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        chosen = {None: (rows, "JSON columns")}
    elif len(lists) == 1:
        (key, rows), = lists.items()
        chosen = {None: (rows, f"the JSON list {shown(key)}")}
    elif len(whole) > 1 and all(isinstance(value, dict) for value in whole.values()):
        chosen = {None: (list(whole.values()), "a JSON object for each row")}
    elif lists:
        raise DataError(f"{source}: a JSON object of several lists, {', '.join(map(shown, lists))}; save the one with "
                        "the rows as a file of its own.")
    else:
        chosen = {None: ([whole], "JSON lines")}
    return {part: _as_table(source, list(range(1, len(rows) + 1)), rows, said) for part, (rows, said) in chosen.items()}


def _as_table(source, lines, rows, said):
    kind = list if isinstance(rows[0], list) else dict
    for line, row in zip(lines, rows, strict=True):
        if not isinstance(row, kind):
            raise DataError(f"{source}, line {line}: {json.dumps(row)[:40]} is not a JSON "
                            f"{'array' if kind is list else 'object'}; write one in {'[]' if kind is list else '{}'} "
                            "per line.")
        if kind is list and len(row) != len(rows[0]):
            raise DataError(f"{source}, line {line}: {len(row)} entries, but the first has {len(rows[0])}; they must "
                            "be equally many.")
    if kind is list:
        has_header = len(rows) > 1 and has_names(rows[0])
        names = list(map(str, rows[0])) if has_header else list(range(len(rows[0])))
        return names, rows[has_header:], lines[has_header:], lines[0], has_header, [said]
    if any(isinstance(value, dict) for row in rows for value in row.values()):
        rows = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names, [[row.get(name) for name in names] for row in rows], lines, lines[0], True, [said]


def _flat(record, prefix="", depth=0):
    """{"a": {"b": 1}} -> {"a.b": 1}"""
    flat = {}
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            flat.update(_flat(value, f"{prefix}{key}.", depth + 1))
        else:
            flat[prefix + key] = value
    return flat
