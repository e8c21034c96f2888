"""Every script of the gallery, twice in its own venv. `make test-gallery` builds the venvs and says where they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gallery.scripts import ENVIRONMENT_OF, finish, start

if "GALLERY_VENVS" not in os.environ:
    pytest.skip("make test-gallery runs these tests", allow_module_level=True)
VENVS = Path(os.environ["GALLERY_VENVS"]).absolute()
MAJORITY = 0.11  # the digits are nearly evenly shared
ROUNDS = {"xgboost": 60, "lightgbm": 60, "catboost": 60, "fastai": 10, "transformers": 10}  # the others: 15 epochs


@pytest.fixture(scope="module", params=ENVIRONMENT_OF)
def library(request):
    return request.param


@pytest.fixture(scope="module")
def runs(library, tmp_path_factory):
    """What two runs of a script print and log, and their trials; they run side by side."""
    python = VENVS / ENVIRONMENT_OF[library] / "bin" / "python"
    files = [tmp_path_factory.mktemp(library) / "trials.json" for _ in range(2)]
    processes = [start(library, python, file) for file in files]
    return [finish(process, file) for process, file in zip(processes, files, strict=True)]


def only(trials, state):
    return [trial for trial in trials if trial["state"] == state]


def deprecations(log, script):
    """The warnings in a log that Optuna gives, or that a line of the script gives rise to."""
    warnings = re.findall(r"^(.+?):\d+: \w*(?:Deprecation|Future)Warning: (.+)$", log, re.MULTILINE)
    return [text for file, text in warnings if "optuna" in file + text or file.endswith(script)]


def test_the_study_finishes_and_the_script_says_so(runs):
    for printed, _, trials in runs:
        complete, pruned = only(trials, "COMPLETE"), only(trials, "PRUNED")
        assert len(complete) + len(pruned) == len(trials) == 20
        assert f"20 trials, {len(pruned)} of them pruned, in " in printed
        assert f"best validation accuracy: {max(trial['value'] for trial in complete):.4f} with" in printed


def test_the_winner_beats_the_majority_and_does_so_again_when_it_is_trained_again(runs):
    for printed, _, trials in runs:
        best = max(trial["value"] for trial in only(trials, "COMPLETE"))
        validation, test = re.search(r"trained again: validation (\S+), test (\S+)\n", printed).groups()
        assert best > 8 * MAJORITY
        assert float(validation) == pytest.approx(best, abs=0.0001)
        assert float(test) > 8 * MAJORITY


def test_the_hook_reports_every_round_and_ends_the_training_of_a_pruned_trial(library, runs):
    for _, _, trials in runs:
        rounds = ROUNDS.get(library, 15)
        assert all(len(trial["reported"]) == rounds for trial in only(trials, "COMPLETE"))
        assert any(1 <= len(trial["reported"]) < rounds for trial in only(trials, "PRUNED"))


def test_what_is_reported_ends_in_what_is_returned(runs):
    for _, _, trials in runs:
        for trial in only(trials, "COMPLETE"):
            assert trial["value"] == pytest.approx(trial["reported"][-1], abs=1e-6)


def test_the_same_seed_repeats_the_same_trials(runs):
    (_, _, first), (_, _, second) = runs
    assert first == second
    assert len({trial["value"] for trial in first}) > 5


def test_nothing_of_optunas_is_deprecated(library, runs):
    for _, log, _ in runs:
        assert deprecations(log, f"tune_{library}.py") == []


def test_a_deprecated_name_of_optunas_would_be_seen(tmp_path):
    script = tmp_path / "tune_old.py"
    script.write_text("import optuna\noptuna.create_study().ask().suggest_uniform('x', 0, 1)\n")
    done = subprocess.run([sys.executable, "-W", "default", script], capture_output=True, text=True, check=True)
    assert "suggest_uniform has been deprecated" in deprecations(done.stderr, "tune_old.py")[0]
