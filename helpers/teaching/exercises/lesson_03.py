"""The checks of lesson 03, define_model and objective."""

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from torch import nn, optim

from helpers.models import LSTMClassifier
from helpers.search import data
from helpers.teaching.checks import Wrong, exercise, need, number, returned

SPACE = ("lr", "dropout", "label_smoothing", "d_model", "n_heads", "n_layers")
METHODS = {FloatDistribution: "suggest_float", IntDistribution: "suggest_int",
           CategoricalDistribution: "suggest_categorical"}


def random_trials(n):
    """n trials as a study would give them to an objective; they draw at random."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [study.ask() for _ in range(n)]


def draw(space, trial):
    """The settings that a search space gives to a trial: a dict with the keys of SPACE."""
    try:
        settings = returned(space, trial)
    except optuna.TrialPruned as error:
        raise Wrong("it prunes a trial, so its time is lost and the sampler learns the wrong thing; "
                    "choose ranges in which no bad pair exists.") from error
    need(isinstance(settings, dict) and set(settings) == set(SPACE),
         f"it returns {settings!r}; return a dict with the keys of broken_space.")
    return {name: number(value, f"{name} is") for name, value in settings.items()}


def need_ranges(trial):
    """Raises Wrong if the trial was asked to choose among evenly spaced numbers."""
    for name, asked in trial.distributions.items():
        choices = asked.choices if isinstance(asked, CategoricalDistribution) else ()
        if len(choices) > 2 and all(isinstance(choice, (int, float)) for choice in choices):
            low, between, *_, high = sorted(choices)
            need(not np.allclose(sorted(choices), np.linspace(low, high, len(choices))),
                 f"{name} is a choice of {list(choices)}, so the sampler can't know that {between} lies between {low} "
                 f"and {high}; trial.suggest_int and trial.suggest_float ask for a range, with a step if you want one.")


@exercise("03.1")
def fixed_space(space):
    trials = random_trials(200)
    drawn = [draw(space, trial) for trial in trials]
    values = {name: [settings[name] for settings in drawn] for name in SPACE}
    for name in SPACE:
        need(len(set(values[name])) > 1, f"{name} is {values[name][0]} in every trial; ask the trial for it.")
    need(values["dropout"] != values["label_smoothing"],
         "dropout and label_smoothing are the same number in every trial; two parameters need two names.")
    need_learning_rates(values["lr"])
    need(max(values["dropout"]) <= 0.5,
         f"dropout goes up to {max(values['dropout']):.2f}; the task says 0.5 at most.")
    low, high = min(values["label_smoothing"]), max(values["label_smoothing"])
    need(0 <= low < 0.05 and 0.15 < high <= 0.2,
         f"label_smoothing goes from {low:.2f} to {high:.2f}; keep its range, 0 to 0.2.")
    for trial, settings in zip(trials, drawn, strict=True):
        need(settings["d_model"] % settings["n_heads"] == 0,
             f"a trial asks for d_model {settings['d_model']} with {settings['n_heads']} heads, which can't be built; "
             "see how define_transformer makes that impossible.")
        need(settings["d_model"] % 2 == 0, f"a trial asks for d_model {settings['d_model']}, which can't be built: the "
                                           "positions are pairs of a sine and a cosine, so it has to be even.")
        for name in ("d_model", "n_heads"):
            need(trial.params.get(name, settings[name]) == settings[name],
                 f"a trial draws {trial.params.get(name)} under the name {name} but builds with {settings[name]}, so "
                 "the study shows a value that was never used. Draw only values that fit, or draw under another name.")
    need(set(values["n_layers"]) == {1, 2, 3, 4},
         f"n_layers takes the values {sorted(set(values['n_layers']))}; the task says 1 to 4.")
    need_ranges(trials[0])
    return "Five faults fixed: every trial of this space can be built, and is worth its time."


def need_learning_rates(rates):
    """Raises Wrong unless the rates, of 200 trials, are drawn on a log scale from 1e-5 to 1e-1."""
    need(len(set(rates)) > 20, f"lr takes only {len(set(rates))} values; ask for all numbers in its range.")
    low, high = min(rates), max(rates)
    middle = max(low, 1e-6) ** 0.5 * high**0.5
    below = sum(rate < middle for rate in rates)
    need(below >= 60, f"of 200 learning rates only {below} are below {middle:.2g}; on a log scale it would be half. "
                      "See section \"Why a log scale?\".")
    need(1e-5 * 0.999 < low < 2e-5 and 5e-2 < high < 1e-1 * 1.001,
         f"lr is drawn from {low:.2g} to {high:.2g}; keep the range 1e-5 to 1e-1.")


def need_asked(trial, name, wanted, whom="the trial"):
    """Raises Wrong unless the trial was asked for `name` with the range that the task gives, a distribution."""
    need(name in trial.params, f"{whom} was asked for {', '.join(trial.params) or 'nothing'}, but not for {name}; "
                               f"ask with trial.{METHODS[type(wanted)]}.")
    asked = trial.distributions[name]
    need(type(asked) is type(wanted),
         f"{name} is asked for with {METHODS[type(asked)]}; for this range use {METHODS[type(wanted)]}.")
    need((asked.low, asked.high) == (wanted.low, wanted.high),
         f"{name} is drawn from {asked.low:g} to {asked.high:g}; the task says {wanted.low:g} to {wanted.high:g}.")
    need(asked.log == wanted.log,
         f"{name} is drawn {'on a log scale' if asked.log else 'evenly'}; the task asks for the other scale. "
         "See section \"Why a log scale?\".")


@exercise("03.2")
def bidirectional_lstm(define_my_lstm):
    for trial in random_trials(10):
        model = returned(define_my_lstm, trial)
        need(isinstance(model, LSTMClassifier),
             f"it returns something of type {type(model).__name__}; return the LSTMClassifier that you build.")
        need((model.embedding.num_embeddings, model.linear.out_features) == (data.vocab_size, data.n_classes),
             f"it is built for {model.embedding.num_embeddings} words and {model.linear.out_features} classes, not for "
             "those of the card hands; look at the first two arguments in define_lstm.")
        need(model.lstm.bidirectional, "the LSTM reads in only one direction; look at the argument bidirectional.")
        need_asked(trial, "hidden_size", IntDistribution(32, 128, log=True))
        need(set(trial.params) == {"hidden_size"},
             f"the trial was asked for {', '.join(trial.params)}; ask only for hidden_size, and fix the rest.")
        need(model.lstm.hidden_size == trial.params["hidden_size"],
             "the trial's hidden_size does not reach the model; pass it on to LSTMClassifier.")
        need(repr(model) == repr(LSTMClassifier(data.vocab_size, data.n_classes, hidden_size=model.lstm.hidden_size)),
             "it sets more than the task says; leave the other arguments out, so that they stay at their defaults.")
    return "Both directions, and 1 parameter asked for."


SETTINGS = {  # name: its optimizers, and its range
    "lr": (("Adam", "AdamW", "SGD"), FloatDistribution(1e-5, 1e-1, log=True)),
    "weight_decay": (("AdamW",), FloatDistribution(1e-4, 1e-1, log=True)),
    "momentum": (("SGD",), FloatDistribution(0.0, 0.99)),
}


@exercise("03.3", seconds=60)  # the first optimizer of a kernel imports half of PyTorch
def conditional_optimizer(define_my_optimizer):
    seen = set()
    for trial in random_trials(40):
        optimizer = returned(define_my_optimizer, trial, nn.Linear(2, 2))
        need(isinstance(optimizer, optim.Optimizer),
             f"it returns something of type {type(optimizer).__name__}; return the optimizer, built with "
             "model.parameters().")
        name, used = type(optimizer).__name__, optimizer.param_groups[0]
        need(name in ("Adam", "AdamW", "SGD"), f"it returns {name}; the task names Adam, AdamW and SGD.")
        chosen = [answer for answer in trial.params.values() if answer in ("Adam", "AdamW", "SGD")]
        need(name in chosen or not chosen,
             f"the trial chose {' and '.join(chosen)}, and your function returned {name}.")
        for setting, (owners, wanted) in SETTINGS.items():
            if name not in owners:
                need(setting not in trial.params,
                     f"a trial with {name} was asked for {setting}, which belongs to {owners[0]}; "
                     "ask inside the branch of that optimizer, as define_optimizer does.")
                continue
            need_asked(trial, setting, wanted, whom=f"a trial with {name}")
            need(used[setting] == trial.params[setting],
                 f"the trial answered {trial.params[setting]:.2g} for {setting}, but {name} works with "
                 f"{used[setting]:.2g}; pass the answer to the optimizer.")
        more = set(trial.params) - {"optimizer", *SETTINGS}
        need(not more, f"a trial was asked for {', '.join(sorted(more))}, which the task does not name.")
        seen.add(name)
    need(seen == {"Adam", "AdamW", "SGD"},
         f"in 40 trials only {', '.join(sorted(seen))} came up; offer all three names to the trial.")
    return "Three optimizers, each with its own settings and no others."
