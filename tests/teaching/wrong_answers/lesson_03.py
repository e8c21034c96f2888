"""Mistakes that learners of lesson 03 make, each with words of the hint that it must get."""

import optuna
from torch import optim

from helpers.models import EmbeddingClassifier, LSTMClassifier
from helpers.search import data


def space(**changes):
    """A space without faults, except for the given questions: {key: function of the trial}."""
    questions = {
        "lr": lambda trial: trial.suggest_float("lr", 1e-5, 1e-1, log=True),
        "dropout": lambda trial: trial.suggest_float("dropout", 0.0, 0.4),
        "label_smoothing": lambda trial: trial.suggest_float("label_smoothing", 0.0, 0.2),
        "d_model": lambda trial: trial.suggest_int("d_model", 32, 96, step=16),
        "n_heads": lambda trial: trial.suggest_categorical("n_heads", [2, 4, 8]),
        "n_layers": lambda trial: trial.suggest_int("n_layers", 1, 4),
    } | changes
    return lambda trial: {key: question(trial) for key, question in questions.items()}


def prunes_bad_pairs(trial):
    settings = space(d_model=lambda trial: trial.suggest_int("d_model", 32, 96))(trial)
    if settings["d_model"] % settings["n_heads"]:
        raise optuna.TrialPruned()
    return settings


def rounds_the_width(trial):
    settings = space(d_model=lambda trial: trial.suggest_int("d_model", 32, 96))(trial)
    settings["d_model"] -= settings["d_model"] % settings["n_heads"]
    return settings


def odd_widths(trial):
    n_heads = trial.suggest_int("n_heads", 2, 8)
    return space(d_model=lambda trial: n_heads * trial.suggest_int("head_dim", 8, 16),
                 n_heads=lambda trial: n_heads)(trial)


def lstm(low=32, high=128, log=True, bidirectional=True, **settings):
    def define_my_lstm(trial):
        hidden_size = trial.suggest_int("hidden_size", low, high, log=log)
        return LSTMClassifier(data.vocab_size, data.n_classes, bidirectional=bidirectional,
                              **({"hidden_size": hidden_size} | settings))

    return define_my_lstm


def lstm_that_asks_more(trial):
    n_layers = trial.suggest_int("n_layers", 1, 3)
    return lstm(n_layers=n_layers)(trial)


def lstm_that_asks_nothing(trial):
    return LSTMClassifier(data.vocab_size, data.n_classes, hidden_size=64)


def lstm_of(question):
    return lambda trial: LSTMClassifier(data.vocab_size, data.n_classes, hidden_size=question(trial))


def lstm_of_swapped_sizes(trial):
    return LSTMClassifier(data.n_classes, data.vocab_size, hidden_size=trial.suggest_int("hidden_size", 32, 128))


def small_model(trial):
    return EmbeddingClassifier(data.vocab_size, data.n_classes, trial.suggest_int("hidden_size", 32, 128, log=True))


def weight_decay(trial, low=1e-4, log=True):
    return {"weight_decay": trial.suggest_float("weight_decay", low, 1e-1, log=log)}


def momentum(trial):
    return {"momentum": trial.suggest_float("momentum", 0.0, 0.99)}


def chooser(names=("Adam", "AdamW", "SGD"), rates=(1e-5, 1e-1), **own_settings):
    """Chooses an optimizer; own_settings: {name of the optimizer: function of the trial, its settings}."""

    def define_my_optimizer(trial, model):
        name = trial.suggest_categorical("optimizer", names)
        lr = trial.suggest_float("lr", *rates, log=True)
        settings = own_settings[name](trial) if name in own_settings else {}
        return getattr(optim, name)(model.parameters(), lr=lr, **settings)

    return define_my_optimizer


def asks_everybody(trial, model):
    settings = {"AdamW": weight_decay(trial), "SGD": momentum(trial)}
    return chooser(**{name: lambda trial, name=name: settings[name] for name in settings})(trial, model)


def asks_and_forgets(trial, model):
    return chooser(AdamW=lambda trial: weight_decay(trial) and {}, SGD=momentum)(trial, model)


def forgets_the_learning_rate(trial, model):
    return type(chooser(AdamW=weight_decay, SGD=momentum)(trial, model))(model.parameters())


def returns_adam_for_adamw(trial, model):
    given = chooser(AdamW=weight_decay, SGD=momentum)(trial, model)
    return optim.Adam(model.parameters()) if isinstance(given, optim.AdamW) else given


def returns_its_name(trial, model):
    return trial.suggest_categorical("optimizer", ["Adam", "AdamW", "SGD"])


