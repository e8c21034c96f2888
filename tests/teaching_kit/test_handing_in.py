"""What learners hand in and a teacher gathers, through the commands that they type."""

import csv
import sys

import pytest

from helpers.__main__ import main
from helpers.teaching import handing_in, progress, progress_store


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """Solves items as a learner of this name, whose progress is the one on this machine from now on."""
    def solve(who, *items):
        monkeypatch.setattr(progress_store, "PATH", tmp_path / f"{who}.progress")
        for item in items:
            progress_store.solve(item)

    return solve


@pytest.fixture
def run(monkeypatch, capsys):
    """`python -m helpers progress` with these options; returns what it prints."""
    def run(*options):
        monkeypatch.setattr(sys, "argv", ["helpers", "progress", *map(str, options)])
        main()
        return capsys.readouterr().out

    return run


def test_two_learners_hand_in_and_the_teacher_has_one_table(learner, run, tmp_path):
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    learner("Ada", "01.1", "03.2", "03 question 1")
    when = progress_store.solved()["03.2"]
    assert run("--export", handed_in / "1.json", "--who", "Ada") == (
        f"{handed_in / '1.json'}: 3 exercises and questions solved by Ada\n")
    learner("Zoë")
    run("--export", handed_in / "2.json", "--who", "Zoë")
    assert run("--gather", handed_in, tmp_path / "class.csv") == f"{tmp_path / 'class.csv'}, learners: 2\n"

    with open(tmp_path / "class.csv", encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    everything = [item for names in progress.known().values() for item in names]
    assert list(first)[5:] == everything
    assert (first["name"], first["file"], first["solved"], first["of"]) == ("Ada", "1.json", "3", str(len(everything)))
    assert (first["03.2"], first["02.1"]) == (when, "")
    assert (second["name"], second["solved"]) == ("Zoë", "0")


def test_what_is_no_export_is_named_and_the_others_are_gathered(learner, tmp_path):
    learner("Ada", "01.1")
    handing_in.export(tmp_path / "ada.json", "=HYPERLINK(1)")
    for name, text in {"half": '{"who": "Bo', "list": "[1]", "plain": '{"solved": {}}', "odd": '{"who": 1}'}.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    (tmp_path / "latin.json").write_bytes('{"who": "Zoë"}'.encode("latin-1"))
    (tmp_path / "folder.json").mkdir()
    edited = (tmp_path / "ada.json").read_text(encoding="utf-8")
    (tmp_path / "ada.json").write_text(edited, encoding="utf-8-sig")
    said = handing_in.gather(tmp_path, tmp_path / "class.csv")
    assert said.endswith("class.csv, learners: 1; no valid export, ask again for: folder.json, half.json, "
                         "latin.json, list.json, odd.json, plain.json")
    row = (tmp_path / "class.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert row.startswith("'=HYPERLINK(1),ada.json,")  # a name must not become a formula


def test_without_a_name_an_export_or_a_place_to_write_one_sentence_says_what_to_do(learner, run, tmp_path):
    learner("Ada", "01.1")
    with pytest.raises(SystemExit, match=r"whose progress is it\? Add your name, like --who Ada"):
        run("--export", tmp_path / "ada.json")
    assert list(tmp_path.glob("*.json")) == []
    with pytest.raises(SystemExit, match="holds no exported progress; put there the files that learners wrote with"):
        run("--gather", tmp_path, tmp_path / "class.csv")
    with pytest.raises(SystemExit, match=r"ada\.json can't be written \(.+\); name another file"):
        run("--export", tmp_path / "no such folder" / "ada.json", "--who", "Ada")


def test_without_options_the_command_shows_the_progress(learner, run):
    learner("Ada", "02.1")
    assert "lesson 02  #." in run()
