"""Records what each step of the search in rounds is worth: the Transformer's search without it, one step at a time."""

import functools
import time
from typing import NamedTuple

import optuna
from joblib import Parallel, delayed
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import FixedTrial, TrialState

from helpers import recorded, search
from helpers.authoring.kept import add_rows, keep_study, prepare, took
from helpers.authoring.provenance import WORKERS
from helpers.authoring.rounds import N_TRIALS, NARROW, SEEDS_AGAIN
from helpers.models import TransformerClassifier


def define_narrow_and_small(trial):
    """The model of round two with `d_model` up to 96, where the wide space ends."""
    d_model = trial.suggest_int("d_model", 64, 96, step=16)
    return TransformerClassifier(
        search.data.vocab_size, search.data.n_classes, search.data.max_length, d_model, n_heads=8,
        n_layers=trial.suggest_int("n_layers", 2, 4),
        d_ff=d_model * trial.suggest_int("ff_factor", 2, 4),
        dropout=trial.suggest_float("dropout", 0.0, 0.1),
        norm_first=True,
        pooling=trial.suggest_categorical("pooling", ["mean", "max"]))


WIDE = functools.partial(search.train, define_model=search.define_transformer)


class Step(NamedTuple):
    """A round with one change. train: a function of a trial and a seed, as in helpers.search."""

    round: str
    train: functools.partial = NARROW["transformer"]
    sampler: type[BaseSampler] = TPESampler
    pruner: BasePruner = search.NARROW_PRUNER
    after: str = ""  # a recorded round that it continues


AS_RECORDED = {"round 1": Step("round 1", WIDE), "round 2": Step("round 2"),
               "random": Step("round 2", sampler=RandomSampler)}
STEPS = {
    "round 1 without starts": Step("round 1", WIDE, pruner=NopPruner()),
    "round 2 without more width": Step("round 2", functools.partial(search.train_narrow,
                                                                    define_model=define_narrow_and_small)),
    "round 1 goes on instead": Step("round 2", WIDE, after="round 1"),
    "round 2 without pruner": Step("round 2", pruner=NopPruner()),
    "round 2 by GP": Step("round 2", sampler=GPSampler),
}
ALL = AS_RECORDED | STEPS


def run_step(name):
    """Runs the study of a step, unless it is kept already."""
    step = STEPS[name]
    keep_study(name, "transformer_steps", lambda trial: step.train(trial, seed=0)[1], N_TRIALS[step.round],
               after=recorded.load_round("transformer", step.after).trials if step.after else (),
               sampler=step.sampler(n_startup_trials=8, seed=0), pruner=step.pruner)


def load_step(name):
    """The study of a step, or the recorded round of that name."""
    if name in AS_RECORDED:
        return recorded.load_round("transformer", name)
    return optuna.load_study(study_name=name, storage=recorded.study_storage("transformer_steps"))


def train_best(name, seed):
    """The best trial of a step's study, trained with another seed: a row of steps.csv."""
    prepare()
    step, study = ALL[name], load_step(name)
    start, best = time.process_time(), study.best_trial
    _, val_accuracy = step.train(FixedTrial(best.params), seed=seed)
    own = study.trials[-N_TRIALS[step.round]:]  # without those of the round that it continued
    return {"step": name, "round": step.round, "seed": seed, "val_accuracy": val_accuracy,
            "seconds": time.process_time() - start, "best_trial": best.number, "best_value": best.value,
            "trials": len(own), "pruned": sum(trial.state == TrialState.PRUNED for trial in own),
            "search_seconds": sum(trial.user_attrs["seconds"] for trial in own)}


def record_steps():
    """The Transformer's rounds with one step changed at a time; the best of each trained with three more seeds."""
    path = recorded.RECORDED / "steps.csv"
    Parallel(n_jobs=WORKERS)(delayed(run_step)(name) for name in STEPS)
    table = add_rows(path, ["step", "seed"], {
        (name, seed): delayed(train_best)(name, seed) for name in ALL for seed in SEEDS_AGAIN})
    order = {name: number for number, name in enumerate(ALL)}
    table = table.sort_values(["step", "seed"], key=lambda column: column.replace(order), ignore_index=True)
    table.to_csv(path, index=False)
    searched = table[table["step"].isin(STEPS)].groupby("step")["search_seconds"].first()
    return took(searched.sum() + table["seconds"].sum())
