"""Notebook 06 on other data than ours, to its report: only the cell that names the file is changed."""

import csv
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from helpers.data import MESSAGES, load_csv
from tests.data import test_shapes as shapes

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "06_your_own_data.ipynb"
REVIEWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "customer_reviews.csv"
REPORT = "print(path.with_name('report.md').read_text(encoding='utf-8'))"


def run(tmp_path, again=(), own_metric="", **names):
    """Everything that the notebook prints, and its report, with these values for the names in its first code cell.

    again: code that runs after the last cell. own_metric: code that adds one, below exercise 06.3.
    """
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(f"\n{name} = " in code[0].source for name in names)
    code[0].source += "".join(f"\n{name} = {value!r}" for name, value in names.items())
    next(cell for cell in code if 'checks.check("06.3"' in cell.source).source += f"\n{own_metric}"
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in again]
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


def assert_it_went_through(printed):
    printed, report = printed.split("\n# Tuning on ")
    for words in (printed, report):
        assert "worth it" in words or "Keep " in words
        assert "What tuning gained: " in words
    assert "the loaded model predicts the same as the trained one: True" in printed
    assert "['picture_1.png', 'picture_2.png', 'report.html', 'report.md']" in printed
    read_as = next(line for line in printed.splitlines() if line.startswith("read as "))
    assert read_as in report or "is wrong" not in read_as  # a plain file of text and label needs no such sentence


def save_as_text(path):
    """What an own-data case returns as DATA: paths as strings, so that their repr is code."""
    if isinstance(path, dict):
        return {name: str(one) for name, one in path.items()}
    return str(path)


def absent_classes(folder):
    """150 classes and a split of its own, in which some classes have no row in val and in test."""
    rows = [(f"{text} as {label}", label, "train" if number < 600 or number % 150 < 20 else ("val", "test")[number % 2])
            for number, (text, label) in enumerate(shapes.CLINC)]
    return shapes.table(folder, "intents.csv", rows, ["text", "label", "split"])


def large(folder):
    """The first half of one class, and the second of the other."""
    rows = [(f"{text} number{number % 999}", label) for number, (text, label) in enumerate(shapes.rows(1_000) * 200)]
    return shapes.table(folder, "large.csv", sorted(rows, key=lambda row: row[1]), ["text", "label"])


def one_file_per_class(folder):
    rows = shapes.chinese(labels=("坏", "好"))
    texts = {label: "".join(f"{text}\n" for text, of in rows if of == label) for label in "坏好"}
    return {label: shapes.save(folder, f"{label}.txt", text) for label, text in texts.items()}


CASES = {  # what it is: (how to make it, the metric, words that are printed)
    "150 classes, some absent from val": (absent_classes, "macro F1", "150 classes"),
    "200,000 rows, sorted by class": (large, "accuracy", "200,000 rows read, 200,000 kept"),
    "Chinese, one file per class": (one_file_per_class, "AUC", "2 classes"),
}


@pytest.mark.parametrize("column", ["date", "customer"])
def test_the_line_that_splits_by_time_splits_by_customer_too(column, tmp_path):
    table = pd.DataFrame(shapes.rows(300), columns=["text", "label"])
    table["date"] = [f"2026-{1 + number // 60:02}-{1 + number // 6 % 10:02}" for number in table.index]
    table["customer"] = [f"c{number % 23}" for number in table.index]
    text = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    (line,) = re.findall(r'^table\["split"\] = .+$', text, re.MULTILINE)
    exec(line.replace('"date"', repr(column)), {"pd": pd, "table": table})
    assert (table.groupby(column)["split"].nunique() == 1).all()
    parts = {part: rows[column] for part, rows in table.groupby("split", observed=True)}
    assert parts["train"].max() < parts["val"].min() <= parts["val"].max() < parts["test"].min()
    table.to_csv(tmp_path / "mine.csv", index=False)
    data = load_csv(tmp_path / "mine.csv", text="text", label="label")
    assert [len(data.y_train), len(data.y_val), len(data.unlock_test()[1])] == list(map(len, parts.values()))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_lesson_goes_to_its_report(case, tmp_path):
    make, metric, words = CASES[case]
    printed = run(tmp_path, DATA=save_as_text(make(tmp_path)), METRIC=metric)
    assert_it_went_through(printed)
    assert words in printed


@pytest.mark.slow
@pytest.mark.skipif(not REVIEWS.exists(), reason=f"{REVIEWS.name} is not beside this checkout")
def test_on_real_reviews(tmp_path):
    printed = run(tmp_path, DATA=str(REVIEWS), METRIC="AUC")
    assert_it_went_through(printed)
    assert "dropped 4: the text is empty (lines 770, 1,369, 3,692, ...)" in printed


COST = """
def cost(probabilities, y):
    assert type(probabilities) is type(y) is np.ndarray  # as the task of exercise 06.3 says
    return -100 * (probabilities.argmax(axis=1) != y).mean()


METRICS["cost"] = cost
"""
BETTER = """
other = next(trial for trial in complete if trial.params["arch"] != arch)
round_one.add_trial(optuna.trial.create_trial(params=other.params, distributions=other.distributions, value=1))
"""


@pytest.mark.slow
def test_on_two_hundred_rows_a_study_that_goes_on_names_its_winner_and_one_of_other_data_begins_anew(tmp_path):
    with MESSAGES.open(encoding="utf-8") as file:
        rows = [(row["text"], "", row["label"]) for _, row in zip(range(200), csv.DictReader(file), strict=False)]
    path = shapes.table(tmp_path, "few.csv", rows, ["what, exactly", "", "who"], delimiter=";")
    hint = {"text": "what, exactly", "label": "who"}
    code = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    places = [next(number for number, source in enumerate(code) if words in source)
              for words in ("round_one = open_study", "tried = pd.DataFrame", "report.write_report")]
    once_more = code[places[1]:places[2] + 1]
    other_data = "data_of = {min_count: data.reduced(3, min_count) for min_count in (1, 2, 5)}"
    printed = run(tmp_path, [BETTER, *once_more, other_data, code[places[0]]], COST, DATA=str(path), OPTIONS=hint,
                  METRIC="cost")  # fmt: skip
    assert "warning: few rows: with 40 rows in the test part, accuracy is known only to within 15 points" in printed
    _, report = printed.split("\n# Tuning on ")
    arch = re.search(r"^\| arch \| (\w+) \|$", report, re.MULTILINE)[1]
    assert re.search(rf"^What tuning gained: .*\btuned {arch}\b", report, re.MULTILINE)
    assert f"\nsettled: {{'arch': '{arch}'" in printed.split("settled: ", 1)[1]
    assert printed.count(", round one: no trials yet") == 2
