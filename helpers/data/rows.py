"""From what `load_csv` is given (a file, a folder, a file per class or split) to rows of text, label and split."""

import itertools
import re
from dataclasses import dataclass, field

from tqdm import tqdm

from helpers.data.columns import SEVERAL, Table, find_columns, find_split, split_name
from helpers.data.readers import LINE, DataError, as_path, decode, is_address, lines_of, plural, read_bytes, shown
from helpers.data.tables import read_tables

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}  # folders that are no class
SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass
class Rows:
    """The usable rows of `path`, a list for each field, and {reason: [line, ...]} of the others."""

    path: object
    texts: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    splits: list = field(default_factory=list)  # empty if the file has none
    lines: list = field(default_factory=list)
    files: list = field(default_factory=list)
    dropped: dict = field(default_factory=dict)
    warnings: list = field(default_factory=list)
    said: list = field(default_factory=list)  # what was assumed
    guessed: bool = False
    tokens: list = field(default_factory=list)  # of each text, from `tokenize_rows`

    def keep(self, kept, reason):
        """Drops the rows where `kept`, a list, is false."""
        for line, file, is_kept in zip(self.lines, self.files, kept, strict=True):
            if not is_kept:
                self.dropped.setdefault(reason + file, []).append(line)
        for name in ("texts", "labels", "splits", "lines", "files", "tokens"):
            setattr(self, name, list(itertools.compress(getattr(self, name), kept)))

    @property
    def n_dropped(self):
        return sum(map(len, self.dropped.values()))

    def raise_if_most_are_dropped(self):
        if self.n_dropped > len(self.labels):
            reason, lines = max(self.dropped.items(), key=lambda item: len(item[1]))
            raise DataError(f"{self.path}: {len(lines):,} of {self.n_dropped + len(self.labels):,} rows can't be used: "
                            f"{reason} ({lines_of(lines)}); is it the right column?")

    def read_as(self):
        advice = "; say sep=..., header=..., encoding=..., text=..., label=... if that is wrong" if self.guessed else ""
        return f"read as {', '.join(self.said)}{advice}"


def read_rows(path, how, text=None, label=None, split="split"):
    """Reads all rows; text, label, split: names or numbers of columns, None to find them. Raises DataError."""
    rows = Rows(path)
    tables = list(_tables(path, how, rows.warnings))
    for number, (source, part, table) in enumerate(tables):
        try:
            columns = find_columns(source, table, text, label)
        except DataError as error:
            if len(tables) == 1 or "label" not in str(error):
                raise
            raise DataError(f"{error} A file without labels can't be used: give only the path of the labelled one, and "
                            "it is split for you.") from None
        if number == 0:  # the other files have to be alike
            text, label = [table.names[one] for one in columns[0]], table.names[columns[1]]
            _say(rows, table, columns)
        else:
            rows.said += [words for words in table.said if words not in rows.said]
        file = f" in {source}" if len(tables) > 1 else ""
        splits = [part] * len(table.records) if part else find_split(source, table, split, [*columns[0], columns[1]])
        _add(rows, source, file, table, columns, splits or [])
        table.records.clear()
    for name in ("text", "label"):
        kept = [bool(value) and not value.isspace() for value in getattr(rows, f"{name}s")]
        rows.keep(kept, f"the {name} is empty")
    rows.raise_if_most_are_dropped()
    return rows


def _say(rows, table, columns):
    names = [shown(table.names[one]) if table.has_header else f"column {table.names[one]}"
             for one in (*columns[0], columns[1])]
    rows.guessed = bool(table.said) or names != ["'text'", "'label'"]
    rows.said = [*(table.said or ["comma separated"]), f"text in {' and '.join(names[:-1])}", f"label in {names[-1]}"]
    if not table.has_header:
        rows.said.append("columns counted from 0")


def _add(rows, source, file, table, columns, splits):
    """Appends the fields of a table."""
    def strings(column):
        return [record[column] if type(record[column]) is str and record[column].isascii()
                else _as_text(source, line, table.names[column], record[column])
                for line, record in zip(table.lines, table.records, strict=True)]

    texts, label = columns
    if several := [record[label] for record in table.records if isinstance(record[label], list)]:
        raise DataError(f"{source}: " + SEVERAL.format(shown(several[0])))
    joined = strings(texts[0]) if len(texts) == 1 else [
        " ".join(filter(None, map(str.strip, parts))) for parts in zip(*map(strings, texts), strict=True)]
    rows.texts += joined
    rows.labels += [value.strip() for value in strings(label)]
    rows.splits += splits
    rows.lines += table.lines
    rows.files += [file] * len(joined)
    rows.warnings += table.notes


