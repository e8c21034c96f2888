"""Records the search in rounds of lessons 04 and 05, for the Transformer and its rivals."""

import functools
import time

import pandas as pd
from joblib import Parallel, delayed
from optuna.pruners import NopPruner
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FixedTrial, TrialState

from helpers import search
from helpers.authoring.kept import add_rows, keep_study, prepare, took
from helpers.authoring.provenance import WORKERS
from helpers.data import CARD_HANDS, load_csv
from helpers.recorded import RECORDED, load_round, seconds_of_search
from helpers.training import accuracy

OTHER_SEEDS = (1, 2)  # of round one, which lesson 05 compares with seed 0
RERANKED = 5  # settings
SEEDS_AGAIN = (101, 102, 103)  # of the trainings that re-rank them
TEST_SEEDS = range(11, 16)
LUCK_SEEDS = range(5)  # of the search, for the question whether its result was luck
LUCK_TEST_SEEDS = range(11, 14)
N_TRIALS = {"round 1": 16, "round 2": 20, "random": 20}  # "random": round two by random search
STARTS = {"transformer": search.TRANSFORMER_STARTS, "lstm": search.LSTM_STARTS, "trees": search.TREES_STARTS}
WIDE = {"transformer": search.define_transformer, "lstm": search.define_lstm}
NARROW = {
    "transformer": functools.partial(search.train_narrow, define_model=search.define_narrow_transformer),
    "lstm": functools.partial(search.train_narrow, define_model=search.define_narrow_lstm, rates=(2e-3, 2e-2),
                              label_smoothing=0.0)}


def objective_of(name, kind, seed):
    if name == "trees":
        define = search.define_trees if kind == "round 1" else search.define_narrow_trees
        return lambda trial: search.trees_objective(trial, define)
    if kind == "round 1":
        return lambda trial: search.train(trial, WIDE[name], seed)[1]
    return lambda trial: NARROW[name](trial, seed=seed)[1]


def run_round(name, kind, seed, seconds=0):
    """Runs one round until it has its trials and this many seconds."""
    first = kind == "round 1"
    keep_study(f"{kind}, seed {seed}", f"{name}_rounds", objective_of(name, kind, seed), N_TRIALS[kind], seconds,
               starts=STARTS[name] if first else (), pruner=NopPruner() if first else search.NARROW_PRUNER,
               sampler=RandomSampler(seed=seed) if kind == "random" else TPESampler(n_startup_trials=8, seed=seed))


def run_rounds(name, seed, seconds=0):
    """Round one and two of a search, with at least this many seconds in all."""
    run_round(name, "round 1", seed)
    run_round(name, "round 2", seed, seconds - load_round(name, "round 1", seed).user_attrs["seconds"])


def best_trials(name, seed=0):
    """The best trials of round two, the best first."""
    trials = load_round(name, "round 2", seed).get_trials(states=(TrialState.COMPLETE,))
    return sorted(trials, key=lambda trial: -trial.value)[:RERANKED]


def train_again(name, trial, seed):
    """One training with the settings of a trial: a row with its accuracy and seconds."""
    prepare()
    start = time.process_time()
    _, val_accuracy = NARROW[name](FixedTrial(trial.params), seed=seed)
    return {"search": name, "trial": trial.number, "value": trial.value, "seed": seed, "val_accuracy": val_accuracy,
            "seconds": time.process_time() - start}


def record_rounds():
    """Both rounds of the Transformer, then of its rivals, with as many seconds; the five best settings re-ranked."""
    parallel = Parallel(n_jobs=WORKERS)
    parallel([delayed(run_rounds)("transformer", 0), delayed(run_round)("transformer", "random", 0)])
    parallel(delayed(run_round)("transformer", "round 1", seed) for seed in OTHER_SEEDS)
    seconds = sum(load_round("transformer", kind).user_attrs["seconds"] for kind in ("round 1", "round 2"))
    parallel(delayed(run_rounds)(name, 0, seconds) for name in ("lstm", "trees"))
    rows = parallel(delayed(train_again)(name, trial, seed) for name in NARROW for trial in best_trials(name)
                    for seed in SEEDS_AGAIN)  # without the trees, whose value does not depend on a seed
    pd.DataFrame(rows).to_csv(RECORDED / "reranked.csv", index=False, float_format="%.5g")
    others = [load_round("transformer", "random")]
    others += [load_round("transformer", "round 1", seed) for seed in OTHER_SEEDS]
    return took(sum(map(seconds_of_search, ("transformer", "lstm", "trees")))
                + sum(study.user_attrs["seconds"] for study in others))


def train_for_luck(search_seed, trial, seed, part, test):
    """One training with the settings of a trial of the Transformer: a row with its accuracy on val or test."""
    prepare()
    start = time.process_time()
    model, value = NARROW["transformer"](FixedTrial(trial.params), seed=seed)
    seconds = time.process_time() - start
    if part == "test":
        value = accuracy(model, *test)
    return {"search": search_seed, "trial": trial.number, "value": trial.value, "part": part, "seed": seed,
            "accuracy": value, "seconds": seconds}


def train_missing(wanted, test):
    """Trains what luck.csv does not hold yet. wanted: {(seed of the search, trial number, part, seed): trial}."""
    columns = ["search", "trial", "part", "seed"]
    return add_rows(RECORDED / "luck.csv", columns, {
        key: delayed(train_for_luck)(key[0], trial, key[3], key[2], test) for key, trial in wanted.items()
    }).sort_values(columns)


def record_luck():
    """The Transformer's search in rounds with five seeds: its five best settings re-ranked, the best and the chosen
    one on test. It continues where it stopped."""
    Parallel(n_jobs=WORKERS)(delayed(run_rounds)("transformer", seed) for seed in LUCK_SEEDS)
    test = load_csv(CARD_HANDS).unlock_test()
    best = {seed: best_trials("transformer", seed) for seed in LUCK_SEEDS}
    table = train_missing({(search_seed, trial.number, "val", seed): trial for search_seed, trials in best.items()
                           for trial in trials for seed in SEEDS_AGAIN}, test)
    means = table[table["part"] == "val"].groupby(["search", "trial"])["accuracy"].mean()
    chosen = {seed: means[seed].idxmax() for seed in LUCK_SEEDS}
    table = train_missing({(search_seed, trial.number, "test", seed): trial for search_seed, trials in best.items()
                           for trial in trials if trial.number in (chosen[search_seed], trials[0].number)
                           for seed in LUCK_TEST_SEEDS}, test)
    table.to_csv(RECORDED / "luck.csv", index=False)
    searched = sum(load_round("transformer", kind, seed).user_attrs["seconds"]
                   for kind in ("round 1", "round 2") for seed in LUCK_SEEDS)
    return took(searched + table["seconds"].sum())
