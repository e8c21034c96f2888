"""What the scripts of tests/bench compute from their measurements, and that their arms do what they say."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from optuna.trial import TrialState

from helpers import recorded
from helpers.authoring import provenance
from helpers.data import CARD_HANDS, load_csv
from tests.bench import article, faster, gpu, growth, race, racers, running, samplers, table, wilcoxon

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("seconds", "words"), [
    ({10: 0.001, 100: 0.002, 1_000: 0.004}, "more than 1,000"),
    ({10: 0.6, 100: 0.7}, "10 or fewer"),
    ({10: 0.05, 1_000: 5.0}, "about 100"),
    ({1_000: 0.1, 100: 0.1, 10_000: 2.5}, "about 3,200"),
])
def test_growth_says_where_a_trial_begins_to_cost_too_much(seconds, words):
    assert growth.hurts_at(seconds) == words


def test_the_table_goes_on_where_it_stopped(tmp_path):
    points = table.configurations()
    assert points == table.configurations()
    assert table.missing(points, tmp_path / "table.csv") == points
    for point in points[:3]:
        table.append(point | {"epoch_1": 0.5, "seconds": 1.0}, tmp_path / "table.csv")
    assert table.missing(points, tmp_path / "table.csv") == points[3:]


def test_a_sampler_gets_its_trials_and_its_best_never_falls():
    for name in ("random", "TPE after QMC"):
        row = samplers.try_sampler(name, seed=1)
        best = [row[f"best_{number}"] for number in samplers.AT]
        assert row["trials"] == 100
        assert best == sorted(best)
        assert 0.4 < best[0] < best[-1] < 1
        assert row == samplers.try_sampler(name, seed=1) | {"cpu_seconds": row["cpu_seconds"]}


def test_pruners_get_the_same_time_and_use_it_for_more_trials():
    never, strict = (samplers.try_pruner("random", name, seed=0) for name in ("none", "best quarter"))
    assert never["pruned"] == 0
    assert 30 < never["trials"] < 80
    assert strict["trials"] > 1.3 * never["trials"]
    assert strict["pruned"] > strict["trials"] / 3


def test_a_pruners_row_repeats():
    assert samplers.try_pruner("random", "Hyperband", 3) == samplers.try_pruner("random", "Hyperband", 3)


def test_workers_ask_while_the_others_trials_run(monkeypatch):
    at_work = []

    class Sampler(optuna.samplers.RandomSampler):
        def before_trial(self, study, trial):
            at_work.append(len(study.get_trials(states=(TrialState.RUNNING,))) - 1)

    monkeypatch.setitem(running.SAMPLERS, "random", Sampler)
    alone, four = (running.run("random", workers, seed=1) for workers in (1, 4))
    assert at_work == [0] * running.N_TRIALS + [0, 1, 2, 3] * (running.N_TRIALS // 4)
    assert four == alone | {"workers": 4}  # random search never looks


FIRST = {name: values[0] for name, values in table.GRID.items()}


def test_a_setting_repeats_if_it_has_the_row_of_an_earlier_one(monkeypatch):
    class Near(optuna.samplers.RandomSampler):
        def sample_independent(self, study, trial, name, distribution):
            return 1e-3 + 1e-6 * trial.number if name == "lr" else FIRST[name]

    monkeypatch.setitem(running.SAMPLERS, "random", Near)
    assert running.run("random", 4, seed=0)["repeated"] == 1 - 1 / running.N_TRIALS


def test_a_race_on_the_simulated_clock_repeats_and_ends(monkeypatch):
    monkeypatch.setattr(article, "LIMIT", 400)
    row = article.race(True, True, True, seed=0, goal=0.5)
    assert row == article.race(True, True, True, seed=0, goal=0.5)
    assert 0 < row["seconds_to_target"] < article.AFTER
    assert 0.5 <= row["val_accuracy"] < 1
    never = article.race(True, True, True, seed=0, goal=2)
    assert never == row | {"seconds_to_target": article.LIMIT}


def test_slower_workers_train_fewer_trials_in_the_same_time():
    fast = article.race(True, False, True, seed=0, goal=0)
    slow = article.race(True, False, False, seed=0, goal=0)
    ratio = article.speeds()["processes"] / article.speeds()["threads"]
    assert fast["trials"] / slow["trials"] == pytest.approx(ratio, rel=0.2)


def test_arms_of_the_race_have_names():
    rows = [dict.fromkeys(article.CHANGES, value) for value in (False, True)]
    assert [article.name(row) for row in rows] == ["the article's", "ours"]
    assert article.name(rows[0] | {"pruning": True, "log scale": True}) == "log scale + pruning"


@pytest.mark.parametrize("arm", list(wilcoxon.ARMS))
def test_each_arm_of_the_wilcoxon_pruner_has_as_many_trainings(arm, monkeypatch):
    trained = []
    monkeypatch.setattr(wilcoxon, "train", lambda trial, fold: trained.append(fold) or trial.suggest_float("x", 0, 1))
    row = wilcoxon.search(arm, seed=2, n_trainings=50)
    searched, fresh = trained[:-wilcoxon.FRESH], trained[-wilcoxon.FRESH :]
    assert len(searched) == 50
    assert set(searched) <= set(range(2_000, 2_008))
    assert not set(searched) & set(fresh)
    whole = -(-50 // wilcoxon.ARMS[arm][0])
    assert row["trials"] > whole if "pruner" in arm else row["trials"] == whole
    assert row["best_value"] == pytest.approx(row["fresh_accuracy"])  # x decides alone here


@pytest.mark.parametrize("way", ["as in the course", "fused Adam", "bfloat16", "no dropout", "eight stacked"])
def test_each_way_to_take_steps_learns(way, monkeypatch):
    built = []

    def kept(build):
        return lambda *arguments, **options: built.append(build(*arguments, **options)) or built[-1]

    monkeypatch.setattr(torch.func, "stack_module_state", kept(torch.func.stack_module_state))
    monkeypatch.setattr(faster, "build", kept(faster.build))
    data = load_csv(CARD_HANDS, limit=300)
    take = faster.WAYS[way][0](data, "small")
    which = built[-1][0]["linear.bias"] if way == "eight stacked" else built[-1].linear.bias
    before = which.detach().clone()
    take(3)
    assert ((which - before).abs() > 0).all()
    assert which.shape[0] == (faster.STACKED if way == "eight stacked" else data.n_classes)


def test_processes_that_train_side_by_side_are_told_how_many_and_how_long(monkeypatch):
    monkeypatch.setattr(gpu, "SIZES", {"usual": gpu.SIZES["usual"]})
    rows = gpu.side_by_side(["cpu"], numbers=(1, 2), seconds=0.5, repeats=2)
    assert rows[["processes", "repeat"]].values.tolist() == [[1, 0], [2, 0], [1, 1], [2, 1]]
    assert (rows["hands_per_second"] > 0).all()


def test_a_trial_too_large_for_the_memory_costs_that_trial_alone():
    states, reason = gpu.out_of_memory("cpu")
    assert states == "1 complete, 1 pruned"
    assert reason.startswith("out of memory (")


def test_the_articles_arm_draws_the_learning_rate_evenly_and_reports_nothing(tmp_path):
    trials = []

    def training(trial):
        racers.ask(trial)
        trial.report(0.5, 1)
        trials.append(trial)
        return 0.0 if trial.should_prune() else 1.0

    racers.article(training, seed=0, n_trials=3)
    assert len(trials) == 3
    for trial in trials:
        frozen = trial.study.trials[trial.number]
        assert (frozen.value, frozen.intermediate_values) == (1.0, {})
        assert not any(getattr(kind, "log", False) for kind in frozen.distributions.values())
        assert set(frozen.distributions) >= {"lr", "d_model", "optimizer"}


TIMES = pd.DataFrame({"training": list("aabb"), "time": [10.0, 50.0, 80.0, 120.0],
                      "val_accuracy": [np.nan, 0.8, 0.86, 0.95]})


def test_a_racer_reaches_a_goal_at_an_epoch_and_not_after_the_time(monkeypatch):
    monkeypatch.setattr(race, "run", lambda *_: (1.0, TIMES))
    row = race.measure("our rounds", 0, seconds=90)
    assert (row["to_0.75"], row["to_0.85"], row["trials"]) == (50, 80, 2)
    assert np.isnan(row["to_0.9"])
    assert np.isnan(row["best_30"])
    assert (row["best_60"], row["best_90"]) == (0.8, 0.86)


def test_the_clock_of_cores_stands_still_for_what_waits_and_ends_what_works():
    waits = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"])
    _, clock = race.watch(waits, seconds=2)
    assert waits.returncode == 0
    assert clock["seconds"].max() < 2
    works = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    _, clock = race.watch(works, seconds=0.5)
    assert works.poll() is not None
    assert clock["seconds"].max() >= 0.5


def test_the_race_goes_on_where_it_stopped_and_shows_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(race, "run", lambda *_: (1.0, TIMES))
    for module in (recorded, provenance):
        monkeypatch.setattr(module, "RECORDED", tmp_path)
    monkeypatch.setattr(race, "ROOT", tmp_path)
    (tmp_path / "bench").mkdir()
    pieces = race.missing(pd.DataFrame())
    assert pieces[:8] == [*((arm, 0) for arm in race.ARMS), ("the article's", 1)]
    race.record(pieces[:8], race.SECONDS)
    table = pd.read_csv(tmp_path / "bench" / "race.csv")
    assert race.missing(table) == pieces[8:]
    assert race.summary(table).loc["the article's", "to 0.85"] == "80 s (2 of 2)"
    monkeypatch.setattr(race, "machine", lambda: "another")
    race.record(pieces[8:9], race.SECONDS)
    assert recorded.provenance("bench/race").count(f"{provenance.machine()} and another") == 1
    race.show(table)
    assert (tmp_path / "build" / "race.png").stat().st_size > 1_000


@pytest.mark.parametrize(("arm", "studies"), [("one blind study", ["blind"]), ("our rounds", ["one", "two"])])
def test_an_arm_of_ours_begins_with_its_starts(arm, studies, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(racers, "run_workers", lambda training, study, n_trials, workers: ran.append((study, n_trials)))
    race.ARMS[arm](racers.Training(tmp_path), seed=0, n_trials=100)
    starts = {"blind": [racers.search.PAPER_START], "one": racers.search.TRANSFORMER_STARTS, "two": []}
    assert [study.study_name for study, _ in ran] == studies
    assert sum(n_trials for _, n_trials in ran) == 100
    for study, _ in ran:
        assert [trial.system_attrs["fixed_params"] for trial in study.trials] == starts[study.study_name]


ONLY = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv:
            raise ModuleNotFoundError(f"{name} is not in the tuners' environment")

sys.meta_path.insert(0, Hidden())
import tests.bench.racers
"""


def below(names):
    """These packages and all that they require."""
    found, waiting = set(), list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name not in found:
            found.add(name)
            try:
                needed = requires(name) or []
            except PackageNotFoundError:  # for another system, or a tuner, which this environment hasn't
                needed = []
            waiting += [re.match(r"[\w.-]+", line)[0] for line in needed if "extra ==" not in line]
    return found


def test_the_race_runs_with_what_the_tuners_environment_holds():
    lines = (race.ROOT / "tests" / "bench" / "requirements-tuners.txt").read_text(encoding="utf-8").splitlines()
    there = below(re.match(r"[\w-]+", line)[0] for line in lines if line[0] != "#")
    hidden = [module for module, packages in packages_distributions().items()
              if module not in ("helpers", "tests") and not there & {re.sub(r"[-_.]+", "-", name).lower()
                                                                     for name in packages}]
    assert "jupyterlab" in hidden
    subprocess.run([sys.executable, "-c", ONLY, *hidden], cwd=race.ROOT, check=True)
