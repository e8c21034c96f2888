"""Kills the processes of a copy of notebooks/project at random moments, and looks for what was lost.

`tune.py` runs with two workers; a worker, the command, or all of them are killed, and a command that has ended is
started again. After each kill, what had finished must be there, and so must the best model, as good as the study says.
In the end, each trial that resumed is compared with an unbroken training. To record it:

    python -m tests.project.drill --record
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path

import optuna
import pandas as pd
import psutil
from optuna.trial import TrialState

from helpers.authoring.provenance import write_provenance
from helpers.recorded import RECORDED
from tests.servers import Postgres

PROJECT = Path(__file__).parents[2] / "notebooks" / "project"
sys.path.insert(0, str(PROJECT))
import train  # noqa: E402
import workers  # noqa: E402

STORAGES = ("journal", "PostgreSQL")
FOREVER = 10**6  # trials


def copy_project(folder):
    """A copy of the project in a new folder, as a user would make it."""
    return Path(shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "runs", "*.journal")))


class Drill:
    def __init__(self, folder, storage=None, seed=0):
        self.folder, self.chance, self.seen, self.count = copy_project(folder), random.Random(seed), {}, Counter()
        self.storage = storage or str(self.folder / "study.journal")
        self.study = workers.open_study(self.storage)
        self.job = None

    def start(self, trials=FOREVER):
        self.total = trials
        command = [sys.executable, "tune.py", "--workers", "2", "--storage", self.storage, "--trials", str(trials)]
        with open(self.folder / "said.txt", "a", encoding="utf-8") as said:
            self.job = psutil.Popen([*command, "--heartbeat", "2", "--seeds", "1"], cwd=self.folder, stdout=said,
                                    stderr=subprocess.STDOUT)  # fmt: skip

    def said(self):
        """All that the commands have printed. Raises RuntimeError if one had an error of its own."""
        said = (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:
            raise RuntimeError(said[-4000:])
        return said

    def run(self, kills, trials=10):
        """Returns a row of the table. trials: how many more to finish after the kills."""
        started = time.monotonic()
        try:
            if not self.job:
                self.start()
            while self.count["kills"] < kills:
                self.wait_for_epochs(self.chance.randint(1, 25))
                self.count["kills"] += self.kill()
                self.look()
            self.kill_all()
            self.finish(len(self.seen) + trials)
            waiting = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
            if waiting:  # a dead trial was queued again when the last one had begun: it is the next one's turn
                self.finish(self.total + len(waiting))
        finally:
            self.kill_all()
        self.look()
        return {"kills": kills, "seconds": round(time.monotonic() - started)} | self.losses()

    def finish(self, trials):
        self.start(trials)
        if self.job.wait():
            raise RuntimeError(f"the last command ended with {self.job.returncode}: {self.said()[-4000:]}")

    def wait_for_epochs(self, number):
        """Waits until so many more epochs are reported; starts the command whenever it has ended."""
        enough = self.epochs() + number
        while self.epochs() < enough:
            if self.job.poll() is not None:
                self.said()
                self.start()
            time.sleep(0.1)

    def epochs(self):
        return sum(len(trial.intermediate_values) for trial in self.study.get_trials(deepcopy=False))

    def kill(self):
        """Kills one of the workers, the command, or all. Returns how many processes that were."""
        try:
            crew = [child for child in self.job.children() if "spawn_main" in " ".join(child.cmdline())]
            victims = self.chance.choice([crew[:1], crew[1:], [self.job], [self.job, *crew]])
            for each in victims:
                each.kill()
        except psutil.NoSuchProcess:
            return 0
        return bool(victims)

    def kill_all(self):
        """Ends the command and its workers, which may have been started by a command that is gone."""
        while mine := [each for each in psutil.process_iter() if self.is_mine(each)]:
            for each in mine:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(mine)

    def is_mine(self, process):
        with suppress(psutil.Error):
            return process.pid != psutil.Process().pid and Path(process.cwd()) == self.folder
        return False

    def look(self):
        """What was seen to be finished must be there, unchanged, and the best model must be as good as it should."""
        done = {trial.number: (trial.state, trial.value, trial.params)
                for trial in self.study.get_trials(deepcopy=False, states=workers.DONE)}  # fmt: skip
        self.count["lost"] += sum(done.get(number) != facts for number, facts in self.seen.items())
        self.seen |= done
        self.count["best missing"] += not self.has_best()

    def has_best(self):
        best = workers.best_of(self.study)
        if best is None:
            return True
        try:
            model, saved = train.load_model(self.folder / "runs" / best.user_attrs["folder"] / "best.pt")
        except FileNotFoundError:  # unless a better one has taken its place meanwhile
            return workers.best_of(self.study).number != best.number
        score = train.evaluate(model, train.load("val", saved["settings"]))
        return score == best.value == saved["score"]

    def losses(self):
        trials = self.study.trials
        done = [trial for trial in trials if trial.state in workers.DONE]
        again = [trial for trial in done if "failed_trial" in trial.system_attrs]
        unlike = [trial for trial in again if trial.state == TrialState.COMPLETE and not self.is_as_unbroken(trial)]
        return {
            "finished": len(done), "failed": sum(trial.state == TrialState.FAIL for trial in trials),
            "resumed": self.said().count("resumes at epoch"), "lost": self.count["lost"],
            "duplicated": len(done) - len({trial.user_attrs["folder"] for trial in done}),
            "too many": len(done) - self.total, "stuck": sum(not trial.state.is_finished() for trial in trials),
            "best missing": self.count["best missing"], "unlike unbroken": len(unlike),
        }  # fmt: skip

    def is_as_unbroken(self, trial):
        settings, scores = train.read_settings(train.CONFIG) | trial.params, []
        with tempfile.TemporaryDirectory() as folder:
            value = train.train(settings, folder, lambda epoch, score: scores.append(score))
        return value == trial.value and scores == [value for _, value in sorted(trial.intermediate_values.items())]


def drill(kind, kills=20):
    """A row of the table."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, Postgres() if kind == "PostgreSQL" else nullcontext() as server:
        row = Drill(Path(folder, "copy").resolve(), server and server.new_database()).run(kills)
    return {"storage": kind} | row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20, help="for each storage")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as side_by_side:  # no threads: they would share the generator of random numbers
        rows = list(side_by_side.map(drill, STORAGES, [arguments.kills] * 2))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if arguments.record:
        table.to_csv(RECORDED / "project_drill.csv", index=False)
        what = "The project to copy, whose processes are killed at random moments; what was lost."
        write_provenance("project_drill", what, " ".join(["python", "-m", "tests.project.drill", *sys.argv[1:]]), start,
                         seeds="0 for the moments of the kills")  # fmt: skip


if __name__ == "__main__":
    main()
