"""Tests of this folder: pip install pytest, then pytest."""

import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import optuna
import pytest
import torch
import train as script
import tune
import workers
import yaml
from optuna.trial import TrialState
from train import CONFIG, evaluate, load, load_model, read_settings, train

HERE = Path(__file__).parent
SETTINGS = read_settings(CONFIG) | {"epochs": 6}
optuna.logging.set_verbosity(optuna.logging.ERROR)
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


class Cut(Exception):
    pass


def cut_after(epochs):
    def after_epoch(epoch, score):
        if epoch + 1 == epochs:
            raise Cut

    return after_epoch


@pytest.mark.parametrize("cuts", [[1], [2, 3, 5], [6]])
def test_a_training_that_was_cut_off_resumes_and_ends_as_an_unbroken_one(cuts, tmp_path, capsys):
    unbroken = train(SETTINGS, tmp_path / "unbroken")
    for cut in cuts:
        with pytest.raises(Cut):
            train(SETTINGS, tmp_path / "cut", cut_after(cut))
    epochs = []
    assert train(SETTINGS, tmp_path / "cut", lambda *each: epochs.append(each)) == unbroken
    assert f"resumes at epoch {cuts[-1]}" in capsys.readouterr().out
    assert [epoch for epoch, _ in epochs] == list(range(6))
    one, other = [torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("unbroken", "cut")]
    assert one["scores"] == other["scores"] == [score for _, score in epochs]
    assert all(torch.equal(one["model"][name], other["model"][name]) for name in one["model"])


def test_the_processes_that_load_batches_change_nothing(tmp_path):
    short = SETTINGS | {"epochs": 1}
    assert train(short, tmp_path / "0") == train(short | {"num_workers": 2}, tmp_path / "2")


def test_nothing_is_saved_once_the_folder_belongs_to_another(tmp_path):
    def taken():
        raise Cut

    with pytest.raises(Cut):
        train(SETTINGS, tmp_path, before_save=taken)
    assert not list(tmp_path.iterdir())


def test_the_model_in_the_file_is_that_of_the_best_epoch(tmp_path):
    score = train(SETTINGS | {"lr": 0.05, "epochs": 9}, tmp_path)  # at this rate, the last is seldom the best
    model, saved = load_model(tmp_path / "best.pt")
    assert evaluate(model, load("val", SETTINGS)) == saved["score"] == score


def scores_are(scores, monkeypatch):
    """Makes the next calls of evaluate return these."""
    left = iter(scores)
    monkeypatch.setattr(script, "evaluate", lambda model, batches: next(left))


@pytest.mark.parametrize(("best", "value"), [(max, 3.0), (min, 1.0)])
def test_the_best_epoch_is_that_of_the_direction(best, value, tmp_path, monkeypatch):
    scores_are([2.0, 3.0, 1.0, 2.0], monkeypatch)
    monkeypatch.setattr(script, "best", best)
    assert train(SETTINGS | {"epochs": 4}, tmp_path) == value
    assert load_model(tmp_path / "best.pt")[1]["score"] == value


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_training_that_diverges_ends_and_keeps_the_model_before(score, tmp_path, monkeypatch):
    scores_are([0.5, score], monkeypatch)
    with pytest.raises(FloatingPointError, match="the training diverged"):
        train(SETTINGS, tmp_path)
    assert load_model(tmp_path / "best.pt")[1]["score"] == 0.5


def test_a_score_of_numpy_can_be_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "evaluate", lambda *_: np.float64(0.5))
    for epochs in (1, 2):
        assert train(SETTINGS | {"epochs": epochs}, tmp_path) == 0.5
    assert load_model(tmp_path / "best.pt")[1]["score"] == 0.5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_leaves_the_file_before_and_is_waited_for(tmp_path, monkeypatch):
    script.save(tmp_path / "last.pt", 1)
    monkeypatch.setattr(script, "uuid", SimpleNamespace(uuid4=lambda: SimpleNamespace(hex="part")))
    (tmp_path / "last.pt.part").symlink_to("/dev/full")
    with pytest.raises((RuntimeError, OSError)) as full:
        script.save(tmp_path / "last.pt", torch.zeros(10**6))
    assert workers.is_of_storage(full.value)
    assert torch.load(tmp_path / "last.pt") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["last.pt"]


