"""What the widgets do in the kernel; tests/browser/ drives them in a real browser."""

from types import SimpleNamespace

import numpy as np
import optuna
import pytest
from ipykernel.comm.comm import BaseComm
from optuna.trial import TrialState

from helpers import search
from helpers.data import CARD_HANDS, cards, load_csv
from helpers.models import LSTMClassifier, PaperRecipe
from helpers.study import run_until
from helpers.teaching import progress_store, widgets
from helpers.teaching.widgets import live_study
from helpers.teaching.widgets.ipykernel_internals import hear_clicks_while_busy


@pytest.fixture(autouse=True)
def own_record(tmp_path, monkeypatch):
    monkeypatch.setattr(progress_store, "PATH", tmp_path / "progress.json")


@pytest.fixture(scope="module")
def data():
    return load_csv(CARD_HANDS, limit=50)


@pytest.fixture(scope="module")
def models(data):
    return {"LSTM": LSTMClassifier(data.vocab_size, data.n_classes), "Transformer": PaperRecipe(1 / 8).model(data)}


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for epoch in range(3):
        trial.report(x, epoch)
        if x < 0.5:
            raise optuna.TrialPruned
    return x


def new_study():
    return optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))


# LiveStudy


def test_a_live_study_shows_its_progress_as_text(capsys):
    study = new_study()
    run_until(study, objective, 10, callbacks=[widgets.LiveStudy(10)])
    lines = capsys.readouterr().out.split("\r")[1:]
    assert len(lines) == 10
    assert lines[0].startswith("1 of 10 trials; best so far 0.549; 1 complete; about")
    assert "left" in lines[0]
    pruned = len(study.get_trials(states=(TrialState.PRUNED,)))
    assert f"{10 - pruned} complete, {pruned} pruned; finished" in lines[-1]


def test_stop_ends_the_study_after_the_trial_in_progress_and_loses_nothing(capsys):
    study, live = new_study(), widgets.LiveStudy(10)

    def stopped_in_the_fourth(trial):
        if trial.number == 3:
            live.button.click()
        return objective(trial)

    run_until(study, stopped_in_the_fourth, 10, callbacks=[live])
    assert len(study.trials) == 4
    assert study.trials[3].state == TrialState.COMPLETE
    assert live.button.description == "Stopped"
    assert "stopped by you" in capsys.readouterr().out.split("\r")[-1]
    run_until(study, objective, 10, callbacks=[widgets.LiveStudy(10)])
    assert len(study.trials) == 10


def test_a_live_study_continues_if_every_trial_fails_or_is_pruned(capsys):
    study, live = new_study(), widgets.LiveStudy(3)

    def hopeless(trial):
        if trial.number % 2:
            raise ValueError
        raise optuna.TrialPruned

    study.optimize(hopeless, n_trials=4, catch=ValueError, callbacks=[live])
    assert "none complete yet; 2 pruned, 2 failed" in capsys.readouterr().out.split("\r")[-1]


def test_a_live_study_of_a_loss_goes_down_and_calls_it_what_the_caller_says(capsys):
    study, live = optuna.create_study(direction="minimize"), widgets.LiveStudy(3, label="log loss")
    study.optimize(lambda trial: [0.9, 0.2, 0.4][trial.number], n_trials=3, callbacks=[live])
    assert "best so far 0.200; 3 complete; finished" in capsys.readouterr().out.split("\r")[-1]
    assert "A picture of log loss against trial; complete from 0.900 to 0.400; best so far from 0.900 to 0.200" in (
        live.picture.value)


def test_a_live_study_continues_while_no_trial_is_within_its_limits(capsys):
    study, live = new_study(), widgets.LiveStudy(3)

    def too_large(trial):
        trial.set_constraint("size", [1.0, 1.0, -1.0][trial.number])
        return 0.9 - trial.number / 10

    run_until(study, too_large, 3, callbacks=[live])
    lines = capsys.readouterr().out.split("\r")[1:]
    assert "2 of 3 trials; none within its limits yet; 2 complete; about" in lines[1]
    assert lines[2] == "3 of 3 trials; best so far 0.700; 3 complete; finished"


def test_a_live_study_of_two_directions_counts_and_points_to_the_pareto_front(capsys):
    study, live = optuna.create_study(directions=["maximize", "minimize"]), widgets.LiveStudy(3)
    run_until(study, lambda trial: (trial.number, 1.0), 3, callbacks=[live])
    words = "2 directions, so no single best: see plots.pareto"
    assert capsys.readouterr().out.split("\r")[-1] == f"3 of 3 trials; {words}; 3 complete; finished"
    assert live.picture.value.count(words) == 2


