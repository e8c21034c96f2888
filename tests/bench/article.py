"""The article's way to search against ours, one change at a time, on the table of trained Transformers.

Three changes, on or off: the learning rate drawn on a log scale (and not evenly), pruning by the median, and two
processes (and not n_jobs=-1). All eight combinations run on a simulated clock: two workers, each training takes the
seconds that it took when the table was made, divided by the speed of a worker that shares two cores with another. What
processes are worth beside threads is thus put in and not found: it is what `python -m tests.bench.workers` measured
with one small Transformer. The race in real seconds is `tests.bench.race`.

python -m tests.bench.article (--record writes data/recorded/bench/article.csv; --small: two seeds)
"""

import argparse
import heapq
import itertools
import time

import joblib
import optuna
import pandas as pd
from optuna.pruners import MedianPruner, NopPruner

from helpers import recorded, tabular_benchmark
from helpers.authoring.provenance import write_provenance
from helpers.evaluation import interval

CHANGES = ["log scale", "pruning", "processes"]
AFTER = 240  # seconds after which the best values are compared
LIMIT = 1_800
EPOCHS = 12


def target():
    """Ten points above the untuned LSTM, on validation."""
    untuned = recorded.load_table("untuned")
    return untuned.loc[untuned["model"] == "LSTM", "val_accuracy"].mean() + 0.1


def speeds():
    """How fast each of two workers is beside one process alone: {"processes": ..., "threads": ...}."""
    seconds = recorded.load_table("workers").groupby("arm")["seconds_at_work"].median()
    return {name: seconds["one process"] / seconds[arm] / 2
            for name, arm in (("processes", "two processes"), ("threads", "n_jobs=-1"))}


def race(log_scale, pruning, processes, seed, goal):
    """One row: seconds on the simulated clock until the goal is reached (or the limit), and the best after AFTER."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=MedianPruner(n_startup_trials=5, n_warmup_steps=4) if pruning else NopPruner())
    speed = speeds()["processes" if processes else "threads"]
    best, after, reached, begun = 0, 0, LIMIT, 2

    def begin(now, worker):
        trial = study.ask()
        curve, seconds = tabular_benchmark.ask(trial, even=not log_scale)
        return now + seconds / speed, worker, trial, curve, seconds, 1

    running = [begin(0, worker) for worker in range(2)]
    while True:
        now, worker, trial, curve, seconds, epoch = heapq.heappop(running)
        if now > LIMIT or (now > AFTER and reached < LIMIT):
            break
        value = curve[epoch - 1]
        best = max(best, value)
        after = best if now <= AFTER else after
        reached = min(reached, now) if best >= goal else reached
        trial.report(value, epoch)
        if epoch == EPOCHS:
            study.tell(trial, max(curve))
        elif trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            heapq.heappush(running, (now + seconds / speed, worker, trial, curve, seconds, epoch + 1))
            continue
        heapq.heappush(running, begin(now, worker))
        begun += now <= AFTER
    on = dict(zip(CHANGES, (log_scale, pruning, processes), strict=True))
    return on | {"seed": seed, "seconds_to_target": reached, "val_accuracy": after, "trials": begun}


def name(row):
    on = [change for change in CHANGES if row[change]]
    return "the article's" if not on else "ours" if len(on) == len(CHANGES) else " + ".join(on)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="two seeds")
    parser.add_argument("--record", action="store_true", help="write the table to data/recorded/bench")
    arguments = parser.parse_args()
    seeds, start, goal = range(2 if arguments.small else arguments.seeds), time.perf_counter(), target()
    arms = itertools.product([False, True], repeat=len(CHANGES))
    rows = joblib.Parallel(n_jobs=arguments.workers)(
        joblib.delayed(race)(*arm, seed, goal) for arm in arms for seed in seeds)
    table = pd.DataFrame(rows)
    table.insert(0, "arm", table.apply(name, axis=1))
    highest = max(max(curve) for curve, _ in tabular_benchmark.load().values())
    assert goal <= highest, "the table never reaches the target"
    print(f"the target is {goal:.3f}; {len(seeds)} seeds; two workers on a simulated clock")
    for arm, group in table.groupby("arm", sort=False):
        seconds = group.set_index("seed")["seconds_to_target"]
        print(f"  {arm:24s}{seconds.median():6.0f} s to the target (quartiles {seconds.quantile(0.25):.0f} to "
              f"{seconds.quantile(0.75):.0f}), {(seconds == LIMIT).sum()} not within {LIMIT}; "
              f"after {AFTER} s {group['val_accuracy'].mean():.3f} ± {interval(group['val_accuracy']):.3f}")
    if arguments.record:
        table.to_csv(recorded.RECORDED / "bench" / "article.csv", index=False, float_format="%.5g")
        what = "The article's search against ours, one change at a time, on the table; simulated seconds, two workers."
        command = f"python -m tests.bench.article --seeds {len(seeds)} --record"
        write_provenance("bench/article", what, command, start, workers=arguments.workers,
                                  target=round(goal, 4), limit=LIMIT, after=AFTER,
                                  seeds=f"0 to {len(seeds) - 1} for the sampler")


if __name__ == "__main__":
    main()