def test_an_error_of_ones_own_code_keeps_its_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "evaluate", lambda *_: fail(ValueError("my bug")))
    monkeypatch.setattr(sys, "argv", ["train.py", "--epochs", "1", "--folder", str(tmp_path)])
    with pytest.raises(ValueError, match="my bug"):
        script.main()


def test_training_stops_when_patience_is_over(tmp_path):
    epochs = []
    train(SETTINGS | {"lr": 1e-9, "epochs": 50, "patience": 2}, tmp_path, lambda epoch, _: epochs.append(epoch))
    assert len(epochs) < 50


def test_a_checkpoint_of_another_training_is_not_resumed(tmp_path):
    train(SETTINGS | {"epochs": 1}, tmp_path)
    for name, value in {"lr": 0.5, "a_new_one": 1}.items():
        with pytest.raises(ValueError, match=f"another {name};"):
            train(SETTINGS | {name: value}, tmp_path)


def test_settings_of_any_names_can_be_resumed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "define_model", lambda settings: torch.nn.Linear(64, settings["classes"]))
    mine = {name: SETTINGS[name] for name in ("lr", "batch_size", "patience", "seed", "num_workers")} | {"classes": 10}
    for epochs in (1, 2):
        train(mine | {"epochs": epochs}, tmp_path)
    assert "resumes at epoch 1" in capsys.readouterr().out


@pytest.mark.parametrize(("line", "words"), [("lr: 1e-3", None), ("lr: fast", "can't be read"), ("rate: 1", "rate"),
                                             ("", "lr: missing")])  # fmt: skip
def test_settings_are_read_or_refused_in_one_sentence(line, words, tmp_path):
    text = CONFIG.read_text(encoding="utf-8").replace("lr: 0.001", line)
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    if words is None:
        assert read_settings(tmp_path / "my.yaml") == read_settings(CONFIG)
    else:
        with pytest.raises(SystemExit, match=words):
            read_settings(tmp_path / "my.yaml")


def arguments(folder, trials=10):
    return SimpleNamespace(storage=str(folder / "study.journal"), folder=folder, heartbeat=60, trials=trials,
                           timeout=None)  # fmt: skip


def quadratic(trial, arguments):
    (arguments.folder / trial.user_attrs["folder"]).mkdir(exist_ok=True)
    return trial.suggest_float("x", 0, 1)


def test_only_the_folder_of_the_best_trial_is_kept(tmp_path):
    study = workers.open_study(arguments(tmp_path).storage)
    for _ in range(6):
        workers.run_trial(study, quadratic, arguments(tmp_path))
        workers.delete_beaten(study, tmp_path)
        assert [each.name for each in tmp_path.glob("trial-*")] == [study.best_trial.user_attrs["folder"]]


def test_a_better_trial_that_ends_meanwhile_keeps_its_folder(tmp_path, monkeypatch):
    study, others = (workers.open_study(arguments(tmp_path).storage) for _ in range(2))
    workers.run_trial(study, lambda trial, arguments: 0.5, arguments(tmp_path))
    (tmp_path / "trial-0000").mkdir()
    read = study.get_trials

    def get_trials(**kwargs):
        trials = read(**kwargs)
        if len(others.get_trials()) == 1:  # what another worker does after the first look
            workers.run_trial(others, lambda trial, arguments: 0.6, arguments(tmp_path))
            (tmp_path / "trial-0001").mkdir()
        return trials

    monkeypatch.setattr(study, "get_trials", get_trials)
    workers.delete_beaten(study, tmp_path)
    assert [each.name for each in tmp_path.glob("trial-*")] == ["trial-0001"]


@pytest.mark.parametrize(("direction", "best"), [("maximize", 1), ("minimize", 0)])
def test_the_first_of_the_best_trials_is_the_best(direction, best):
    study = optuna.create_study(direction=direction)
    assert workers.best_of(study) is None
    study.add_trials([optuna.trial.create_trial(value=value) for value in (1, 2, 2, 1)])
    assert workers.best_of(study).number == best


def test_a_dead_trial_is_queued_once_and_keeps_its_settings_and_folder(tmp_path):
    study = workers.open_study(arguments(tmp_path).storage)
    dead = study.ask()
    dead.set_user_attr("folder", "trial-0000")
    quadratic(dead, arguments(tmp_path))
    workers.retry_dead(study, silence=60)
    assert study.trials[0].state == TrialState.RUNNING
    workers.retry_dead(study, silence=-1)
    workers.retry_dead(study, silence=-1)
    workers.run_trial(study, quadratic, arguments(tmp_path))
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.trials[1].params == dead.params
    assert study.trials[1].user_attrs["folder"] == "trial-0000"


