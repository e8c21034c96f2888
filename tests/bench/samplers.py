"""Samplers and pruners at equal budget, on the table of trained Transformers
(helpers.tabular_benchmark), many seeds each.

python -m tests.bench.samplers (--record writes data/recorded/bench/samplers.csv and pruners.csv; --small: two seeds;
CMA-ES: the extra "bench")

Samplers get 100 trials each and no pruner. Pruners get what fifty trainings of average length take on one process, and
as many trials as fit into it.
"""

import argparse
import time
import warnings

import joblib
import numpy as np
import optuna
import pandas as pd
import torch
from optuna import pruners, samplers
from optuna.trial import TrialState

from helpers import recorded, tabular_benchmark
from helpers.authoring.provenance import write_provenance
from helpers.evaluation import interval

N_TRIALS = 100
AT = range(5, N_TRIALS + 1, 5)
BUDGET = 50  # trainings of average length
SHARES = range(10, 101, 10)  # per cent of the budget
START_UP = 16

SAMPLERS = {
    "random": samplers.RandomSampler,
    "TPE": samplers.TPESampler,
    "TPE, independent": lambda seed: samplers.TPESampler(seed=seed, multivariate=False),
    "TPE after QMC": samplers.TPESampler,
    "QMC": lambda seed: samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False),
    "CMA-ES": lambda seed: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "GP": samplers.GPSampler,
}
PRUNERS = {
    "none": pruners.NopPruner,
    "median": lambda: pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4),
    "best quarter": lambda: pruners.PercentilePruner(25, n_startup_trials=5, n_warmup_steps=4),
    "successive halving": pruners.SuccessiveHalvingPruner,
    "Hyperband": lambda: pruners.HyperbandPruner(min_resource=1, max_resource=12),
}


def new_study(name, sampler, pruner):
    """A study in memory. Its name counts: Hyperband sends a trial to a bracket by the name and the trial's number."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # QMC
    return optuna.create_study(study_name=name, direction="maximize", sampler=sampler, pruner=pruner)


def try_sampler(name, seed):
    """One row: the best value after 5, 10, ... trials; the seconds of the processor that the whole study took."""
    study = new_study(f"{name} {seed}", SAMPLERS[name](seed=seed), pruners.NopPruner())
    start = time.thread_time()
    if name == "TPE after QMC":
        study.sampler = SAMPLERS["QMC"](seed=seed)
        study.optimize(tabular_benchmark.objective, START_UP)
        study.sampler = SAMPLERS[name](seed=seed)
    study.optimize(tabular_benchmark.objective, N_TRIALS - len(study.trials))
    best = np.maximum.accumulate([trial.value for trial in study.trials])
    row = {"sampler": name, "seed": seed, "trials": len(study.trials), "cpu_seconds": time.thread_time() - start}
    return row | {f"best_{number}": best[number - 1] for number in AT}


def seconds_of(trial):
    return len(trial.intermediate_values) * trial.user_attrs["seconds_per_epoch"]


def try_pruner(sampler, name, seed):
    """One row: the best value after 10, 20, ... per cent of the budget; how many trials there were, and pruned ones."""
    budget = BUDGET * 12 * np.mean([seconds for _, seconds in tabular_benchmark.load().values()])
    study, spent = new_study(f"{sampler} {name} {seed}", SAMPLERS[sampler](seed=seed), PRUNERS[name]()), 0
    best = dict.fromkeys(SHARES, 0.0)
    while True:
        study.optimize(tabular_benchmark.objective, 1)
        trial = study.trials[-1]
        spent += seconds_of(trial)
        if spent > budget:
            break
        if trial.state == TrialState.COMPLETE:
            best |= {share: max(best[share], trial.value) for share in SHARES if 100 * spent <= share * budget}
    row = {"sampler": sampler, "pruner": name, "seed": seed, "trials": len(study.trials)}
    row["pruned"] = len(study.get_trials(states=(TrialState.PRUNED,)))
    return row | {f"best_{share}": value for share, value in best.items()}


def show(table, group, columns, reference):
    """Means with their 95 % intervals, and the differences to the reference within each seed."""
    for name, rows in table.groupby(group, sort=False):
        cells = [f"{rows[column].mean():.4f} ± {interval(rows[column]):.4f}" for column in columns]
        base = table[table[group] == reference].set_index("seed")[columns[-1]]
        gain = rows.set_index("seed")[columns[-1]] - base
        print(f"  {name:20s}{'   '.join(cells)}   minus {reference}: {gain.mean():+.4f} ± {interval(gain):.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="two seeds")
    parser.add_argument("--record", action="store_true", help="write the tables to data/recorded/bench")
    arguments = parser.parse_args()
    seeds, start = range(2 if arguments.small else arguments.seeds), time.perf_counter()
    parallel = joblib.Parallel(n_jobs=arguments.workers)
    by_sampler = pd.DataFrame(parallel(joblib.delayed(try_sampler)(name, seed) for name in SAMPLERS for seed in seeds))
    of_pruners = [joblib.delayed(try_pruner)(sampler, name, seed)
                  for sampler in ("TPE", "random") for name in PRUNERS for seed in seeds]
    by_pruner = pd.DataFrame(parallel(of_pruners))
    best = max(max(curve) for curve, _ in tabular_benchmark.load().values())
    print(f"{len(seeds)} seeds; the best of the table's {len(tabular_benchmark.load()):,} configurations: {best:.4f}")
    print("best value after 20, 50 and 100 trials (the first ten are drawn at random by most)")
    show(by_sampler, "sampler", ["best_20", "best_50", "best_100"], "random")
    for sampler, table in by_pruner.groupby("sampler", sort=False):
        print(f"{sampler}: best value after 20, 50 and 100 per cent of the time of {BUDGET} trainings")
        show(table, "pruner", ["best_20", "best_50", "best_100"], "none")
        print(table.groupby("pruner", sort=False)[["trials", "pruned"]].mean().round(1).to_string())
    if arguments.record:
        for name, table, what in [
            ("samplers", by_sampler, "Samplers on the table of trained Transformers, 100 trials each, no pruner."),
            ("pruners", by_pruner, f"Pruners on the same table, each for the time of {BUDGET} average trainings."),
        ]:
            table.to_csv(recorded.RECORDED / "bench" / f"{name}.csv", index=False, float_format="%.5g")
            command = f"python -m tests.bench.samplers --seeds {len(seeds)} --record"
            write_provenance(f"bench/{name}", what, command, start, workers=arguments.workers,
                                      seeds=f"0 to {len(seeds) - 1} for the sampler")


if __name__ == "__main__":
    main()
