"""What could make a trial faster: other ways to take the same steps, for a Transformer on card hands.

One thread, seconds of the processor for a step of one model, interleaved; ratios to the course's way in each repeat.
On a GPU (--device cuda) seconds by the clock, and the paper's full width as well.
Stacked models train eight settings of the optimizer at once (torch.func); they have to be of the same shape.

python -m tests.bench.faster (--record writes data/recorded/bench/faster.csv; --small: one repeat of few steps)
"""

import argparse
import copy
import dataclasses
import time
import warnings

import pandas as pd
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.data import CARD_HANDS, load_csv
from helpers.models import TransformerClassifier
from helpers.training import set_seed

STACKED = 8
SIZES = {"small": {"d_model": 32, "n_heads": 2, "n_layers": 1, "d_ff": 64}, "usual": {},
         "full width": {"d_model": 512, "n_heads": 8, "n_layers": 6, "d_ff": 2048}}


def build(data, size, dropout=0.1):
    set_seed(0)
    return TransformerClassifier(data.vocab_size, data.n_classes, data.max_length, dropout=dropout, **SIZES[size])


def batches(data, n_steps, batch_size=64):
    rows = torch.randperm(len(data.x_train))
    while len(rows) < n_steps * batch_size:
        rows = torch.cat([rows, torch.randperm(len(data.x_train))])
    return rows[: n_steps * batch_size].split(batch_size)


def steps_of(model, optimizer, data):
    """The course's way: a function that takes so many steps with batches of a size."""
    def take(n_steps, batch_size=64):
        model.train()
        for batch in batches(data, n_steps, batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(data.x_train[batch]), data.y_train[batch])
            loss.backward()
            optimizer.step()
            loss.item()
    return take


def usual(data, size, **options):
    model = build(data, size)
    return steps_of(model, torch.optim.Adam(model.parameters(), **options), data)


def compiled(data, size):
    model = build(data, size)
    return steps_of(torch.compile(model), torch.optim.Adam(model.parameters()), data)


def no_dropout(data, size):
    model = build(data, size, dropout=0.0)
    return steps_of(model, torch.optim.Adam(model.parameters()), data)


def bfloat16(data, size):
    model = build(data, size)
    take = steps_of(model, torch.optim.Adam(model.parameters()), data)

    def take_in_bfloat16(n_steps):
        with torch.autocast(data.x_train.device.type, torch.bfloat16):
            take(n_steps)
    return take_in_bfloat16


def stacked(data, size):
    """Eight models of the same shape in one: their weights are stacked, and each step serves all of them."""
    models = [build(data, size).train() for _ in range(STACKED)]
    weights, buffers = torch.func.stack_module_state(models)
    skeleton = copy.deepcopy(models[0]).to("meta")
    optimizer = torch.optim.Adam(weights.values())

    def loss_of_one(weights, buffers, x, y):
        return nn.functional.cross_entropy(torch.func.functional_call(skeleton, (weights, buffers), (x,)), y)

    losses = torch.func.vmap(loss_of_one, in_dims=(0, 0, 0, 0), randomness="different")

    @sdpa_kernel(SDPBackend.MATH)  # on a GPU the fused attention can't be stacked
    def take(n_steps):
        rows = torch.stack([torch.stack(batches(data, n_steps)) for _ in models], dim=1)
        for batch in rows:
            optimizer.zero_grad()
            loss = losses(weights, buffers, data.x_train[batch], data.y_train[batch])
            loss.sum().backward()
            optimizer.step()
            loss.tolist()
    return take


WAYS = {
    "as in the course": (usual, {}),
    "fused Adam": (lambda data, size: usual(data, size, fused=True), {}),
    "torch.compile": (compiled, {}),
    "bfloat16": (bfloat16, {}),
    "no dropout": (no_dropout, {}),
    "batches of 256": (usual, {"batch_size": 256}),
    "eight stacked": (stacked, {}),
}


def on(device):
    """The hands, on the device, where new tensors are made from now on too."""
    torch.set_default_device(device)
    data = load_csv(CARD_HANDS)
    return dataclasses.replace(data, x_train=data.x_train.to(device), y_train=data.y_train.to(device))


def clock_when_done():
    torch.cuda.synchronize()
    return time.perf_counter()


def measure(data, n_steps, repeats):
    """One row per way and repeat. seconds: for 64 hands and one model."""
    rows = []
    torch.set_num_threads(1)
    on_gpu = data.x_train.device.type == "cuda"
    now = clock_when_done if on_gpu else time.process_time
    for size in SIZES if on_gpu else ("small", "usual"):
        takes = {}
        for way, (prepare, options) in WAYS.items():
            start = time.perf_counter()
            takes[way] = prepare(data, size), options
            takes[way][0](2, **options)
            first = time.perf_counter() - start  # by the clock: torch.compile has a compiler work for it
            rows.append({"size": size, "way": f"{way}, to begin", "repeat": 0, "seconds": first, "ratio": None})
        for repeat in range(repeats):
            seconds = {}
            for way, (take, options) in takes.items():
                start = now()
                take(n_steps, **options)
                hands = options.get("batch_size", 64) * (STACKED if way == "eight stacked" else 1)
                seconds[way] = (now() - start) / n_steps * 64 / hands
            rows += [{"size": size, "way": way, "repeat": repeat, "seconds": each,
                      "ratio": each / seconds["as in the course"]} for way, each in seconds.items()]
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="one repeat of five steps")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # vmap and compile say what they fall back to
    start = time.perf_counter()
    torch._inductor.config.force_disable_caches = True  # what was compiled yesterday is not free
    n_steps, repeats = (5, 1) if arguments.small else (arguments.steps, arguments.repeats)
    table = measure(on(arguments.device), n_steps, repeats)
    summary = table.groupby(["size", "way"], sort=False).agg(
        milliseconds=("seconds", lambda seconds: 1_000 * seconds.median()),
        ratio=("ratio", "median"), least=("ratio", "min"), most=("ratio", "max"))
    print(summary.round(3).to_string())
    if arguments.record:
        name = "faster_gpu" if arguments.device == "cuda" else "faster"
        table.to_csv(recorded.RECORDED / "bench" / f"{name}.csv", index=False, float_format="%.4g")
        what = "Ways to make a training step cheaper; seconds for 64 hands and one model, ratios to the course's way."
        command = f"python -m tests.bench.faster --steps {n_steps} --repeats {repeats}"
        command += f"{' --device cuda' if arguments.device == 'cuda' else ''} --record"
        write_provenance(f"bench/{name}", what, command, start, workers=1, seeds="0")


if __name__ == "__main__":
    main()
