"""The searches of the course, as notebooks 03 and 05 write them: `define_model` and `objective`, and their parts."""

import itertools
import math

import optuna
from torch import optim

from helpers.baselines import bag, boosted_trees
from helpers.budget import pick
from helpers.data import CARD_HANDS, MESSAGES, LazyData
from helpers.models import EmbeddingClassifier, LSTMClassifier, TransformerClassifier
from helpers.training import run, set_seed

EPOCHS = pick(12, smoke=2)
data = LazyData(CARD_HANDS, limit=pick(None, smoke=300))


def define_lstm(trial):
    return LSTMClassifier(
        data.vocab_size, data.n_classes,
        embedding_dim=trial.suggest_int("embedding_dim", 16, 128, log=True),
        hidden_size=trial.suggest_int("hidden_size", 32, 128, log=True),
        n_layers=trial.suggest_int("lstm_layers", 1, 3),
        bidirectional=trial.suggest_categorical("bidirectional", [False, True]),
        dropout=trial.suggest_float("lstm_dropout", 0.0, 0.4))


def define_transformer(trial):
    d_model = trial.suggest_int("d_model", 32, 96, step=16)
    return TransformerClassifier(
        data.vocab_size, data.n_classes, data.max_length, d_model,
        n_heads=trial.suggest_categorical("n_heads", [2, 4, 8]),
        n_layers=trial.suggest_int("n_layers", 1, 4),
        d_ff=d_model * trial.suggest_int("ff_factor", 1, 4),
        dropout=trial.suggest_float("dropout", 0.0, 0.4),
        norm_first=trial.suggest_categorical("norm_first", [False, True]),
        pooling=trial.suggest_categorical("pooling", ["mean", "max"]))


def define_model(trial):
    arch = trial.suggest_categorical("arch", ["lstm", "transformer"])
    return define_lstm(trial) if arch == "lstm" else define_transformer(trial)


def linear_schedule(optimizer, n_steps, warmup):
    """Linear warm-up of the learning rate over a share `warmup` of the steps, then linear decay to zero."""
    n_warmup = 1 + int(n_steps * warmup)
    return optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / n_warmup, (n_steps - step) / max(1, n_steps - n_warmup)))


def define_optimizer(trial, model, n_steps):
    name = trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    if name == "Adam":
        settings = {"betas": (trial.suggest_float("beta1", 0.8, 0.95), 0.999)}
    elif name == "RMSprop":
        settings = {"alpha": trial.suggest_float("alpha", 0.9, 0.99)}
    else:
        settings = {"momentum": trial.suggest_float("momentum", 0.0, 0.99)}
    optimizer = getattr(optim, name)(model.parameters(), lr=lr, **settings)
    return optimizer, linear_schedule(optimizer, n_steps, trial.suggest_float("warmup", 0.0, 0.3))


def train(trial, define_model, seed=0, epochs=EPOCHS, on_epoch=None):
    set_seed(seed)
    model = define_model(trial)
    batch_size = trial.suggest_categorical("batch_size", [32, 64, 128, 256])
    n_steps = epochs * math.ceil(len(data.x_train) / batch_size)
    optimizer, schedule = define_optimizer(trial, model, n_steps)
    label_smoothing = trial.suggest_float("label_smoothing", 0.0, 0.2)
    val_accuracy = run(model, optimizer, data, epochs, batch_size, schedule, label_smoothing, trial, on_epoch)
    return model, val_accuracy


def objective(trial, define_model=define_model):
    _, val_accuracy = train(trial, define_model)
    return val_accuracy


# Where the first try starts: the paper's settings, with the depth and warm-up that worked in lesson 01.

PAPER_START = {"d_model": 64, "n_heads": 8, "n_layers": 2, "ff_factor": 4, "dropout": 0.1, "norm_first": False,
               "pooling": "mean", "batch_size": 64, "optimizer": "Adam", "lr": 0.002, "beta1": 0.9, "warmup": 0.3,
               "label_smoothing": 0.1}


# Round one, in lesson 04: the wide space again, and eight diverse settings that are tried first.


def diverse(choices, rest):
    """Eight settings in which each pair of values of two parameters occurs equally often: an orthogonal array.

    choices: {name: two values}, up to seven parameters. rest: the parameters that all eight share. (It is a fractional
    factorial design; eight settings drawn at random would leave some pairs of values untried.)
    """
    rows = [(a, b, a ^ b, c, a ^ c, b ^ c, a ^ b ^ c) for a, b, c in itertools.product((0, 1), repeat=3)]
    return [rest | {name: choices[name][bit] for name, bit in zip(choices, row, strict=False)} for row in rows]


