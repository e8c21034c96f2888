"""Makes data/recorded/: the experiments behind the lessons, at full size. `helpers.recorded` reads it."""

import functools
import time

import optuna
import pandas as pd
import torch
from joblib import Parallel, delayed

from helpers import baselines, search
from helpers.authoring import rounds, steps, ten_tries
from helpers.authoring.kept import prepare
from helpers.authoring.provenance import WORKERS, write_provenance
from helpers.data import CARD_HANDS, load_csv
from helpers.evaluation import auc
from helpers.recipes import EPOCHS, SAME_PEAK, lstm, paper
from helpers.recorded import RECORDED, chosen, load_study, study_path, study_storage
from helpers.training import predict, run, set_seed

SEEDS = range(5)
LONG = 60  # epochs
N_TRIALS = 100

# {name in the table: recipe}
UNTUNED = {"LSTM": lstm, "paper's recipe": paper()}
LONGER = {f"{name}, {LONG} epochs": recipe for name, recipe in UNTUNED.items()}
DIAGNOSIS = {
    "warm-up 400 steps": paper(warmup=400),
    "constant learning rate 0.001": paper(constant_lr=0.001),
    "2 layers": paper(n_layers=2),
    "norm first": paper(norm_first=True),
}
SCHEDULE = {"warm-up 400 steps, same peak": paper(**SAME_PEAK),
            "the same with 2 layers": paper(**SAME_PEAK, n_layers=2)}


def score(probabilities, y, part):
    """Accuracy and AUC as columns: {"val_accuracy": ..., "val_auc": ...}."""
    predicted = torch.as_tensor(probabilities).argmax(dim=1)
    return {f"{part}_accuracy": (predicted == y).double().mean().item(), f"{part}_auc": auc(probabilities, y)}


def network_row(name, seed, model, curve, data, test):
    """The row of results of a trained network, and its learning curve."""
    row = {"model": name, "seed": seed, "epochs": len(curve), "seconds": curve[-1]["seconds"]}
    row |= score(predict(model, data.x_val), data.y_val, "val") | score(predict(model, test[0]), test[1], "test")
    return row, [{"model": name, "seed": seed} | epoch for epoch in curve]


def train_network(name, recipe, seed, test, **options):
    """Trains one network on card hands, following a recipe; options: of the training, in place of the usual ones."""
    torch.set_num_threads(1)
    data = load_csv(CARD_HANDS)
    set_seed(seed)
    model, optimizer, recipe_options = recipe(data)
    curve = []
    run(model, optimizer, data, on_epoch=curve.append, **{"epochs": EPOCHS} | recipe_options | options)
    return network_row(name, seed, model, curve, data, test)


def train_winner(name, train, params, epochs, seed, test):
    """Trains once more with the settings that a search chose; train: the function that its trials used."""
    torch.set_num_threads(1)
    curve = []
    model, _ = train(optuna.trial.FixedTrial(params), seed=seed, epochs=epochs, on_epoch=curve.append)
    return network_row(name, seed, model, curve, search.data, test)


def train_baseline(name, model, seed, test):
    """Trains a scikit-learn model on the bag of cards; it has no learning curve."""
    data = load_csv(CARD_HANDS)
    bags = [baselines.bag(x, data.vocab_size) for x in (data.x_train, data.x_val, test[0])]
    start = time.perf_counter()
    model.fit(bags[0], data.y_train)
    row = {"model": name, "seed": seed, "epochs": None, "seconds": time.perf_counter() - start}
    for part, counts, y in (("val", bags[1], data.y_val), ("test", bags[2], test[1])):
        row |= score(model.predict_proba(counts), y, part)
    return row, []


def network_jobs(recipes, test, seeds=SEEDS, **options):
    return [delayed(train_network)(name, recipe, seed, test, **options)
            for name, recipe in recipes.items() for seed in seeds]


def write_tables(name, jobs):
    """Runs the jobs on all workers; writes NAME.csv, one row per training, and NAME_curves.csv, one row per epoch."""
    results = Parallel(n_jobs=WORKERS, verbose=5)(jobs)
    tables = {name: [row for row, _ in results], f"{name}_curves": [epoch for _, curve in results for epoch in curve]}
    for table, rows in tables.items():
        pd.DataFrame(rows).to_csv(RECORDED / f"{table}.csv", index=False, float_format="%.5g")


def record_untuned():
    """The starting points, five seeds: the baselines, the LSTM, the paper's recipe."""
    test = load_csv(CARD_HANDS).unlock_test()
    jobs = network_jobs(UNTUNED, test)
    for seed in SEEDS:
        models = {"majority": baselines.majority(), "logistic regression": baselines.logistic_regression(),
                  "boosted trees": baselines.boosted_trees(seed)}
        jobs += [delayed(train_baseline)(name, model, seed, test) for name, model in models.items()]
    write_tables("untuned", jobs)


def record_patience():
    """The LSTM and the paper's recipe, trained five times as long, five seeds."""
    write_tables("patience", network_jobs(LONGER, load_csv(CARD_HANDS).unlock_test(), epochs=LONG))


def record_diagnosis():
    """The paper's recipe with one thing changed at a time, five seeds; at its full width one seed."""
    test = load_csv(CARD_HANDS).unlock_test()
    full_width = network_jobs({"full width": paper(width=1)}, test, seeds=[0])
    write_tables("diagnosis", full_width + network_jobs(DIAGNOSIS, test))


