"""The checks of lesson 03, define_model and objective."""

import math

import optuna

from helpers.checks import answered, exercise, need
from helpers.models import LSTMClassifier


def random_trials(n, seed=0):
    """Trials that ask nothing beforehand and draw at random: what a study would hand out."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [study.ask() for _ in range(n)]


@exercise("03.2")
def bidirectional_lstm(define_my_lstm):
    for trial in random_trials(10):
        model = define_my_lstm(trial)
        answered(model)
        need(isinstance(model, LSTMClassifier),
             f"it returned a {type(model).__name__}; return the LSTMClassifier that you build.")
        need(model.lstm.bidirectional, "the LSTM reads in one direction only; look at the argument bidirectional.")
        need("hidden_size" in trial.params,
             "the trial was not asked for hidden_size; replace the number by trial.suggest_int(...).")
        asked = trial.distributions["hidden_size"]
        need((asked.low, asked.high) == (32, 128),
             f"hidden_size is drawn from {asked.low} to {asked.high}; the task says 32 to 128.")
        need(model.lstm.hidden_size == trial.params["hidden_size"],
             "the trial's hidden_size does not reach the model; pass it on to LSTMClassifier.")
        need(asked.log, "sizes that span a factor of four want a log scale; look at log=True in lesson 03.")
    return f"Both directions, and {len(trial.params)} question for the trial."
