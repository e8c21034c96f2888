import json

import pytest
from optuna.trial import TrialState

from helpers import recorded
from helpers.authoring import rounds, steps
from helpers.study import StudyError, finished

STUDIES = ["transformer", "small"]
MEASURED = {"workers": "bench.workers", "storages": "bench.storages", "classroom": "bench.classroom",
            "soak": "faults.soak", "project_drill": "project.drill",
            "gallery": "gallery.record", "gallery_environments": "gallery.record", "stepwise": "gallery.compare",
            "searches": "gallery.compare", "bench/samplers": "bench.samplers", "bench/pruners": "bench.samplers"}
MEASURED |= {"workers_larger": "bench.workers", "bench/faster_gpu": "bench.faster", "bench/gpu_studies": "bench.gpu"}
MEASURED |= {f"bench/{name}": f"bench.{name}" for name in (
    "article", "faster", "gpu", "growth", "layouts", "race", "running", "table", "training_loop", "wilcoxon")}
TABLES = {"untuned": range(5), "patience": range(5), "diagnosis": range(5), "schedule": range(5),
          "first_try": range(11, 16), "tuned": range(11, 16)}


@pytest.mark.parametrize("name", STUDIES)
def test_each_study_holds_a_hundred_finished_trials(name):
    study = recorded.load_study(name)
    assert finished(study) == len(study.trials) == 100
    assert study.direction.name == "MAXIMIZE"


def test_reading_a_study_does_not_change_its_file():
    before = recorded.study_path("transformer").read_bytes()
    recorded.load_study("transformer").best_trial  # noqa: B018
    assert recorded.study_path("transformer").read_bytes() == before


def test_a_recorded_study_that_is_not_there_is_named_and_no_file_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "RECORDED", tmp_path)
    (tmp_path / "study_small.journal").touch()
    (tmp_path / "study_transformer.journal").touch()
    for load in (lambda: recorded.load_study("smal"), lambda: recorded.load_round("tree", "round 1"),
                 recorded.load_ten_tries):
        with pytest.raises(StudyError, match=r"there is no recorded study .* there are: .*small, .*transformer"):
            load()
    assert {path.name for path in tmp_path.iterdir()} == {"study_small.journal", "study_transformer.journal"}


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_its_seeds_and_its_curves(name):
    table = recorded.load_table(name, test=True)
    for model, group in table.groupby("model"):
        assert sorted(group["seed"]) == ([0] if model == "full width" else list(TABLES[name]))
    assert table.filter(like="accuracy").stack().between(0, 1).all()
    curves = recorded.load_table(f"{name}_curves")
    for row in table.dropna(subset="epochs").itertuples():
        curve = curves[(curves["model"] == row.model) & (curves["seed"] == row.seed)]
        assert list(curve["epoch"]) == list(range(1, int(row.epochs) + 1))
        assert curve["val_accuracy"].max() == pytest.approx(row.val_accuracy, abs=1e-4)


@pytest.mark.parametrize("name", ["transformer", "lstm", "trees"])
def test_each_search_has_its_rounds_and_rivals_as_many_seconds(name):
    first, second = (recorded.load_round(name, kind) for kind in ("round 1", "round 2"))
    assert finished(first) == len(first.trials) == rounds.N_TRIALS["round 1"]
    assert [trial.system_attrs["fixed_params"] for trial in first.trials[:8]] == rounds.STARTS[name]
    assert finished(second) == len(second.trials) >= rounds.N_TRIALS["round 2"]
    seconds, ours = (sum(recorded.load_round(each, kind).user_attrs["seconds"] for kind in ("round 1", "round 2"))
                     for each in (name, "transformer"))
    assert seconds >= ours


@pytest.mark.parametrize("name", ["transformer", "lstm"])
def test_the_five_best_were_re_ranked_over_three_seeds(name):
    rows = recorded.load_table("reranked").query("search == @name")
    best = [trial.number for trial in rounds.best_trials(name)]
    assert rows.groupby("trial")["seed"].apply(list).to_dict() == {trial: [101, 102, 103] for trial in best}
    means = rows.groupby("trial")["val_accuracy"].mean()
    assert recorded.chosen(name).number == means.idxmax()


def test_each_step_has_the_trials_of_its_round_and_its_best_three_more_seeds():
    rows = recorded.load_table("steps")
    assert rows.groupby("step", sort=False)["seed"].apply(list).to_dict() == {
        name: list(rounds.SEEDS_AGAIN) for name in steps.ALL}
    assert (rows["trials"] == rows["round"].map(rounds.N_TRIALS)).all()
    for name, best in rows.groupby("step")["best_value"].first().items():
        assert steps.load_step(name).best_value == pytest.approx(best, abs=1e-4)


def test_the_test_columns_are_sealed_unless_asked_for():
    assert not recorded.load_table("untuned").filter(like="test").columns.any()
    assert list(recorded.load_table("untuned", test=True).filter(like="test")) == ["test_accuracy", "test_auc"]