WRONG = {
    "03.1": [
        (space(lr=lambda trial: trial.suggest_float("lr", 1e-5, 1e-1)), "on a log scale it would be half"),
        (space(lr=lambda trial: trial.suggest_float("lr", 1e-4, 1e-2, log=True)), "keep the range 1e-5 to 1e-1"),
        (space(dropout=lambda trial: trial.suggest_float("dropout", 0.0, 1.0)), "the task says 0.5 at most"),
        (space(dropout=lambda trial: trial.suggest_float("dropout", 0.0, 0.2),
               label_smoothing=lambda trial: trial.suggest_float("dropout", 0.0, 0.2)), "parameters need two names"),
        (space(label_smoothing=lambda trial: trial.suggest_float("smooth", 0.0, 0.4)), "goes from 0.00 to 0.40"),
        (space(d_model=lambda trial: trial.suggest_int("d_model", 32, 96)), "which can't be built"),
        (space(n_heads=lambda trial: trial.suggest_int("n_heads", 2, 8)), "which can't be built"),
        (odd_widths, "it has to be even"),
        (prunes_bad_pairs, "it prunes a trial"),
        (rounds_the_width, "a value that was never used"),
        (space(n_layers=lambda trial: trial.suggest_categorical("n_layers", [1, 2, 3, 4])), "2 lies between 1 and 4"),
        (space(d_model=lambda trial: trial.suggest_categorical("d_model", [32, 64, 96])), "64 lies between 32 and 96"),
        (space(dropout=lambda trial: trial.suggest_categorical("dropout", [0.0, 0.1, 0.2])), "dropout is a choice of"),
        (space(lr=lambda trial: trial.suggest_loguniform("lr", 1e-5, 1e-1)), "Use suggest_float(..., log=True)"),
        (space(lr=lambda trial: trial.suggest_categorical("lr", [1e-5, 1e-4, 1e-3, 1e-2, 1e-1])), "only 5 values"),
        (space(lr=lambda trial: None), "lr is None; it should be a number"),
        (space(label_smoothing=lambda trial: trial.suggest_float("smooth", 0.0, 0.1)), "goes from 0.00 to 0.10"),
        (space(n_layers=lambda trial: trial.suggest_int("n_layers", 1, 6)), "the task says 1 to 4"),
        (space(n_heads=lambda trial: 4), "n_heads is 4 in every trial"),
        (lambda trial: [0.001, 0.1], "return a dict with the keys of broken_space"),
    ],
    "03.2": [
        (small_model, "something of type EmbeddingClassifier"),
        (lstm_of_swapped_sizes, "look at the first two arguments"),
        (lstm(bidirectional=False), "reads in only one direction"),
        (lstm_that_asks_nothing, "was asked for nothing, but not for hidden_size"),
        (lstm_that_asks_more, "ask only for hidden_size"),
        (lstm(low=16), "drawn from 16 to 128"),
        (lstm(hidden_size=64), "does not reach the model"),
        (lstm(log=False), "hidden_size is drawn evenly"),
        (lstm(n_layers=1), "it sets more than the task says"),
        (lstm_of(lambda trial: trial.suggest_categorical("hidden_size", [32, 64, 128])), "use suggest_int"),
        (lstm_of(lambda trial: int(trial.suggest_float("hidden_size", 32, 128, log=True))), "with suggest_float; for"),
        (lstm_of(lambda trial: 2 ** trial.suggest_int("hidden_size", 5, 7)), "drawn from 5 to 7"),
    ],
    "03.3": [
        (asks_everybody, "ask inside the branch of that optimizer"),
        (returns_adam_for_adamw, "the trial chose AdamW, and your function returned Adam"),
        (asks_and_forgets, "pass the answer to the optimizer"),
        (chooser(SGD=momentum), "a trial with AdamW was asked for optimizer, lr, but not for weight_decay"),
        (chooser(AdamW=lambda trial: weight_decay(trial, log=False), SGD=momentum), "weight_decay is drawn evenly"),
        (chooser(AdamW=lambda trial: weight_decay(trial, low=1e-6), SGD=momentum), "the task says 0.0001 to 0.1"),
        (chooser(names=("AdamW", "SGD"), AdamW=weight_decay, SGD=momentum), "offer all three names"),
        (chooser(names=("Adam", "RMSprop"), RMSprop=momentum), "it returns RMSprop"),
        (chooser(AdamW=weight_decay, SGD=momentum, rates=(1e-4, 1e-1)), "lr is drawn from 0.0001 to 0.1"),
        (chooser(Adam=lambda trial: trial.suggest_float("beta1", 0.8, 0.95) and {}, AdamW=weight_decay, SGD=momentum),
         "beta1, which the task does not"),
        (forgets_the_learning_rate, "for lr, but AdamW works with 0.001"),
        (returns_its_name, "return the optimizer, built with model.parameters()"),
    ],
}
