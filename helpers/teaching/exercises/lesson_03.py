"""The checks of lesson 03, define_model and objective."""

import optuna
from torch import nn, optim

from helpers.models import LSTMClassifier
from helpers.search import data
from helpers.teaching.checks import Wrong, answered, exercise, need

SPACE = ("lr", "dropout", "label_smoothing", "d_model", "n_heads", "n_layers")


def random_trials(n, seed=0):
    """n trials as a study would give them to an objective; they draw at random."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [study.ask() for _ in range(n)]


def draw(space, trial):
    """The settings that a search space gives to a trial: a dict with the keys of SPACE."""
    try:
        settings = space(trial)
    except optuna.TrialPruned as error:
        raise Wrong("it prunes a trial, so its time is lost and the sampler learns the wrong thing; "
                    "choose ranges in which no bad pair exists.") from error
    answered(settings)
    need(isinstance(settings, dict) and set(settings) == set(SPACE),
         f"it returns {settings!r}; return a dict with the keys of broken_space.")
    answered(*settings.values())
    return settings


@exercise("03.1")
def fixed_space(space):
    trials = random_trials(200)
    drawn = [draw(space, trial) for trial in trials]
    values = {name: [settings[name] for settings in drawn] for name in SPACE}

    low = sum(lr < 1e-3 for lr in values["lr"])
    need(low >= 60,
         f"of 200 learning rates only {low} are below 0.001; on a log scale it would be half. "
         "See section \"Why a log scale?\".")
    need(1e-5 <= min(values["lr"]) < 2e-5 and 5e-2 < max(values["lr"]) <= 1e-1,
         f"lr is drawn from {min(values['lr']):.2g} to {max(values['lr']):.2g}; keep the range 1e-5 to 1e-1.")
    need(max(values["dropout"]) <= 0.5,
         f"dropout goes up to {max(values['dropout']):.2f}; that drops so much of the signal that no model learns. "
         "End the range at 0.5 or below, as the lesson's own models do.")
    need(values["dropout"] != values["label_smoothing"],
         "dropout and label_smoothing are the same number in every trial, since both are asked for under one name; "
         "one name stands for one question.")
    need(max(values["label_smoothing"]) <= 0.2,
         f"label_smoothing goes up to {max(values['label_smoothing']):.2f}; keep its range, 0 to 0.2.")
    for trial, settings in zip(trials, drawn, strict=True):
        need(settings["d_model"] % settings["n_heads"] == 0,
             f"a trial asks for d_model {settings['d_model']} with {settings['n_heads']} heads, which can't be built; "
             "see how define_transformer makes that impossible.")
        for name in ("d_model", "n_heads"):
            need(trial.params.get(name, settings[name]) == settings[name],
                 f"a trial draws {name} {trial.params.get(name)} but builds with {settings[name]}, so the sampler "
                 "learns from a value that was never used. Draw only values that fit.")
    need(set(values["n_layers"]) == {1, 2, 3, 4},
         f"n_layers takes the values {sorted(set(values['n_layers']))}; the task says 1 to 4.")
    asked = trials[0].distributions.get("n_layers")
    need(not isinstance(asked, optuna.distributions.CategoricalDistribution),
         "n_layers is categorical, so the sampler can't know that 3 lies between 2 and 4; "
         "a trial has another method for a range of whole numbers.")
    for name in SPACE:
        need(len(set(values[name])) > 1, f"{name} is {values[name][0]} in every trial; ask the trial for it.")
    return "Five faults fixed: every trial of this space can be built, and is worth its time."


@exercise("03.2")
def bidirectional_lstm(define_my_lstm):
    for trial in random_trials(10):
        model = define_my_lstm(trial)
        answered(model)
        need(isinstance(model, LSTMClassifier),
             f"it returned something of type {type(model).__name__}; return the LSTMClassifier that you build.")
        need((model.embedding.num_embeddings, model.linear.out_features) == (data.vocab_size, data.n_classes),
             f"it is built for {model.embedding.num_embeddings} words and {model.linear.out_features} classes, not for "
             "those of the card hands; look at the first two arguments in define_lstm.")
        need(model.lstm.bidirectional, "the LSTM reads in only one direction; look at the argument bidirectional.")
        need("hidden_size" in trial.params,
             "the trial was not asked for hidden_size; replace the number with trial.suggest_int(...).")
        need(set(trial.params) == {"hidden_size"},
             f"the trial was asked for {', '.join(trial.params)}; ask only for hidden_size, and fix the rest.")
        asked = trial.distributions["hidden_size"]
        need((asked.low, asked.high) == (32, 128),
             f"hidden_size is drawn from {asked.low} to {asked.high}; the task says 32 to 128.")
        need(model.lstm.hidden_size == trial.params["hidden_size"],
             "the trial's hidden_size does not reach the model; pass it on to LSTMClassifier.")
        need(asked.log, "hidden_size is drawn evenly; the task asks for a log scale. See section \"Why a log scale?\".")
    return f"Both directions, and {len(trial.params)} question for the trial."


OWNERS = {"weight_decay": ("AdamW", 1e-4, 1e-1, True), "momentum": ("SGD", 0.0, 0.99, False)}


@exercise("03.3")
def conditional_optimizer(define_my_optimizer):
    seen = set()
    for trial in random_trials(40):
        model = nn.Linear(2, 2)
        optimizer = define_my_optimizer(trial, model)
        answered(optimizer)
        need(isinstance(optimizer, optim.Optimizer),
             f"it returned something of type {type(optimizer).__name__}; return the optimizer, built with "
             "model.parameters().")
        name, settings = type(optimizer).__name__, optimizer.param_groups[0]
        need(name in ("Adam", "AdamW", "SGD"), f"it returned {name}; the task names Adam, AdamW and SGD.")
        need("lr" in trial.params and settings["lr"] == trial.params["lr"],
             "the trial's learning rate does not reach the optimizer; look at lr=lr.")
        for parameter, (owner, low, high, log) in OWNERS.items():
            if name != owner:
                need(parameter not in trial.params,
                     f"a trial with {name} was asked for {parameter}, which belongs to {owner}; "
                     "ask inside the branch of that optimizer, as define_optimizer does.")
                continue
            need(parameter in trial.params, f"a trial with {owner} was never asked for {parameter}.")
            need(settings[parameter] == trial.params[parameter],
                 f"the trial answered {trial.params[parameter]:.2g} for {parameter}, but {owner} works with "
                 f"{settings[parameter]:.2g}; pass the answer to the optimizer.")
            asked = trial.distributions[parameter]
            need((asked.low, asked.high) == (low, high),
                 f"{parameter} is drawn from {asked.low:g} to {asked.high:g}; the task says {low:g} to {high:g}.")
            need(asked.log == log, f"{parameter} is drawn {'on a log scale' if asked.log else 'evenly'}; "
                                   "the task asks for the other scale.")
        seen.add(name)
    need(seen == {"Adam", "AdamW", "SGD"},
         f"in 40 trials only {', '.join(sorted(seen))} came up; offer all three names to the trial.")
    return "Three optimizers, each with its own settings and no others."
