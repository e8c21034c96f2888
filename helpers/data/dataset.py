"""`load_csv`: from a file to tensors.

`readers` -> `tables` -> `columns` -> `rows` read it, `tokens` and `splits` make tensors of it, `quality` reports.
"""

import numbers
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from helpers.data.columns import is_number
from helpers.data.quality import QualityReport, check_quality, refuse_several_labels
from helpers.data.readers import DataError, file_name, shown
from helpers.data.rows import read_rows
from helpers.data.splits import draw_by_class, settle_rare, split_rows
from helpers.data.tables import How
from helpers.data.tokens import PAD, UNKNOWN, build_vocabulary, encode, tokenize_rows

DATA_DIR = Path(__file__).resolve().parents[2] / "data"
CARD_HANDS = DATA_DIR / "card_hands.csv"
MESSAGES = DATA_DIR / "messages.csv"

LONGEST = 1_000  # tokens; longer texts are cut there unless max_length says otherwise


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
        return encode([self.tokenize(text) for text in texts], self.vocab, self.max_length)

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

        limit: at most this many rows each of the training and the validation part, drawn by class; each class keeps
            a row while there is room. The test part stays whole: with fewer rows its score would be less certain.
        min_count: tokens that are rarer in the reduced training part are unknown.
        """
        parts = {"train": (self.x_train, self.y_train), "val": (self.x_val, self.y_val), "test": self._test}
        for name, (x, y) in parts.items():
            rows = draw_by_class(y.numpy(), np.arange(len(y)), None if name == "test" else limit, seed)
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
        """A summary in one line. Of more than ten classes, the five most frequent and the rarest are named.

        How the file was read, and which rows were dropped, is in `quality.report()`.
        """
        y_test = self._test[1]
        counts = torch.bincount(self.y_train, minlength=self.n_classes) / len(self.y_train)
        shares = [f"{name} {share:.1%}" for name, share in zip(self.classes, counts.tolist(), strict=True)]
        if self.n_classes > 10:
            shares = [shares[number] for number in counts.argsort(descending=True, stable=True).tolist()]
            shares = [*shares[:5], "...", shares[-1]]
        unknown = (self.x_val == UNKNOWN).sum() / (self.x_val != PAD).sum()
        lengths = (self.x_train != PAD).sum(dim=1)
        return (
            f"{self.name}: {len(self.y_train):,} train, {len(self.y_val):,} val, {len(y_test):,} test rows; "
            f"{self.n_classes} classes ({', '.join(shares)}); vocabulary {len(self.vocab):,}; "
            f"length {lengths.min()} to {lengths.max()} tokens; unknown tokens in val {unknown:.1%}"
        )


def load_csv(path, tokenize=None, max_length=None, limit=None, seed=0, text=None, label=None, vocab_size=None,
             min_count=1, *, sep=None, encoding=None, header="infer", names=None, quoting=None, quotechar='"',
             label_from=None, rare="refuse", split="split"):
    """Reads texts and labels into a `SequenceData`. Arguments left out are guessed; see `data.quality.read_as`.

    path: of a file (a table, JSON, Parquet, Excel, compressed or not) or its http(s) address; of a folder with a folder
        for each class; {class: path}; {"train": path, "val": path, "test": path}; or (path of texts, path of labels).
    tokenize: turns a text into a list of tokens; the default splits on white space or, where texts have none, into
        characters.
    max_length: longer texts are cut; the default is the longest of the training part, at most 1,000 tokens.
    limit: use at most this many rows of each part, drawn by class; no class is lost in the training part.
    seed: of the draws; a file without a split is split 60 : 20 : 20 by class, the same texts in the same part.
    text, label: the name or number of a column; `text` may be a list of those, which are joined.
    vocab_size, min_count: keep at most this many tokens, the most frequent of the training part, and only those that
        occur this often there; others are unknown.
    sep, encoding, header, names, quoting, quotechar: as in pandas. label_from: "prefix" if lines begin with labels.
    rare: what to do with classes of fewer than 5 different texts, "refuse", "drop" or "merge".
    split: the column that holds train, val or test, or None. Raises DataError, or ValueError for a wrong argument.
    """
    _check({"max_length": max_length, "limit": limit, "vocab_size": vocab_size, "min_count": min_count},
           {"header": (header, ("infer", None, 0)), "label_from": (label_from, (None, "prefix")),
            "rare": (rare, ("refuse", "drop", "merge")), "quoting": (quoting, (None, 0, 1, 2, 3))})
    how = How(sep, encoding, header, names, quoting, quotechar, label_from, (text, label))
    rows = read_rows(path, how, text, label, split)
    tokenize = tokenize_rows(rows, tokenize)
    refuse_several_labels(rows)
    settle_rare(rows, rare)
    texts, _ = pd.factorize(pd.Series(rows.tokens))
    classes, codes = _number_classes(rows)
    parts = split_rows(rows, codes, texts, seed)
    quality = check_quality(codes, texts, rows, parts, classes)
    parts = _limit(codes, parts, limit, seed, rows.warnings)
    tokens = {name: [rows.tokens[row] for row in part] for name, part in parts.items()}
    vocab = build_vocabulary(tokens["train"], vocab_size, min_count)
    if not vocab:
        rows.warnings.append(f"no token occurs {min_count} times in the training part: all are unknown")
    max_length = max_length or _longest(rows.tokens, tokens["train"], rows.warnings)
    x = {name: encode(words, vocab, max_length) for name, words in tokens.items()}
    y = {name: torch.from_numpy(codes[part]) for name, part in parts.items()}
    return SequenceData(_name(path), classes, vocab, max_length, x["train"], y["train"], x["val"], y["val"],
                        quality=quality, tokenize=tokenize, _test=(x["test"], y["test"]))


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


def _number_classes(rows):
    """The classes in order, and the number of the class of each row."""
    classes = sorted(set(rows.labels), key=_natural)
    if len(classes) < 2:
        raise DataError(f"{rows.path}: the label holds only {shown(*classes or [''])}; a classifier needs at least two "
                        "classes.")
    number_of = {name: number for number, name in enumerate(classes)}
    return classes, np.array([number_of[label] for label in rows.labels])


def _limit(codes, parts, limit, seed, warnings):
    """At most `limit` rows of each part; in the training part at least one of each class."""
    n_classes = int(codes.max()) + 1
    if limit is not None and limit < n_classes:
        warnings.append(f"limit={limit} is less than the {n_classes} classes: the training part has one row of each")
    return {name: draw_by_class(codes, part, limit and max(limit, n_classes * (name == "train")), seed)
            for name, part in parts.items()}


def _longest(tokens, train, warnings):
    """The default number of tokens after which texts are cut; warns if any is longer."""
    longest = max(map(len, tokens))
    if longest > LONGEST:
        warnings.append(f"the longest text has {longest:,} tokens; texts are cut after {LONGEST:,} "
                        "(max_length=... sets another length)")
    return min(max(map(len, train)), LONGEST)


def _natural(label):
    """Sorts numbers as numbers (2 before 10), and everything else as words after them."""
    return (0, float(label), label) if is_number(label) else (1, 0.0, label)


def _name(path):
    """The name of a data set: of its file, or of the folder that holds its files."""
    if not isinstance(path, (dict, tuple, list)):
        return Path(file_name(path)).stem
    first = next(iter(path.values() if isinstance(path, dict) else path))
    return _name(first) if isinstance(first, (dict, tuple, list)) else Path(first).parent.name or Path(first).stem


def _check(sizes, choices):
    for name, size in sizes.items():
        if size is not None and not (isinstance(size, numbers.Integral) and size > 0):
            raise ValueError(f"{name} is {size!r}; it has to be a whole number above 0, or left out.")
    for name, (choice, known) in choices.items():
        if choice not in known or isinstance(choice, bool):
            raise ValueError(f"{name} is {choice!r}; it has to be one of {', '.join(map(repr, known))}.")
