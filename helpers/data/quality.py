"""The data-quality report: duplicates, conflicting labels, leakage, small or unbalanced classes."""

import math
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from helpers.data.columns import SEVERAL, is_number
from helpers.data.readers import DataError, lines_of, plural, shown

MISSING = {"nan", "null", "none", "n/a", "na", "#n/a", r"\n"}


@dataclass
class QualityReport:
    """What was found in a file.

    dropped: the lines of the rows that could not be used, {reason: [line, ...]}.
    duplicates: rows that repeat the tokens and label of an earlier row. conflicting: texts with more than one label.
    shared: texts in more than one part. warnings: sentences on what to know before training.
    read_as: what was assumed about the file, in one line.
    """

    rows_read: int
    dropped: dict
    duplicates: int
    conflicting: int
    shared: int
    warnings: list
    read_as: str = ""

    @property
    def rows_kept(self):
        return self.rows_read - sum(map(len, self.dropped.values()))

    def report(self):
        """The report in a few lines."""
        lines = [self.read_as, f"{self.rows_read:,} rows read, {self.rows_kept:,} kept"]
        for reason, numbers in self.dropped.items():
            lines.append(f"dropped {len(numbers):,}: {reason} ({lines_of(numbers)})")
        lines.append(f"rows that repeat an earlier one: {self.duplicates:,}")
        lines.append(f"texts with more than one label: {self.conflicting:,}")
        lines.append(f"texts in more than one part: {self.shared:,}")
        return "\n".join(lines + [f"warning: {sentence}" for sentence in self.warnings])


def check_quality(codes, texts, rows, parts, classes):
    """Counts duplicates, conflicting labels and leakage, and warns about weak points.

    codes, texts: numbers of the class and of the text of each row that was kept. parts: {split: row numbers}.
    """
    table = pd.DataFrame({"text": texts, "code": codes, "part": ""})
    for name, part in parts.items():
        table.loc[part, "part"] = name
    labels_of, parts_of = table.groupby("text")["code"].nunique(), table.groupby("text")["part"].nunique()
    shared = int((parts_of > 1).sum())
    counts = Counter(classes[code] for code in sorted(codes[parts["train"]]))
    rows.warnings += [*_warn_of_sizes(counts, len(parts["test"])), *_warn_of_classes(classes)]
    if shared:
        rows.warnings.append(f"leakage: {plural(shared, 'text')} in more than one part; the score is inflated")
    return QualityReport(len(texts) + rows.n_dropped, rows.dropped, len(texts) - int(labels_of.sum()),
                         int((labels_of > 1).sum()), shared, rows.warnings, rows.read_as())


def _warn_of_sizes(counts, n_test):
    """counts: {class: rows in the training part}."""
    (largest, most), (smallest, least) = counts.most_common(1)[0], min(counts.items(), key=lambda item: item[1])
    margin = 1.96 * math.sqrt(0.25 / n_test)  # half the 95 % interval of an accuracy near 50 %
    if margin > 0.05:
        yield (f"few rows: with {plural(n_test, 'row')} in the test part, accuracy is known only to within "
               f"{100 * margin:.0f} points, whatever the model")
    if least < 20:
        yield f"the class {shown(smallest)} has only {plural(least, 'row')} to train on"
    if most > 0.9 * counts.total():
        yield (f"{most / counts.total():.0%} of the rows are {shown(largest)}: always predicting it is equally "
               "accurate; look at macro F1 or AUC, not at accuracy")


def _warn_of_classes(classes):
    if len(classes) > 20 and all(name.replace(".", "", 1).lstrip("-").isdecimal() for name in classes):
        yield (f"the labels are {len(classes)} different numbers: if they are amounts, this is not a task for "
               "a classifier; make classes of them (low, high)")
    alike = {}
    for name in classes:
        alike.setdefault(float(name) if is_number(name) else name.casefold(), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            differ = "are the same number, written differently," if is_number(names[0]) else "differ only in capitals"
            yield f"the labels {shown(names[0])} and {shown(names[1])} {differ} and count as two classes"
    if missing := [name for name in classes if name.casefold() in MISSING]:
        yield (f"the label {shown(missing[0])} may mean that there is none, but counts as a class; if so, delete these "
               "rows")


def refuse_several_labels(rows):
    """Raises DataError where cells hold several labels, "2,5" beside "2" and "5"."""
    different = set(rows.labels)
    for sep in ",;|":
        several = [label for label in different if sep in label]
        single = {part.strip() for label in several for part in label.split(sep)}
        if len(single & different) >= max(2, len(single) / 2):
            raise DataError(f"{rows.path}: " + SEVERAL.format(shown(min(several))))
    if lists := [label for label in different if label[:1] == "[" and label[-1:] == "]" and "," in label]:
        raise DataError(f"{rows.path}: " + SEVERAL.format(shown(min(lists))))
