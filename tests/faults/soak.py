"""Kills the workers of a study at random moments until it is done, and looks for what was lost.

`make soak` is `python -m tests.faults.soak --kills 100 --record`, and takes about ten minutes.
"""

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pandas as pd
import psutil
from optuna.trial import TrialState

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.study import FINISHED, open_storage, open_study, run_workers
from tests.servers import Postgres

ROOT = Path(__file__).resolve().parents[2]


def objective(trial):
    """A trial of about 0.2 s with five reports, every fifth pruned; its value follows from its parameters."""
    x = trial.suggest_float("x", 0, 1)
    layers = trial.suggest_int("layers", 1, 4)
    for step in range(5):
        time.sleep(0.03)
        trial.report(x * step, step)
    if trial.number % 5 == 4:
        raise optuna.TrialPruned
    return value_of({"x": x, "layers": layers})


def value_of(params):
    return params["x"] + params["layers"]


def run(storage, n_trials):
    """One run of the study, in a process of its own that may be killed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    run_workers(objective, open_study("soak", storage), n_trials, workers=2)


def begin(storage, n_trials, errors):
    command = [sys.executable, "-c", f"from tests.faults.soak import run; run({storage!r}, {n_trials})"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)


def soak(storage, kills, seed=0):
    """Runs a two-worker study on the storage; kills a worker, or one time in five the whole run, `kills` times.

    Nobody repairs anything: after a killed run the same command is started again. Returns a row of the table.
    """
    chance = random.Random(seed)
    started, killed, runs, n_trials, seen = time.monotonic(), 0, 1, 4 * kills, {}
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
    process = begin(storage, n_trials, errors)
    while not (study := find(storage)):
        time.sleep(0.05)
    next_kill, seen_at_kill, victim = time.monotonic(), 0, None
    while True:
        for trial in study.get_trials(deepcopy=False, states=FINISHED):
            seen.setdefault(trial.number, facts(trial))
        if process.poll() is not None:
            if process.returncode != 0 and victim is not process:
                errors.seek(0)
                raise RuntimeError(f"run {runs} on {storage} failed: {errors.read()[-2000:]}")
            if process.returncode == 0 and killed == kills:
                break
            n_trials += 20 if process.returncode == 0 else 0  # it was done before all the kills
            process, runs = begin(storage, n_trials, errors), runs + 1
        busy = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.RUNNING]
        went_on = len(seen) > seen_at_kill  # else run_workers would give up, as it does where all workers die
        if killed < kills and time.monotonic() > next_kill and busy and went_on and (workers := loky_workers(process)):
            victim = process if chance.random() < 0.2 else chance.choice(workers)
            victim.kill()
            killed, seen_at_kill = killed + 1, len(seen)
            next_kill = time.monotonic() + chance.uniform(0.1, 2)
        time.sleep(0.01)
    row = {"kills": killed, "runs": runs, "seconds": round(time.monotonic() - started)}
    return row | {"total": n_trials} | losses(open_study("soak", storage), seen)


def losses(study, seen):
    """What was seen to be finished must be there, unchanged; no trial finishes twice; none is left running."""
    trials = study.get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.state in FINISHED]
    there = {trial.number: facts(trial) for trial in done}
    begun_as = {trial.system_attrs.get("failed_trial", trial.number) for trial in done}
    settings = {tuple(sorted(trial.params.items())) for trial in done}
    torn = [t for t in done if t.state == TrialState.COMPLETE and t.value != value_of(t.params)]
    states = [trial.state for trial in trials]
    return {
        "finished": len(done),
        "failed": states.count(TrialState.FAIL),
        "lost": sum(there.get(number) != as_seen for number, as_seen in seen.items()) + len(torn),
        "duplicated": len(done) - min(len(begun_as), len(settings)),
        "stuck": states.count(TrialState.RUNNING),
    }


def facts(trial):
    """What must not change. A database hands parameters and reports back in any order."""
    return trial.state, trial.value, sorted(trial.params.items()), sorted(trial.intermediate_values.items())


def find(storage):
    """The study that the run makes, as another process sees it; None before it is there."""
    if "://" not in storage and not Path(storage).exists():
        return None
    try:
        return optuna.load_study(study_name="soak", storage=open_storage(storage))
    except KeyError:
        return None


def loky_workers(process):
    found = []
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        found += [c for c in psutil.Process(process.pid).children() if "loky.backend.popen" in " ".join(c.cmdline())]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory, Postgres() as server:
        storages = {
            "journal": f"{directory}/soak.journal",
            "SQLite": f"sqlite:///{directory}/soak.db",
            "PostgreSQL": server.url,
        }
        with ThreadPoolExecutor() as side_by_side:
            rows = list(side_by_side.map(lambda storage: soak(storage, arguments.kills), storages.values()))
    rows = [{"storage": kind} | row for kind, row in zip(storages, rows, strict=True)]
    print(*rows, sep="\n")
    if arguments.record:
        pd.DataFrame(rows).to_csv(recorded.RECORDED / "soak.csv", index=False)
        what = "Workers of two-worker studies killed with SIGKILL at random moments; what was lost."
        command = f"python -m tests.faults.soak --kills {arguments.kills} --record"
        write_provenance("soak", what, command, start, seeds="0 for the moments of the kills")


if __name__ == "__main__":
    main()
