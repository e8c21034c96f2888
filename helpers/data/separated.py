"""Tables in text: what separates their columns, and how texts are quoted."""

import csv
import re
from collections import Counter

from helpers.data.columns import has_names, is_number
from helpers.data.readers import LINE, DataError, plural, shown

SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", "_!_": "_!_", "|||": "|||", "::": "::"}
STANDARD, SPACED, ESCAPED = {}, {"skipinitialspace": True}, {"doublequote": False, "escapechar": "\\"}
LITERAL, SINGLE = {"quoting": csv.QUOTE_NONE}, {"quotechar": "'"}
MOST_ABOVE = 10  # rows above a table
SAMPLE = 200_000  # characters, by which the separator is found


def read_records(source, text, how):
    """The records of a table, the lines where they begin, and what was assumed. how: a `How`. Raises DataError."""
    sep = how.sep
    if first := re.match(r'"?sep=(.)"?(?=\r|\n)', text):  # as Excel writes it
        text, sep = text[first.end() :], sep or first[1]  # an empty line is left of it
    sep = sep or _find_separator(source, text, how)
    records, lines, quotes = _parse_whole(source, text, sep, how)
    said = [] if sep == "," else [f"{SEPARATORS.get(sep, shown(sep))} separated"]
    return records, lines, said + ([quotes] if quotes else [])


def n_above(records):
    """How many rows stand above a table: titles and comments, one filled cell in each."""
    filled = [sum(map(bool, record)) for record in records[:MOST_ABOVE]]
    return next((number for number, cells in enumerate(filled) if cells > 1), 0)


def _parse(text, sep, quotes):
    """The records of a table, the lines where they begin, and the line and the error that ended it, or None."""
    csv.field_size_limit(2**31 - 1)  # Python's own limit is less than a long text
    if len(sep) > 1:  # csv knows only single characters
        text, sep = text.replace(sep, "\x1f"), "\x1f"
    reader = csv.reader((found.group() for found in LINE.finditer(text)), delimiter=sep, strict=True, **quotes)
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
        ways = [_parse(sample, sep, quotes) for quotes, _ in _ways_to_quote(sample, sep, how)]
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
    """The records of all lines, the lines, and how texts are quoted: the first way that makes all records equally wide.

    If literal quotes give more rows, they are literal: two stray ones had made one text of many lines.
    """
    sample = LINE.findall(text[:SAMPLE])
    quoted = re.compile(f'(?:^|{re.escape(sep)})"(?:[^"]|"")*"(?={re.escape(sep)}|\\s*$)')
    is_quoted = sum(bool(quoted.search(line)) for line in sample) > len(sample) / 2
    found = fault = None
    for quotes, said in _ways_to_quote(text, sep, how):
        if is_quoted and quotes is LITERAL and how.quoting is None:
            continue
        records, lines, error = _parse(text, sep, quotes)
        start = n_above(records)
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
