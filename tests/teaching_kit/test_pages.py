"""The pages of the kit and the data cards: links, names of sections, commands, and facts about the data."""

import importlib.util
import re
import shlex
import subprocess
import sys
import urllib.parse

import optuna
import pandas as pd
import pytest
import yaml

from helpers.__main__ import parser
from helpers.authoring.handout import COURSE
from helpers.authoring.plans import ROOT, read, sections
from helpers.data import CARD_HANDS, MESSAGES
from helpers.search import objective
from tests.notebooks.tidy_notebooks import NOTEBOOKS

KIT = ROOT / "notebooks" / "teaching"
CARDS = ROOT / "data" / "README.md"
PAGES = [*sorted(KIT.glob("*.md")), CARDS]
NOTES = re.split(r"^## ", (KIT / "notes.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page):
    for link in re.findall(r"\]\((.+?)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            path, _, heading = link.partition("#")
            target = page.parent / urllib.parse.unquote(path) if path else page
            assert target.exists(), link
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
            anchors = [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings]
            assert not heading or heading in anchors, link


def test_the_way_in_leads_to_every_page_and_readme_to_it():
    way_in = (KIT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)", way_in)
    assert {page.name for page in KIT.glob("*.md")} - {"README.md", "survey_key.md"} <= set(links)
    assert "`survey_key.md`" in way_in  # no link: a handout has no such file
    assert "(notebooks/teaching/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_leader_of_a_class_study_is_tested_with_other_seeds(tmp_path):
    """The code for the high point, in a folder beside the file of a class study that has one trial."""
    storage = f"sqlite:///{(tmp_path / 'class.db').as_posix()}"
    study = optuna.create_study(study_name="class", storage=storage, direction="maximize")
    study.optimize(objective, n_trials=1)
    (tmp_path / "notebooks").mkdir()
    code = (KIT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "notebooks", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"the leader, on validation: {study.best_value:.3f}\n" in done.stdout
    assert re.findall(r"its settings with seed (\d), on test: 0\.\d{3}\n", done.stdout) == ["1", "2", "3"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_on_a_page_is_one(page):
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([\w-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for line in re.findall(r"(?:^|`)python -m helpers ([^`\n]+)", text, re.MULTILINE):
        parser().parse_args(shlex.split(line))
    for module in re.findall(r"`python -m (helpers\.[\w.]+)", text):
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_exercise_and_section_that_a_page_names_with_its_lesson_is_there(page):
    text = page.read_text(encoding="utf-8")
    for lesson, number in re.findall(r"Exercise (\d\d)\.(\d)", text):
        assert re.search(rf"### Exercise {lesson}\.{number} ", "\n".join(cell.source for cell in read(lesson).cells))
    for lesson, section in re.findall(r'[Ll]esson (\d\d), "(.+?)"', text):
        assert section.rstrip(",") in sections(read(lesson)), section


def test_there_is_a_note_on_each_lesson_and_its_sections_are_there():
    assert [note[:2] for note in NOTES] == [path.stem[:2] for path in NOTEBOOKS]
    for note in NOTES:
        for words in ("Aim", "Open with", "What people guess, and what to answer", "Where it goes wrong"):
            assert f"\n\n**{words}.** " in note or f"\n\n**{words}.**\n" in note, (note[:2], words)
        kept = re.findall(r'"(.+?)"', note.partition("**In half the time.**")[2])
        assert kept, note[:2]
        assert set(kept) <= set(sections(read(note[:2]))), note[:2]


def test_a_note_is_half_a_page():
    assert [note[:2] for note in NOTES if len(note.split()) > 300] == []


def card(name):
    """The section of the data card on a file."""
    return CARDS.read_text(encoding="utf-8").partition(f"## {name}")[2].partition("\n## ")[0]


@pytest.mark.parametrize("path", [CARD_HANDS, MESSAGES], ids=lambda path: path.name)
def test_the_numbers_of_a_data_card_are_those_of_the_file(path):
    table = pd.read_csv(path)
    counts = table.groupby("label")["split"].value_counts().unstack(fill_value=0)[["train", "val", "test"]]
    rows = {cells[0]: [int(cell.replace(",", "")) for cell in cells[1:]] for cells in
            re.findall(r"^\| ([a-z ]+?) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", card(path.name), re.MULTILINE)}
    assert rows.pop("all") == counts.sum().tolist()
    assert rows == {label: row.tolist() for label, row in counts.iterrows()}
    assert not table["text"].duplicated().any()


def test_the_citation_has_what_the_format_asks_for():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{cited["version"]}"' in project
    assert f'license = "{cited["license"]}"' in project
    assert "CITATION.cff" in COURSE