def record_schedule():
    """The paper's recipe with a warm-up that fits the number of steps, and with more steps per epoch, five seeds."""
    test = load_csv(CARD_HANDS).unlock_test()
    smaller_batches = network_jobs({"batches of 32": paper()}, test, batch_size=32)
    write_tables("schedule", network_jobs(SCHEDULE, test) + smaller_batches)


def run_study(name):
    """Runs one study from scratch, in one process and with one thread, so that it can be reproduced."""
    prepare()
    study_path(name).unlink(missing_ok=True)
    study = optuna.create_study(
        study_name=name, storage=study_storage(name), direction="maximize",
        sampler=optuna.samplers.TPESampler(n_startup_trials=20, seed=0),
        pruner=optuna.pruners.PercentilePruner(25, n_startup_trials=5, n_warmup_steps=4))
    if name == "transformer":
        study.enqueue_trial(search.PAPER_START)
        study.optimize(lambda trial: search.objective(trial, search.define_transformer), n_trials=N_TRIALS)
    else:
        study.optimize(search.small_objective, n_trials=N_TRIALS)


def record_studies():
    """100 trials each for the Transformer (the first try) and the small model."""
    Parallel(n_jobs=WORKERS, verbose=5)(delayed(run_study)(name) for name in ("transformer", "small"))


def record_first_try():
    """The best settings of the first try, trained again with five seeds."""
    test, params = load_csv(CARD_HANDS).unlock_test(), load_study("transformer").best_params
    train = functools.partial(search.train, define_model=search.define_transformer)
    write_tables("first_try", [delayed(train_winner)("Transformer, first try", train, params, EPOCHS, seed, test)
                               for seed in rounds.TEST_SEEDS])


def record_tuned():
    """What the searches in rounds chose, trained with five fresh seeds; the Transformer for 60 epochs as well."""
    test = load_csv(CARD_HANDS).unlock_test()
    runs = [("tuned LSTM", "lstm", EPOCHS), ("tuned Transformer", "transformer", EPOCHS),
            (f"tuned Transformer, {LONG} epochs", "transformer", LONG)]
    jobs = [delayed(train_winner)(name, rounds.NARROW[searched], chosen(searched).params, epochs, seed, test)
            for name, searched, epochs in reversed(runs) for seed in rounds.TEST_SEEDS]
    jobs += [delayed(train_baseline)("tuned boosted trees", baselines.boosted_trees(seed, **chosen("trees").params),
                                     seed, test) for seed in rounds.TEST_SEEDS]
    write_tables("tuned", jobs)


def finish_pruned(number):
    """Trains a pruned trial of the Transformer's study to its end, with its own seed and settings."""
    torch.set_num_threads(1)
    pruned = load_study("transformer").trials[number]
    curve = []
    search.train(optuna.trial.FixedTrial(pruned.params), search.define_transformer, on_epoch=curve.append)
    best = max(epoch["val_accuracy"] for epoch in curve)
    row = {"trial": number, "pruned_at": pruned.last_step, "val_accuracy": best, "seconds": curve[-1]["seconds"]}
    return row, [{"trial": number} | epoch for epoch in curve]


def record_pruned():
    """Each pruned trial of the Transformer's study, trained to its end: which ones were pruned wrongly?"""
    pruned = load_study("transformer").get_trials(states=(optuna.trial.TrialState.PRUNED,))
    write_tables("pruned", [delayed(finish_pruned)(trial.number) for trial in pruned])


PARTS = {"untuned": record_untuned, "diagnosis": record_diagnosis, "schedule": record_schedule,
         "patience": record_patience, "studies": record_studies, "pruned": record_pruned,
         "first_try": record_first_try, "rounds": rounds.record_rounds, "tuned": record_tuned,
         "luck": rounds.record_luck, "steps": steps.record_steps, "ten_tries": ten_tries.record_ten_tries}
FRESH = f"{rounds.TEST_SEEDS.start} to {rounds.TEST_SEEDS.stop - 1}, one per training"
SEEDS_OF = {"studies": "0 for the sampler and for each training", "pruned": "0, as in the study",
            "first_try": FRESH, "tuned": FRESH, "ten_tries": "0 to 4 for the sampler, 0 for each training",
            "rounds": "0 for the sampler and for each training, round one of the Transformer also 1 and 2; 101 to 103 "
                      "to re-rank",
            "luck": "0 to 4 of the search and its trainings, 101 to 103 to re-rank, 11 to 13 on test",
            "steps": "0 for the sampler and for each training of a search; 101 to 103 to train its best again"}


def record(names=()):
    """Records the named parts, or all of them, and writes how each was made."""
    unknown = set(names) - set(PARTS)
    if unknown:
        raise SystemExit(f"{min(unknown)!r} is not a part of the record; the parts are {', '.join(PARTS)}.")
    RECORDED.mkdir(exist_ok=True)
    for name in names or PARTS:
        print(f"recording {name}", flush=True)
        start = time.perf_counter()
        facts = PARTS[name]() or {}
        seeds = SEEDS_OF.get(name, "0 to 4, one per training")
        write_provenance(name, PARTS[name].__doc__, f"python -m helpers record {name}", start, seeds=seeds, **facts)
