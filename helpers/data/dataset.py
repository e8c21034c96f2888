"""From a file to tensors: splitting, vocabulary, encoding. `readers` reads the rows.

The file has a `text` and a `label` column and, optionally, a `split` column that holds train, val or test.
"""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from helpers.data.quality import QualityReport, check_quality, lines_of
from helpers.data.readers import SPLITS, DataError, file_name, plural, read_rows, shown

DATA_DIR = Path(__file__).resolve().parents[2] / "data"
CARD_HANDS = DATA_DIR / "card_hands.csv"
MESSAGES = DATA_DIR / "messages.csv"

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}  # if the file has no split column
MIN_ROWS = 5  # different texts that a class needs, so that each part gets at least one
LONGEST = 1_000  # tokens; longer texts are cut there unless max_length says otherwise
PAD, UNKNOWN = 0, 1


@dataclass
class SequenceData:
    """Texts as token ids, ready for training.

    x_train, x_val: (rows, max_length) int64 token ids; 0 is padding, 1 a token that is not in the vocabulary.
    y_train, y_val: (rows,) int64 class numbers, indices into `classes`.
    The test part has to be asked for: `unlock_test()`.
    """

    name: str
    classes: list
    vocab: dict
    max_length: int
    x_train: torch.Tensor
    y_train: torch.Tensor
    x_val: torch.Tensor
    y_val: torch.Tensor
    quality: QualityReport
    tokenize: callable = field(repr=False)
    _test: tuple = field(repr=False)
    test_openings: int = 0

    @property
    def vocab_size(self):
        """The number of token ids, including the two reserved ones."""
        return len(self.vocab) + 2

    @property
    def n_classes(self):
        return len(self.classes)

    def encode(self, texts):
        """Turns a list of texts into token ids, (len(texts), max_length)."""
        return _encode([self.tokenize(text) for text in texts], self.vocab, self.max_length)

    def unlock_test(self):
        """Returns the test part, (x_test, y_test), and counts how often."""
        self.test_openings += 1
        if self.test_openings > 1:
            print(
                f"The test part of {self.name} has now been opened {self.test_openings} times. "
                "Any choice made by looking at it inflates its score."
            )
        return self._test

    def reduced(self, max_length=None, min_count=1, limit=None, seed=0):
        """The same data, smaller, without reading the file again: shorter texts, fewer tokens, fewer rows.

        limit: at most so many rows of each part, drawn by class, so that each class keeps a row while there is room.
        min_count: tokens that are rarer in what is left of the training part are unknown.
        """
        parts = {"train": (self.x_train, self.y_train), "val": (self.x_val, self.y_val), "test": self._test}
        for name, (x, y) in parts.items():
            rows = _draw(y, limit, seed) if limit and limit < len(y) else slice(None)
            parts[name] = x[rows, :max_length], y[rows]
        counts = torch.bincount(parts["train"][0].flatten(), minlength=self.vocab_size)
        counts[[PAD, UNKNOWN]] = 0
        kept = counts.ge(min_count).nonzero().flatten()
        number_of = torch.full((self.vocab_size,), UNKNOWN)
        number_of[PAD] = PAD
        number_of[kept] = torch.arange(2, 2 + len(kept))
        vocab = {token: int(number_of[number]) for token, number in self.vocab.items() if number_of[number] > UNKNOWN}
        parts = {name: (number_of[x], y) for name, (x, y) in parts.items()}
        (x_train, y_train), (x_val, y_val) = parts["train"], parts["val"]
        return replace(self, vocab=vocab, max_length=x_train.shape[1], x_train=x_train, y_train=y_train, x_val=x_val,
                       y_val=y_val, _test=parts["test"])

    def describe(self):
        """A summary in one line."""
        y_test = self._test[1]
        counts = torch.bincount(self.y_train, minlength=self.n_classes) / len(self.y_train)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(self.classes, counts.tolist(), strict=True))
        unknown = (self.x_val == UNKNOWN).sum() / (self.x_val != PAD).sum()
        lengths = (self.x_train != PAD).sum(dim=1)
        dropped = [f"; {len(lines):,} of {self.quality.rows_read:,} rows dropped: {reason} ({lines_of(lines)})"
                   for reason, lines in self.quality.dropped.items()]
        return (
            f"{self.name}: {len(self.y_train):,} train, {len(self.y_val):,} val, {len(y_test):,} test rows; "
            f"{self.n_classes} classes ({shares}); vocabulary {len(self.vocab):,}; "
            f"length {lengths.min()} to {lengths.max()} tokens; unknown tokens in val {unknown:.1%}{''.join(dropped)}"
        )


