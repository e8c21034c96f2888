import numpy as np
import optuna
import pytest
import torch
from sklearn.metrics import roc_auc_score

from helpers.data import MESSAGES, load_csv
from helpers.evaluation import auc, macro_f1
from helpers.models import EmbeddingClassifier
from helpers.training import accuracy, epoch_bar, predict, run, set_seed


@pytest.fixture(scope="module")
def data():
    return load_csv(MESSAGES, limit=200)


def trained(data, seed=0, **options):
    set_seed(seed)
    model = EmbeddingClassifier(data.vocab_size, data.n_classes, 32, 0.2)
    curve = []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    value = run(model, optimizer, data, **{"epochs": 5, "on_epoch": curve.append} | options)
    return model, value, curve


def test_the_best_epoch_counts_and_its_weights_are_kept(data):
    model, value, curve = trained(data, epochs=20)
    accuracies = [epoch["val_accuracy"] for epoch in curve]
    assert value == max(accuracies) > accuracies[-1]
    assert accuracy(model, data.x_val, data.y_val) == value


def test_it_learns(data):
    _, value, curve = trained(data, epochs=30)
    assert value > 0.4  # five classes
    assert curve[-1]["train_loss"] < 0.5 * curve[0]["train_loss"]


def test_a_seed_repeats_a_training_and_another_does_not(data):
    first, again, other = (trained(data, seed)[2] for seed in (0, 0, 1))
    losses = [[epoch["train_loss"] for epoch in curve] for curve in (first, again, other)]
    assert losses[0] == losses[1] != losses[2]


def test_each_epoch_is_reported(data):
    curve = trained(data, epochs=3)[2]
    assert [epoch["epoch"] for epoch in curve] == [1, 2, 3]
    assert 0 < curve[0]["seconds"] < curve[1]["seconds"] < curve[2]["seconds"]


def test_the_bar_shows_the_epochs_and_keeps_the_curve(data, capsys):
    curve = []
    trained(data, epochs=2, on_epoch=epoch_bar(2, curve))
    assert [epoch["epoch"] for epoch in curve] == [1, 2]
    assert "2/2 [00:0" in (shown := capsys.readouterr().err)
    assert f"validation accuracy={curve[-1]['val_accuracy']:.3f}" in shown


def test_the_schedule_steps_once_per_batch(data):
    model = EmbeddingClassifier(data.vocab_size, data.n_classes)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    run(model, optimizer, data, epochs=2, batch_size=60, schedule=schedule)
    assert schedule.last_epoch == 2 * 4  # 200 rows: four batches of at most 60


def test_label_smoothing_raises_the_loss_of_a_good_model(data):
    plain, smooth = (trained(data, epochs=30, label_smoothing=s)[2][-1]["train_loss"] for s in (0.0, 0.2))
    assert smooth > plain + 0.1


def test_a_trial_gets_each_epoch_and_can_stop_the_training(data):
    study = optuna.create_study(direction="maximize")
    trial = study.ask()
    trained(data, trial=trial)
    assert list(study.trials[0].intermediate_values) == [1, 2, 3, 4, 5]

    strict = optuna.create_study(direction="maximize", pruner=optuna.pruners.ThresholdPruner(lower=2.0))
    strict.optimize(lambda trial: trained(data, trial=trial)[1], n_trials=1)
    assert strict.trials[0].state == optuna.trial.TrialState.PRUNED
    assert len(strict.trials[0].intermediate_values) == 1


def test_probabilities_add_up_to_one_and_do_not_depend_on_the_cut_into_parts(data):
    model, _, _ = trained(data)
    x = data.x_train.repeat(4, 1)  # more rows than one part
    probabilities = predict(model, x)
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(len(x)))
    assert torch.allclose(probabilities[:200], probabilities[600:], atol=1e-6)


def test_auc_is_the_macro_average_of_one_against_the_rest():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=300)
    y = rng.integers(0, 4, size=300)
    expected = roc_auc_score(y, probabilities, multi_class="ovr", average="macro")
    assert auc(probabilities, y) == pytest.approx(expected)
    assert auc(np.eye(4)[y], y) == 1.0


def test_auc_leaves_a_class_without_rows_out():
    assert auc([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]], [0, 1]) == 1.0


def test_macro_f1_gives_each_class_the_same_say():
    y = np.array([0] * 95 + [1] * 5)
    always_0 = np.tile([0.9, 0.1], (100, 1))
    assert macro_f1(always_0, y) == pytest.approx((2 * 95 / (2 * 95 + 5)) / 2)
    assert macro_f1(np.eye(2)[y], y) == 1
