import json

import pytest
from optuna.trial import TrialState

from helpers import recorded
from helpers.evaluation import by_model, interval
from helpers.study import finished

README = recorded.DATA_DIR.parent / "README.md"
STUDIES = ["transformer", "lstm", "trees", "small"]
MEASURED = {"workers": "bench.workers", "storages": "bench.storages", "classroom": "bench.classroom",
            "soak": "faults.soak",
            "gallery": "gallery.record", "gallery_environments": "gallery.record", "stepwise": "gallery.compare",
            "searches": "gallery.compare", "bench/samplers": "bench.samplers", "bench/pruners": "bench.samplers"}
MEASURED |= {"workers_larger": "bench.workers", "bench/faster_gpu": "bench.faster", "bench/gpu_studies": "bench.gpu"}
MEASURED |= {f"bench/{name}": f"bench.{name}" for name in (
    "article", "faster", "gpu", "growth", "layouts", "table", "training_loop", "tuners", "wilcoxon")}
TABLES = ["untuned", "patience", "diagnosis", "schedule", "tuned"]


@pytest.mark.parametrize("name", STUDIES)
def test_each_study_holds_a_hundred_finished_trials(name):
    study = recorded.load_study(name)
    assert finished(study) == len(study.trials) == 100
    assert study.direction.name == "MAXIMIZE"


def test_reading_a_study_does_not_change_its_file():
    before = recorded.study_path("transformer").read_bytes()
    recorded.load_study("transformer").best_trial  # noqa: B018
    assert recorded.study_path("transformer").read_bytes() == before


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_its_seeds_and_its_curves(name):
    table = recorded.load_table(name, test=True)
    for model, group in table.groupby("model"):
        assert sorted(group["seed"]) == ([0] if model == "full width" else [0, 1, 2, 3, 4])
    assert table.filter(like="accuracy").stack().between(0, 1).all()
    curves = recorded.load_table(f"{name}_curves")
    for row in table.dropna(subset="epochs").itertuples():
        curve = curves[(curves["model"] == row.model) & (curves["seed"] == row.seed)]
        assert list(curve["epoch"]) == list(range(1, int(row.epochs) + 1))
        assert curve["val_accuracy"].max() == pytest.approx(row.val_accuracy, abs=1e-4)


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
    assert list(table["storage"]) == ["journal", "SQLite", "PostgreSQL"]
    assert (table["finished"] == table["total"]).all()
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


def test_tuners_had_the_same_seconds_and_seeds():
    table = recorded.load_table("bench/tuners")
    real = table[table["training"] == "real"]
    assert {tuple(seeds) for _, seeds in real.groupby("arm")["seed"]} == {(0, 1, 2)}
    assert real["seconds"].nunique() == 1
    assert set(table["arm"]) - set(real["arm"]) == {"no tuner"}


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


