"""Kills, suspends and cuts off the workers of a study at random moments until it is done, and looks for what was lost.

Two machines share a study: one with `run_workers` and two workers, one with a single `run_until`. Its server, if it
has one, is restarted. Patience, heartbeat and the lengths of all faults are scaled down; nobody repairs anything: a
killed command is started again. `python -m tests.faults.soak --record` records it (half an hour).
"""

import argparse
import functools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
import pandas as pd
import psutil
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.study import FINISHED, open_storage, open_study, run_until, run_workers
from helpers.study.retry import storage_trouble
from tests.classroom.server import Server
from tests.servers import Postgres

ROOT = Path(__file__).resolve().parents[2]
MACHINES = {"desk": 2, "laptop": None}  # how many workers `run_workers` has there; None is `run_until`
STORAGES = ("journal", "SQLite", "PostgreSQL", "class")
SERVER_AWAY = ("storage was unavailable for", "opened: connection failed")  # it went, or was not there at the beginning
RECORDED = Counter(kill=24, sleep=8, restart=6)  # the faults of each storage


def objective(trial, long=0):
    """A trial of about a second; its value follows from its parameters. Each fifth is pruned, each fourth reads its
    data through the workers of a DataLoader, and each ninth takes `long` seconds more."""
    x = trial.suggest_float("x", 0, 1)
    layers = trial.suggest_int("layers", 1, 4)
    loader = data_loader() if long and trial.number % 4 == 3 else range(5)
    pause = 0.03 if not long else long / 5 if trial.number % 9 == 8 else 0.2
    for step, _ in enumerate(loader):
        time.sleep(pause)
        trial.report(x * step, step)
    if trial.number % 5 == 4:
        raise optuna.TrialPruned
    return value_of({"x": x, "layers": layers})


def data_loader():
    from torch.utils.data import DataLoader

    return DataLoader(range(20), batch_size=4, num_workers=2)


def value_of(params):
    return params["x"] + params["layers"]


class OnMachine:
    """The objective in all processes of one machine: where it is loaded, patience is scaled, and the machine named."""

    def __init__(self, machine, patience):
        self.__setstate__({"machine": machine, "patience": patience})

    def __setstate__(self, state):
        from helpers.study import database, retry, storage, worker_identity

        self.__dict__.update(state)
        worker_identity.machine = lambda: self.machine
        retry.RECONNECT = database.RECONNECT = self.patience
        storage.HEARTBEAT = database.HEARTBEAT = self.patience // 6

    def __call__(self, trial):
        return objective(trial, long=1.5 * self.patience)


