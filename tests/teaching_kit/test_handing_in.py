"""What learners hand in and a teacher gathers, through the commands that they type."""

import csv
import json
import os
import subprocess
import sys

import pytest

from helpers.teaching import handing_in, progress, progress_store


def run(*arguments, own_progress):
    """`python -m helpers progress`, on the progress of one learner: (exit code, what it says)."""
    done = subprocess.run([sys.executable, "-m", "helpers", "progress", *map(str, arguments)], text=True, timeout=600,
                          capture_output=True, env={**os.environ, "TUNING_PROGRESS": str(own_progress)})
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """Solves items as a learner of this name; returns the file of the progress."""
    def solve(who, *items):
        monkeypatch.setattr(progress_store, "PATH", tmp_path / f"{who}.progress")
        for item in items:
            progress_store.solve(item)
        return progress_store.PATH

    return solve


def test_two_learners_hand_in_and_the_teacher_has_one_table(learner, tmp_path):
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    ada, zoe = learner("Ada", "01.1", "03.2", "03 question 1"), learner("Zoë")
    assert run("--export", handed_in / "1.json", "--who", "Ada", own_progress=ada) == (
        0, f"{handed_in / '1.json'}: 3 exercises and questions solved by Ada\n")
    assert run("--export", handed_in / "2.json", "--who", "Zoë", own_progress=zoe)[0] == 0
    table = tmp_path / "class.csv"
    assert run("--gather", handed_in, table, own_progress=tmp_path / "none") == (0, f"{table}, learners: 2\n")

    with table.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    everything = [item for names in progress.known().values() for item in names]
    assert list(first)[5:] == everything
    assert (first["name"], first["file"], first["solved"], first["of"]) == ("Ada", "1.json", "3", str(len(everything)))
    assert first["03.2"] == json.loads(ada.read_text(encoding="utf-8"))["solved"]["03.2"]
    assert (first["02.1"], second["name"], second["solved"]) == ("", "Zoë", "0")


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
    assert said.endswith("class.csv, learners: 1; no export, so ask for it again: folder.json, half.json, "
                         "latin.json, list.json, odd.json, plain.json")
    row = (tmp_path / "class.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert row.startswith("'=HYPERLINK(1),ada.json,")  # a name must not become a formula


def test_without_a_name_without_exports_and_without_a_place_to_write_one_sentence_says_what_to_do(learner, tmp_path):
    own = learner("Ada", "01.1")
    assert run("--export", tmp_path / "ada.json", own_progress=own) == (
        1, "whose progress is it? Add your name, like --who Ada\n")
    assert list(tmp_path.glob("*.json")) == []
    code, said = run("--gather", tmp_path, tmp_path / "class.csv", own_progress=own)
    assert (code, said.startswith(f"{tmp_path} holds no exported progress; put the files there")) == (1, True)
    with pytest.raises(SystemExit, match=r"ada\.json can't be written \(.+\); name another file"):
        handing_in.export(tmp_path / "no such folder" / "ada.json", "Ada")


def test_without_options_the_command_shows_the_progress(learner, tmp_path):
    code, said = run(own_progress=learner("Ada", "02.1"))
    assert code == 0
    assert "lesson 02  #" in said
