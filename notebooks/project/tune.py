"""Tune train.py with Optuna, in several processes, for days if need be.

    python tune.py --workers 2 --storage study.journal --trials 40

Stop it with Ctrl-C, let the cluster end it, or kill it: the same command resumes, including interrupted trials. At the
end, FOLDER (runs) has best.pt, best.yaml for train.py --config, table.csv, and logs for TensorBoard.
"""

import argparse
import contextlib
import math
import sys
import time
from pathlib import Path

import optuna
import yaml
from train import CONFIG, DIRECTION, MAY_CHANGE, evaluate, load, load_model, read_settings, save, train
from workers import DONE, Stopped, best_of, listen, open_study, run_workers, stop_if_told

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    SummaryWriter = None


def define_settings(trial, settings):
    """The settings of one training: those of config.yaml, some of them chosen by Optuna."""
    return settings | {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "width": trial.suggest_int("width", 16, 256, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64, 128]),
    }


def objective(trial, arguments):
    """One trial: a training that reports each epoch, can be pruned, and resumes if it was interrupted."""
    settings = define_settings(trial, arguments.settings)
    name, started = trial.user_attrs["folder"], time.monotonic()
    logs = str(arguments.folder / "logs" / name)  # purge_step hides earlier entries: epochs are reported again
    with SummaryWriter(logs, purge_step=0) if SummaryWriter else contextlib.nullcontext() as log:

        def after_epoch(epoch, score):
            if log:
                log.add_scalar("validation score", score, epoch)
            trial.report(score, epoch)
            stop_if_told()
            if trial.should_prune() or time.monotonic() - started > arguments.trial_timeout:
                raise optuna.TrialPruned

        def before_save():
            trial.set_user_attr("alive", time.time())  # raises if the trial was marked as failed: another resumes it

        return train(settings, arguments.folder / name, after_epoch, before_save)


def write_best(study, folder, settings):
    """Writes best.pt and best.yaml, if the saved model has the score that the study says."""
    best = best_of(study)
    trained = folder / best.user_attrs["folder"]
    try:
        model, saved = load_model(trained / "best.pt")
    except FileNotFoundError:
        if best_of(study).number != best.number:  # another process found a better one meanwhile, and deleted this
            return write_best(study, folder, settings)
        sys.exit(f"{trained / 'best.pt'}, the model of the best trial, is missing; give the --folder of this study")
    score = evaluate(model, load("val", saved["settings"]))  # in batches as in training, since they affect rounding
    if not math.isclose(score, best.value, rel_tol=1e-3):  # on another device, the last digits may differ
        sys.exit(f"{trained / 'best.pt'} has a validation score of {score}, but trial {best.number} has "
                 f"{best.value}: the data or the model has changed; start again with a new --storage and --folder")
    save(folder / "best.pt", saved)
    best_settings = saved["settings"] | {name: settings[name] for name in MAY_CHANGE}  # from this command
    (folder / "best.yaml").write_text(yaml.safe_dump(best_settings, sort_keys=False), encoding="utf-8")
    if best_of(study).number != best.number:  # another process found a better one: its files must win
        return write_best(study, folder, settings)
    print(f"best: trial {best.number}, validation score {score}, the same for the model in {folder / 'best.pt'}")
    return best_settings, folder / "seeds" / trained.name


def train_seed(settings, folder):
    """The model of the best epoch, and its validation score."""
    for _ in range(3):  # another process may train the same seed, and the file be of an earlier epoch
        validation = train(settings, folder, stop_if_told)
        model, saved = load_model(folder / "best.pt")
        if saved["score"] == validation:
            break
    return model, saved["score"]


def write_table(settings, trained, folder, seeds):
    """Trains with the best settings and other seeds: how much of the best value was luck? The test set is used here."""
    lines = ["seed,validation,test"]
    for seed in range(settings["seed"] + 1, settings["seed"] + seeds + 1):
        try:
            model, score = train_seed(settings | {"seed": seed}, trained / f"seed-{seed}")
            test = evaluate(model, load("test", settings))
        except FloatingPointError as error:
            score = test = math.nan
            print(f"seed {seed}: {error}")
        lines.append(f"{seed},{score:.4f},{test:.4f}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description="Tune train.py with Optuna.")
    parser.add_argument("--storage", default="study.journal", help="a journal file, or a database's address")
    parser.add_argument("--trials", type=int, default=40, help="complete or pruned, including earlier runs")
    parser.add_argument("--workers", type=int, default=1, help="processes; 0 runs no trials")
    parser.add_argument("--timeout", type=float, help="seconds after which all workers are told to stop")
    parser.add_argument("--trial-timeout", type=float, default=float("inf"), help="seconds per try, then it is pruned")
    parser.add_argument("--heartbeat", type=float, default=5, help="seconds; after six missed ones, a trial is retried")
    parser.add_argument("--seeds", type=int, default=3, help="how many trainings with the best settings at the end")
    parser.add_argument("--config", type=Path, default=CONFIG, help="the settings to start from")
    parser.add_argument("--folder", type=Path, default=Path("runs"), help="for models, checkpoints and logs")
    arguments = parser.parse_args()
    arguments.settings = read_settings(arguments.config)
    listen()
    if not SummaryWriter:
        print("no logs for TensorBoard, since it is not installed: pip install tensorboard")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    study = open_study(arguments.storage)
    if study.direction.name.lower() != DIRECTION:
        sys.exit(f"the study in {arguments.storage} does not {DIRECTION}; name new ones with --storage and --folder")
    if not study.get_trials(deepcopy=False):
        if any(arguments.folder.glob("trial-*")):
            sys.exit(f"{arguments.folder} has the trials of another study; name a new one with --folder")
        study.enqueue_trial(arguments.settings)  # the first trial has your present settings
    run_workers(objective, arguments)
    best = write_best(study, arguments.folder, arguments.settings) if best_of(study) else None
    done = len(study.get_trials(deepcopy=False, states=DONE))
    if done < arguments.trials and arguments.workers:
        sys.exit(f"{done} of {arguments.trials} trials are done; run the same command again to resume")
    if not best and arguments.workers:
        sys.exit("no trial has a value: all were pruned, diverged, or ran out of memory; the lines above say which")
    if best and arguments.seeds:
        with contextlib.suppress(Stopped):
            write_table(*best, arguments.folder, arguments.seeds)


if __name__ == "__main__":
    main()
