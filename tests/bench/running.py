"""What samplers do with trials that still run: several workers ask, and none knows yet how the others' trials end.

On the table of trained Transformers (helpers.tabular_benchmark): `workers` trials are asked for, one after the other,
and only then told their values, until there are 64 trials. A setting repeats if an earlier trial has the same row.

python -m tests.bench.running (--record writes data/recorded/bench/running.csv; --small: two seeds; --hub FOLDER adds
OptunaHub's AutoSampler, from a clone of github.com/optuna/optunahub-registry; needs the packages optunahub and cmaes)
"""

import argparse
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import joblib
import pandas as pd
from optuna import pruners, samplers

from helpers import recorded, tabular_benchmark
from helpers.authoring.provenance import write_provenance
from helpers.evaluation import interval
from tests.bench.samplers import new_study

N_TRIALS = 64
WORKERS = (1, 4, 16)
AUTO = "AutoSampler"
SAMPLERS = {
    "random": samplers.RandomSampler,
    "TPE": samplers.TPESampler,
    "TPE, constant_liar=False": lambda seed: samplers.TPESampler(seed=seed, constant_liar=False),
    "GP": samplers.GPSampler,
}


def auto_sampler(seed, hub):
    import optunahub

    return optunahub.load_local_module("samplers/auto_sampler", registry_root=str(Path(hub) / "package")).AutoSampler(
        seed=seed)


def hub_version(hub):
    commit = subprocess.check_output(["git", "-C", hub, "rev-parse", "--short=8", "HEAD"], text=True).strip()
    return f"optunahub {version('optunahub')}, its registry at {commit}"


def run(name, workers, seed, hub=None):
    """One row: the best value of a study and the share of its trials that repeat a setting."""
    sampler = auto_sampler(seed, hub) if name == AUTO else SAMPLERS[name](seed=seed)
    study = new_study(f"{name} {workers} {seed}", sampler, pruners.NopPruner())
    for _ in range(N_TRIALS // workers):
        asked = []
        for _ in range(workers):
            trial = study.ask()
            asked.append((trial, max(tabular_benchmark.ask(trial)[0])))
        for trial, value in asked:
            study.tell(trial, value)
    rows = {tabular_benchmark.row(trial.params) for trial in study.trials}
    used = {trial.system_attrs.get("auto:sampler", "") for trial in study.trials[N_TRIALS // 2 :]}
    return {"sampler": name, "workers": workers, "seed": seed, "best": study.best_value,
            "repeated": 1 - len(rows) / N_TRIALS, "chose": " ".join(sorted(used))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--hub", help="a folder with OptunaHub's registry")
    parser.add_argument("--small", action="store_true", help="two seeds")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    seeds, start = range(2 if arguments.small else arguments.seeds), time.perf_counter()
    names = [*SAMPLERS, *([AUTO] if arguments.hub else [])]
    table = pd.DataFrame(joblib.Parallel(n_jobs=2)(
        joblib.delayed(run)(name, workers, seed, arguments.hub)
        for name in names for workers in WORKERS for seed in seeds))
    print(table.groupby(["sampler", "workers"], sort=False).agg(
        best=("best", "mean"), margin=("best", interval), repeated=("repeated", "mean")).round(4).to_string())
    if arguments.record:
        table.to_csv(recorded.RECORDED / "bench" / "running.csv", index=False, float_format="%.5g")
        hub = {"hub": hub_version(arguments.hub)} if arguments.hub else {}
        write_provenance(
            "bench/running", f"Samplers on the table, {N_TRIALS} trials, with 1, 4 and 16 trials that run at a time.",
            f"python -m tests.bench.running --seeds {len(seeds)}{' --hub FOLDER' if arguments.hub else ''} --record",
            start, seeds=f"0 to {len(seeds) - 1} for the sampler", **hub)


if __name__ == "__main__":
    main()
