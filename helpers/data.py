"""From a file to tensors: splitting, vocabulary, encoding. `helpers/reading.py` reads the rows.

The file has a `text` and a `label` column and, if you like, a `split` column that holds train, val or test.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from helpers.reading import SPLITS, DataError, plural, read_rows

DATA_DIR = Path(__file__).resolve().parent.parent / "data"
CARD_HANDS = DATA_DIR / "card_hands.csv"
MESSAGES = DATA_DIR / "messages.csv"

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}  # where the file has no split column
MIN_ROWS = 5  # a class needs as many different texts, so that each part gets at least one
LONGEST = 1_000  # tokens; longer texts are cut there unless max_length says otherwise
PAD, UNKNOWN = 0, 1


@dataclass
class Facts:
    """What was found in a file, before anything is learned from it.

    dropped: the lines of the rows that could not be used, {reason: [line, ...]}.
    duplicates: rows whose text and label stand in an earlier row too. conflicting: texts with more than one label.
    shared: texts that stand in more than one part. warnings: sentences on what one should know before going on.
    """

    rows_read: int
    dropped: dict
    duplicates: int
    conflicting: int
    shared: int
    warnings: list

    @property
    def rows_kept(self):
        return self.rows_read - sum(map(len, self.dropped.values()))

    def report(self):
        """The facts in a few lines."""
        lines = [f"{self.rows_read:,} rows read, {self.rows_kept:,} kept"]
        lines += [f"dropped {len(numbers):,}: {reason} ({_lines(numbers)})" for reason, numbers in self.dropped.items()]
        lines.append(f"rows that repeat an earlier one: {self.duplicates:,}")
        lines.append(f"texts with more than one label: {self.conflicting:,}")
        lines.append(f"texts in more than one part: {self.shared:,}")
        return "\n".join(lines + [f"warning: {sentence}" for sentence in self.warnings])


@dataclass
class SequenceData:
    """Texts as token ids, ready for training.

    x_train, x_val: (rows, max_length) int64 token ids, 0 where padded, 1 for a token that is not in the vocabulary.
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
    facts: Facts
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
        dropped = [f"; {len(lines):,} of {self.facts.rows_read:,} rows dropped: {reason} ({_lines(lines)})"
                   for reason, lines in self.facts.dropped.items()]
        return (
            f"{self.name}: {len(self.y_train):,} train, {len(self.y_val):,} val, {len(y_test):,} test rows; "
            f"{self.n_classes} classes ({shares}); vocabulary {len(self.vocab):,}; "
            f"length {lengths.min()} to {lengths.max()} tokens; unknown tokens in val {unknown:.1%}{''.join(dropped)}"
        )


def load_csv(path, tokenize=str.split, max_length=None, limit=None, seed=0, text="text", label="label",
             vocab_size=None, min_count=1):
    """Reads a file of texts and labels into a `SequenceData`.

    path: of a CSV, TSV or JSON lines file, with .gz or without, or its http(s) address.
    tokenize: turns a text into a list of tokens; the default splits on white space, `list` gives characters.
    max_length: longer texts are cut there; the default is the longest text of the training part, 1,000 at most.
    limit: use only so many rows of each part, the first ones.
    seed: of the split, where the file has no `split` column (60 % train, 20 % val, 20 % test, by class; rows with the
        same text stay in one part).
    text, label: the names of the columns.
    vocab_size: keep only so many tokens, the most frequent of the training part (the two reserved ids come on top);
    min_count: only tokens that it holds at least so often. All others are unknown.
    Raises DataError if the file can't be used.
    """
    rows, dropped, nul = read_rows(path, text, label)
    tokens = [_tokens(path, row, tokenize) for row in rows]
    if nothing := [row.line for row, words in zip(rows, tokens, strict=True) if not words]:
        dropped["no token is left of the text"] = nothing
        rows = [row for row, words in zip(rows, tokens, strict=True) if words]
        tokens = [words for words in tokens if words]
    n_dropped = sum(map(len, dropped.values()))
    if n_dropped > len(rows):
        reason, lines = max(dropped.items(), key=lambda item: len(item[1]))
        raise DataError(f"{path}: of {n_dropped + len(rows):,} rows {len(lines):,} can't be used, {reason} "
                        f"({_lines(lines)}); is it the right column?")
    labels = [row.label for row in rows]
    classes = list(dict.fromkeys(sorted(labels, key=_natural)))
    if len(classes) < 2:
        raise DataError(
            f"{path}: the column {label!r} holds only {classes[0]!r}; a classifier needs at least two classes."
        )
    parts = _split(path, rows, classes, seed)
    facts = _facts(rows, dropped, parts, classes)
    if nul:
        facts.warnings.append(f"{plural(nul, 'NUL character')} left out; was the file cut off while it was written?")
    parts = {name: part[:limit] for name, part in parts.items()}
    vocab = _vocabulary((tokens[index] for index in parts["train"]), vocab_size, min_count)
    if max_length is None:
        max_length = min(max(len(tokens[index]) for index in parts["train"]), LONGEST)
        longest = max(map(len, tokens))
        if longest > LONGEST:
            facts.warnings.append(f"the longest text has {longest:,} tokens; texts are cut after {LONGEST:,} (say "
                                  "max_length=... for another length)")
    number_of = {name: number for number, name in enumerate(classes)}
    encoded = {
        name: (
            _encode([tokens[index] for index in part], vocab, max_length),
            torch.tensor([number_of[labels[index]] for index in part]),
        )
        for name, part in parts.items()
    }
    return SequenceData(
        Path(str(path).removesuffix(".gz")).stem,
        classes,
        vocab,
        max_length,
        *encoded["train"],
        *encoded["val"],
        facts=facts,
        tokenize=tokenize,
        _test=encoded["test"],
    )


