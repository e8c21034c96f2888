"""The cheat sheet: its code runs, its names and defaults are the installed Optuna's, and it is one page."""

import inspect
import re
import subprocess
import sys
import warnings

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.storages.journal import JournalFileBackend

from helpers import cheat_sheet
from tests.browser.lab import what_is_missing

TEXT = cheat_sheet.SHEET.read_text(encoding="utf-8")
SECTIONS = {section.partition("\n")[0]: section for section in TEXT.split("\n## ")[1:]}
BLOCKS = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_block_of_code_runs_alone(number, tmp_path):
    for _ in range(2):  # twice, since one of them goes on where it stopped
        subprocess.run([sys.executable, "-c", BLOCKS[number]], cwd=tmp_path, check=True, capture_output=True)
    if "my.journal" in BLOCKS[number]:
        journal = JournalFileBackend(str(tmp_path / "my.journal"))
        study = optuna.load_study(study_name="mine", storage=optuna.storages.JournalStorage(journal))
        assert len(study.trials) == 20
        assert study.trials[0].params == {"x": 0.5}


@pytest.mark.parametrize("call", re.findall(r"`(trial\.suggest_.+?)`", TEXT))
def test_each_suggest_call_suggests(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert eval(call, {"trial": optuna.create_study().ask()}) is not None


@pytest.mark.parametrize("module", ["samplers", "pruners"])
def test_each_sampler_and_pruner_is_there(module):
    calls = re.findall(r"^\| `(\w+\(.*?\))` \|", next(text for name, text in SECTIONS.items() if module in name), re.M)
    assert len(calls) == 7
    for call in calls:
        if call == "CmaEsSampler()":  # its package is no part of the course
            assert hasattr(optuna.samplers, "CmaEsSampler")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            eval(call, vars(getattr(optuna, module)) | {})


def test_each_picture_is_there():
    names = re.findall(r"`(plot_\w+)\(study\)`", SECTIONS["Reading a study: optuna.visualization"])
    assert len(names) == 5
    assert all(callable(getattr(optuna.visualization, name)) for name in names)


@pytest.mark.parametrize(
    ("what", "argument", "value", "words"),
    [
        (optuna.samplers.TPESampler, "n_startup_trials", 10, "the first 10 trials are random"),
        (optuna.pruners.MedianPruner, "n_startup_trials", 5, "spares the first 5"),
        (optuna.pruners.SuccessiveHalvingPruner, "reduction_factor", 4, "when its steps have quadrupled"),
        (optuna.create_study, "pruner", None, "the default"),
    ],
)
def test_the_defaults_that_it_names_are_the_installed_ones(what, argument, value, words):
    assert inspect.signature(what).parameters[argument].default == value
    assert words in TEXT


def test_the_default_sampler_and_pruner_are_those_that_it_says():
    study = optuna.create_study()
    assert type(study.sampler) is optuna.samplers.TPESampler
    assert type(study.pruner) is optuna.pruners.MedianPruner


def test_there_are_ten_rules():
    assert re.findall(r"^(\d+)\. ", SECTIONS["Ten rules of honest tuning"], re.M) == [str(n) for n in range(1, 11)]


def test_the_page_needs_nothing_else():
    page = cheat_sheet.as_html(TEXT)
    assert not re.search(r"https?:|src=|href=|<link|@import|url\(", page)
    assert page.count("<section>") == len(SECTIONS)
    assert page.count("<table>") == 5


def test_it_is_one_page_on_paper(tmp_path):
    if missing := what_is_missing():
        pytest.skip(f"no PDF: {missing}")
    cheat_sheet.make(tmp_path)
    pdf = (tmp_path / "cheat_sheet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert re.findall(rb"/Count (\d+)", pdf) == [b"1"]


def test_without_a_chromium_there_is_the_page_and_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    monkeypatch.setattr(cheat_sheet, "CHROMIUM", ())
    cheat_sheet.make(tmp_path)
    assert "no Chromium was found for a PDF" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["cheat_sheet.html"]
