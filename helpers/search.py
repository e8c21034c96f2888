"""The searches of the course, as notebooks 03 and 05 write them: `define_model` and `objective`, and their parts."""

import math

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
    n_warmup = 1 + int(n_steps * trial.suggest_float("warmup", 0.0, 0.3))
    schedule = optim.lr_scheduler.LambdaLR(  # up in a line, then down in a line
        optimizer, lambda step: min((step + 1) / n_warmup, (n_steps - step) / max(1, n_steps - n_warmup)))
    return optimizer, schedule


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


# The best settings known before the search, tried first in each study: the LSTM as it was, the paper's settings
# with the depth that learned within our budget in lesson 01, and scikit-learn's defaults for the trees.

LSTM_START = {"embedding_dim": 64, "hidden_size": 96, "lstm_layers": 2, "bidirectional": True, "lstm_dropout": 0.0,
              "batch_size": 64, "optimizer": "Adam", "lr": 0.004, "beta1": 0.9, "warmup": 0.0, "label_smoothing": 0.0}
PAPER_START = {"d_model": 64, "n_heads": 8, "n_layers": 2, "ff_factor": 4, "dropout": 0.1, "norm_first": False,
               "pooling": "mean", "batch_size": 64, "optimizer": "Adam", "lr": 0.002, "beta1": 0.9, "warmup": 0.3,
               "label_smoothing": 0.1}
TREES_START = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "min_samples_leaf": 20,
               "l2_regularization": 0.001}


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


# The baseline that is tuned as well; notebook 05 shows it.


def define_trees(trial):
    return boosted_trees(
        learning_rate=trial.suggest_float("learning_rate", 0.01, 1.0, log=True),
        max_iter=trial.suggest_int("max_iter", 50, 500, log=True),
        max_leaf_nodes=trial.suggest_int("max_leaf_nodes", 3, 63, log=True),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 100, log=True),
        l2_regularization=trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True))


def trees_objective(trial):
    trees = define_trees(trial).fit(bag(data.x_train, data.vocab_size), data.y_train)
    return trees.score(bag(data.x_val, data.vocab_size), data.y_val)
