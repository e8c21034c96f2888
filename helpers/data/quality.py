"""The data-quality report: duplicates, conflicting labels, leakage, small or unbalanced classes."""

import math
from collections import Counter
from dataclasses import dataclass

from helpers.data.readers import plural, shown


@dataclass
class QualityReport:
    """What was found in a file.

    dropped: the lines of the rows that could not be used, {reason: [line, ...]}.
    duplicates: rows that repeat the tokens and label of an earlier row. conflicting: texts with more than one label.
    shared: texts in more than one part. warnings: sentences on what to know before training.
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
        """The report in a few lines."""
        lines = [f"{self.rows_read:,} rows read, {self.rows_kept:,} kept"]
        for reason, numbers in self.dropped.items():
            lines.append(f"dropped {len(numbers):,}: {reason} ({lines_of(numbers)})")
        lines.append(f"rows that repeat an earlier one: {self.duplicates:,}")
        lines.append(f"texts with more than one label: {self.conflicting:,}")
        lines.append(f"texts in more than one part: {self.shared:,}")
        return "\n".join(lines + [f"warning: {sentence}" for sentence in self.warnings])


def lines_of(numbers):
    """ "line 7", or "lines 3, 7, 12, ..." """
    first = ", ".join(f"{number:,}" for number in numbers[:3])
    return f"line{'s' if len(numbers) > 1 else ''} {first}{', ...' if len(numbers) > 3 else ''}"


def check_quality(labels, keys, dropped, parts, classes):
    """Counts duplicates, conflicting labels and leakage, and warns of what weakens the results.

    labels, keys: of the rows kept; rows with the same key have the same tokens. parts: {split: row numbers}.
    """
    labels_of, parts_of = {}, {}
    for name, part in parts.items():
        for index in part:
            labels_of.setdefault(keys[index], []).append(labels[index])
            parts_of.setdefault(keys[index], set()).add(name)
    duplicates = sum(len(of_text) - len(set(of_text)) for of_text in labels_of.values())
    conflicting = sum(len(set(of_text)) > 1 for of_text in labels_of.values())
    shared = sum(len(names) > 1 for names in parts_of.values())
    counts = Counter(labels[index] for index in parts["train"])
    warnings = [*warn_of_sizes(counts, len(parts["test"])), *warn_of_classes(classes)]
    if shared:
        warnings.append(f"leakage: {plural(shared, 'text')} in more than one part; the score is inflated")
    rows_read = len(labels) + sum(map(len, dropped.values()))
    return QualityReport(rows_read, dropped, duplicates, conflicting, shared, warnings)


def warn_of_sizes(counts, n_test):
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


def warn_of_classes(classes):
    if len(classes) > 20 and all(name.replace(".", "", 1).lstrip("-").isdecimal() for name in classes):
        yield (f"the labels are {len(classes)} different numbers: if they are amounts, this is not a task for "
               "a classifier; make classes of them (low, high)")
    folded = Counter(name.casefold() for name in classes)
    if alike := [name for name in classes if folded[name.casefold()] > 1]:
        yield f"the labels {shown(alike[0])} and {shown(alike[1])} differ only in capitals and count as two classes"
