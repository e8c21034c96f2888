"""From what `load_csv` is given (a file, a folder, a file per class or split) to rows of text, label and split."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from helpers.data.columns import find_columns, split_name
from helpers.data.readers import DataError, decode, file_name, is_address, lines_of, plural, read_bytes, shown
from helpers.data.tables import LINE, SEVERAL, Table, read_tables

MANY_LINES = 50  # a text of more lines may be a missing quotation mark
SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass
class Rows:
    """The usable rows, a list for each field, and {reason: [line, ...]} of the others."""

    texts: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    splits: list = field(default_factory=list)  # empty if the file has none
    lines: list = field(default_factory=list)
    files: list = field(default_factory=list)
    dropped: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    said: list = field(default_factory=list)  # what was assumed
    guessed: bool = False

    def keep(self, kept, reason):
        """Drops the rows where `kept` is false."""
        for line, file, stays in zip(self.lines, self.files, kept, strict=True):
            if not stays:
                self.dropped.setdefault(reason + file, []).append(line)
        for name in ("texts", "labels", "splits", "lines", "files"):
            values = getattr(self, name)
            setattr(self, name, [value for value, stays in zip(values, kept, strict=True) if stays] if values else [])

    @property
    def n_dropped(self):
        return sum(map(len, self.dropped.values()))

    def read_as(self):
        advice = "; say sep=..., header=..., encoding=..., text=..., label=... if that is wrong" if self.guessed else ""
        return f"read as {', '.join(self.said)}{advice}"


def read_rows(path, how, text=None, label=None, split="split"):
    """Reads all rows; text, label, split: names or numbers of columns, None to find them. Raises DataError."""
    tables = list(_tables(path, how))
    rows = Rows()
    for number, (source, part, table) in enumerate(tables):
        columns = find_columns(source, table, text, label)
        if number == 0:  # the other files have to be alike
            text, label = ([table.names[one] for one in columns[0]], table.names[columns[1]])
            _say(rows, table, columns)
        else:
            rows.said += [words for words in table.said if words not in rows.said]
        file = f" in {source}" if len(tables) > 1 else ""
        _add(rows, source, file, table, columns, part or _split_column(source, table, split))
        table.records.clear()
    for reason in ("text", "label"):
        kept = [bool(value) and not value.isspace() for value in getattr(rows, reason + "s")]
        if not all(kept):
            name = (text[0] if reason == "text" and len(text) == 1 else label if reason == "label" else reason)
            rows.keep(kept, f"the {name if isinstance(name, str) else reason} is empty")
    raise_if_most_are_dropped(path, rows)
    return rows


def raise_if_most_are_dropped(path, rows):
    if rows.n_dropped <= len(rows.texts):
        return
    reason, lines = max(rows.dropped.items(), key=lambda item: len(item[1]))
    raise DataError(f"{path}: of {rows.n_dropped + len(rows.texts):,} rows {len(lines):,} can't be used, {reason} "
                    f"({lines_of(lines)}); is it the right column?")


def _say(rows, table, columns):
    names = [shown(table.names[one]) if table.has_header else f"column {table.names[one]}"
             for one in (*columns[0], columns[1])]
    rows.guessed = bool(table.said) or names != ["'text'", "'label'"]
    rows.said = [*(table.said or ["comma separated"]), f"text in {' and '.join(names[:-1])}", f"label in {names[-1]}"]
    if not table.has_header:
        rows.said.append("columns counted from 0")


def _add(rows, source, file, table, columns, splits):
    """Appends the fields of a table."""
    texts, label = columns
    def strings(column):
        name = table.names[column]
        return [record[column] if type(record[column]) is str and record[column].isascii()
                else _as_text(source, line, name, record[column])
                for line, record in zip(table.lines, table.records, strict=True)]

    joined = [strings(column) for column in texts]
    joined = joined[0] if len(joined) == 1 else [
        " ".join(filter(None, map(str.strip, parts))) for parts in zip(*joined, strict=True)]
    rows.texts += joined
    of_label = [record[label] for record in table.records]
    if several := [value for value in of_label if isinstance(value, list)]:
        raise DataError(f"{source}: " + SEVERAL.format(shown(several[0])))
    rows.labels += [value.strip() for value in strings(label)]
    rows.splits += splits if isinstance(splits, list) else [splits] * len(joined) if splits else []
    rows.lines += table.lines
    rows.files += [file] * len(joined)
    rows.notes += table.notes
    for line, value in zip(table.lines, joined, strict=True):
        if "\n" in value and (n_lines := value.count("\n") + 1) > MANY_LINES and file_name(source):
            rows.notes.append(f"the text in line {line:,} spans {n_lines:,} lines; is a quotation mark missing?")


def _split_column(source, table, split):
    """The split of each row, or None if there is no such column."""
    names = [str(name).strip().casefold() for name in table.names]
    if split is None or (split == "split" and (not table.has_header or "split" not in names)):
        return None
    if isinstance(split, str) and split.strip().casefold() not in names:
        raise DataError(f"{source}, line {table.line}: there is no column {split!r} for split=...; only "
                        f"{', '.join(map(shown, table.names))}.")
    number = names.index(split.strip().casefold()) if isinstance(split, str) else split
    parts = [split_name(record[number]) for record in table.records]
    if None in parts:
        wrong = parts.index(None)
        raise DataError(f"{source}, line {table.lines[wrong]}: the split is {shown(table.records[wrong][number])}; it "
                        "must be train, val or test, in all rows or in none (split=None leaves the column out).")
    return parts


def _as_text(source, line, column, value):
    """A field as a string. In JSON a number can be a label, and null or NaN is an empty text."""
    if value is None or value != value:  # only NaN differs from itself
        return ""
    if isinstance(value, (list, dict)):
        raise DataError(f"{source}, line {line}: {column!r} is {shown(value)}; it has to be a text.")
    value = str(value)
    if not value.isascii() and SURROGATES.search(value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); fix it.")
    return value


# What `load_csv` may be given beside one file.


def _tables(path, how):
    """Yields (source, split or None, table)."""
    if isinstance(path, (tuple, list)):
        yield path[0], None, _two_files(path, how)
    elif isinstance(path, dict):
        parts = [split_name(name) for name in path]
        if all(parts):
            for part, one in zip(parts, path.values(), strict=True):
                for source, _, table in _tables(one, how):
                    yield source, part if len(path) > 1 else None, table
        else:
            for name, one in path.items():
                yield one, None, _one_class(one, str(name), how)
    elif not is_address(path) and Path(path).expanduser().is_dir():
        yield from _tables(_in_folder(Path(path).expanduser()), how)
    else:
        for part, table in read_tables(path, how).items():
            yield path, part, table


def _in_folder(folder):
    """{class or split: path} of what a folder holds."""
    inside = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    folders = {one.name: one for one in inside if one.is_dir()}
    files = {one.stem if split_name(one.stem) else one.name: one for one in inside if one.is_file()}
    for found in (folders, files):
        if len(parts := {name: one for name, one in found.items() if split_name(name)}) > 1:
            return parts
    if len(folders) > 1:
        return folders
    names = ", ".join(list(files)[:10]) or "nothing"
    raise DataError(f"{folder}: this is a folder, and none for each class in it; it holds {names}. Give the path "
                    "of a file in it, or {'a class': path, 'another': path}.")


def _lines_of_text(source, how):
    text, encoding, notes = decode(source, read_bytes(source), how.encoding)
    lines = [found.group().rstrip("\r\n") for found in LINE.finditer(text)]
    return lines, notes, [encoding] if encoding != "utf-8" else []


def _one_class(source, label, how):
    """The texts of a class: the lines of a file, or the files of a folder."""
    path = Path(source).expanduser()
    if path.is_dir():
        texts, notes, said = [], [], ["a text in each file"]
        for one in sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")):
            text, encoding, found = decode(one, read_bytes(one), how.encoding)
            texts.append(text)
            notes += found
            said += [encoding] if encoding not in ("utf-8", *said) else []
        lines = range(1, len(texts) + 1)
    else:
        texts, notes, encoding = _lines_of_text(source, how)
        said = ["a text in each line", *encoding]
        lines = [line for line, text in enumerate(texts, start=1) if text.strip()]
        texts = [text for text in texts if text.strip()]
    return Table(["text", "label"], [[text, label] for text in texts], list(lines), said=said, notes=notes)


def _two_files(paths, how):
    if len(paths) != 2:
        raise ValueError(f"path is a list of {plural(len(paths), 'path')}; it has to be two, (texts, labels)")
    (texts, notes, said), (labels, more, _) = (_lines_of_text(path, how) for path in paths)
    if len(texts) != len(labels):
        raise DataError(f"{paths[0]}: {len(texts):,} lines of texts, but {len(labels):,} of labels in {paths[1]}; they "
                        "must be equally many.")
    return Table(["text", "label"], list(map(list, zip(texts, labels, strict=True))), list(range(1, len(texts) + 1)),
                 said=["texts and labels from two files", *said], notes=notes + more)