def run(machine, storage, n_trials, patience):
    """The command of one machine, in a process of its own that may be killed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    here = OnMachine(machine, patience)
    study = open_study("class", storage, who=machine)
    if MACHINES[machine]:
        run_workers(here, study, n_trials, workers=MACHINES[machine])
    else:
        run_until(study, here, n_trials)


class Machine:
    """`run` on one machine, started again when it was killed. Parts of it sleep."""

    def __init__(self, name, storage, patience):
        self.name, self.storage, self.patience = name, storage, patience
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.asleep, self.wakes, self.killed, self.process = [], 0, False, None
        self.gave_up = 0  # how often its server was away for longer than its patience, or when it began

    def start(self, n_trials):
        arguments = ", ".join(map(repr, (self.name, self.storage, n_trials, self.patience)))
        command = [sys.executable, "-c", f"from tests.faults.soak import run; run({arguments})"]
        self.errors.truncate(0)
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=self.errors)
        self.killed = False

    def ended(self):
        """Whether the command reached its total. Raises RuntimeError if it ended with an error of another kind."""
        code = self.process.poll()
        if code and not self.killed:
            self.errors.seek(0)
            said = self.errors.read()
            if not any(words in said for words in SERVER_AWAY):
                raise RuntimeError(f"{self.name} on {self.storage} ended with {code}: {said[-4000:]}")
            self.gave_up, self.killed = self.gave_up + 1, True
        return code == 0

    def parts(self):
        """What can fail alone: the whole command, and each of its workers."""
        workers = [child for child in psutil.Process(self.process.pid).children()
                   if "loky.backend.popen" in " ".join(child.cmdline())]
        return [psutil.Process(self.process.pid), *workers]

    def kill(self, part):
        self.killed |= part.pid == self.process.pid
        part.kill()

    def sleep(self, part):
        self.asleep, self.wakes = [part, *part.children(recursive=True)], time.monotonic() + 1.5 * self.patience
        for process in self.asleep:
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def wake(self, at_once=False):
        if self.asleep and (at_once or time.monotonic() > self.wakes):
            for process in reversed(self.asleep):
                with suppress(psutil.NoSuchProcess):
                    process.resume()
            self.asleep = []

    def close(self):
        self.wake(at_once=True)
        self.process.kill()
        self.process.wait()


class Soak:
    """A study that survives faults. storage: for the workers; watched: the same study, for who looks.

    restart: stops its server; starts it again when called a second time. None if it has none.
    """

    def __init__(self, storage, watched=None, restart=None, patience=30, seed=0):
        self.storage, self.watched, self.restart, self.patience = storage, watched or storage, restart, patience
        self.chance, self.seen, self.n_trials, self.server_back = random.Random(seed), {}, 12, None
        self.machines = [Machine(name, storage, patience) for name in MACHINES]

    def run(self, faults):
        """Returns a row of the table, as soon as all faults have happened and the study is done."""
        started, left = time.monotonic(), list(faults.elements() if self.restart else (faults - Counter(
            restart=faults["restart"])).elements())
        self.chance.shuffle(left)
        done, next_fault, seen_then = Counter(dict.fromkeys(faults, 0)), started, 0
        try:
            while not self.round(bool(left)):
                quiet = not self.server_back and len(self.seen) > seen_then  # else `run_workers` would give up
                if left and quiet and time.monotonic() > next_fault and self.happen(left[-1]):
                    done[left.pop()] += 1
                    seen_then, next_fault = len(self.seen), time.monotonic() + self.chance.uniform(0, self.patience / 2)
                time.sleep(0.2)
        finally:
            for machine in self.machines:
                machine.close()
        row = {f"{fault}s": number for fault, number in done.items()}
        row |= {"gave up": sum(machine.gave_up for machine in self.machines)}
        row |= {"seconds": round(time.monotonic() - started)}
        return row | {"total": self.n_trials} | losses(open_study("class", self.watched), self.seen)

    def round(self, faults_left):
        """Lets everything go on that can; returns whether all is done."""
        self.look()
        if self.server_back and time.monotonic() > self.server_back:
            self.restart()
            self.server_back = None
        if faults_left and len(self.seen) > self.n_trials - 6:
            self.n_trials += 10
        for machine in self.machines:
            machine.wake()
        ended = [machine.process is not None and machine.ended() for machine in self.machines]
        enough = len(self.seen) >= self.n_trials
        for machine in self.machines:
            if machine.process is None or (machine.process.poll() is not None and not (machine.ended() and enough)):
                machine.start(self.n_trials)
        return all(ended) and enough and not faults_left

    def look(self):
        """Notes what is seen to be finished."""
        if self.server_back:
            return
        try:
            if "://" not in self.watched and not Path(self.watched).exists():
                return
            study = optuna.load_study(study_name="class", storage=self.storage_to_watch)
            for trial in study.get_trials(deepcopy=False, states=FINISHED):
                self.seen.setdefault(trial.number, facts(trial))
        except KeyError:  # it has not begun
            return
        except Exception as error:
            if storage_trouble(error) is None:
                raise

    @functools.cached_property
    def storage_to_watch(self):
        """It waits for nobody who sleeps."""
        if "://" not in self.watched:
            return open_storage(self.watched)
        sqlite = self.watched.startswith("sqlite")
        options = {"connect_args": {"timeout": 1}} if sqlite else {"pool_pre_ping": True}
        return RDBStorage(self.watched, engine_kwargs=options)

    def happen(self, fault):
        """Whether this fault could be brought about now."""
        if fault == "restart":
            self.restart()
            self.server_back = time.monotonic() + self.patience / 6
            return True
        machine = self.chance.choice(self.machines)
        if machine.asleep or machine.process.poll() is not None:
            return False
        try:
            getattr(machine, fault)(self.chance.choice(machine.parts()))
        except psutil.NoSuchProcess:
            return False
        return True


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


@contextmanager
def soak_on(kind, directory, patience=30):
    """A `Soak` of one kind of storage, with its server."""
    if kind == "PostgreSQL":
        with Postgres() as server:
            stops = []

            def restart():
                server.start() if len(stops) % 2 else server.stop("immediate" if len(stops) % 4 else "fast")
                stops.append(True)

            yield Soak(server.new_database(), restart=restart, patience=patience)
    elif kind == "class":
        file = Path(directory, "class.db")
        servers = [Server(file, silent=patience)]

        def restart():
            if servers[-1].process.poll() is None:
                servers[-1].process.send_signal(signal.SIGKILL if len(servers) % 2 else signal.SIGINT)
                servers[-1].process.wait(timeout=300)
            else:
                servers[-1].close()
                servers.append(Server(file, silent=patience, port=servers[0].port))

        yield Soak(servers[0].address, watched=f"sqlite:///{file}", restart=restart, patience=patience)
        servers[-1].close()
    else:
        yield Soak({"journal": f"{directory}/soak.journal", "SQLite": f"sqlite:///{directory}/soak.db"}[kind],
                   patience=patience)


def soak(kind, patience=30, faults=RECORDED):
    with tempfile.TemporaryDirectory() as directory, soak_on(kind, directory, patience) as storage:
        row = {"storage": kind} | storage.run(faults)
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("storage", nargs="*", help="which; all by default; the others keep their rows")
    parser.add_argument("--patience", type=int, default=30, help="seconds; 60 for users")
    for fault, number in RECORDED.items():
        parser.add_argument(f"--{fault}s", type=int, default=number, help="for each storage")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded")
    arguments = parser.parse_args()
    start = time.perf_counter()
    faults = Counter(kill=arguments.kills, sleep=arguments.sleeps, restart=arguments.restarts)
    with ThreadPoolExecutor(2) as side_by_side:
        runs = [side_by_side.submit(soak, kind, arguments.patience, faults) for kind in arguments.storage or STORAGES]
        for each in as_completed(runs):
            print(each.exception() or each.result(), flush=True)
    rows = {row["storage"]: row for row in map(Future.result, runs)}
    if arguments.record:
        before = {row["storage"]: row for row in recorded.load_table("soak").to_dict("records")}
        table = [(before | rows)[kind] for kind in STORAGES if kind in before | rows]
        pd.DataFrame(table).to_csv(recorded.RECORDED / "soak.csv", index=False)
        what = (f"A study on two machines whose workers are killed or suspended, and whose server is restarted, at "
                f"random moments, with a patience of {arguments.patience} seconds; what was lost.")
        command = " ".join(["python", "-m", "tests.faults.soak", *sys.argv[1:]])
        write_provenance("soak", what, command, start, workers=3, seeds="0 for the moments of the faults")


if __name__ == "__main__":
    main()