@pytest.mark.parametrize("name", [*TABLES, "studies", "pruned"])
def test_each_part_says_where_it_comes_from(name):
    facts = json.loads((recorded.RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    part = {"patience": "untuned"}.get(name, name)  # recorded when the part untuned still held both
    assert facts["command"] == f"python -m helpers record {part}"
    assert set(facts) >= {"what", "date", "seconds", "seeds", "workers", "threads_per_worker", "machine", "versions"}
    assert facts["versions"]["torch"].startswith("2.13.0")
    assert facts["date"] in recorded.provenance(name)


def test_every_recorded_file_belongs_to_a_part():
    known = {f"{name}{end}" for name in [*TABLES, "pruned"] for end in (".csv", "_curves.csv", ".json")}
    known |= {f"study_{name}.journal" for name in STUDIES} | {"studies.json"}
    known |= {f"{name}{end}" for name in MEASURED for end in (".csv", ".json")}
    known.add("gallery_trials.csv")
    files = (path for path in recorded.RECORDED.rglob("*") if path.is_file())
    assert {path.relative_to(recorded.RECORDED).as_posix() for path in files} == known


def readme_rows():
    """The rows of README's table of results, as they follow from the recorded files."""
    summary = by_model(recorded.load_test_results(), ("test_accuracy", "test_auc"))
    for model, row in summary[::-1].iterrows():
        study = {"tuned LSTM": "lstm", "tuned Transformer": "transformer", "tuned boosted trees": "trees"}.get(
            model.split(",")[0]
        )
        trials = recorded.load_study(study).trials if study else []
        search = f"{sum(trial.duration.total_seconds() for trial in trials):,.0f}" if study else ""
        accuracy = f"{row['test_accuracy']:.3f} ± {row['± accuracy']:.3f}"
        yield f"| {model} | {accuracy} | {row['test_auc']:.3f} | {row['seconds']:.0f} | {search} |"


def test_readme_shows_what_was_recorded():
    assert "\n".join(readme_rows()) in README.read_text()


def readme_rows_of_samplers():
    table = recorded.load_table("bench/samplers")
    for name, rows in table.groupby("sampler", sort=False):
        cells = []
        for budget in ("best_20", "best_100"):
            gain, margin = ahead(table, "sampler", name, "random", budget)
            cells += [f"{rows[budget].mean():.3f}", "" if name == "random" else f"{gain:+.1f} ± {margin:.1f}"]
        yield f"| {name} | {' | '.join(cells)} | {1_000 * rows['cpu_seconds'].mean() / 100:.1f} |"


def readme_rows_of_the_race():
    for name, rows in recorded.load_table("bench/article").groupby("arm", sort=False):
        low, middle, high = rows["seconds_to_target"].quantile([0.25, 0.5, 0.75])
        after = f"{rows['val_accuracy'].mean():.3f} ± {interval(rows['val_accuracy']):.3f}"
        yield f"| {name} | {middle:.0f} | {low:.0f} to {high:.0f} | {after} |"


def readme_rows_of_tuners():
    table = recorded.load_table("bench/tuners")
    asleep = table[table["training"] == "asleep"].groupby("arm")
    for name, rows in table[table["training"] == "real"].groupby("arm", sort=False):
        mean, low, high = rows["val_accuracy"].agg(["mean", "min", "max"])
        best = f"{mean:.3f} ({low:.3f} to {high:.3f})"
        own = f"{asleep.get_group(name)['ms_per_trial'].median():.0f}" if name in asleep.groups else ""
        yield (f"| {name} | {best} | {rows['seconds_to_target'].count()} of {len(rows)} | {rows['trials'].mean():.0f} "
               f"| {own} | {rows['megabytes'].median():,.0f} |")


def readme_rows_of_the_gpu():
    hands = recorded.load_table("bench/gpu").pivot_table(
        index="processes", columns=["size", "device"], values="hands_per_second")
    for number, row in hands.iterrows():
        rates = [f"{row[size, device]:,.0f}" for size in ("usual", "full width") for device in ("cuda", "cpu")]
        yield f"| {number} | {' | '.join(rates)} |"


@pytest.mark.parametrize("rows", [
    readme_rows_of_samplers, readme_rows_of_the_race, readme_rows_of_tuners, readme_rows_of_the_gpu])
def test_readme_shows_what_was_measured(rows):
    assert "\n".join(rows()) in README.read_text()


def ahead(table, arm, first, second, column):
    """The difference of two arms within each seed, in points: mean and half its 95 % interval."""
    values = table.pivot(index="seed", columns=arm, values=column)
    gain = 100 * (values[first] - values[second])
    return gain.mean(), interval(gain)


def test_what_lesson_09_says_of_samplers_is_what_was_recorded():
    table = recorded.load_table("bench/samplers")
    for budget in ("best_20", "best_50", "best_100"):
        assert table.groupby("sampler")[budget].mean().idxmax() == "GP"
        gain, margin = ahead(table, "sampler", "TPE", "random", budget)
        assert gain > margin
    assert ahead(table, "sampler", "TPE", "random", "best_20")[0] > 2 * ahead(
        table, "sampler", "TPE", "random", "best_100")[0]
    for name in ("TPE, independent", "CMA-ES"):
        gain, margin = ahead(table, "sampler", name, "random", "best_100")
        assert abs(gain) < margin


def test_what_lesson_09_says_of_pruners_is_what_was_recorded():
    table = recorded.load_table("bench/pruners").query("sampler == 'TPE'")
    for name in ("median", "best quarter"):
        gain, margin = ahead(table, "pruner", name, "none", "best_100")
        assert abs(gain) < margin
    gain, margin = ahead(table, "pruner", "successive halving", "none", "best_100")
    assert gain < -margin
    grid = recorded.load_table("bench/table")
    grid["best"] = grid.filter(like="epoch_").max(axis=1)
    assert (grid.nlargest(3, "best")["epoch_4"] < 0.45).all()
    assert grid.nlargest(3, "best")[["optimizer", "lr"]].eq(["SGD", 0.1]).all(axis=None)


def test_what_lesson_09_says_of_the_race_is_what_was_recorded():
    seconds = recorded.load_table("bench/article").groupby("arm")["seconds_to_target"].median()
    for other in ("the article's", "log scale", "pruning"):
        faster = {"the article's": "processes"}.get(other, f"{other} + processes")
        assert seconds[faster] < seconds[other]
    assert seconds["ours"] == seconds.min()
    assert seconds["pruning"] > 1.5 * seconds["the article's"]
    assert 0.9 < seconds["log scale"] / seconds["the article's"] < 1.1


def test_what_lesson_09_says_of_layouts_is_what_was_recorded():
    table = recorded.load_table("bench/layouts", test=True)
    means = table.groupby(["model", "tuned", "layout"])["test_accuracy"].mean()
    lstm, transformer = means["LSTM"], means["Transformer"]
    majority = recorded.load_table("untuned", test=True).query("model == 'majority'")["test_accuracy"].mean()
    assert abs(lstm[False, "as dealt"] - majority) < 0.01
    assert lstm[False, "by rank"] > transformer.max() + 0.05
    assert (lstm[True] - lstm[False]).max() < 0.02
    assert (f"rises from {lstm[False, 'six and one']:.3f} to {lstm[False, 'by rank']:.3f} on test, above every tuned "
            f"Transformer, at {transformer[True].max():.3f} at best") in README.read_text()
    assert (transformer[True] - transformer[False]).min() > 0.3
    assert transformer[True].max() - transformer[True].min() < 0.1 < lstm[True].max() - lstm[True].min()


def test_what_lesson_09_says_of_costs_is_what_was_recorded():
    faster = recorded.load_table("bench/faster").groupby(["size", "way"])["ratio"].median()
    assert 0.8 < faster[:, "fused Adam"].min() <= faster[:, "fused Adam"].max() < 0.95
    assert faster[:, "torch.compile"].min() > 1.1
    assert faster[:, "bfloat16"].min() > 1
    assert faster["small", "eight stacked"] < 0.72
    assert 0.85 < faster["usual", "eight stacked"] < 0.97
    growth = recorded.load_table("bench/growth").query("storage == 'memory'")
    seconds = growth.groupby(["sampler", "trials"])["cpu_seconds"].median()
    assert seconds["GP", 300] < 0.5 < seconds["GP", 3_000]
    assert 0.3 < seconds["GP", 1_000] < 0.9
    assert max(seconds[sampler, 10_000] for sampler in ("random", "TPE", "CMA-ES")) < 0.5
    assert 0.4 < seconds["TPE, multivariate=False", 10_000] < 0.8


def test_what_lesson_09_says_of_a_gpu_is_what_was_recorded():
    table = recorded.load_table("bench/gpu")
    hands = table.groupby(["size", "device", "processes"])["hands_per_second"].mean()
    usual, full = hands["usual"], hands["full width"]
    assert usual["cuda", 2] == pytest.approx(2 * usual["cuda", 1], rel=0.1)
    assert usual["cuda", 8] > 5 * usual["cuda", 1]
    assert usual["cuda", 1] == pytest.approx(2 * usual["cpu", 1], rel=0.25)
    assert usual["cpu", 16] == pytest.approx(usual["cuda", 16], rel=0.15)
    assert full["cuda", 1] > 30 * full["cpu", 1]
    assert full["cuda", 4] > 2 * full["cuda", 1]
    assert full["cuda", 16] == pytest.approx(full["cuda", 8], rel=0.05)
    studies = recorded.load_table("bench/gpu_studies").set_index(["device", "workers"])
    assert studies["seconds"]["cuda", 8] < studies["seconds"]["cuda", 1] / 2
    assert studies["seconds"]["cpu", 16] < 1.2 * studies["seconds"]["cuda", 8]
    assert studies["trials"]["cuda", 1] < studies["trials"]["cuda", 8] == studies["trials"]["cpu", 16] == 100
    states, reason = recorded.load_provenance("bench/gpu_studies")["trial_too_large"]
    assert states == "2 complete, 1 failed"
    assert reason.startswith("out of memory (CUDA out of memory.")
    ratio = recorded.load_table("bench/faster_gpu").groupby(["size", "way"])["ratio"].median()
    assert ratio[:, "fused Adam"].between(0.8, 0.9).all()
    assert ratio[:, "torch.compile"].between(0.75, 0.9).all()
    assert ratio[:, "bfloat16"].min() > 1
    assert max(ratio[:, "eight stacked"].max(), ratio[:, "batches of 256"].max()) < 0.25


def test_what_lesson_07_says_of_storages_is_what_was_recorded():
    table = recorded.load_table("storages")
    assert table.groupby(["storage", "writers"]).size().eq(3).all()
    rates = table.groupby(["storage", "writers"])["trials_per_second"].median().unstack()
    shared = rates.drop(index=["in memory", "Ray, on a journal"])  # Ray's is a journal again
    assert (shared.idxmax() == "journal").all()
    assert (shared.drop(index="journal").idxmax() == "Dask").all()
    gain = shared[2] / shared[1]
    assert set(gain[gain > 1.2].index) == {"PostgreSQL", "Dask"}
    assert rates.filter(regex="SQL", axis=0).stack().between(9, 26).all()
    minutes = 60 * shared[30]
    assert minutes["PostgreSQL"] < 1_000 < minutes["journal"]
    class_study = recorded.load_table("classroom").iloc[0]
    assert class_study["workers"] < 5 * shared[30]["gRPC proxy on SQLite"]
    assert class_study["trials_per_minute"] < 0.9 * class_study["ideal_per_minute"]
