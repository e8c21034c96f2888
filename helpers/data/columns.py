"""A `Table`: is its first line a header, and which columns hold the texts, the labels and the split?"""

import math
import operator
import re
from dataclasses import dataclass, field

from helpers.data.readers import DataError, plural, shown

TEXTS = {"text", "review", "tweet", "sentence", "statement", "content", "message", "comment", "body", "utterance",
         "question", "document", "post", "sms", "phrase"}
SHORT_TEXTS = {"title", "headline", "subject", "description", "summary"}  # the text only if nothing better is there
LABELS = {"label", "labels", "category", "target", "class", "sentiment", "y", "star", "stars", "rating", "status",
          "topic", "intent", "emotion", "polarity", "spam", "genre", "tag", "stance"}
SPLITS = {"train": {"train", "training"}, "val": {"val", "validation", "valid", "dev", "development", "eval"},
          "test": {"test", "testing"}}
SPLIT_NAMES = {"split", "fold", "partition"}.union(*SPLITS.values())
FILLERS = {"is", "clean", "the", "data"}
LOOKED_AT = 5_000  # rows, from all over the file
LISTED = 30  # columns in a sentence


SEVERAL = "several labels in a cell ({}); here a text has one class: keep one label for each text"


@dataclass
class Table:
    """names: of the columns, numbers without a header. records: rows of fields. lines: where each row begins."""

    names: list
    records: list
    lines: list
    said: list  # what was assumed
    notes: list = field(default_factory=list)

    @property
    def has_header(self):
        return 0 not in self.names


def split_name(value):
    """"train", "val" or "test" for what people write instead of it, and None for anything else."""
    word = str(value).strip().casefold()
    return next((name for name, words in SPLITS.items() if word in words), None)


def _is_one_of(known, name):
    """True for "Review", "review_text", "reviewText", "sentence 2" and the like."""
    words = _words(name) - FILLERS
    return bool(words) and words <= known


def _words(name):
    return set(re.findall(r"[^\W\d_]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", str(name)).casefold()))


def has_names(cells, wanted=()):
    """True where these cells are surely a header: one names texts and another labels, or all `wanted` are there."""
    names = [str(cell).strip().casefold() for cell in cells]
    texts = any(_is_one_of(TEXTS | SHORT_TEXTS, cell) for cell in cells)
    labels = any(_is_one_of(LABELS, cell) for cell in cells)
    wanted = [name.strip().casefold() for name in wanted if isinstance(name, str)]
    return (texts and labels) or (bool(wanted) and all(name in names for name in wanted))


def is_header(records, wanted=()):
    """True unless the first record is data: it holds a number, or a value that also appears below, as labels do."""
    first, below = records[0], records[1 : 1 + LOOKED_AT]
    filled = [cell for cell in first if cell]
    if has_names(first, wanted) or not below or filled == list(map(str, range(len(filled)))):  # 0, 1, ... by pandas
        return True
    columns = list(zip(first, zip(*below, strict=True), strict=True))
    names_texts = any(_is_one_of(TEXTS, cell) and cell not in column for cell, column in columns)
    return names_texts or not any(is_number(cell) or (cell and cell in column) for cell, column in columns)


def is_number(cell):
    try:
        return not math.isnan(float(cell))
    except (TypeError, ValueError):
        return False


