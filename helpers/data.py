"""From a CSV file to tensors: reading, splitting, vocabulary, encoding.

The file has a `text` and a `label` column and, if you like, a `split` column that holds train, val or test.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

DATA_DIR = Path(__file__).resolve().parent.parent / "data"
CARD_HANDS = DATA_DIR / "card_hands.csv"
MESSAGES = DATA_DIR / "messages.csv"

SPLITS = ("train", "val", "test")
SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}  # where the file has no split column
MIN_ROWS = 5  # a class needs as many, so that each part gets at least one
PAD, UNKNOWN = 0, 1


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


@dataclass
class SequenceData:
    """Texts as token ids, ready for training.

    x_train, x_val: (rows, max_length) int64 token ids, 0 where padded, 1 for a token not seen in training.
    y_train, y_val: (rows,) int64 class numbers, the places in `classes`.
    The test part is there too, but has to be asked for: `unlock_test()`.
    """

    name: str
    classes: list
    vocab: dict
    max_length: int
    x_train: torch.Tensor
    y_train: torch.Tensor
    x_val: torch.Tensor
    y_val: torch.Tensor
    tokenize: callable = field(repr=False)
    _test: tuple = field(repr=False)
    test_openings: int = 0

    @property
    def vocab_size(self):
        """The number of token ids, the two reserved ones included."""
        return len(self.vocab) + 2

    @property
    def n_classes(self):
        return len(self.classes)

    def encode(self, texts):
        """Turns a list of texts into token ids, (len(texts), max_length)."""
        return _encode([self.tokenize(text) for text in texts], self.vocab, self.max_length)

    def unlock_test(self):
        """Hands out the test part, (x_test, y_test), and counts how often it did."""
        self.test_openings += 1
        if self.test_openings > 1:
            print(
                f"The test part of {self.name} has now been opened {self.test_openings} times. "
                "Whatever you choose by looking at it makes its score too good."
            )
        return self._test

    def describe(self):
        """One line on what was made of the file."""
        y_test = self._test[1]
        counts = torch.bincount(self.y_train, minlength=self.n_classes) / len(self.y_train)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(self.classes, counts.tolist(), strict=True))
        unknown = (self.x_val == UNKNOWN).sum() / (self.x_val != PAD).sum()
        lengths = (self.x_train != PAD).sum(dim=1)
        return (
            f"{self.name}: {len(self.y_train):,} train, {len(self.y_val):,} val, {len(y_test):,} test rows; "
            f"{self.n_classes} classes ({shares}); vocabulary {len(self.vocab):,}; "
            f"length {lengths.min()} to {lengths.max()} tokens; unknown tokens in val {unknown:.1%}"
        )


def load_csv(path, tokenize=str.split, max_length=None, limit=None, seed=0):
    """Reads a CSV file with a `text` and a `label` column into a `SequenceData`.

    tokenize: turns a text into a list of tokens; the default splits on white space.
    max_length: longer texts are cut there; the default is the longest text of the training part.
    limit: use only so many rows of each part, the first ones.
    seed: of the split, where the file has no `split` column (60 % train, 20 % val, 20 % test, by class).
    Raises DataError if the file can't be used.
    """
    path = Path(path)
    rows = _read_rows(path)
    labels = [label for _, label, _ in rows]
    classes = list(dict.fromkeys(sorted(labels, key=_natural)))
    if len(classes) < 2:
        raise DataError(
            f"{path}: the column 'label' holds only {classes[0]!r}; a classifier needs at least two classes."
        )
    parts = _split(path, rows, seed)
    tokens = {
        name: [(tokenize(rows[index][0]), rows[index][1]) for index in part[:limit]] for name, part in parts.items()
    }
    vocab = _vocabulary(words for words, _ in tokens["train"])
    if max_length is None:
        max_length = max(len(words) for words, _ in tokens["train"])
    encoded = {
        name: (
            _encode([words for words, _ in part], vocab, max_length),
            torch.tensor([classes.index(label) for _, label in part]),
        )
        for name, part in tokens.items()
    }
    return SequenceData(
        path.stem,
        classes,
        vocab,
        max_length,
        *encoded["train"],
        *encoded["val"],
        tokenize=tokenize,
        _test=encoded["test"],
    )


def _natural(label):
    """Sorts numbers as numbers (2 before 10), and everything else as words after them."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _read_rows(path):
    """Reads (text, label, split or None) for each row, and checks that each can be used."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file; the current folder is {Path.cwd()}.")
    if path.is_dir():
        raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8, "
            "or convert it: iconv -f latin1 -t utf-8 OLD > NEW."
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = reader.fieldnames
        if not columns:
            raise DataError(f"{path}: the file is empty; it needs a header line with text and label, then rows.")
        for column in ("text", "label"):
            if column not in columns:
                raise DataError(
                    f"{path}, line 1: there is no column {column!r}, only {', '.join(map(repr, columns))}; "
                    "rename one of them."
                )
        rows = [_check_row(path, reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: not valid CSV ({error}); look for a quotation mark that is never closed."
        ) from None
    if not rows:
        raise DataError(f"{path}: there is a header line but no row below it.")
    return rows


def _check_row(path, line, row):
    for column in ("text", "label"):
        if not (row[column] or "").strip():
            raise DataError(f"{path}, line {line}: the {column} is empty; fill it in or delete the row.")
    split = row.get("split")
    if "split" in row and split not in SPLITS:
        raise DataError(f"{path}, line {line}: the split is {split!r}; it must be train, val or test.")
    return row["text"], row["label"].strip(), split


def _split(path, rows, seed):
    """The row numbers of each part: {"train": [...], "val": [...], "test": [...]}."""
    labels = [label for _, label, _ in rows]
    if rows[0][2] is None:
        name, count = min(Counter(labels).items(), key=lambda item: item[1])
        if count < MIN_ROWS:
            raise DataError(
                f"{path}: the class {name!r} has {count} rows; at least {MIN_ROWS} are needed to split them into "
                "train, val and test. Add rows, or merge it with another class."
            )
        from sklearn.model_selection import train_test_split  # here, since scikit-learn takes long to import

        stratified = {"stratify": labels, "random_state": seed}
        train, rest = train_test_split(range(len(rows)), train_size=SHARES["train"], **stratified)
        stratified["stratify"] = [labels[index] for index in rest]
        val, test = train_test_split(rest, train_size=0.5, **stratified)
        return {"train": train, "val": val, "test": test}
    parts = {name: [index for index, row in enumerate(rows) if row[2] == name] for name in SPLITS}
    for name, part in parts.items():
        if not part:
            raise DataError(
                f"{path}: no row has the split {name!r}; mark some, or leave the column out and the rows are "
                "split for you."
            )
    missing = set(labels) - {labels[index] for index in parts["train"]}
    if missing:
        raise DataError(f"{path}: the class {min(missing)!r} has no row in the split 'train'; move some there.")
    return parts


def _vocabulary(texts):
    """Numbers the tokens of the training part from 2 up, the most frequent first."""
    counts = Counter(token for words in texts for token in words)
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    return {token: number for number, token in enumerate(ordered, start=2)}


def _encode(texts, vocab, max_length):
    ids = torch.full((len(texts), max_length), PAD)
    for row, words in enumerate(texts):
        numbers = [vocab.get(word, UNKNOWN) for word in words[:max_length]]
        ids[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.long)
    return ids
