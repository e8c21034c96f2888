"""Tune a model that trains in several processes at once, each with its share of every batch.

    torchrun --standalone --nproc-per-node 2 ddp.py --storage study.journal --trials 10

Only the process of rank 0 has the study; TorchDistributedTrial (from optuna-integration) sends its answers to the
others. Trials don't resume here: for that, rank 0 must save and all ranks load a checkpoint, as in train.py.
"""

import argparse
import math
import os

import optuna
import torch
import torch.distributed as dist
from optuna_integration import TorchDistributedTrial
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler
from train import CONFIG, best, choose_device, define_model, evaluate, load, read_settings, train_epoch
from tune import define_settings
from workers import open_study


def objective(trial):
    """Called in all processes at the same time: with the study's trial in rank 0, with None in the others."""
    trial = TorchDistributedTrial(trial)
    settings = define_settings(trial, read_settings(CONFIG)) | trial.params  # its suggest_float rounds to 32 bits
    torch.manual_seed(settings["seed"] + dist.get_rank())  # otherwise dropout would be the same in all
    model = DistributedDataParallel(define_model(settings).to(choose_device()))  # all begin with the weights of rank 0
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["lr"])
    rows = load("train", settings).dataset
    share = DistributedSampler(rows, seed=settings["seed"])
    batches = DataLoader(rows, settings["batch_size"] // dist.get_world_size(), sampler=share)
    scores = []
    for epoch in range(settings["epochs"]):
        share.set_epoch(epoch)  # a new order in each epoch
        train_epoch(model, optimizer, batches)
        scores.append(evaluate(model.module, load("val", settings)))
        trial.report(scores[-1], epoch)  # only rank 0's counts
        if trial.should_prune() or not math.isfinite(scores[-1]):  # the same answer in all processes
            raise optuna.TrialPruned
    return best(scores)


def main():
    parser = argparse.ArgumentParser(description="Tune with several processes per trial; start it with torchrun.")
    parser.add_argument("--storage", default="study.journal", help="a journal file, or a database's address")
    parser.add_argument("--trials", type=int, default=10, help="how many more trials")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    if dist.get_rank() == 0:
        open_study(arguments.storage, "ddp").optimize(objective, n_trials=arguments.trials)
    else:
        for _ in range(arguments.trials):
            try:
                objective(None)
            except optuna.TrialPruned:
                continue
    dist.destroy_process_group()
    os._exit(0)  # a normal exit can abort, if a gloo thread still holds a tensor


if __name__ == "__main__":
    main()
