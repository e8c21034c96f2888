"""What the widgets do in the kernel; tests/browser/ drives them in a real browser."""

import threading

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from helpers import search
from helpers.data import CARD_HANDS, cards, load_csv
from helpers.models import LSTMClassifier, PaperRecipe
from helpers.teaching import progress_store, widgets


@pytest.fixture(scope="module")
def data():
    return load_csv(CARD_HANDS, limit=50)


@pytest.fixture(scope="module")
def models(data):
    return {"LSTM": LSTMClassifier(data.vocab_size, data.n_classes), "Transformer": PaperRecipe(1 / 8).model(data)}


# HandTuner

LSTM_CURVE = [{"epoch": 1, "val_accuracy": 0.5}, {"epoch": 2, "val_accuracy": 0.6}]


def hand_tuner(**settings):
    tuner = widgets.HandTuner(LSTM_CURVE, epochs=2)
    for name, value in ({"n_layers": 1, "d_model": 32} | settings).items():
        tuner.settings[name].value = value
    return tuner


def train(tuner):
    tuner.train_button.click()
    tuner.thread.join()


def test_a_try_is_trained_drawn_ranked_and_kept():
    tuner = hand_tuner()
    assert "best one first" in tuner.board.value
    train(tuner)
    assert len(tuner.tries) == 1
    assert f"{tuner.tries[0]['accuracy']:.3f}" in tuner.board.value
    assert tuner.tries[0]["n_layers"] == 1
    lines = {line.get_label(): len(line.get_xdata()) for line in tuner.picture.axes.lines}
    assert lines == {"LSTM": 2, "this try": 2}
    assert not tuner.train_button.disabled
    assert widgets.HandTuner(LSTM_CURVE, epochs=2).tries == tuner.tries
    assert widgets.HandTuner(LSTM_CURVE, epochs=12).tries == []  # another budget, another leader board


def test_the_sliders_start_at_the_papers_settings(data):
    paper = PaperRecipe(1 / 8)
    start = {name: widget.value for name, widget in widgets.HandTuner(LSTM_CURVE, epochs=2).settings.items()}
    assert start.pop("lr") == pytest.approx(paper.learning_rate(paper.warmup - 1), rel=0.05)  # its peak
    assert start == {"warmup": paper.warmup, "n_layers": paper.n_layers, "d_model": paper.d_model,
                     "norm_first": paper.norm_first, "pooling": paper.model(data).pooling,
                     "dropout": paper.model(data).dropout.p, "optimizer": "Adam"}


def test_the_papers_six_layers_are_trained_too():
    tuner = hand_tuner(n_layers=6)
    train(tuner)
    assert len(tuner.tries) == 1, tuner.status.value


def test_a_stopped_try_counts_with_its_epochs_so_far(monkeypatch):
    gate, at_once = threading.Event(), search.train
    monkeypatch.setattr(search, "train", lambda *trial, **options: gate.wait() and at_once(*trial, **options))
    tuner = hand_tuner()
    tuner.train_button.click()
    tuner.stop_button.click()  # before its first epoch ends
    gate.set()
    tuner.thread.join()
    assert tuner.tries[0]["epochs"] == 1
    assert "stopped" in tuner.status.value
    assert "stopped at 1" in tuner.board.value
    train(tuner)  # the same settings, to the end
    assert tuner.board.value.count("stopped at") == 1
    tuner.train_button.click()
    assert f"these settings were try 2, and would give {tuner.tries[1]['accuracy']:.3f} again" in tuner.status.value
    assert len(tuner.tries) == 2
    assert not tuner.train_button.disabled


