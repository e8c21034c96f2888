"""The cheat sheet: its code runs, its names and defaults are the installed Optuna's, and it is one page."""

import inspect
import re
import subprocess
import sys
import warnings

import optuna
import pytest
import sqlalchemy
import torch
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from helpers import study
from helpers.authoring import cheat_sheet

TEXT = cheat_sheet.SHEET.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
PROSE = re.sub(r"```.+?```", "", TEXT, flags=re.DOTALL)
SECTIONS = {section.partition("\n")[0]: section for section in TEXT.split("\n## ")[1:]}
NO_EXPRESSIONS = {"if", "n_heads", "n_jobs=-1", "storage="}
INLINE = dict.fromkeys(code for code in re.findall(r"`([^`]+)`", PROSE) if code not in NO_EXPRESSIONS)


def start(block, folder):
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", block], cwd=folder, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.slow
def test_the_pattern_runs_alone(tmp_path):
    output, errors = start(BLOCKS[0], tmp_path).communicate()
    assert re.match(r"0\.\d+ \{'size': \d+, 'lr': 0\.\d+\}\n", output), errors
    assert errors.count("] Trial ") == 30


def test_the_shared_study_runs_in_two_terminals_and_goes_on_to_its_total(tmp_path):
    for terminals in (2, 1):
        programs = [start(BLOCKS[1], tmp_path) for _ in range(terminals)]
        errors = [program.communicate()[1] for program in programs]
        assert [program.returncode for program in programs] == [0] * terminals, errors
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "my.journal")))
        trials = optuna.load_study(study_name="mine", storage=storage).trials
        assert len(trials) in (20, 21)  # two workers may both begin the last one
        assert trials[0].params == {"x": 0.5}


def test_there_is_no_other_block_of_code():
    assert len(BLOCKS) == TEXT.count("```") / 2 == 2


@pytest.mark.parametrize("code", INLINE)
def test_each_piece_of_code_in_a_table_or_a_sentence_can_be_evaluated(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = optuna.create_study()
    trial = one.ask()
    names = {"trial": trial, "study": one, "number": trial.number, "TrialState": TrialState, "torch": torch,
             "JournalFileBackend": JournalFileBackend, "open_study": study.open_study, "run_until": study.run_until}
    for module in (optuna.samplers, optuna.pruners, optuna.visualization, optuna.storages):
        names |= {name: getattr(module, name) for name in module.__all__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ExperimentalWarning)
        whole = code.replace("(…)", "(JournalFileBackend('a.journal'))").replace("=…", "='localhost'")
        result = eval(whole, names)
    assert (result is None) == (code in {"None", "torch.set_num_threads(1)"})


def test_each_picture_can_be_drawn():
    one = optuna.create_study()
    for x in (0.2, 0.1, 0.4):
        trial = optuna.trial.create_trial(
            params={"x": x, "y": 1 - x}, value=x, intermediate_values={0: x},
            distributions=dict.fromkeys("xy", optuna.distributions.FloatDistribution(0, 1)))
        one.add_trial(trial)
    names = re.findall(r"`(plot_\w+)`", TEXT)
    assert len(names) == 5
    for name in names:
        assert getattr(optuna.visualization, name)(one).data


def test_the_addresses_are_understood(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sqlite, postgres = re.findall(r'`"(\w+\S+://\S+)"`', TEXT)
    optuna.create_study(storage=sqlite)
    assert (tmp_path / "my.db").exists()
    assert sqlalchemy.create_engine(postgres).driver == "psycopg"


@pytest.mark.parametrize(
    ("what", "argument", "value", "words"),
    [
        (optuna.samplers.TPESampler, "n_startup_trials", 10, "the default: 10 trials at random"),
        (optuna.pruners.MedianPruner, "n_startup_trials", 5, "The default spares the first 5 trials"),
        (optuna.pruners.SuccessiveHalvingPruner, "reduction_factor", 4, "at steps that grow fourfold"),
        (optuna.pruners.HyperbandPruner, "reduction_factor", 3, "several of these at once, threefold"),
    ],
)
def test_the_defaults_that_it_names_are_the_installed_ones(what, argument, value, words):
    assert inspect.signature(what).parameters[argument].default == value
    assert words in TEXT


def test_the_default_sampler_and_pruner_are_those_that_it_says():
    one = optuna.create_study()
    assert type(one.sampler) is optuna.samplers.TPESampler
    assert type(one.pruner) is optuna.pruners.MedianPruner
    assert re.search(r"`TPESampler\(\)` \| the default", TEXT)
    assert re.search(r"`MedianPruner\(\)` \| .+\(default\)", TEXT)


def test_the_default_sampler_is_multivariate():
    def draws(**options):
        one = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, **options))
        one.optimize(lambda trial: trial.suggest_float("x", 0, 1) * trial.suggest_float("y", 0, 1), n_trials=15)
        return [trial.params for trial in one.trials]

    assert draws() == draws(multivariate=True) != draws(multivariate=False)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_patience_ends_a_trial_after_more_than_three_steps_that_are_no_better():
    assert "| `PatientPruner(None, 3)` | stands still for more than 3 steps |" in TEXT
    trial = optuna.create_study(direction="maximize", pruner=optuna.pruners.PatientPruner(None, 3)).ask()
    prunes = []
    for step, value in enumerate([1, 0, 0, 0, 0]):
        trial.report(value, step)
        prunes.append(trial.should_prune())
    assert prunes == [False, False, False, False, True]


def test_there_are_ten_rules():
    assert re.findall(r"^(\d+)\. ", SECTIONS["Ten rules of honest tuning"], re.M) == [str(n) for n in range(1, 11)]


def test_it_names_the_versions_that_are_installed():
    assert f"Optuna {optuna.__version__}, torch {torch.__version__.partition('+')[0]}." in TEXT


def test_the_page_needs_nothing_else():
    page = cheat_sheet.as_html(TEXT)
    assert not re.search(r"https?:|src=|href=|<link|@import|url\(", page)
    assert page.count("<section>") == len(SECTIONS)
    assert page.count("<table>") == len(re.findall(r"^\|---", TEXT, re.M))


def test_it_is_one_page_on_paper(browser, tmp_path):
    cheat_sheet.make(tmp_path)
    pdf = (tmp_path / "cheat_sheet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert re.findall(rb"/Count (\d+)", pdf) == [b"1"]


def test_nothing_sticks_out_of_its_column_and_all_can_be_read(browser):
    page = browser.new_page()
    page.set_content(cheat_sheet.as_html(TEXT))
    seen = page.evaluate("""[...document.querySelectorAll('section *')].map(part => {
        const range = document.createRange()
        range.selectNodeContents(part)
        const column = part.closest('section').getBoundingClientRect()
        return {text: part.textContent, over: range.getBoundingClientRect().right - column.right,
                size: parseFloat(getComputedStyle(part).fontSize)}})""")
    assert len(seen) > 100
    assert [part["text"] for part in seen if part["over"] > 0.5] == []
    assert min(part["size"] for part in seen) >= 10  # pixels: 7.5 points


def test_without_a_chromium_there_is_the_page_and_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    (tmp_path / "cheat_sheet.pdf").write_bytes(b"the one of last time")
    cheat_sheet.make(tmp_path)
    assert "no PDF: no Chromium was found, or it failed" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["cheat_sheet.html"]