def find_columns(source, table, text=None, label=None):
    """The numbers of the columns that hold the texts, [2] or [1, 2], and the labels; any not named are guessed."""
    texts = text if isinstance(text, (list, tuple)) else [text]
    texts = [_column(source, table, "text", one) for one in texts if one is not None]
    labels = [_column(source, table, "label", label)] if label is not None else []
    some = table.records[:: max(1, len(table.records) // LOOKED_AT)]
    columns = [["" if cell is None else str(cell) for cell in column] for column in zip(*some, strict=True)]
    others = [number for number in range(len(table.names)) if number not in texts + labels]
    texts = texts or _named(source, table, others, "text", (TEXTS, SHORT_TEXTS))
    labels = labels or _named(source, table, [one for one in others if one not in texts], "label", (LABELS,))
    others = [number for number in others if number not in texts + labels]
    texts = texts or _like_texts(columns, others)
    labels = labels or _like_labels(columns, [number for number in others if number not in texts])
    for argument, found in (("text", texts), ("label", labels)):
        if not found or (len(found) > 1 and (argument == "label" or text is None)):
            raise DataError(f"{source}: it isn't clear which column holds the {argument}s. There is {_listed(table)}. "
                            "Say text=... and label=..., the name or number of a column; text=[..., ...] joins "
                            "several" + _about_header(table))
    for number in range(len(table.names)):
        filled = sum(bool(record[number]) for record in table.records) if table.names[number] == "" else 0
        if number not in texts + labels and 0 < filled < len(table.records) / 2:
            table.notes.append(f"column {number} has no name and is left out, but {plural(filled, 'row')} have a "
                               "value there: does a text continue?")
        answers = [record[number] for record in table.records] if table.names[number] == "answer" else []
        if "accept" in answers and (others := len(answers) - answers.count("accept")):
            table.notes.append(f"column 'answer' marks {plural(others, 'row')} as not accepted, but "
                               "they are kept; delete them if their labels are wrong")
    return texts, labels[0]


def find_split(source, table, split, used):
    """The split of each row, or None; by default from a column 'split', or an unused one that holds only splits."""
    if split is None:
        return None
    if split == "split" and split not in [str(name).strip().casefold() for name in table.names]:
        left_out = []
        for number, column in enumerate(zip(*table.records, strict=True)):
            if number in used:
                continue
            name = table.names[number]
            if len(parts := set(map(split_name, set(map(str, column))))) > 1 and None not in parts:
                table.notes.append(f"the split is in column {shown(name)} (split=None leaves it out)")
                return list(map(split_name, column))
            if _words(name) & SPLIT_NAMES and (advice := _split_in_words(name, column)):
                left_out.append(f"column {shown(name)} may be a split, but doesn't say train, val or test: it is left "
                                f"out.{advice}")
        table.notes += left_out
        return None
    number = _column(source, table, "split", split)
    parts = [split_name(record[number]) for record in table.records]
    if None in parts:
        wrong = parts.index(None)
        raise DataError(f"{source}, line {table.lines[wrong]}: the split is {shown(table.records[wrong][number])}; it "
                        "must be train, val or test, in all rows or in none (split=None leaves the column out)."
                        + _split_in_words(table.names[number], [record[number] for record in table.records]))
    return parts


def _split_in_words(name, column):
    """How to write train and test in place of a few other values; the last is test, as in "is_test", 0 and 1."""
    values = sorted(set(map(str, column)))
    if not 2 <= len(values) <= 10 or any(map(split_name, values)):
        return ""
    words = dict.fromkeys(values, "train") | {values[0 if str(name).casefold().endswith("train") else -1]: "test"}
    return f" With pandas, for example: frame[{name!r}] = frame[{name!r}].astype(str).map({words}), and save it."


def _about_header(table):
    if table.has_header:
        return "; header=None if the first line is data."
    return "; header=0 if the first line names the columns." if "no header" in table.said else "."


def _listed(table):
    names = [f"{number} {shown(name)}" if table.has_header else str(number) for number, name in enumerate(table.names)]
    columns = [f"{name} ({shown(value)})" for name, value in zip(names, table.records[0], strict=True)]
    return ", ".join(columns[:LISTED] + ["..."] * (len(columns) > LISTED))


def _column(source, table, argument, column):
    """The number of a column that was given by its name or number."""
    if isinstance(column, str):
        found = [number for number, name in enumerate(table.names) if name == column] or [
            number for number, name in enumerate(table.names)
            if isinstance(name, str) and name.strip().casefold() == column.strip().casefold()]
        if len(found) > 1:
            raise DataError(f"{source}: duplicate column {shown(column)}; rename or delete one, or say its number, "
                            f"{argument}={found[0]}.")
        if found:
            return found[0]
    else:
        try:
            number = operator.index(column)
        except TypeError:
            raise ValueError(f"{argument} is {column!r}; it has to be the name or the number of a column") from None
        if 0 <= number < len(table.names):
            return number
    raise DataError(f"{source}: there is no column {column!r}, only {_listed(table)}. Say {argument}=..., the name or "
                    f"number of one{_about_header(table)}")


def _named(source, table, numbers, argument, kinds):
    """The columns that have a usual name: the one called `argument` if it is there."""
    if not table.has_header:
        return []
    exact = [number for number in numbers if table.names[number].strip().casefold() == argument]
    if len(exact) > 1:
        _column(source, table, argument, argument)
    for known in ({argument}, *kinds):
        if found := exact or [number for number in numbers if _is_one_of(known, table.names[number])]:
            return found
    return []


def _like_texts(columns, numbers):
    """The column of different, long values, if one is at least twice as long as any other."""
    lengths = {}
    for number in numbers:
        values = columns[number]
        if len(set(values)) > len(values) / 3 and not all(is_number(value) for value in values[:100]):
            lengths[number] = sum(map(len, values))
    longest = sorted(lengths, key=lengths.get, reverse=True)
    return longest[:1] if len(longest) < 2 or lengths[longest[0]] >= 2 * lengths[longest[1]] else longest


def _like_labels(columns, numbers):
    """The columns of a few short values that recur, and are there in most rows."""
    def are_labels(values):
        return (2 <= len(set(values)) <= max(2, len(values) / 3) and sum(map(len, values)) < 40 * len(values)
                and sum(map(bool, values)) > len(values) / 2)

    return [number for number in numbers if are_labels(columns[number])]