def test_a_trial_whose_process_dies_ten_times_in_a_row_is_given_up_but_not_one_that_was_told_to_end(tmp_path, capsys):
    study = workers.open_study(arguments(tmp_path).storage)
    study.enqueue_trial({"x": 0.5})
    for _ in range(20):
        workers.retry(study, study.ask())
    for _ in range(11):
        assert study.trials[-1].state == TrialState.WAITING
        study.ask()
        workers.retry_dead(study, silence=-1)
    assert study.trials[-1].state == TrialState.FAIL
    assert "trial 30 is given up: its process died 11 times in a row" in capsys.readouterr().out


def test_a_trial_that_was_taken_for_dead_is_left_to_the_others(tmp_path):
    study = workers.open_study(arguments(tmp_path).storage)

    def sleepy(trial, arguments):
        value = quadratic(trial, arguments)
        workers.retry_dead(workers.open_study(arguments.storage), silence=-1)  # what another worker does meanwhile
        trial.report(value, 0)

    workers.run_trial(study, sleepy, arguments(tmp_path))
    assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.WAITING]


def test_a_trial_that_was_taken_for_dead_leaves_the_model_of_the_others(tmp_path, monkeypatch):
    study, mine = workers.open_study(arguments(tmp_path).storage), tmp_path / "trial-0000" / "best.pt"
    more = vars(arguments(tmp_path)) | {"settings": SETTINGS, "trial_timeout": 60}

    def slow_epoch(*_):
        if mine.exists():  # in the second epoch
            workers.retry_dead(workers.open_study(arguments(tmp_path).storage), silence=-1)
            mine.write_text("a better model")

    monkeypatch.setattr(script, "train_epoch", slow_epoch)
    scores = iter(range(6))  # the last is the best
    monkeypatch.setattr(script, "evaluate", lambda *_: next(scores))
    workers.run_trial(study, tune.objective, SimpleNamespace(**more))
    assert mine.read_text() == "a better model"


def test_a_storage_that_is_away_costs_no_trial(tmp_path, monkeypatch, capsys):
    no_wait(monkeypatch)
    fsync, folders = os.fsync, []

    def full(file):
        monkeypatch.setattr(os, "fsync", fsync)
        raise OSError(errno.ENOSPC, "No space left on device")

    def reports(trial, arguments):
        folders.append(trial.user_attrs["folder"])
        (arguments.folder / folders[-1] / "last.pt").mkdir(parents=True, exist_ok=len(folders) > 1)
        if len(folders) == 1:
            monkeypatch.setattr(os, "fsync", full)
        trial.report(0.5, 0)
        return 0.5

    workers.work(reports, SimpleNamespace(**vars(arguments(tmp_path, trials=1)) | {"heartbeat": 0.02}), device="")
    assert [trial.state for trial in study_of(tmp_path).trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert folders == ["trial-0000"] * 2
    assert (tmp_path / "trial-0000" / "last.pt").exists()
    assert "No space left on device); trying again" in capsys.readouterr().err


def test_of_two_workers_that_begin_the_last_trial_at_the_same_moment_one_gives_up(tmp_path):
    study = workers.open_study(arguments(tmp_path).storage)
    workers.run_trial(study, quadratic, arguments(tmp_path))
    study.ask()
    workers.run_trial(study, quadratic, arguments(tmp_path, trials=2))
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.RUNNING, TrialState.FAIL]


def no_wait(monkeypatch):
    """Lets a worker run in this process, without waiting or looking for its parent."""
    monkeypatch.setattr(workers, "wait_for_parent", lambda seconds: None)
    monkeypatch.setattr(workers, "listen", lambda: None)
    monkeypatch.setattr(workers.time, "sleep", lambda seconds: None)


def test_an_error_costs_its_trial_and_ten_in_a_row_cost_the_worker(tmp_path, monkeypatch, capsys):
    no_wait(monkeypatch)

    def buggy(trial, arguments):
        quadratic(trial, arguments)
        return 1 / 0 if trial.number != 9 else 0.5

    with pytest.raises(SystemExit, match="10 trials in a row failed"):
        workers.work(buggy, arguments(tmp_path), device="")
    states = [trial.state for trial in study_of(tmp_path).trials]
    assert states == [TrialState.FAIL] * 9 + [TrialState.COMPLETE] + [TrialState.FAIL] * 10
    assert [each.name for each in tmp_path.glob("trial-*")] == ["trial-0009"]
    assert "ZeroDivisionError" in capsys.readouterr().err


