import itertools
from collections import Counter

import optuna
import pytest
import torch
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial

from helpers import search


def asked(define, n=40):
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    trials = [study.ask() for _ in range(n)]
    return trials, [define(trial) for trial in trials]


@pytest.mark.parametrize("define", [search.define_model, search.define_small_model, search.define_narrow_transformer,
                                    search.define_narrow_lstm])
def test_every_draw_is_a_valid_model(define):
    data = search.messages if define is search.define_small_model else search.data
    for model in asked(define)[1]:
        assert model(data.x_train[:4]).shape == (4, data.n_classes)


def test_the_architecture_decides_which_parameters_exist():
    for trial in asked(search.define_model)[0]:
        transformer = trial.params["arch"] == "transformer"
        assert ("d_model" in trial.params) == transformer
        assert ("lstm_layers" in trial.params) != transformer


def test_the_settings_reach_the_model():
    params = {"d_model": 48, "n_heads": 8, "n_layers": 3, "ff_factor": 2, "dropout": 0.3, "norm_first": False,
              "pooling": "max"}
    model = search.define_transformer(FixedTrial(params))
    layer = model.encoder.layers[0]
    assert (len(model.encoder.layers), layer.self_attn.embed_dim, layer.self_attn.num_heads) == (3, 48, 8)
    assert (layer.linear1.out_features, layer.dropout.p, layer.norm_first, model.pooling) == (96, 0.3, False, "max")


def test_the_small_search_space_is_the_articles():
    trial = optuna.create_study().ask()
    search.define_small_model(trial)
    search.small_objective(trial)
    spaces = {name: space.__dict__ for name, space in trial.distributions.items()}
    assert (spaces["hidden_size"]["low"], spaces["hidden_size"]["high"]) == (100, 200)
    assert (spaces["dropout"]["low"], spaces["dropout"]["high"]) == (0.2, 0.5)
    assert (spaces["lr"]["low"], spaces["lr"]["high"], spaces["lr"]["log"]) == (1e-5, 1e-1, True)
    assert trial.distributions["optimizer"].choices == ("Adam", "RMSprop", "SGD")


@pytest.mark.parametrize(("name", "setting"), [("Adam", "beta1"), ("RMSprop", "alpha"), ("SGD", "momentum")])
def test_each_optimizer_brings_its_own_setting(name, setting):
    values = {"optimizer": name, "lr": 0.01, setting: 0.9, "warmup": 0.2}
    optimizer, _ = search.define_optimizer(FixedTrial(values), torch.nn.Linear(1, 1), n_steps=100)
    assert type(optimizer).__name__ == name


def test_the_schedule_rises_over_its_share_and_falls_to_zero():
    values = {"optimizer": "SGD", "lr": 0.1, "momentum": 0.0, "warmup": 0.2}
    optimizer, schedule = search.define_optimizer(FixedTrial(values), torch.nn.Linear(1, 1), n_steps=100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 20
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0)


def test_a_training_again_gives_the_value_of_the_trial():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(search.objective, n_trials=2)
    model, value = search.train(FixedTrial(study.best_params), search.define_model)
    assert value == study.best_value
    assert search.train(FixedTrial(study.best_params), search.define_model, seed=1)[0] is not model


@pytest.mark.parametrize("names", [list("abcdefg"), list("abc")])
def test_in_eight_diverse_settings_any_two_values_meet_equally_often(names):
    settings = search.diverse({name: [0, 1] for name in names}, {"rest": 7})
    assert len(settings) == 8
    for one, other in itertools.combinations(names, 2):
        assert Counter((each[one], each[other]) for each in settings) == dict.fromkeys(
            [(0, 0), (0, 1), (1, 0), (1, 1)], 2)
    assert all(each["rest"] == 7 for each in settings)


@pytest.mark.parametrize(("starts", "ask"), [
    (search.TRANSFORMER_STARTS, lambda trial: search.train(trial, search.define_transformer, epochs=1)),
    (search.LSTM_STARTS, lambda trial: search.train(trial, search.define_lstm, epochs=1)),
    (search.TREES_STARTS, search.define_trees),
])  # fmt: skip
def test_each_start_is_asked_for_as_it_stands(starts, ask):
    study = optuna.create_study()
    for settings in starts[:2]:
        study.enqueue_trial(settings)
        trial = study.ask()
        ask(trial)
        assert settings.items() <= trial.params.items()


def test_a_narrow_training_again_gives_the_value_of_the_trial():
    study = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=0))
    study.optimize(search.narrow_objective, n_trials=1)
    _, value = search.train_narrow(FixedTrial(study.best_params), search.define_narrow_transformer)
    assert value == study.best_value


def test_trees_are_defined_and_scored():
    study = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=0))
    study.optimize(search.trees_objective, n_trials=1)
    assert 0.3 < study.best_value < 1
