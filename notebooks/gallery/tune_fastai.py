# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "fastai==2.8.12",
#                 "torch==2.13.0", "torchvision==0.28.0"]
# ///
"""Optuna tunes fastai's tabular model on handwritten digits. FastAIPruningCallback reports and prunes."""

import sys
import time

try:
    import optuna
    import torch
    from fastai.metrics import accuracy
    from fastai.tabular.all import CategoryBlock, TabularDataLoaders, tabular_config, tabular_learner
    from fastai.torch_core import set_seed
    from optuna_integration import FastAIPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "fastai==2.8.12 torch==2.13.0 torchvision==0.28.0")

digits = load_digits(as_frame=True)
rest, test = train_test_split(digits.frame, test_size=0.2, stratify=digits.target, random_state=0)
rest = rest.reset_index(drop=True)
train_rows, val_rows = train_test_split(rest.index, test_size=0.25, stratify=rest["target"], random_state=0)
torch.set_num_threads(1)


def define_model(trial):
    data = TabularDataLoaders.from_df(
        rest, cont_names=digits.feature_names, y_names="target", y_block=CategoryBlock(), valid_idx=list(val_rows),
        bs=64, device="cpu")
    layers = [trial.suggest_int("hidden_size", 16, 128, log=True)] * trial.suggest_int("n_layers", 1, 2)
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    return tabular_learner(data, layers, config=tabular_config(ps=dropout), metrics=accuracy)


def train(trial):
    set_seed(0)
    learner = define_model(trial)
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(10, trial.suggest_float("lr", 1e-5, 1e-1, log=True),
                              cbs=[FastAIPruningCallback(trial, monitor="accuracy")])
        return learner, learner.validate()[1]


def objective(trial):
    return train(trial)[1]  # the validation accuracy after the last epoch


if __name__ == "__main__":
    start = time.perf_counter()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    winner, val_accuracy = train(study.best_trial)
    with winner.no_bar():
        test_accuracy = winner.validate(dl=winner.dls.test_dl(test, with_labels=True))[1]
    print(f"trained again: validation {val_accuracy:.4f}, test {test_accuracy:.4f}")