def test_each_pruned_trial_was_trained_to_its_end_and_began_as_it_did_in_the_study():
    table, curves = recorded.load_table("pruned"), recorded.load_table("pruned_curves")
    pruned = recorded.load_study("transformer").get_trials(states=(TrialState.PRUNED,))
    assert table["trial"].tolist() == [trial.number for trial in pruned]
    assert table["pruned_at"].tolist() == [trial.last_step for trial in pruned]
    for trial, end in zip(pruned, table["val_accuracy"], strict=True):
        curve = curves[curves["trial"] == trial.number].set_index("epoch")["val_accuracy"]
        assert list(curve.index) == list(range(1, 13))
        assert curve.max() == pytest.approx(end, abs=1e-4)
        for epoch, value in trial.intermediate_values.items():
            assert curve[epoch] == pytest.approx(value, abs=1e-4)


def test_the_soak_lost_nothing():
    table = recorded.load_table("soak")
    assert list(table["storage"]) == ["journal", "SQLite", "PostgreSQL", "class"]
    assert (table["finished"] >= table["total"]).all()  # two workers may both begin the last
    assert not table[["lost", "duplicated", "stuck"]].any(axis=None)


def test_workers_were_compared_in_three_repeats_of_forty_trials():
    table = recorded.load_table("workers")
    arms = ["n_jobs=-1", "n_jobs=-1, one torch thread", "one process", "two processes", "two processes without Optuna"]
    assert table.groupby("arm").size().to_dict() == dict.fromkeys(arms, 3)
    assert table["trials"].eq(40).all()


def test_what_lesson_07_says_of_threads_and_processes_is_what_was_recorded():
    seconds = recorded.load_table("workers").groupby("arm")["seconds"].median()
    assert seconds["one process"] > 1.6 * seconds["two processes"]
    one_thread = seconds["n_jobs=-1, one torch thread"]
    assert seconds["two processes"] < one_thread < 1.25 * seconds["two processes"]
    assert seconds["n_jobs=-1"] - one_thread > one_thread - seconds["two processes"]
    at_work = {name: recorded.load_table(name).groupby("arm")["seconds_at_work"].median()
               for name in ("workers", "workers_larger")}
    for arm in ("n_jobs=-1", "n_jobs=-1, one torch thread"):  # threads come closer to processes
        behind = {name: each[arm] / each["two processes"] for name, each in at_work.items()}
        assert 1 < behind["workers_larger"] < behind["workers"]


def test_samplers_pruners_and_the_race_have_thirty_seeds_an_arm():
    for name, arm in (("samplers", ["sampler"]), ("pruners", ["sampler", "pruner"]), ("article", ["arm"])):
        seeds = recorded.load_table(f"bench/{name}").groupby(arm)["seed"]
        assert seeds.nunique().eq(30).all()
        assert seeds.size().eq(30).all()


def test_in_the_race_all_had_the_same_seconds_and_seeds():
    table = recorded.load_table("bench/race")
    seeds = {tuple(sorted(seeds)) for _, seeds in table.groupby("arm")["seed"]}
    assert seeds == {tuple(range(table["seed"].max() + 1))}
    assert table["seconds"].nunique() == 1


def test_layouts_have_five_seeds_untuned_and_tuned():
    table = recorded.load_table("bench/layouts", test=True)
    assert table.groupby(["layout", "model", "tuned"]).size().eq(5).all()
    assert table.groupby("layout").size().to_dict() == dict.fromkeys(
        ["as dealt", "by suit", "six and one", "by rank"], 20)


@pytest.mark.parametrize("name", MEASURED)
def test_what_a_script_measured_says_so(name):
    facts = json.loads((recorded.RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    assert facts["command"].startswith(f"python -m tests.{MEASURED[name]} ")
    assert facts["command"].endswith("--record")
    assert facts["date"] in recorded.provenance(name)


@pytest.mark.parametrize("name", [*TABLES, "studies", "pruned", "rounds", "steps", "luck", "ten_tries"])
def test_each_part_says_where_it_comes_from(name):
    facts = json.loads((recorded.RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    assert facts["command"] == f"python -m helpers record {name}"
    assert set(facts) >= {"what", "date", "seconds", "seeds", "workers", "threads_per_worker", "machine", "versions"}
    assert facts["versions"]["torch"].startswith("2.13.0")
    assert facts["date"] in recorded.provenance(name)


def test_every_recorded_file_belongs_to_a_part():
    known = {f"{name}{end}" for name in [*TABLES, "pruned"] for end in (".csv", "_curves.csv", ".json")}
    known |= {f"study_{name}.journal" for name in STUDIES} | {"studies.json"}
    known |= {f"{name}{end}" for name in MEASURED for end in (".csv", ".json")}
    known |= {"gallery_trials.csv", "README.md", "rounds.json", "reranked.csv"}
    known |= {"ten_tries.json", "study_ten_tries.journal"}
    known |= {f"study_{name}_rounds.journal" for name in rounds.STARTS}
    known |= {"steps.csv", "steps.json", "study_transformer_steps.journal", "luck.csv", "luck.json"}
    files = (path for path in recorded.RECORDED.rglob("*") if path.is_file())
    walked = {"minutes.json"}  # once `make walk` has timed a lesson
    assert {path.relative_to(recorded.RECORDED).as_posix() for path in files} - walked == known