def test_while_a_try_trains_its_tuner_is_shown_again(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(search, "train", lambda *_, **__: gate.wait())
    tuner = hand_tuner()
    tuner.train_button.click()
    assert widgets.HandTuner(LSTM_CURVE, 2) is tuner
    gate.set()
    tuner.thread.join()
    assert widgets.HandTuner(LSTM_CURVE, 2) is not tuner


def test_a_failed_try_is_reported_and_not_counted(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of <memory>")

    monkeypatch.setattr(search, "train", broken)
    tuner = hand_tuner()
    train(tuner)
    assert tuner.tries == []
    assert tuner.status.value == "this try failed: RuntimeError: out of &lt;memory&gt;"
    assert not tuner.train_button.disabled


def test_a_try_that_cannot_be_noted_is_reported_and_the_next_one_can_begin(monkeypatch):
    def full(one):
        raise ValueError("no room")

    monkeypatch.setattr(progress_store, "add_try", full)
    tuner = hand_tuner()
    train(tuner)
    assert tuner.status.value == "this try failed: ValueError: no room"
    assert (tuner.train_button.disabled, tuner.stop_button.disabled) == (False, True)
    assert widgets.HandTuner(LSTM_CURVE, 2) is not tuner


def test_after_ten_tries_there_is_a_summary():
    settings = {name: widget.value for name, widget in hand_tuner().settings.items()}
    for number in range(10):
        progress_store.add_try({"accuracy": 0.4 + number / 100, "seconds": 30, "epochs": 2, "of_epochs": 2, **settings})
    early = {name: value for name, value in settings.items() if name not in ("d_model", "norm_first", "pooling")}
    progress_store.add_try({"accuracy": 0.3, "seconds": 0, "epochs": 2, "of_epochs": 2, **early})  # had fewer settings
    board = widgets.HandTuner(LSTM_CURVE, epochs=2).board.value
    assert "11 tries: your best is 0.490, the LSTM has 0.600." in board
    assert "trained for 5.0 minutes" in board
    places = [board.index(f"0.4{digit}0") for digit in (9, 8, 0)]
    assert places == sorted(places)
    assert ">0.300<" not in board
    assert "The\ntable shows the best 10." in board


# DealAHand


def test_a_hand_is_named_by_the_rules_and_by_each_model(models, data):
    table = widgets.DealAHand(models, data)
    table.show(cards.from_text("2h 3h 4h 5h 9h Ks Kd"))
    words = table.table.value
    assert "By the rules: <b>flush</b>" in words
    assert words.count("✓ flush") == len(models)
    assert "LSTM</b> says" in words
    assert "Transformer</b> says" in words
    assert 'aria-label="K of spades' in words
    assert "attention" in words


def test_seven_cards_can_be_chosen_and_an_eighth_is_refused_until_one_is_put_back(models, data):
    table = widgets.DealAHand(models, data)
    table.open_deck(True)
    chosen = cards.from_text("9c 2h 3d 5s 7h Js Ah 4c").tolist()
    for card in chosen[:7]:
        table.deck[card].click()
    assert table.chosen == chosen[:7]
    assert table.note.value == "7 of 7 chosen"
    assert table.table.layout.visibility == "visible"
    assert "By the rules: <b>high card</b>" in table.table.value
    table.deck[chosen[7]].click()
    assert table.chosen == chosen[:7]
    assert "The hand is full. To take the 4 of clubs, first click a yellow card" in table.note.value
    table.deck[chosen[0]].click()
    assert table.note.value == "6 of 7 chosen"
    assert table.table.layout.visibility == "hidden"  # not the hand before
    table.deck[chosen[7]].click()
    assert table.chosen == chosen[1:]
    assert "By the rules: <b>straight</b>" in table.table.value  # from the ace to the five
    table.deck[chosen[7]].click()
    assert table.note.value == "6 of 7 chosen"


def test_without_a_transformer_no_card_is_shaded(models, data):
    table = widgets.DealAHand({"LSTM": models["LSTM"]}, data)
    assert "attention 0%" in table.table.value
    assert "yellow" not in table.table.value


def test_dealing_with_a_seed_repeats(models, data):
    hands = [widgets.DealAHand({"LSTM": models["LSTM"]}, data, seed=3).table.value for _ in range(2)]
    assert hands[0] == hands[1]


# HowTPEChooses


def test_the_slider_goes_from_the_first_proposal_to_the_last_trial_and_says_what_was_proposed():
    shown = widgets.HowTPEChooses(lambda x: -((x - 7) ** 2), 0, 10, n_trials=14, seed=1)
    assert (shown.slider.min, shown.slider.max) == (10, 13)  # the first ten are drawn at random
    same = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    same.optimize(lambda trial: -((trial.suggest_float("x", 0, 10) - 7) ** 2), n_trials=14)
    for so_far in range(10, 14):
        shown.slider.value = so_far
        x = same.trials[so_far].params["x"]
        assert f"<b>x = {x:.2f}</b>" in shown.words.value
        assert f"next proposal at {x:.2f}" in shown.picture.value
        lines = {line.get_label(): line for line in shown.picture.axes.lines}
        good = [trial.value for trial in same.trials[:so_far] if trial.params["x"] in lines["good trials"].get_xdata()]
        assert sorted(good) == sorted(trial.value for trial in same.trials[:so_far])[-len(good) :]
        assert len(lines["good trials"].get_xdata()) + len(lines["the rest"].get_xdata()) == so_far


# YouAreTheObjective


def test_the_game_counts_looks_and_ends_with_the_rivals():
    game = widgets.YouAreTheObjective(looks=3, rivals=2)
    asked = tuple(game.proposal.params.values())
    game.follow_button.click()
    assert game.places == [asked]
    game.sliders["x"].value, game.sliders["y"].value = 0.7, 0.2
    game.look_button.click()
    assert game.places == [asked, (0.7, 0.2)]
    game.follow_button.click()
    assert game.look_button.disabled
    assert game.follow_button.disabled
    assert f"Your best: {max(game.values):.3f}" in game.words.value
    assert "Random" in game.words.value
    states = [trial.state for trial in game.study.trials]
    assert states.count(TrialState.COMPLETE) == 3
    assert states.count(TrialState.FAIL) == 1  # the proposal that was not followed


def test_a_new_game_has_another_function_whose_highest_hill_is_one():
    game = widgets.YouAreTheObjective(looks=3, rivals=2)
    game.begin(5)
    grid = np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101))
    before = game.function(*grid)
    game.begin(6)
    assert not np.allclose(before, game.function(*grid))
    assert game.places == []
    assert 0.99 < before.max() <= 1


def test_many_games_are_played_by_both_samplers_and_repeat():
    once, again = widgets.many_games(3, looks=6), widgets.many_games(3, looks=6)
    assert {name: len(best) for name, best in once.items()} == {"Random": 3, "TPE": 3}
    for name in once:
        assert (once[name] == again[name]).all()
