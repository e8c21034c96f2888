"""What watching a study costs: the same study with and without LiveStudy, side by side, interleaved."""

import contextlib
import io
import statistics
import time

import optuna
import torch

from helpers import search
from helpers.teaching.widgets import LiveStudy

REPEATS = 3
N_TRIALS = 30


def seconds(callbacks):
    """Seconds of one study of the small model, always the same trials."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        study.optimize(search.small_objective, n_trials=N_TRIALS, callbacks=callbacks)
    return time.perf_counter() - start


def own_seconds():
    """The share of a study's seconds that is spent inside LiveStudy."""
    live, inside = LiveStudy(N_TRIALS), []

    def timed(study, trial):
        start = time.perf_counter()
        live(study, trial)
        inside.append(time.perf_counter() - start)

    whole = seconds([timed])
    return sum(inside) / whole


def main():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    seconds([])  # warm
    ratios, shares = [], []
    for _ in range(REPEATS):
        plain, watched = seconds([]), seconds([LiveStudy(N_TRIALS)])
        ratios.append(watched / plain)
        shares.append(own_seconds())
    print(f"LiveStudy: {N_TRIALS} trials of the small model, median of {REPEATS}, plain and watched interleaved")
    print(f"  seconds watched / plain: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    print(f"  share of the study's seconds inside LiveStudy: {statistics.median(shares):.2%}; goal: 2 % at most")


if __name__ == "__main__":
    main()
