"""Snippets of lesson 11 at bad moments: a kill before a value is stored, a signal in the first trial, other processes.

They run here, in an empty folder; test_rules.py and nbval run them undisturbed.
"""

import signal
from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import create_trial

from tests.notebooks.test_rules import SNIPPETS


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(words):
    [source] = [source for source in SNIPPETS["11"].values() if words in source]
    exec(compile(source, words, "exec"), {})


class Killed(BaseException):
    pass


def test_a_kill_before_the_value_is_stored_costs_no_epoch(monkeypatch):
    def optimize(study, objective, now=optuna.Study.optimize, **options):
        def killed_at_its_end(trial):
            objective(trial)
            raise Killed

        now(study, killed_at_its_end, **options)

    def save(what, path, now=torch.save):
        saved.append(path)
        now(what, path)

    saved = []
    monkeypatch.setattr(torch, "save", save)
    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "optimize", optimize)
        with pytest.raises(Killed):
            run("my_long.journal")
    run("my_long.journal")
    assert len(saved) == 5 * 10  # epochs
    assert not list(Path().glob("my_trial_*"))


def test_each_trial_uploads_a_file_of_its_own(monkeypatch):
    def upload(*, file_path, now=optuna.artifacts.upload_artifact, **options):
        uploaded.append(file_path)
        return now(file_path=file_path, **options)

    uploaded = []
    monkeypatch.setattr(optuna.artifacts, "upload_artifact", upload)
    run("my_artifacts")
    assert len(set(uploaded)) == len(uploaded) == 10


def test_the_best_model_is_of_one_trial_though_others_add_better_ones(monkeypatch, capsys):
    def best(study, now=optuna.Study.best_trial.fget):
        found = now(study)
        study.add_trial(create_trial(value=found.value + 1, params=found.params, distributions=found.distributions))
        return found

    def optimize(study, *arguments, now=optuna.Study.optimize, **options):
        now(study, *arguments, **options)
        monkeypatch.setattr(optuna.Study, "best_trial", property(best))

    monkeypatch.setattr(optuna.Study, "optimize", optimize)
    run("my_models")
    value, again, _ = capsys.readouterr().out.split(";")
    assert again == f" loaded again: {value}"


def test_a_signal_in_the_first_trial_ends_without_an_error(monkeypatch, capsys):
    def report(trial, value, step, now=optuna.Trial.report):
        signal.raise_signal(signal.SIGTERM)
        now(trial, value, step)

    monkeypatch.setattr(optuna.Trial, "report", report)
    run("my_limits.journal")
    assert capsys.readouterr().out == "2 trials; best: none yet\n"