def _as_text(source, line, column, value):
    """A field as a string. In JSON a number can be a label, and null or NaN is an empty text."""
    if value is None or value != value:  # only NaN differs from itself
        return ""
    if isinstance(value, (list, dict, bytes)):
        raise DataError(f"{source}, line {line}: {column!r} is {shown(value)}; it has to be one text per row.")
    value = str(value)
    if not value.isascii() and SURROGATES.search(value):
        raise DataError(f"{source}, line {line}: {column!r} holds half of a character (a lone surrogate); fix it.")
    return value


# What else `load_csv` accepts.


def _tables(path, how, notes):
    """Yields (source, split or None, table)."""
    if isinstance(path, (tuple, list)):
        yield path[0], None, _two_files(path, how)
    elif isinstance(path, dict):
        if all(map(split_name, path)):
            for name, one in path.items():
                for source, _, table in _tables(one, how, notes):
                    yield source, split_name(name) if len(path) > 1 else None, table
        else:
            for name, one in path.items():
                yield one, None, _one_class(one, str(name), how)
    elif not is_address(path) and as_path(path).is_dir():
        yield from _tables(_in_folder(as_path(path), notes), how, notes)
    else:
        for part, table in read_tables(path, how).items():
            yield path, part, table


def _in_folder(folder, notes):
    """{class or split: path} of what a folder holds."""
    inside = [one for one in sorted(folder.iterdir()) if not one.name.startswith((".", "__MACOSX"))]
    folders, files = [one for one in inside if one.is_dir()], [one for one in inside if one.is_file()]
    if len(folders) == 1 and not files:  # as archives are unpacked
        return _in_folder(folders[0], notes)
    chosen = [one for one in folders if split_name(one.name)]
    if len(chosen) < 2:
        chosen = [one for one in folders if one.name.casefold() not in UNLABELLED and _files_below(one)]
    if len(chosen) > 1:
        if left_out := [one.name for one in folders if one not in chosen]:
            notes.append(f"folders left out, empty or without labels: {', '.join(left_out)}; to use one, pass "
                         "{'a class': path, ...}")
        return {one.name: one for one in chosen}
    parts = {split_name(one.stem): one for one in files if split_name(one.stem)}
    if len(parts) > 1 and len(parts) == sum(bool(split_name(one.stem)) for one in files):
        return parts
    names = ", ".join([one.name for one in inside][:10]) or "nothing"
    raise DataError(f"{folder}: this folder has no folders for classes; it holds {names}. Give the path "
                    "of a file in it, {'train': path, 'test': path}, or {'a class': path, 'another': path}.")


def _files_below(folder):
    return [one for one in sorted(folder.rglob("*")) if one.is_file() and not one.name.startswith(".")]


def _one_class(source, label, how):
    """The texts of a class: the lines of a file, or the files of a folder."""
    path = as_path(source)
    if not path.is_dir():
        table = _lines(source, how)
        kept = [number for number, (text,) in enumerate(table.records) if text.strip()]
        return Table(["text", "label"], [[*table.records[number], label] for number in kept],
                     [table.lines[number] for number in kept], ["a text in each line", *table.said], table.notes)
    table = Table(["text", "label"], [], [], ["a text in each file"])
    for number, one in enumerate(tqdm(_files_below(path), desc=f"reading {path}", delay=2, leave=False), start=1):
        text, encoding, notes = decode(one, read_bytes(one), how.encoding)
        table.records.append([text, label])
        table.lines.append(number)
        table.notes += [note for note in notes if note not in table.notes]
        table.said += [encoding] if encoding not in ("utf-8", *table.said) else []
    return table


def _lines(source, how):
    """The lines of a file, as a table of one column."""
    text, encoding, notes = decode(source, read_bytes(source), how.encoding)
    records = [[found.group().rstrip("\r\n")] for found in LINE.finditer(text)]
    return Table(["text"], records, range(1, len(records) + 1), [encoding] if encoding != "utf-8" else [], notes)


def _two_files(paths, how):
    if len(paths) != 2:
        raise ValueError(f"path is a list of {plural(len(paths), 'path')}; it has to be two, (texts, labels)")
    texts, labels = (_lines(path, how) for path in paths)
    if len(texts.records) != len(labels.records):
        raise DataError(f"{paths[0]}: {len(texts.records):,} lines of texts, but {len(labels.records):,} of labels in "
                        f"{paths[1]}; the numbers must match.")
    records = [text + label for text, label in zip(texts.records, labels.records, strict=True)]
    return Table(["text", "label"], records, texts.lines, ["texts and labels from two files", *texts.said],
                 texts.notes + labels.notes)