def load_csv(path, tokenize=str.split, max_length=None, limit=None, seed=0, text="text", label="label",
             vocab_size=None, min_count=1):
    """Reads a file of texts and labels into a `SequenceData`.

    path: of a CSV, TSV or JSON lines file, packed with gzip or not, or its http(s) address.
    tokenize: turns a text into a list of tokens; the default splits on white space, `list` gives characters.
    max_length: longer texts are cut; the default is the longest text of the training part, at most 1,000.
    limit: use only the first `limit` rows of each part.
    seed: of the split, if the file has no `split` column (60 % train, 20 % val, 20 % test, by class; rows with the
        same text stay together).
    text, label: the names of the columns.
    vocab_size: keep only this many tokens, the most frequent of the training part (not counting the two reserved ids);
    min_count: keep only tokens that occur at least this often there. All others are unknown.
    Raises DataError if the file can't be used.
    """
    _check_sizes(max_length=max_length, limit=limit, vocab_size=vocab_size, min_count=min_count)
    rows, tokens, dropped, notes = _read(path, tokenize, text, label)
    keys, labels = [tuple(words) for words in tokens], [row.label for row in rows]
    classes = _classes(path, label, labels)
    parts = _split(path, rows, keys, classes, seed)
    quality = check_quality(labels, keys, dropped, parts, classes)
    quality.warnings += notes
    parts = {name: part[:limit] for name, part in parts.items()}
    vocab = _vocabulary((tokens[index] for index in parts["train"]), vocab_size, min_count)
    if not vocab:
        quality.warnings.append(f"no token occurs {min_count} times in the training part: all are unknown")
    max_length = max_length or _longest(tokens, parts["train"], quality.warnings)
    number_of = {name: number for number, name in enumerate(classes)}
    x = {name: _encode([tokens[index] for index in part], vocab, max_length) for name, part in parts.items()}
    y = {name: torch.tensor([number_of[labels[index]] for index in part]) for name, part in parts.items()}
    return SequenceData(Path(file_name(path)).stem, classes, vocab, max_length, x["train"], y["train"], x["val"],
                        y["val"], quality=quality, tokenize=tokenize, _test=(x["test"], y["test"]))


class LazyData:
    """`load_csv(path, **options)`, called at the first use: creating it reads nothing."""

    def __init__(self, path, **options):
        self._path, self._options, self._data = path, options, None

    def __getattr__(self, name):
        if name.startswith("_"):  # copying and pickling ask for these before _path is set
            raise AttributeError(name)
        if self._data is None:
            self._data = load_csv(self._path, **self._options)
        return getattr(self._data, name)


def _read(path, tokenize, text, label):
    """The usable rows, their tokens, the lines of the other rows, {reason: [line, ...]}, and notes."""
    rows, dropped, notes = read_rows(path, text, label)
    tokens = [_tokens(path, row, tokenize) for row in rows]
    if nothing := [row.line for row, words in zip(rows, tokens, strict=True) if not words]:
        dropped["the text has no tokens"] = nothing
        rows = [row for row, words in zip(rows, tokens, strict=True) if words]
        tokens = [words for words in tokens if words]
    n_dropped = sum(map(len, dropped.values()))
    if n_dropped > len(rows):
        reason, lines = max(dropped.items(), key=lambda item: len(item[1]))
        raise DataError(f"{path}: of {n_dropped + len(rows):,} rows {len(lines):,} can't be used, {reason} "
                        f"({lines_of(lines)}); is it the right column?")
    return rows, tokens, dropped, notes


def _classes(path, column, labels):
    classes = list(dict.fromkeys(sorted(labels, key=_natural)))
    if len(classes) < 2:
        raise DataError(f"{path}: the column {column!r} holds only {shown(classes[0])}; a classifier needs at least "
                        "two classes.")
    return classes