def _lines(numbers):
    """ "line 7", or "lines 3, 7, 12, ..." """
    first = ", ".join(f"{number:,}" for number in numbers[:3])
    return f"line{'s' if len(numbers) > 1 else ''} {first}{', ...' if len(numbers) > 3 else ''}"


def _natural(label):
    """Sorts numbers as numbers (2 before 10), and everything else as words after them."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _tokens(path, row, tokenize):
    try:
        tokens = tokenize(row.text)
    except Exception as error:
        raise DataError(f"{path}, line {row.line}: tokenize fails on {row.text[:40]!r} ({error!r}).") from error
    if not isinstance(tokens, (list, tuple)) or not all(isinstance(token, str) for token in tokens):
        raise DataError(f"{path}, line {row.line}: tokenize makes {str(tokens)[:40]!r} of {row.text[:40]!r}; it has to "
                        "return a list of strings.")
    return tokens


def _split(path, rows, classes, seed):
    """The row numbers of each part: {"train": [...], "val": [...], "test": [...]}."""
    if rows[0].split is None:
        return _draw_split(path, rows, classes, seed)
    parts = {name: [index for index, row in enumerate(rows) if row.split == name] for name in SPLITS}
    for name, part in parts.items():
        if not part:
            raise DataError(
                f"{path}: no row has the split {name!r}; mark some, or leave the column out and the rows are "
                "split for you."
            )
    missing = set(classes) - {rows[index].label for index in parts["train"]}
    if missing:
        raise DataError(f"{path}: the class {min(missing)!r} has no row in the split 'train'; move some there.")
    return parts


def _draw_split(path, rows, classes, seed):
    """Splits by class; rows with the same text stay together, so that no text is learned and then asked for."""
    same = {}
    for index, row in enumerate(rows):
        same.setdefault(row.text, []).append(index)
    groups = list(same.values())
    labels = [rows[group[0]].label for group in groups]
    counts = Counter(labels)
    rarest = min(classes, key=lambda name: counts[name])
    if counts[rarest] < MIN_ROWS:
        many = len(classes) > len(rows) / MIN_ROWS
        advice = ("Is it a number to predict, or an identifier? Then make classes of it (low, high)." if many else
                  "Add rows, or merge it with another class.")
        raise DataError(f"{path}: the class {rarest!r} has {plural(counts[rarest], 'different text')}; at least "
                        f"{MIN_ROWS} are needed to split them into train, val and test. {advice}")
    from sklearn.model_selection import train_test_split  # here, since scikit-learn takes long to import

    train, rest = train_test_split(range(len(groups)), train_size=SHARES["train"], stratify=labels, random_state=seed)
    rest_labels = [labels[index] for index in rest]
    val, test = train_test_split(rest, train_size=0.5, stratify=rest_labels, random_state=seed)
    return {name: [index for group in part for index in groups[group]]
            for name, part in zip(SPLITS, (train, val, test), strict=True)}


def _facts(rows, dropped, parts, classes):
    """Counts what repeats and what contradicts itself, and warns of what makes results worth less."""
    labels_of, parts_of = {}, {}
    for name, part in parts.items():
        for index in part:
            labels_of.setdefault(rows[index].text, []).append(rows[index].label)
            parts_of.setdefault(rows[index].text, set()).add(name)
    duplicates = sum(len(labels) - len(set(labels)) for labels in labels_of.values())
    conflicting = sum(len(set(labels)) > 1 for labels in labels_of.values())
    shared = sum(len(names) > 1 for names in parts_of.values())
    in_train = Counter(rows[index].label for index in parts["train"])
    largest, smallest = in_train.most_common(1)[0], min(in_train.items(), key=lambda item: item[1])
    n_test, warnings = len(parts["test"]), []
    margin = 1.96 * math.sqrt(0.25 / n_test)
    if margin > 0.05:
        warnings.append(f"few rows: with {plural(n_test, 'row')} in the test part an accuracy is known to within "
                        f"{100 * margin:.0f} points only, whatever the model")
    if smallest[1] < 20:
        warnings.append(f"the class {smallest[0]!r} has only {plural(smallest[1], 'row')} to train on")
    if largest[1] > 0.9 * len(parts["train"]):
        warnings.append(f"{largest[1] / len(parts['train']):.0%} of the rows are {largest[0]!r}: who always says so is "
                        "right as often; look at macro F1 or AUC, not at accuracy")
    if len(classes) > 20 and all(_natural(name)[0] == 0 for name in classes):
        warnings.append(f"the labels are {len(classes)} different numbers: if they are amounts, this is no task for a "
                        "classifier; make classes of them (low, high)")
    folded = Counter(name.casefold() for name in classes)
    if alike := [name for name in classes if folded[name.casefold()] > 1]:
        warnings.append(f"the labels {' and '.join(map(repr, alike[:2]))} differ in capitals only, and count as two")
    if shared:
        warnings.append(f"{plural(shared, 'text')} in more than one part: the exam asks what was learned by heart")
    return Facts(len(rows) + sum(map(len, dropped.values())), dropped, duplicates, conflicting, shared, warnings)


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
