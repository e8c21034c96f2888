"""Which rows are for training, validation and test: rare classes, the split, the limit."""

from collections import Counter

import numpy as np
import pandas as pd

from helpers.data.columns import is_number
from helpers.data.readers import DataError, plural, shown

MIN_ROWS = 5  # different texts that a class needs, so that each part gets at least one
FIFTHS = ["train", "val", "train", "test", "train"]  # parts of five texts of a class, if the file has no split
MERGED = "other"  # the class that rare ones are merged into


def settle_rare(rows, rare):
    """Refuses, drops or merges classes with too few different texts."""
    _check_parts(rows)
    few = _few(rows, rows.labels)
    if not few:
        return
    named = ", ".join(f"{shown(name)} ({count})" for name, count in sorted(few.items(), key=lambda item: item[1]))
    merged = [MERGED if label in few else label for label in rows.labels]
    can_merge = len(set(merged)) > 1 and MERGED not in _few(rows, merged)
    if rare == "refuse" or (rare == "merge" and not can_merge):
        _refuse(rows, few, named, can_merge)
    if rare == "merge":
        rows.labels, done = merged, f"merged into the class {MERGED!r}"
    else:
        rows.keep([label not in few for label in rows.labels], f"a rare class, {named}")
        done = "dropped"
    rows.warnings.append(f"rare classes {done}, with their numbers of texts: {named}")


def _refuse(rows, few, named, can_merge):
    if not rows.splits and len(few) > max(2, len(rows.labels) / MIN_ROWS):
        what = "an identifier? Then say label=..., another column"
        if all(map(is_number, few)):
            what = ("a number to predict, or an identifier? This is for classes. Predict numbers by minimizing a loss, "
                    "as in lesson 11, or make classes of them: pandas.qcut(numbers, 3, labels=['low', 'mid', 'high'])")
        raise DataError(f"{rows.path}: {len(few):,} labels, such as {', '.join(map(shown, list(few)[:3]))}, have fewer "
                        f"than {MIN_ROWS} different texts each. Is the label {what}.")
    where, needed = (" in the split 'train'", "one") if rows.splits else ("", MIN_ROWS)
    ways = [("rare='drop'", len(set(rows.labels) - set(few)) > 1),
            (f"rare='merge' (into the class {MERGED!r})", can_merge),
            ("header=0 (if the first line names the columns)", "no header" in rows.said)]
    advice = " or ".join(way for way, works in ways if works)
    raise DataError(f"{rows.path}: too few different texts{where} of these classes: {named}; each needs at least "
                    f"{needed}. Add rows{', or say ' * bool(advice)}{advice}.")


def _few(rows, labels):
    """{class: number of different texts} of those that have too few, in the training part if the file has one."""
    if rows.splits:
        needed, counted = 1, [label for label, part in zip(labels, rows.splits, strict=True) if part == "train"]
    else:
        label_of = dict(zip(reversed(rows.tokens), reversed(labels), strict=True))  # that of a text's first row
        needed, counted = MIN_ROWS, label_of.values()
    counts = Counter(counted)
    return {label: counts[label] for label in sorted(set(labels)) if counts[label] < needed}


def split_rows(rows, codes, texts, seed):
    """The row numbers of each part, {"train": array, "val": array, "test": array}.

    codes, texts: numbers of the class and of the text of each row. Where the file has no split, or none of val, texts
    are drawn by class, and rows with the same text stay together.
    """
    parts = np.array(rows.splits or ["train"] * len(codes))
    drawn = np.flatnonzero(parts == "train")
    _, first, text = np.unique(texts[drawn], return_index=True, return_inverse=True)
    classes = codes[drawn[first]]  # a text has the class of its first row
    ranks = _ranks(classes, seed)
    if not rows.splits:
        of_text = np.empty(len(first), dtype=parts.dtype)
        of_text[np.lexsort([ranks, classes])] = np.resize(FIFTHS, len(first))
        parts = of_text[text]
    elif "val" not in rows.splits:
        val = drawn[(ranks >= 0.8)[text]]
        if not len(val):
            raise DataError(f"{rows.path}: no row has the split 'val', and 'train' has too few to draw from; mark "
                            "some.")
        parts[val] = "val"
        rows.warnings.append(f"no row has the split 'val': {plural(len(val), 'row')} were drawn from 'train' for it, "
                             "by class")
    _check_parts(rows)
    return {name: np.flatnonzero(parts == name) for name in ("train", "val", "test")}


def _check_parts(rows):
    if missing := rows.splits and {"train", "test"} - set(rows.splits):
        raise DataError(f"{rows.path}: no row has the split {min(missing)!r}; mark some, or say split=None and the "
                        "rows are split for you.")


def _ranks(classes, seed):
    """The place of each row among those of its class, in random order, from 0 up to but not including 1."""
    order = pd.Series(np.argsort(np.random.default_rng(seed).permutation(len(classes)))).groupby(classes)
    return ((order.rank() - 1) / order.transform("size")).to_numpy()


def draw_by_class(codes, part, limit, seed):
    """At most `limit` rows of a part, in proportion to its classes; while it lasts, each class gets one."""
    if limit is None or len(part) <= limit:
        return part
    chosen = np.argsort(_ranks(codes[part], seed), kind="stable")[:limit]
    return part[np.sort(chosen)]