TRANSFORMER_STARTS = diverse(
    {"norm_first": [False, True], "optimizer": ["Adam", "RMSprop"], "n_layers": [2, 3], "d_model": [64, 96],
     "pooling": ["mean", "max"], "batch_size": [64, 128], "dropout": [0.0, 0.1]},
    {"n_heads": 8, "ff_factor": 4, "lr": 0.002, "warmup": 0.1, "label_smoothing": 0.1})
LSTM_STARTS = diverse(
    {"bidirectional": [False, True], "optimizer": ["Adam", "RMSprop"], "lstm_layers": [2, 3], "hidden_size": [64, 96],
     "embedding_dim": [64, 96], "batch_size": [64, 128], "label_smoothing": [0.0, 0.1]},
    {"lr": 0.005, "warmup": 0.0, "lstm_dropout": 0.05})
TREES_STARTS = diverse(
    {"learning_rate": [0.1, 0.5], "max_iter": [100, 500], "max_leaf_nodes": [15, 31], "min_samples_leaf": [20, 60],
     "l2_regularization": [0.001, 1.0]}, {})


# Round two, in lesson 05: some settings are fixed, and the others are searched over new ranges.

NARROW_PRUNER = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=6)


def define_narrow_transformer(trial):
    d_model = trial.suggest_int("d_model", 96, 128, step=16)
    return TransformerClassifier(
        data.vocab_size, data.n_classes, data.max_length, d_model, n_heads=8,
        n_layers=trial.suggest_int("n_layers", 2, 4),
        d_ff=d_model * trial.suggest_int("ff_factor", 2, 4),
        dropout=trial.suggest_float("dropout", 0.0, 0.1),
        norm_first=True,
        pooling=trial.suggest_categorical("pooling", ["mean", "max"]))


def define_narrow_lstm(trial):
    return LSTMClassifier(
        data.vocab_size, data.n_classes,
        embedding_dim=trial.suggest_int("embedding_dim", 64, 128, step=32),
        hidden_size=trial.suggest_int("hidden_size", 64, 160, step=32),
        n_layers=trial.suggest_int("lstm_layers", 2, 4),
        bidirectional=True,
        dropout=trial.suggest_float("lstm_dropout", 0.0, 0.2))


def train_narrow(trial, define_model, seed=0, epochs=EPOCHS, on_epoch=None, rates=(1e-3, 5e-3), label_smoothing=0.1):
    set_seed(seed)
    model = define_model(trial)
    n_steps = epochs * math.ceil(len(data.x_train) / 64)
    optimizer = optim.Adam(model.parameters(), lr=trial.suggest_float("lr", *rates, log=True))
    schedule = linear_schedule(optimizer, n_steps, trial.suggest_float("warmup", 0.02, 0.3))
    val_accuracy = run(model, optimizer, data, epochs, 64, schedule, label_smoothing, trial, on_epoch)
    return model, val_accuracy


def narrow_objective(trial):
    return train_narrow(trial, define_narrow_transformer)[1]


# The small model of the first half of notebook 03, on short messages, with the search space of the article.

messages = LazyData(MESSAGES, limit=pick(None, smoke=300))


def define_small_model(trial):
    hidden_size = trial.suggest_int("hidden_size", 100, 200)
    dropout = trial.suggest_float("dropout", 0.2, 0.5)
    return EmbeddingClassifier(messages.vocab_size, messages.n_classes, hidden_size, dropout)


def small_objective(trial):
    set_seed(0)
    model = define_small_model(trial)
    name = trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    optimizer = getattr(optim, name)(model.parameters(), lr=lr)
    return run(model, optimizer, messages, EPOCHS, trial=trial)


# The tuned baseline of lesson 05.


def define_trees(trial):
    return boosted_trees(
        learning_rate=trial.suggest_float("learning_rate", 0.01, 1.0, log=True),
        max_iter=trial.suggest_int("max_iter", 50, 500, log=True),
        max_leaf_nodes=trial.suggest_int("max_leaf_nodes", 3, 63, log=True),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 100, log=True),
        l2_regularization=trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True))


def define_narrow_trees(trial):
    return boosted_trees(
        learning_rate=trial.suggest_float("learning_rate", 0.1, 1.0, log=True),
        max_iter=trial.suggest_int("max_iter", 300, 3_000, log=True),
        max_leaf_nodes=trial.suggest_int("max_leaf_nodes", 8, 64, log=True),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 20, 200, log=True),
        l2_regularization=trial.suggest_float("l2_regularization", 0.01, 10.0, log=True))


def trees_objective(trial, define_trees=define_trees):
    trees = define_trees(trial).fit(bag(data.x_train, data.vocab_size), data.y_train)
    return trees.score(bag(data.x_val, data.vocab_size), data.y_val)
