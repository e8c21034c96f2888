import optuna
import pytest
from optuna.trial import FixedTrial, TrialState

from helpers import recorded, search, tabular_benchmark
from helpers.data import CARD_HANDS, load_csv
from tests.bench import table

SETTINGS = {"lr": 1e-3, "optimizer": "Adam", "n_layers": 2, "d_model": 64, "norm_first": True, "dropout": 0.0,
            "batch_size": 128}


def row(**changes):
    rows = recorded.load_table("bench/table")
    for name, value in (SETTINGS | changes).items():
        rows = rows[rows[name] == value]
    return rows.iloc[0]


def test_the_table_holds_each_combination_once():
    rows = recorded.load_table("bench/table")
    assert len(rows) == len(tabular_benchmark.load()) == len(table.configurations())
    assert {name: sorted(rows[name].unique()) for name in tabular_benchmark.SETTINGS} == table.GRID
    assert table.GRID["lr"] == tabular_benchmark.RATES


@pytest.mark.parametrize(("asked", "found"), [(1e-3, 1e-3), (1.5e-3, 1e-3), (2e-3, 3.16e-3), (0.08, 0.1), (1e-5, 1e-5)])
def test_a_trial_gets_the_curve_of_the_nearest_learning_rate(asked, found):
    curve, seconds = tabular_benchmark.ask(FixedTrial(SETTINGS | {"lr": asked}))
    expected = row(lr=found)
    assert curve == expected.filter(like="epoch_").tolist()
    assert seconds == expected["seconds"]


def test_the_objective_reports_each_epoch_and_returns_the_best():
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.NopPruner())
    study.enqueue_trial(SETTINGS)
    study.optimize(tabular_benchmark.objective, 1)
    (trial,) = study.trials
    assert list(trial.intermediate_values) == list(range(1, 13))
    assert trial.value == max(trial.intermediate_values.values()) == row().filter(like="epoch_").max()


def test_the_objective_is_pruned():
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.ThresholdPruner(lower=2))
    study.optimize(tabular_benchmark.objective, 1)
    assert study.trials[0].state == TrialState.PRUNED
    assert len(study.trials[0].intermediate_values) == 1


@pytest.mark.parametrize("even", [False, True])
def test_the_learning_rate_is_drawn_on_a_log_scale_unless_evenly(even):
    study = optuna.create_study()
    trial = study.ask()
    tabular_benchmark.ask(trial, even)
    assert trial.distributions["lr"].log is not even


class Enough(Exception):
    pass


def test_a_row_of_the_table_is_what_training_gives(monkeypatch):
    """Its first two epochs: all twelve would take longer, and other processors round otherwise."""
    point, curve = SETTINGS | {"n_layers": 1, "d_model": 32, "batch_size": 128}, []

    def stop_after_two(epoch):
        curve.append(epoch["val_accuracy"])
        if len(curve) == 2:
            raise Enough

    monkeypatch.setattr(search, "data", load_csv(CARD_HANDS))
    with pytest.raises(Enough):
        search.train(FixedTrial(table.FIXED | point), search.define_transformer, epochs=12, on_epoch=stop_after_two)
    assert curve == pytest.approx(row(**point)[["epoch_1", "epoch_2"]].tolist(), abs=0.02)
