"""What a restart of the class's server costs: `python -m tests.bench.class_restart`.

Two workers train (they wait, and report each second, as an epoch does) while the server is away for so many seconds.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState

from tests.classroom.server import Server

WORKERS, EPOCHS = 2, 90  # an epoch takes a second
OBJECTIVE = f"""
import time

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for epoch in range({EPOCHS}):
        time.sleep(1)
        trial.report(x, epoch)
    return x
"""
ONCE = OBJECTIVE.replace("        trial.report(x, epoch)\n", "")


def measure(folder, away, objective):
    """One run; a dictionary. Each worker trains once; the server goes a few seconds after the last has begun."""
    (folder / "training.py").write_text(objective, encoding="utf-8")
    server = Server(folder / "class.db")
    study = optuna.load_study(study_name="class", storage=f"sqlite:///{folder / 'class.db'}")
    command = [sys.executable, "-m", "helpers", "worker", "training:objective", "--study", "class",
               "--storage", server.address, "--trials", str(WORKERS), "--who"]  # fmt: skip
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([*command, f"Learner {number}"], **options) for number in range(WORKERS)]
    while [trial.state for trial in study.trials if trial.params] != [TrialState.RUNNING] * WORKERS:
        time.sleep(0.2)
    time.sleep(5)
    running = [trial.number for trial in study.trials if trial.state == TrialState.RUNNING]
    server.interrupt()
    time.sleep(away)
    server = Server(folder / "class.db", port=server.port)
    said = [worker.communicate(timeout=600)[1].strip().splitlines()[-1:] for worker in workers]
    server.interrupt()
    trials = study.trials
    states = [trial.state.name for trial in trials]
    return {"away": away, "running": len(running), "survived": sum(states[n] == "COMPLETE" for n in running),
            "complete": states.count("COMPLETE"), "failed": states.count("FAIL"), "running at the end":
            states.count("RUNNING"), "workers that ended": sum(bool(worker.returncode) for worker in workers),
            "said": next((line for lines in said for line in lines), "")}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("away", type=float, nargs="*", default=[2, 30, 90], help="seconds without a server")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for away in parser.parse_args().away:
        for name, objective in (("reports each second", OBJECTIVE), ("reports nothing", ONCE)):
            with tempfile.TemporaryDirectory() as folder:
                print(f"{name}: {measure(Path(folder), away, objective)}", flush=True)


if __name__ == "__main__":
    main()
