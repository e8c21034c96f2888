"""The report of lesson 06: all parts are there, in HTML and in Markdown, and nothing needs the internet."""

import base64
import re
from html.parser import HTMLParser

import optuna
import pandas as pd
import pytest

from helpers import plots, report


class Page(HTMLParser):
    """Keeps the tags of a page, and fails at one that is never closed."""

    VOID = ("meta", "img", "link", "br", "hr")

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.pictures, self.words = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        if tag == "img":
            self.pictures.append(dict(attributes))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def written(tmp_path):
    ax = plots.new_axes()
    ax.plot([1, 2], [3, 4], label="a line")
    ax.set(xlabel="trial", ylabel="value")
    table = pd.DataFrame({"model": ["a|b", "<script>alert(1)</script>"], "accuracy": [0.81234, 0.7]})
    sections = {"Models & scores": [table, "Both <are> fine."], "The search": [ax.figure, ax.figure]}
    path = report.write_report(tmp_path / "new" / "report", "Tuning on <mine>", "Keep TF-IDF & go home.", sections)
    plots.plt.close("all")
    return path


def test_the_page_is_whole_and_escapes_what_comes_from_data(written):
    page = Page()
    page.feed(written.read_text(encoding="utf-8"))
    assert page.open == []
    assert "script" not in page.seen
    assert "<script>alert(1)</script>" in page.words
    for words in ("Tuning on <mine>", "Keep TF-IDF & go home.", "Models & scores", "Both <are> fine.", "0.812"):
        assert words in page.words


def test_the_page_holds_its_pictures_and_links_to_nothing(written):
    text = written.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert len(page.pictures) == 2
    for picture in page.pictures:
        kind, _, data = picture["src"].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert "value against trial" in picture["alt"]
    assert not re.search(r"https?://|src=\"(?!data:)|href=", text)


def test_the_markdown_has_the_same_and_its_pictures_beside_it(written):
    text = written.with_name("report.md").read_text(encoding="utf-8")
    assert text.startswith("# Tuning on <mine>\n")
    assert "**Keep TF-IDF & go home.**" in text
    assert "| model | accuracy |\n| --- | --- |\n| a\\|b | 0.812 |\n" in text
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert pictures == ["picture_1.png", "picture_2.png"]
    assert all(written.with_name(name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_the_search_space_includes_conditional_parameters():
    def objective(trial):
        if trial.suggest_categorical("arch", ["a", "b"]) == "a":
            return trial.suggest_float("lr", 1e-5, 0.1, log=True)
        return trial.suggest_int("layers", 1, 4)

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=10)
    space = report.search_space(study).set_index("parameter")["searched"].to_dict()
    assert space == {"arch": "a, b", "lr": "1e-05 to 0.1 (log scale)", "layers": "1 to 4"}


def test_settings_are_short_and_small_ones_stay_visible():
    shown = report.settings({"lr": 0.0000291234567, "arch": "LSTM", "n_layers": 2, "norm_first": False})
    assert shown["value"].tolist() == ["2.912e-05", "LSTM", "2", "False"]


def test_what_is_missing_is_left_empty(tmp_path):
    table = pd.DataFrame({"model": ["a", "b"], "margin": [0.5, float("nan")]})
    page = report.write_report(tmp_path, "A title", "A headline.", {"A table": [table]})
    assert "nan" not in page.read_text(encoding="utf-8").lower()
    assert "| b |  |" in page.with_name("report.md").read_text(encoding="utf-8")


def test_a_single_content_needs_no_list(tmp_path):
    page = report.write_report(tmp_path, "A title", "A headline.", {"Data": "One sentence."})
    assert "<p>One sentence.</p>" in page.read_text(encoding="utf-8")
    assert "## Data\n\nOne sentence.\n" in page.with_name("report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("content", "words"), [
    (0.5, "not float$"), (None, "not NoneType$"), (plots.new_axes, "not function$")])
def test_a_content_of_another_kind_is_named(tmp_path, content, words):
    with pytest.raises(TypeError, match=f"a report takes sentences, data frames and figures, {words}"):
        report.write_report(tmp_path, "A title", "A headline.", {"A section": [content]})


def test_an_axes_in_place_of_its_figure_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"not Axes; write ax\.figure in place of ax$"):
        report.write_report(tmp_path, "A title", "A headline.", {"The search": [plots.new_axes()]})
    plots.plt.close("all")


def test_a_list_in_a_cell_is_written_out(tmp_path):
    table = pd.DataFrame({"choices": [[1, 2], None]})
    page = report.write_report(tmp_path, "A title", "A headline.", {"A table": [table]})
    assert "| [1, 2] |\n|  |\n" in page.with_name("report.md").read_text(encoding="utf-8")


def test_a_row_stays_on_one_line_whatever_is_in_its_cells(tmp_path):
    table = pd.DataFrame({"parameter": ["a\r\nb", "c|d"], "searched": ["x\u2028y", "z"]})
    page = report.write_report(tmp_path, "A title", "A headline.", {"A table": [table]})
    assert "| --- | --- |\n| a b | x y |\n| c\\|d | z |\n" in page.with_name("report.md").read_text(encoding="utf-8")


def test_the_versions_are_the_installed_ones():
    rows = report.versions().set_index("package")["version"]
    assert rows["optuna"] == optuna.__version__
    assert set(rows.index) == {"Python", *report.PACKAGES}
