import functools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import loky
import nbformat
import optuna
import psutil
import pytest
import torch
from nbclient import NotebookClient
from optuna.trial import TrialState

from helpers.study import StudyError, count_trials, finished, open_study, run_until, run_workers, workers
from helpers.study.workers import find, work

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def study(tmp_path):
    return open_study("mine", tmp_path / "study.journal")


def workers_of(process):
    """The worker processes that live now; joblib's own housekeeping, which ends with its parent, is left out."""
    lines = [" ".join(child.cmdline()) for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    return [line for line in lines if "resource_tracker" not in line]


def test_two_workers_stop_at_the_total_and_leave_nothing_behind(study):
    offset = torch.tensor([1.0, 2.0])

    def objective(trial):  # not importable: only joblib's way of copying functions gets it to the workers
        trial.set_user_attr("process", os.getpid())
        trial.set_user_attr("threads", torch.get_num_threads())
        time.sleep(0.2)
        if trial.number % 4 == 3:
            raise optuna.TrialPruned
        return offset.sum() + trial.suggest_float("x", 0, 1)

    run_workers(objective, study, 7, workers=2)
    assert finished(study) == len(study.trials) == 7
    processes = {trial.user_attrs["process"] for trial in study.trials}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert {trial.user_attrs["threads"] for trial in study.trials} == {1}
    assert len({trial.params["x"] for trial in study.trials if trial.params}) == 6  # not the same draws in each worker
    assert workers_of(psutil.Process()) == []
    run_workers(objective, study, 7, workers=2)
    run_workers(objective, study, 8, workers=4)
    assert len(study.trials) == 8


def test_after_the_timeout_no_trial_begins_and_those_that_run_are_finished(study, monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: finished(study))  # a trial takes a second
    monkeypatch.setattr("helpers.study.lifecycle.time", clock)
    monkeypatch.setattr("helpers.study.workers.time", clock)
    run_workers(lambda trial: 1.0, study, n_trials=1_000, workers=2, timeout=4)
    assert count_trials(study) == f"{finished(study)} complete"
    assert 4 <= finished(study) <= 5


def test_invalid_values_fail_and_another_trial_takes_their_place(study, capsys):
    run_workers(lambda trial: None if trial.number in (1, 2) else 1.0, study, 4, workers=2)
    assert count_trials(study) == "4 complete, 2 failed"
    assert "Trial 1 failed: the objective returned None" in capsys.readouterr().out


def test_an_exception_reaches_the_reader_with_its_own_traceback_and_the_others_finish(study):
    def objective(trial):
        time.sleep(0.1)
        if trial.number == 1:
            return {"Adam": 1.0}["Adma"]
        return 1.0

    with pytest.raises(KeyError, match="Adma") as caught:
        run_workers(objective, study, 6, workers=2)
    assert "in objective" in str(caught.value.__cause__)  # the worker's own traceback
    assert count_trials(study) == "6 complete, 1 failed"


class Unlucky(Exception):
    """Like many exceptions of libraries: it does not survive being copied to another process."""

    def __init__(self, epoch, loss):
        super().__init__(f"epoch {epoch}")


def test_an_exception_that_cannot_be_copied_reaches_the_reader_by_name(study):
    def objective(trial):
        raise Unlucky(7, 0.5)

    with pytest.raises(RuntimeError, match="Unlucky: epoch 7") as caught:
        run_workers(objective, study, 2, workers=1)
    assert ", in objective\n" in str(caught.value.__cause__)
    assert count_trials(study) == "1 failed"


def test_what_cannot_be_copied_to_the_workers_is_named(study):
    lock = threading.Lock()
    batches = iter(torch.utils.data.DataLoader(torch.zeros(4)))

    def count(start, trial):
        return start + trial.number

    for objective, words in {
        lambda trial: float(lock.locked()): '"lock", a lock',
        lambda trial: float(len(batches)): '"batches", a _SingleProcessDataLoaderIter',
        functools.partial(count, lock): '"argument 1", a lock',
        functools.partial(count, start=lock): '"start", a lock',
    }.items():
        words = f"what the objective uses as {words}, can't be copied to other processes; .* inside the objective"
        with pytest.raises(StudyError, match=words) as caught:
            run_workers(objective, study, 2)
        assert caught.value.__suppress_context__
    for part, kind in ((study.sampler, "sampler, a TPESampler"), (study.pruner, "pruner, a MedianPruner")):
        part.lock = lock
        with pytest.raises(StudyError, match=f"the study's {kind}, can't be copied to other processes"):
            run_workers(lambda trial: 1.0, study, 2)
        del part.lock
    assert workers_of(psutil.Process()) == []
    assert count_trials(study) == "no trials yet"


class Unloadable:
    """Like a handle of a file that only this process has open."""

    def __reduce__(self):
        return no_such_file, ()


def no_such_file():
    raise FileNotFoundError("data.bin")


def test_what_cannot_be_loaded_in_a_worker_is_named_and_no_worker_dies(study, capsys):
    handle = Unloadable()
    with pytest.raises(StudyError, match=r"can't be loaded in .* \(FileNotFoundError: data.bin\)") as caught:
        run_workers(lambda trial: float(handle is None), study, 2, workers=1)
    assert caught.value.__cause__ is None
    assert "died" not in capsys.readouterr().out
    assert count_trials(study) == "no trials yet"


LOADER = """
import concurrent.futures
import multiprocessing
import torch
from torch.utils.data import DataLoader
from helpers.study import open_study, run_until, run_workers

class Rows(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, i): return torch.full((2,), float(i))

def double(number):
    return 2 * number

def objective(trial):
    context = [None, "fork", "spawn"][trial.number]
    with multiprocessing.get_context(context).Pool(1) as pool:
        assert pool.map(double, [3]) == [6]
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context(context)) as pool:
        assert list(pool.map(double, [3])) == [6]
    loader = DataLoader(Rows(), batch_size=4, num_workers=1, multiprocessing_context=context,
                        collate_fn=lambda rows: torch.stack(rows))
    return sum(batch.sum().item() for batch in loader)

if __name__ == "__main__":
    study = open_study("mine", STORAGE)
    run_workers(objective, study, 3, workers=1)
    print([trial.value for trial in study.trials])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork")
@pytest.mark.parametrize("place", ["script", "notebook"])
@pytest.mark.parametrize("storage", ["a.journal", "sqlite:///a.db"])
def test_a_trial_may_start_processes_of_its_own(place, storage, tmp_path):
    code = LOADER.replace("STORAGE", repr(storage))
    if place == "script":
        (tmp_path / "train.py").write_text(code)
        done = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
                              capture_output=True, text=True, timeout=600)
        out = done.stdout + done.stderr
    else:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"%cd -q {tmp_path}\n{code}")])
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": ROOT}}).execute()
        out = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    assert "[56.0, 56.0, 56.0]" in out


def test_the_start_method_of_the_workers_is_that_of_the_parent(study):
    def objective(trial):
        return ["fork", "spawn", "forkserver"].index(multiprocessing.get_start_method())

    run_workers(objective, study, 1, workers=1)
    assert study.trials[0].value == objective(None)


def test_what_watches_the_run_cannot_end_it(study, capsys, monkeypatch):
    def too_large(trial):
        trial.set_constraint("size", 1.0)
        return 1.0

    run_workers(too_large, study, 3, workers=1)
    assert "best=none feasible yet" in capsys.readouterr().err
    monkeypatch.setattr("helpers.study.lifecycle.best_so_far", lambda study: {}["best"])
    run_workers(too_large, study, 5, workers=1)
    assert count_trials(study) == "5 complete"
    assert capsys.readouterr().out.count("The callback show_progress raised KeyError: 'best'") == 1


def test_a_study_of_two_directions_runs_in_workers(tmp_path, capsys):
    study = open_study("mine", tmp_path / "a.journal", directions=["maximize", "minimize"])
    run_workers(lambda trial: (trial.number, 1.0), study, 3, workers=1)
    assert count_trials(study) == "3 complete"
    assert "best=" not in capsys.readouterr().err


def test_no_point_of_a_grid_is_run_twice(tmp_path):
    one = open_study("one", tmp_path / "a.journal", sampler=optuna.samplers.GridSampler({"x": [1]}))
    run_workers(lambda trial: trial.suggest_int("x", 1, 3), one, 1_000, workers=2)
    assert [trial.value for trial in one.trials if trial.state != TrialState.FAIL] == [1]
    study = open_study("three", tmp_path / "a.journal", sampler=optuna.samplers.GridSampler({"x": [1, 2, 3]}))

    def objective(trial):
        x = trial.suggest_int("x", 1, 3)
        if trial.number == 0:
            psutil.Process().kill()
        return x

    run_workers(objective, study, 1_000, workers=2)
    assert sorted(trial.value for trial in study.trials if trial.state != TrialState.FAIL) == [1, 2, 3]
    begun = len(study.trials)
    run_workers(objective, study, 1_000, workers=2)
    assert len(study.trials) == begun


@pytest.mark.parametrize("storage", ["grid.journal", "sqlite:///grid.db"])
def test_terminals_on_one_grid_run_each_point_once(tmp_path, monkeypatch, storage):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("""
import os, pathlib, time, optuna
sampler = optuna.samplers.GridSampler({"x": list(range(7))})

def objective(trial):
    x = trial.suggest_int("x", 0, 6)
    while trial.number > 2 and not pathlib.Path("gate").exists():
        pathlib.Path(f"at the gate {os.getpid()}").touch()
        time.sleep(0.05)
    return x
""")
    terminals = [command("worker", "mine:objective", "--study", "grid", "--storage", storage, "--trials", "100",
                         "--sampler", "mine:sampler", cwd=tmp_path) for _ in range(3)]
    while len(list(tmp_path.glob("at the gate *"))) < 3:
        assert all(terminal.poll() is None for terminal in terminals)
        time.sleep(0.1)
    (tmp_path / "gate").touch()
    assert [terminal.communicate(timeout=180)[1].count("Traceback") for terminal in terminals] == [0, 0, 0]
    assert sorted(trial.value for trial in open_study("grid", storage).trials if trial.value is not None) == [*range(7)]


def test_of_two_trials_with_one_point_of_a_grid_the_first_runs_it(tmp_path):
    study = open_study("grid", tmp_path / "study.journal", sampler=optuna.samplers.GridSampler({"x": [1, 2]}))
    point = {"search_space": {"x": [1, 2]}, "grid_id": 0}
    for _ in range(2):  # as two processes that read the study at the same moment
        study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, system_attrs=point))
    run_until(study, lambda trial: trial.suggest_int("x", 1, 2), 10)
    assert sorted(trial.value for trial in study.trials if trial.value) == [1, 2]
    assert study.trials[1].user_attrs["reason"] == (
        "trial 0, which another process began before, has the same grid point")


def test_the_last_point_of_a_grid_is_run_by_another_if_its_worker_dies(tmp_path):
    code = """
import os, sys, optuna; from helpers.study import open_study, run_until
study = open_study("grid", sys.argv[1], sampler=optuna.samplers.GridSampler({"x": [1, 2]}))
run_until(study, lambda trial: os._exit(1), 10)"""
    path = tmp_path / "study.journal"
    study = open_study("grid", path, sampler=optuna.samplers.GridSampler({"x": [1, 2]}))

    def objective(trial):
        if trial.number == 0:
            subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, timeout=180)
            assert study.trials[1].state == TrialState.RUNNING
        return trial.suggest_int("x", 1, 2)

    run_until(study, objective, 10)
    assert count_trials(study) == "2 complete, 1 failed"
    assert sorted(trial.value for trial in study.trials if trial.value) == [1, 2]


def test_the_objective_can_stop_it_before_the_total(study):
    def objective(trial):
        time.sleep(0.1)
        if trial.number == 3:
            trial.study.stop()
        return 1.0

    run_workers(objective, study, 1_000, workers=2)
    assert count_trials(study) == f"{finished(study)} complete"
    assert 4 <= finished(study) < 1_000


def test_an_objective_that_always_raises_ends_the_run(study):
    with pytest.raises(ZeroDivisionError):
        run_workers(lambda trial: 1 / 0, study, 20, workers=2)
    assert len(study.trials) == 2


def test_an_objective_that_never_has_a_value_ends_the_run(study):
    with pytest.raises(StudyError, match="10 trials in a row ended without a value"):
        run_workers(lambda trial: None, study, 20, workers=2)


def test_a_worker_that_dies_is_replaced_and_its_parameters_are_tried_again(study, capsys):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        time.sleep(0.1)
        if trial.number == 2:
            psutil.Process().kill()
        return x

    run_workers(objective, study, 6, workers=2)
    assert count_trials(study) == "6 complete, 1 failed"
    dead = study.trials[2]
    again = [trial for trial in study.trials if trial.system_attrs.get("failed_trial") == 2]
    assert [trial.params for trial in again] == [dead.params]
    assert "a worker died; its trial is tried again" in capsys.readouterr().out


def test_a_worker_that_dies_while_it_is_idle_is_replaced(study, tmp_path, monkeypatch, capsys):
    gate, start_trials, hire, hired = tmp_path / "gate", workers._Crew.start_trials, workers._Crew.hire, []

    def kill_the_idle_one(crew):
        start_trials(crew)
        if finished(study) == 2 and len(crew.idle) == len(crew.running) == 1 and not gate.exists():
            [process] = crew.idle[0]._processes.values()
            psutil.Process(process.pid).kill()
            while not crew.idle[0]._flags.broken:
                time.sleep(0.01)
            gate.touch()

    def objective(trial):
        while trial.number == 2 and not gate.exists():
            time.sleep(0.05)
        return None if trial.number == 2 else 1.0  # it fails, and now the other worker is wanted

    monkeypatch.setattr(workers._Crew, "start_trials", kill_the_idle_one)
    monkeypatch.setattr(workers._Crew, "hire", lambda crew: hired.append(True) or hire(crew))
    run_workers(objective, study, 3, workers=2)
    assert count_trials(study) == "3 complete, 1 failed"
    assert len(hired) == 3
    assert "a worker died" not in capsys.readouterr().out


def test_workers_that_die_at_once_end_the_run_with_a_sentence(study):
    with pytest.raises(StudyError, match="workers died in a row"):
        run_workers(lambda trial: psutil.Process().kill(), study, 6, workers=1)
    assert TrialState.RUNNING not in [trial.state for trial in study.trials]


def test_an_interrupt_waits_for_no_running_trial_and_loses_no_finished_one(study):
    pressed = []

    def press():
        while finished(study) < 2:
            time.sleep(0.05)
        pressed.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    def objective(trial):
        time.sleep(0.1 if trial.number < 2 else 100)
        return 1.0

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_workers(objective, study, 6, workers=2)
    assert time.monotonic() - pressed[0] < 50  # the trials that run would take a hundred seconds
    assert workers_of(psutil.Process()) == []
    assert study.get_trials(states=(TrialState.RUNNING,)) == []
    run_workers(lambda trial: 1.0, study, 6, workers=2)
    assert finished(study) == 6


def test_an_interrupt_while_the_workers_are_ended_leaves_none_behind(study, monkeypatch):
    show, shutdown = workers._Crew.show_progress, loky.ProcessPoolExecutor.shutdown

    def press_when_both_run(crew):
        if len(study.get_trials(states=(TrialState.RUNNING,))) == 2:
            signal.raise_signal(signal.SIGINT)
        show(crew)

    def press_again(worker, **options):
        signal.raise_signal(signal.SIGINT)
        shutdown(worker, **options)

    monkeypatch.setattr(workers._Crew, "show_progress", press_when_both_run)
    monkeypatch.setattr(loky.ProcessPoolExecutor, "shutdown", press_again)
    with pytest.raises(KeyboardInterrupt):
        run_workers(lambda trial: time.sleep(100), study, 4, workers=2)
    assert workers_of(psutil.Process()) == []
    assert count_trials(study) == "2 failed, 2 waiting"


def test_a_killed_parent_takes_its_workers_with_it(tmp_path):
    code = (
        "import time; from helpers.study import *; "
        f"run_workers(lambda trial: time.sleep(100), open_study('mine', {str(tmp_path / 'a.journal')!r}), 4, workers=2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    study = open_study("mine", tmp_path / "a.journal")
    while len(study.trials) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    workers = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=180)
    assert alive == []
    assert count_trials(open_study("mine", tmp_path / "a.journal")) == "2 failed, 2 waiting"


def test_a_worker_whose_parent_is_gone_before_it_is_ready_ends_too():
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()
    code = f"from helpers.study.worker_process import _end_with; _end_with({parent.pid})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_study_in_memory_is_refused():
    with pytest.raises(StudyError, match=r"kept in this process's memory, .* like open_study\(name, "):
        run_workers(lambda trial: 1.0, open_study("mine"), 2)


def command(*arguments, cwd=ROOT):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "helpers", *arguments], cwd=cwd, env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


OBJECTIVE = """
import time, torch
def objective(trial):
    while len({each.user_attrs["who"] for each in trial.study.trials}) < 2:  # a gate: both terminals are there
        time.sleep(0.05)
    trial.set_user_attr("threads", torch.get_num_threads())
    return trial.suggest_float("x", 0, 1)
"""


def test_two_terminals_work_on_one_study(tmp_path):
    (tmp_path / "mine.py").write_text(OBJECTIVE)
    words = ["worker", "mine:objective", "--study", "shared", "--storage", "shared.journal", "--trials", "10"]
    terminals = [command(*words, "--who", who, cwd=tmp_path) for who in ("Ada", "Grace")]
    for terminal in terminals:
        out, error = terminal.communicate(timeout=180)
        assert terminal.returncode == 0, error
        assert re.fullmatch(r"shared: .*complete.*", out.splitlines()[-1])
    study = open_study("shared", tmp_path / "shared.journal")
    assert 10 <= finished(study) <= 11  # at most one more for each other worker: both may begin the last
    assert {trial.user_attrs["who"] for trial in study.trials} == {"Ada", "Grace"}
    assert {trial.user_attrs["threads"] for trial in study.trials} == {1}


def test_a_worker_that_cannot_begin_says_why(tmp_path):
    (tmp_path / "mine.py").write_text("limit = 3\n")
    (tmp_path / "mine_imports.py").write_text("import mine_imp\n")
    for objective, words in {
        "mine": "names no function; write MODULE:FUNCTION",
        "yours:objective": "there is no module yours in",
        "mine:objective": "mine.py) holds nothing named objective",
        "mine:limit": "mine:limit is not a function, but of type int",
        "mine.py:limit": "is not a function",
        "./mine.py:limit": "is not a function",
        "mine_imports:limit": "No module named 'mine_imp'",
    }.items():
        worker = command("worker", objective, "--study", "a", "--storage", "a.journal", "--trials", "1", cwd=tmp_path)
        _, error = worker.communicate(timeout=180)
        assert worker.returncode == 1
        assert words in error
        assert "Traceback" not in error


def test_a_worker_follows_the_direction_of_the_study(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "losses.py").write_text("def one(trial): return 1.0\ndef two(trial): return 1.0, 2.0\n")
    open_study("one", "a.journal", direction="minimize")
    open_study("two", "a.journal", directions=["maximize", "minimize"])
    work("losses:one", "one", "a.journal", 2)
    work("losses:two", "two", "a.journal", 2, who="Ada")
    work("losses:one", "new", "a.journal", 2, direction="minimize")
    work("losses:one", "other", "a.journal", 2)
    two = open_study("two", "a.journal", directions=["maximize", "minimize"])
    assert [(trial.values, trial.user_attrs) for trial in two.trials] == [([1.0, 2.0], {"who": "Ada"})] * 2
    assert open_study("new", "a.journal", direction="minimize").best_value == 1.0
    assert open_study("other", "a.journal").best_value == 1.0
    with pytest.raises(StudyError, match='"one" exists, and its direction is minimize; open it'):
        work("losses:one", "one", "a.journal", 2, direction="maximize")


@pytest.mark.parametrize(("study", "trials", "words"), [
    ("", 3, "--study is empty; give the study's name"),
    ("mine", 0, "--trials is 0; it must be a whole number, .* 1 or more"),
    ("mine", -3, "--trials is -3"),
])  # fmt: skip
def test_a_worker_without_a_name_or_a_total_is_refused(study, trials, words, tmp_path):
    with pytest.raises(StudyError, match=words):
        work("helpers.search:objective", study, str(tmp_path / "a.journal"), trials)
    assert not (tmp_path / "a.journal").exists()


def test_the_search_of_the_course_can_be_named():
    assert find("helpers.search:objective").__name__ == "objective"