def _longest(tokens, train, warnings):
    """The default number of tokens after which texts are cut; warns if any is longer."""
    longest = max(map(len, tokens))
    if longest > LONGEST:
        warnings.append(f"the longest text has {longest:,} tokens; texts are cut after {LONGEST:,} "
                        "(max_length=... sets another length)")
    return min(max(len(tokens[index]) for index in train), LONGEST)


def _natural(label):
    """Sorts numbers as numbers (2 before 10), and everything else as words after them."""
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    return (1, 0.0, label) if math.isnan(number) else (0, number, label)


def _tokens(path, row, tokenize):
    try:
        tokens = tokenize(row.text)
    except Exception as error:
        raise DataError(f"{path}, line {row.line}: tokenize fails on {shown(row.text)} ({error!r}).") from error
    if not isinstance(tokens, (list, tuple)) or not all(isinstance(token, str) for token in tokens):
        raise DataError(f"{path}, line {row.line}: tokenize returns {shown(tokens)} for {shown(row.text)}; it has "
                        "to return a list of strings.")
    return tokens


def _check_sizes(**sizes):
    for name, size in sizes.items():
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"{name} is {size!r}; it has to be a whole number above 0, or left out.")


def _split(path, rows, keys, classes, seed):
    """The row numbers of each part: {"train": [...], "val": [...], "test": [...]}."""
    if rows[0].split is None:
        return _draw_split(path, rows, keys, classes, seed)
    parts = {name: [index for index, row in enumerate(rows) if row.split == name] for name in SPLITS}
    for name, part in parts.items():
        if not part:
            raise DataError(f"{path}: no row has the split {name!r}; mark some, or leave the column out and the rows "
                            "are split for you.")
    missing = set(classes) - {rows[index].label for index in parts["train"]}
    if missing:
        raise DataError(f"{path}: the class {shown(min(missing))} has no row in the split 'train'; move some there.")
    return parts


def _draw_split(path, rows, keys, classes, seed):
    """Splits by class; rows with the same tokens stay together, so that no text leaks from training to test."""
    same = {}
    for index, key in enumerate(keys):
        same.setdefault(key, []).append(index)
    groups = list(same.values())
    labels = [rows[group[0]].label for group in groups]
    counts = Counter(labels)
    rarest = min(classes, key=lambda name: counts[name])
    if counts[rarest] < MIN_ROWS:
        many = len(classes) > len(rows) / MIN_ROWS
        advice = ("Is it a number to predict, or an identifier? Then make classes of it (low, high)." if many else
                  "Add rows, or merge it with another class.")
        raise DataError(f"{path}: the class {shown(rarest)} has {plural(counts[rarest], 'different text')}; at least "
                        f"{MIN_ROWS} are needed to split them into train, val and test. {advice}")
    from sklearn.model_selection import train_test_split  # here, since scikit-learn takes long to import

    train, rest = train_test_split(range(len(groups)), train_size=SHARES["train"], stratify=labels, random_state=seed)
    rest_labels = [labels[index] for index in rest]
    val, test = train_test_split(rest, train_size=0.5, stratify=rest_labels, random_state=seed)
    return {name: [index for group in part for index in groups[group]]
            for name, part in zip(SPLITS, (train, val, test), strict=True)}


def _draw(y, limit, seed):
    """The numbers of `limit` rows, in order: of each class its share, and at least one while there is room."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    labels = pd.Series(y.numpy()[shuffled])
    place = labels.groupby(labels).cumcount() / labels.map(labels.value_counts())  # 0 for the first row of a class
    return np.sort(shuffled[np.argsort(place.to_numpy(), kind="stable")[:limit]])


def _vocabulary(texts, size, min_count):
    """Numbers the tokens of the training part from 2 up, the most frequent first."""
    counts = Counter(token for words in texts for token in words)
    frequent = [token for token, count in counts.items() if count >= min_count]
    ordered = sorted(frequent, key=lambda token: (-counts[token], token))
    return {token: number for number, token in enumerate(ordered[:size], start=2)}


def _encode(texts, vocab, max_length):
    ids = np.full((len(texts), max_length), PAD)
    for row, words in enumerate(texts):
        numbers = [vocab.get(word, UNKNOWN) for word in words[:max_length]]
        ids[row, : len(numbers)] = numbers
    return torch.from_numpy(ids)
