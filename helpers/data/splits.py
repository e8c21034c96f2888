"""Which rows are for training, validation and test: rare classes, the split, the limit."""

from collections import Counter

import numpy as np

from helpers.data.columns import is_number
from helpers.data.readers import DataError, plural, shown

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}  # if the file has no split column
MIN_ROWS = 5  # different texts that a class needs, so that each part gets at least one
MERGED = "other"  # the class that rare ones are merged into


def settle_rare(path, rows, texts, rare):
    """Refuses, drops or merges the classes with too few different texts.

    texts: a number for each row, the same for the same text. Returns which rows are kept, why the others are dropped,
    and a warning or None; merging changes the labels of `rows`.
    """
    _check_parts(path, set(rows.splits))
    few = _few(rows, texts)
    named = ", ".join(f"{shown(name)} ({count})" for name, count in sorted(few.items(), key=lambda item: item[1]))
    is_rare = np.array([label in few for label in rows.labels])
    warning = None
    if few and rare == "drop":
        warning = f"rare classes dropped, with their numbers of texts: {named}"
    elif few and rare == "merge":
        rows.labels = [MERGED if label in few else label for label in rows.labels]
        is_rare[:] = False
        few = _few(rows, texts)
        warning = f"rare classes merged into the class {MERGED!r}, with their numbers of texts: {named}"
    if few and rare != "drop":
        _refuse(path, rows, few, named)
    return ~is_rare, f"a rare class, {named}", warning


def _refuse(path, rows, few, named):
    if not rows.splits and len(few) > max(2, len(rows.texts) / MIN_ROWS):
        what = ("number to predict, or an identifier? This is for classes: make some of the numbers first, with "
                "pandas.qcut(numbers, 3, labels=['low', 'middle', 'high'])" if all(map(is_number, few)) else
                "identifier? Then say label=..., another column")
        raise DataError(f"{path}: {len(few):,} labels, such as {', '.join(map(shown, list(few)[:3]))}, have fewer than "
                        f"{MIN_ROWS} different texts each. Is it a{'n' * (what[0] == 'i')} {what}.")
    name, count = next(iter(few.items()))
    if rows.splits:
        begin = f"the class {shown(name)} has" if len(few) == 1 else f"the classes {', '.join(map(shown, few))} have"
        begin += " no row in the split 'train'; move some there"
    else:
        begin = (f"the class {shown(name)} has {plural(count, 'different text')}" if len(few) == 1 else
                 f"these classes have few different texts: {named}")
        begin += f"; at least {MIN_ROWS} are needed to split them into train, val and test. Add rows"
    raise DataError(f"{path}: {begin}, or say rare='drop' or rare='merge' (into the class {MERGED!r}).")


def _few(rows, texts):
    """{class: number of different texts} of those that have too few."""
    if rows.splits:
        trained = {label for label, part in zip(rows.labels, rows.splits, strict=True) if part == "train"}
        return {label: 0 for label in sorted(set(rows.labels) - trained)}
    _, first = np.unique(texts, return_index=True)
    counts = Counter(rows.labels[index] for index in first)
    return {label: counts[label] for label in sorted(set(rows.labels)) if counts[label] < MIN_ROWS}


def split_rows(path, rows, texts, seed):
    """The row numbers of each part, {"train": array, "val": array, "test": array}, and a warning or None.

    Rows with the same text stay together, unless the file has a split of its own.
    """
    if not rows.splits:
        return _draw(rows.labels, texts, seed), None
    splits = np.array(rows.splits)
    parts = {name: np.flatnonzero(splits == name) for name in SHARES}
    warning = None
    if not len(parts["val"]):
        parts["train"], parts["val"] = _draw_val(path, rows.labels, texts, parts["train"], seed)
        warning = (f"no row has the split 'val': {plural(len(parts['val']), 'row')} were drawn from 'train' for it, by "
                   "class")
    _check_parts(path, set(rows.splits))
    return parts, warning


def _check_parts(path, parts):
    if missing := parts and {"train", "test"} - parts:
        raise DataError(f"{path}: no row has the split {min(missing)!r}; mark some, or say split=None and the rows are "
                        "split for you.")


def _codes(labels):
    """A number for each label, in the order of the alphabet."""
    code = {name: number for number, name in enumerate(sorted(set(labels)))}
    return np.array([code[label] for label in labels])


def _draw(labels, texts, seed):
    """Splits by class, 60 % train, 20 % val, 20 % test."""
    from sklearn.model_selection import train_test_split  # here, since scikit-learn takes long to import

    of_text = _codes(labels)[np.unique(texts, return_index=True)[1]]  # the class of its first row
    train, rest = train_test_split(np.arange(len(of_text)), train_size=SHARES["train"], stratify=of_text,
                                   random_state=seed)
    val, test = train_test_split(rest, train_size=0.5, stratify=of_text[rest], random_state=seed)
    return {name: _rows_of(part, texts) for name, part in zip(SHARES, (train, val, test), strict=True)}


def _rows_of(part, texts):
    """The rows of these texts, in the order of the texts."""
    place = np.full(texts.max() + 1, -1)
    place[part] = np.arange(len(part))
    rows = np.flatnonzero(place[texts] >= 0)
    return rows[np.argsort(place[texts[rows]], kind="stable")]


def _draw_val(path, labels, texts, train, seed):
    """Takes one text of five of each class out of the training rows; never the last one of a class."""
    _, first, text = np.unique(texts[train], return_index=True, return_inverse=True)
    ranks = _ranks(_codes([labels[row] for row in train[first]]), seed)
    is_val = (ranks >= 0.8)[text]
    if not is_val.any():
        raise DataError(f"{path}: no row has the split 'val', and 'train' has too few to draw some; mark some.")
    return train[~is_val], train[is_val]


def _ranks(codes, seed):
    """The place of each row among those of its class, in random order, from 0 up to but not including 1."""
    order = np.random.default_rng(seed).permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    ranks = np.empty(len(codes))
    ranks[order] = (np.arange(len(codes)) - starts[codes[order]]) / counts[codes[order]]
    return ranks


def draw_by_class(codes, part, limit, seed):
    """At most `limit` rows of a part, in proportion to its classes; while it lasts, each class gets one."""
    if limit is None or len(part) <= limit:
        return part
    chosen = np.argsort(_ranks(codes[part], seed), kind="stable")[:limit]
    return part[np.sort(chosen)]