def fail(error):
    raise error


@pytest.mark.parametrize(("end", "words"), [
    (lambda: fail(FloatingPointError("nan")), "nan"), (lambda: fail(torch.OutOfMemoryError("wide")), "wide"),
    (lambda: fail(MemoryError("long")), "long"), (lambda: torch.empty(10**15), "memory")])  # fmt: skip
def test_what_diverges_or_is_out_of_memory_is_pruned(end, words, tmp_path, capsys):
    study = workers.open_study(arguments(tmp_path).storage)

    def hopeless(trial, arguments):
        quadratic(trial, arguments)
        end()

    workers.run_trial(study, hopeless, arguments(tmp_path))
    workers.delete_beaten(study, tmp_path)
    assert study.trials[0].state == TrialState.PRUNED
    assert re.search(f"trial 0: .*{words}", capsys.readouterr().out)
    assert not list(tmp_path.glob("trial-*"))


def test_trials_without_a_value_count_so_that_the_study_ends(tmp_path, monkeypatch):
    no_wait(monkeypatch)
    workers.work(lambda trial, arguments: float("nan"), arguments(tmp_path), device="")
    assert [trial.state for trial in study_of(tmp_path).trials] == [TrialState.PRUNED] * 10


def test_half_a_line_at_the_end_of_a_journal_is_cut_off_before_the_next(tmp_path):
    study = workers.open_study(arguments(tmp_path).storage)
    workers.run_trial(study, quadratic, arguments(tmp_path))
    with open(arguments(tmp_path).storage, "ab") as file:
        file.write(b'{"op_code":4,"worker')
    for total in (2, 3):
        workers.run_trial(workers.open_study(arguments(tmp_path).storage), quadratic, arguments(tmp_path))
        assert len(workers.open_study(arguments(tmp_path).storage).trials) == total


def test_a_lock_that_was_broken_meanwhile_is_let_go(tmp_path):
    (tmp_path / "study.journal").touch()
    lock = workers.RepairingLock(str(tmp_path / "study.journal"))
    lock.acquire()
    (tmp_path / "study.journal.lock").unlink()
    lock.release()


@pytest.mark.parametrize(("storage", "words"), [("sqlite:///study.db", "name a journal file"),
                                                ("postgres://me@localhost/x", "can't be opened: Can't load plugin")])
def test_an_address_that_can_not_be_used_is_refused_in_one_sentence(storage, words):
    with pytest.raises(SystemExit, match=words):
        workers.open_study(storage)


