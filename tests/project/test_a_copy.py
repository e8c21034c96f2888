"""A copy of notebooks/project, used as a reader would: killed, run by a cluster, on several GPUs, in several processes.

Its own tests are in it.
"""

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import psutil
import pytest
from optuna.trial import TrialState

from tests.project import slurm_stand_in
from tests.project.drill import PROJECT, Drill, copy_project, train, workers
from tests.servers import Postgres

FAULTS = ("lost", "duplicated", "too many", "stuck", "best missing", "unlike unbroken")
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def test_nothing_in_it_needs_the_course():
    for file in PROJECT.glob("*.py"):
        assert "helpers" not in file.read_text(encoding="utf-8")


def test_each_of_its_files_is_in_its_readme():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for pattern in ("*.py", "*.sh", "config.yaml"):
        for file in PROJECT.glob(pattern):
            assert f"`{file.name}`" in readme


@pytest.mark.slow
def test_killed_three_times_nothing_is_lost(tmp_path):
    """With seed 2, a worker is killed, then twice the command alone, then all."""
    row = Drill(tmp_path / "copy", seed=2).run(kills=3, trials=4)
    assert not any(row[fault] for fault in FAULTS), f"{row}"
    assert row["finished"] >= 4
    results = [each.name for each in (tmp_path / "copy" / "runs").iterdir()]
    assert {"best.pt", "best.yaml", "table.csv"} <= set(results)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_database_that_starts_again_and_a_kill_cost_nothing(tmp_path):
    with Postgres() as server:
        drill = Drill(tmp_path / "copy", server.new_database(), seed=2)
        try:
            drill.start()
            drill.wait_for_epochs(5)
            server.stop("immediate")
            wait_until(lambda: "trying again" in drill.said(), drill.job)
            server.start()
            job = drill.job
            drill.wait_for_epochs(5)
            assert drill.job is job  # it waited for the database, and was not started again
            row = drill.run(kills=1, trials=4)
        finally:
            drill.kill_all()
    assert row["finished"] >= 4
    assert not any(row[fault] for fault in FAULTS), f"{row}"


LOSS = """
    with torch.inference_mode():
        return sum(nn.functional.cross_entropy(model(x.to(device)), y.to(device), reduction="sum").item()
                   for x, y in batches) / len(batches.dataset)
"""


@pytest.mark.slow
def test_for_a_loss_two_places_change(tmp_path):
    """The data is renamed too. The value of a trial is its smallest loss, and the model in the file has it."""
    copy = copy_project(tmp_path / "copy")
    text = (copy / "train.py").read_text(encoding="utf-8").replace('DIRECTION = "maximize"', 'DIRECTION = "minimize"')
    text = text.replace("Digits", "Numerals").replace("    model.eval()\n", f"    model.eval(){LOSS}", 1)
    (copy / "train.py").write_text(text, encoding="utf-8")
    write_config(copy, epochs=3, lr=0.05)
    command = [sys.executable, "tune.py", "--trials", "1", "--seeds", "1", "--config", "my.yaml"]
    said = subprocess.run(command, cwd=copy, capture_output=True, encoding="utf-8")
    assert said.returncode == 0, said.stderr
    trial = workers.open_study(str(copy / "study.journal")).best_trial
    assert trial.value == min(trial.intermediate_values.values())
    assert f"best: trial 0, validation score {trial.value}" in said.stdout


def write_config(folder, **changed):
    lines = [f"{name}: {value}" for name, value in (train.read_settings(train.CONFIG) | changed).items()]
    (folder / "my.yaml").write_text("\n".join(lines), encoding="utf-8")


def wait_until(true, job):
    while not true():
        assert job.poll() is None
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Slurm runs on Linux")
def test_a_cluster_ends_a_job_and_the_next_one_resumes(tmp_path):
    """Slurm sends SIGTERM to all processes of a job, those of its DataLoader included."""
    copy = copy_project(tmp_path / "copy")
    slurm_stand_in.install(tmp_path / "bin")
    path = os.pathsep.join([str(tmp_path / "bin"), os.path.dirname(sys.executable), os.environ["PATH"]])
    options = ["--storage", "study.journal", "--config", "my.yaml"]
    here = {"cwd": copy, "env": os.environ | {"PATH": path}}
    write_config(copy, epochs=10**6, patience=10**6, num_workers=2)
    subprocess.run(["python", "tune.py", "--workers", "0", *options], check=True, **here)
    jobs = subprocess.Popen(["sbatch", "--array=1-2%1", "slurm.sh", "--trials", "2", *options], **here)
    wait_until((copy / "runs" / "trial-0000" / "last.pt").exists, jobs)
    write_config(copy, epochs=3, num_workers=2)  # for the second job
    for each in psutil.Process(jobs.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # the processes of a DataLoader end with each epoch
            if "python" in each.name() and "slurm_stand_in" not in " ".join(each.cmdline()):
                each.terminate()
    assert jobs.wait() == 1  # the first job says that the study is not done
    first, second = [(copy / f"slurm-1_{number}.txt").read_text(encoding="utf-8") for number in (1, 2)]
    assert "0 of 2 trials are done; run the same command again to resume" in first
    assert "trial-0000 resumes at epoch" in second
    assert "Traceback" not in first + second
    states = [trial.state for trial in workers.open_study(str(copy / "study.journal")).trials]
    assert states == [TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]


def note_process(trial, arguments):
    """Writes down what this worker sees as its GPU and as the way to start processes; waits for another worker's."""
    trial.set_user_attr("start method", multiprocessing.get_start_method())
    trial.set_user_attr("gpu", os.environ["CUDA_VISIBLE_DEVICES"])
    for _ in range(6_000):
        if len({each.user_attrs.get("gpu") for each in trial.study.get_trials(deepcopy=False)} - {None}) == 2:
            return 0
        time.sleep(0.1)
    raise RuntimeError("ten minutes, and no other worker has begun")


@pytest.mark.slow
def test_each_worker_has_a_gpu_of_its_own_and_starts_processes_as_any_other(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,7")
    arguments = SimpleNamespace(storage=str(tmp_path / "study.journal"), folder=tmp_path, heartbeat=60, trials=2,
                                workers=2, timeout=None)  # fmt: skip
    workers.run_workers(note_process, arguments)
    noted = [trial.user_attrs for trial in workers.open_study(arguments.storage).trials]
    assert {each["gpu"] for each in noted} == {"3", "7"}
    assert {each["start method"] for each in noted} == {multiprocessing.get_start_method()}
