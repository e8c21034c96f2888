"""Tuning on a GPU: the same trainings on it and on the processor's cores, by one process and by several; and a study.

python -m tests.bench.gpu (--record writes data/recorded/bench/gpu.csv and gpu_studies.csv; --part names one of the two;
--small takes seconds; --device cpu tries the script where there is no GPU)
"""

import argparse
import functools
import itertools
import multiprocessing
import tempfile
import time
from pathlib import Path

import optuna
import pandas as pd
import torch
from torch import nn

from helpers import search
from helpers.authoring.provenance import write_provenance
from helpers.models import TransformerClassifier
from helpers.recorded import RECORDED
from helpers.study import count_trials, open_study, run_workers
from helpers.training import set_seed

PROCESSES = (1, 2, 4, 8, 16)
SIZES = {"usual": {"d_model": 64, "n_heads": 8, "n_layers": 2, "d_ff": 256},
         "full width": {"d_model": 512, "n_heads": 8, "n_layers": 6, "d_ff": 2048}}
BATCH_SIZE = 64


def use(device):
    """New tensors, and the data of the course, lie on the device from now on; one thread for what stays here."""
    torch.set_num_threads(1)
    torch.set_default_device(device)
    for part in ("x_train", "y_train", "x_val", "y_val"):
        setattr(search.data, part, getattr(search.data, part).to(device))


def steps(size):
    """Training steps without an end, each with a batch of hands; yields after each."""
    data = search.data
    set_seed(0)
    model = TransformerClassifier(data.vocab_size, data.n_classes, data.max_length, **SIZES[size])
    optimizer = torch.optim.Adam(model.parameters())
    while True:
        for batch in torch.randperm(len(data.x_train)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
            loss.backward()
            optimizer.step()
            loss.item()  # the loop of the course asks for it too, and so waits for the GPU
            yield


def trainer(device, size, master):
    """A process that trains for each number of seconds that it is sent, after a first step, at the signal "go"."""
    use(device)
    taken = steps(size)
    while (seconds := master.recv()) is not None:
        next(taken)
        free, total = torch.cuda.mem_get_info() if device == "cuda" else (0, 0)
        master.send((total - free) / 1e6)
        master.recv()
        start, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - start) < seconds:
            next(taken)
            done += 1
        master.send(done * BATCH_SIZE / passed)


def train_at_once(trainers, seconds):
    """Hands a second of all of them, and the megabytes that the GPU has given away."""
    for order in (seconds, "go"):
        for pipe in trainers:
            pipe.send(order)
        answers = [pipe.recv() for pipe in trainers]
        if order == seconds:
            megabytes = max(answers)
    return sum(answers), megabytes


def side_by_side(devices, numbers, seconds, repeats):
    """The rows: hands a second of so many processes that train at once; the GPU's memory for each that was started."""
    context, rows = multiprocessing.get_context("spawn"), []
    for size, device in itertools.product(SIZES, devices):
        trainers = []
        for _ in range(max(numbers)):
            mine, its = context.Pipe()
            context.Process(target=trainer, args=(device, size, its), daemon=True).start()
            trainers.append(mine)
        _, megabytes = train_at_once(trainers, seconds=0)  # all have begun
        for repeat, number in itertools.product(range(repeats), numbers):
            hands, _ = train_at_once(trainers[:number], seconds)
            rows.append({"device": device, "size": size, "processes": number, "repeat": repeat,
                         "hands_per_second": hands, "gpu_megabytes_each": megabytes / len(trainers)})
            print(rows[-1], flush=True)
        for pipe in trainers:
            pipe.send(None)
    return pd.DataFrame(rows)


def objective(device, trial):
    if torch.get_default_device().type != device or search.data.x_train.device.type != device:
        use(device)
    return search.objective(trial, search.define_transformer)


def run_study(device, workers, n_trials, limit):
    """The study of lesson 04, by so many workers, for `limit` seconds at most. A row: what became of the trials."""
    with tempfile.TemporaryDirectory() as directory:
        study = open_study(
            "gpu", Path(directory) / "gpu.journal",
            sampler=optuna.samplers.TPESampler(n_startup_trials=20, seed=0),
            pruner=optuna.pruners.PercentilePruner(25, n_startup_trials=5, n_warmup_steps=4))
        study.enqueue_trial(search.PAPER_START)
        start = time.perf_counter()
        run_workers(functools.partial(objective, device), study, n_trials, workers, timeout=limit)
        seconds = time.perf_counter() - start
        trials = study.get_trials()
        at_work = sum(trial.duration.total_seconds() for trial in trials)
        row = {"device": device, "workers": workers, "trials": len(trials), "seconds": seconds,
               "seconds_in_trials": at_work, "trials_per_minute": 60 * len(trials) / seconds,
               "states": count_trials(study), "val_accuracy": study.best_value}
    print(row, flush=True)
    return row


def too_large(device, trial):
    """An objective whose first trial asks for more memory than there is."""
    if trial.number == 0:
        torch.empty(2**50, device=device)
    return torch.ones(1, device=device)


def out_of_memory(device):
    """What became of a study whose first trial asks for too much memory, and the reason that its trial keeps."""
    with tempfile.TemporaryDirectory() as directory:
        study = open_study("memory", Path(directory) / "memory.journal")
        run_workers(functools.partial(too_large, device), study, n_trials=2, workers=1)
        return count_trials(study), study.trials[0].user_attrs.get("reason")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--part", choices=["processes", "studies"])
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement side by side")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--trials", type=int, default=100, help="of each study")
    parser.add_argument("--limit", type=float, default=240, help="seconds after which a study begins no trial any more")
    parser.add_argument("--small", action="store_true", help="two processes, one second, three trials")
    parser.add_argument("--record", action="store_true", help="write the tables to data/recorded/bench")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU here that torch can use; --device cpu tries the script without one")
    seconds, repeats, n_trials = arguments.seconds, arguments.repeats, arguments.trials
    numbers, workers = PROCESSES, ((arguments.device, 8), ("cpu", 16), (arguments.device, 1))
    if arguments.small:
        seconds, repeats, n_trials, numbers, workers = 1, 1, 3, (1, 2), ((arguments.device, 2),)
    options = f"--seconds {seconds:g} --repeats {repeats} --trials {n_trials} --limit {arguments.limit:g}"

    def record(name, table, what, start, part, **facts):
        if arguments.record:
            table.to_csv(RECORDED / "bench" / f"{name}.csv", index=False, float_format="%.5g")
            command = f"python -m tests.bench.gpu {options} --part {part} --record"
            write_provenance(f"bench/{name}", what, command, start, seeds="0", **facts)

    if arguments.part != "studies":
        start = time.perf_counter()
        table = side_by_side(dict.fromkeys((arguments.device, "cpu")), numbers, seconds, repeats)
        print(table.pivot_table(index="processes", columns=["size", "device"], values="hands_per_second").round(0))
        what = "Transformers that train side by side: hands a second of all of them, on a GPU and on the processor."
        record("gpu", table, what, start, part="processes", workers=f"1 to {max(numbers)}")
    if arguments.part != "processes":
        start = time.perf_counter()
        states, reason = out_of_memory(arguments.device)
        print(f"a trial too large: {states}, {reason}")
        rows = []
        for device, number in workers:
            rows.append(run_study(device, number, n_trials, arguments.limit))
            what = "The Transformer's study by several processes on a GPU and on the processor, and by one on a GPU."
            record("gpu_studies", pd.DataFrame(rows), what, start, part="studies",
                   trial_too_large=[states, reason], workers="1 to 16")


if __name__ == "__main__":
    main()