def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"one line, no end")
    with pytest.raises(SystemExit, match="another kind"):
        workers.open_study(str(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_bytes() == b"one line, no end"


def complete(study, folder, seed):
    """A trial of one epoch, whose value is the score of its model."""
    def objective(trial, arguments):
        settings = tune.define_settings(trial, SETTINGS | {"epochs": 1, "seed": seed})
        return train(settings, folder / trial.user_attrs["folder"])

    study.enqueue_trial(SETTINGS)
    workers.run_trial(study, objective, arguments(folder))


def test_the_best_model_of_a_process_that_ended_meanwhile_is_written(tmp_path, monkeypatch):
    study, save = study_of(tmp_path), tune.save
    scores = {seed: train(SETTINGS | {"epochs": 1, "seed": seed}, tmp_path / f"{seed}") for seed in range(2)}
    worse, better = sorted(scores, key=scores.get)
    complete(study, tmp_path, worse)

    def slow_save(path, content):
        if len(study.trials) == 1:
            complete(study, tmp_path, better)
        save(path, content)

    monkeypatch.setattr(tune, "save", slow_save)
    tune.write_best(study, tmp_path, SETTINGS)
    assert load_model(tmp_path / "best.pt")[1]["score"] == study.best_value == scores[better] > scores[worse]


def test_the_best_settings_are_those_of_the_best_model_though_the_file_has_changed(tmp_path):
    complete(study := study_of(tmp_path), tmp_path, seed=3)
    best, _ = tune.write_best(study, tmp_path, SETTINGS | {"epochs": 9, "seed": 7})
    assert best == load_model(tmp_path / "best.pt")[1]["settings"] | {"epochs": 9}


@pytest.mark.parametrize(("direction", "words"), [("maximize", "has the trials of another study; name a new one"),
                                                  ("minimize", "does not minimize; name new ones")])  # fmt: skip
def test_a_study_and_a_folder_that_do_not_belong_together_are_refused(direction, words, tmp_path, monkeypatch):
    if direction == "minimize":
        study_of(tmp_path)
    (tmp_path / "trial-0000").mkdir()
    monkeypatch.setattr(tune, "DIRECTION", direction)
    monkeypatch.setattr(tune, "listen", lambda: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tune.py", "--folder", "."])
    with pytest.raises(SystemExit, match=words):
        tune.main()
    assert (tmp_path / "trial-0000").exists()


@pytest.mark.parametrize(("scores", "row"), [([0.5, 0.9], "1,0.9000,0.9000"), ([0.5] * 3, "1,0.5000,0.5000")])
def test_a_model_that_another_process_still_trains_is_waited_for_but_not_forever(scores, row, tmp_path, monkeypatch):
    saved = iter(scores)
    monkeypatch.setattr(tune, "train", lambda *_: 0.9)
    monkeypatch.setattr(tune, "load_model", lambda path: (score := next(saved), {"score": score}))
    monkeypatch.setattr(tune, "evaluate", lambda model, batches: model)
    tune.write_table(SETTINGS, tmp_path, tmp_path, seeds=1)
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()[1:] == [row]


def test_a_seed_that_diverges_is_a_row_of_the_table_and_the_others_follow(tmp_path, monkeypatch, capsys):
    scores_are([float("nan"), 0.5, 0.5], monkeypatch)
    monkeypatch.setattr(tune, "evaluate", lambda *_: 0.25)
    tune.write_table(SETTINGS | {"epochs": 2}, tmp_path, tmp_path, seeds=2)
    first = SETTINGS["seed"] + 1
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()[1:] == [f"{first},nan,nan",
                                                                                      f"{first + 1},0.5000,0.2500"]
    assert f"seed {first}: the validation score of epoch 0 is nan: the training diverged" in capsys.readouterr().out


def tune_in(folder, epochs, *more):
    """Starts the command of README, with few trials of that many epochs."""
    config = read_settings(CONFIG) | {"epochs": epochs, "patience": epochs}
    (folder / "my.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, str(HERE / "tune.py"), "--workers", "2", "--trials", "3", "--seeds", "1"]
    command += ["--config", "my.yaml", *more]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, encoding="utf-8")


def test_when_the_time_is_over_all_workers_end_and_queue_their_trials(tmp_path):
    job = tune_in(tmp_path, 10**6, "--timeout", "5")
    job.communicate()
    assert job.returncode == 1
    assert {trial.state for trial in study_of(tmp_path).trials} == {TrialState.FAIL, TrialState.WAITING}


def test_stopped_and_started_again_it_ends_with_the_best_model(tmp_path):
    """The first job would never end. The second trains two epochs more than the first did."""
    job = tune_in(tmp_path, epochs=10**6)
    while not (tmp_path / "runs" / "trial-0000" / "last.pt").exists():
        assert job.poll() is None
        time.sleep(0.1)
    job.terminate()
    job.communicate()  # until the workers have ended too
    checkpoints = [torch.load(each, weights_only=True) for each in tmp_path.glob("runs/trial-*/last.pt")]

    job = tune_in(tmp_path, epochs=max(len(each["scores"]) for each in checkpoints) + 2)
    said, _ = job.communicate()
    assert job.returncode == 0
    for each in checkpoints:
        assert re.search(rf"resumes at epoch {len(each['scores'])}(?!\d)", said)
    study = study_of(tmp_path)
    states = [trial.state for trial in study.trials]
    assert states.count(TrialState.COMPLETE) == 3
    assert states.count(TrialState.FAIL) == len(states) - 3
    model, saved = load_model(tmp_path / "runs" / "best.pt")
    assert evaluate(model, load("val", saved["settings"])) == saved["score"] == study.best_value
    best = read_settings(tmp_path / "runs" / "best.yaml")
    assert best == read_settings(tmp_path / "my.yaml") | study.best_params
    assert train(best, tmp_path / "again") == study.best_value
    assert len((tmp_path / "runs" / "table.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert tune.SummaryWriter is None or any((tmp_path / "runs" / "logs" / "trial-0000").iterdir())


def study_of(folder):
    return workers.open_study(str(folder / "study.journal"))