@pytest.mark.parametrize("part", ["say", "draw"])
def test_what_a_live_study_cannot_show_is_said_once_and_the_study_continues(part, monkeypatch, capsys):
    study, live = new_study(), widgets.LiveStudy(1)

    def broken(*arguments):
        raise RuntimeError("no font")

    monkeypatch.setattr(live, part, broken)
    study.optimize(objective, n_trials=4, callbacks=[live])
    assert len(study.trials) == 4
    assert capsys.readouterr().out.count("LiveStudy can't show trial 0 (RuntimeError: no font); the study co") == 1
    assert "LiveStudy" not in capsys.readouterr().out
    live.stop()
    study.optimize(objective, n_trials=4, callbacks=[live])
    assert len(study.trials) == 5


def test_the_picture_of_a_live_study_has_the_best_so_far_and_the_newest_curves():
    study, live = new_study(), widgets.LiveStudy(30)
    run_until(study, objective, 30, callbacks=[live])
    left, right = live.picture.axes
    best = {line.get_label(): line for line in left.lines}["best so far"].get_ydata()
    assert best[-1] == study.best_value
    curves = [line for line in right.lines if len(line.get_xdata())]
    assert len(curves) == live_study.NEWEST + 1
    grey = sum(line.get_color() == "#AAAAAA" for line in curves)
    assert grey == sum(trial.state == TrialState.PRUNED for trial in study.trials[-live_study.NEWEST :]) > 0
    assert f"best so far from 0.549 to {study.best_value:.3f}" in live.picture.value


def test_drawing_waits_until_it_is_a_small_share_of_the_time(monkeypatch):
    study, live = new_study(), widgets.LiveStudy(1_000)
    moments, drawings = [], []
    drawing_takes_two_seconds = {"perf_counter": lambda: 2.0 * len(drawings)}
    clock = SimpleNamespace(time=lambda: moments[-1], **drawing_takes_two_seconds)
    monkeypatch.setattr(live_study, "time", clock)
    monkeypatch.setattr(live.picture, "draw", lambda: drawings.append(1))
    for moment, drawn in [(1_000, 1), (1_199, 1), (1_201, 2)]:
        moments.append(moment)
        study.optimize(objective, n_trials=1, callbacks=[live])
        assert len(drawings) == drawn


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 seconds"), (89, "89 seconds"), (200, "3 minutes")])
def test_a_duration_in_words(seconds, words):
    assert live_study.duration(seconds) == words


# HandTuner

LSTM_CURVE = [{"epoch": 1, "val_accuracy": 0.5}, {"epoch": 2, "val_accuracy": 0.6}]


def hand_tuner(**settings):
    tuner = widgets.HandTuner(LSTM_CURVE, epochs=2)
    for name, value in ({"n_layers": 1, "d_model": 32} | settings).items():
        tuner.settings[name].value = value
    return tuner


def train(tuner):
    tuner.train_button.click()
    tuner.thread.join(60)
    assert not tuner.thread.is_alive()


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


def test_a_stopped_try_counts_with_its_epochs_so_far():
    tuner = hand_tuner()
    tuner.train_button.click()
    tuner.stop_button.click()
    tuner.thread.join(60)
    assert tuner.tries[0]["epochs"] == 1
    assert "stopped" in tuner.status.value
    assert "stopped at 1" in tuner.board.value
    train(tuner)  # the same settings, to the end
    assert tuner.board.value.count("stopped at") == 1
    assert not tuner.train_button.disabled


def test_a_failed_try_is_reported_and_not_counted(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of <memory>")

    monkeypatch.setattr(search, "train", broken)
    tuner = hand_tuner()
    train(tuner)
    assert tuner.tries == []
    assert tuner.status.value == "this try failed: RuntimeError: out of &lt;memory&gt;"
    assert not tuner.train_button.disabled


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
    assert "By the rules: <b>high card</b>" in table.table.value
    table.deck[chosen[7]].click()
    assert table.chosen == chosen[:7]
    assert "The hand is full. To take the 4 of clubs, first click a yellow card" in table.note.value
    table.deck[chosen[0]].click()
    assert table.note.value == "6 of 7 chosen"
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
    game = widgets.YouAreTheObjective(looks=3, rivals=2, seed=5)
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


# What ipykernel keeps to itself


def test_a_click_is_no_longer_sent_to_the_loop_that_last_spoke_to_the_widget():
    comm = BaseComm("jupyter.widget")
    comm._reply_subshell_id = "the busy one"
    assert comm._reply_subshell_for({}, default="the one that heard it") == "the busy one"
    hear_clicks_while_busy(SimpleNamespace(comm=comm))
    assert comm._reply_subshell_for({}, default="the one that heard it") == "the one that heard it"
