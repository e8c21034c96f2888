"""Notebook 06 on other data than ours: only the cell that names the file is changed."""

import csv
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from sklearn.datasets import load_digits

from helpers.data import MESSAGES

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "06_your_own_data.ipynb"
REVIEWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "customer_reviews.csv"


def run(tmp_path, **names):
    """Everything that the notebook prints with these values for the names in its first code cell."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert all(f"\n{name}" in first.source or f", {name}" in first.source for name in names)
    first.source += "".join(f"\n{name} = {value}" for name, value in names.items())
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return repr(str(path))


def assert_it_went_through(printed):
    assert "worth it" in printed or "Keep " in printed
    assert "the loaded model predicts the same as the trained one: True" in printed
    assert "['picture_1.png', 'picture_2.png', 'report.html', 'report.md']" in printed


@pytest.mark.slow
@pytest.mark.skipif(not REVIEWS.exists(), reason=f"{REVIEWS.name} is not beside this checkout")
def test_on_real_reviews(tmp_path):
    printed = run(tmp_path, DATA=repr(str(REVIEWS)), METRIC=repr("AUC"))
    assert_it_went_through(printed)
    assert "dropped 4: the text is empty (lines 770, 1,369, 3,692, ...)" in printed


@pytest.mark.slow
def test_on_images_of_digits_as_tokens(tmp_path):
    images, labels = load_digits(return_X_y=True)
    rows = [(" ".join(f"p{place}_{int(ink)}" for place, ink in enumerate(image) if ink), label)
            for image, label in zip(images, labels, strict=True)]
    printed = run(tmp_path, DATA=write(tmp_path / "digits.csv", rows))
    assert_it_went_through(printed)
    assert "10 classes" in printed


def test_on_two_hundred_rows(tmp_path):
    with MESSAGES.open(encoding="utf-8") as file:
        rows = [(row["text"], row["label"]) for _, row in zip(range(200), csv.DictReader(file), strict=False)]
    printed = run(tmp_path, DATA=write(tmp_path / "few.csv", rows))
    assert_it_went_through(printed)
    assert "warning: few rows: with 40 rows in the test part, accuracy is known only to within 15 points" in printed
    margin = float(printed.partition("40 test rows: ± ")[2].split()[0])
    assert margin > 0.05


@pytest.mark.slow
def test_on_characters_and_unequal_classes_under_other_names(tmp_path):
    rows = [(f"这家店{'很好' if number % 5 else '不好'} {chr(0x4E00 + number)}👍", "好" if number % 5 else "坏")
            for number in range(400)]
    path = write(tmp_path / "店.csv", rows)
    text = Path(path[1:-1]).read_text(encoding="utf-8")
    Path(path[1:-1]).write_text(text.replace("text,label", "评论,标签", 1), encoding="utf-8")
    printed = run(tmp_path, DATA=path, TEXT=repr("评论"), LABEL=repr("标签"), TOKENIZE="list", METRIC=repr("macro F1"))
    assert_it_went_through(printed)
    assert "validation macro F1" in printed
