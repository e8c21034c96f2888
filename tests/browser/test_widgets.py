"""Each widget, used as a learner would: with the mouse, with the keyboard, in both themes."""

import re

import pytest

from tests.browser.lab import DARK, LIGHT, expect

HAND_TUNER = """from helpers.teaching.widgets import HandTuner
HandTuner([{"epoch": 1, "val_accuracy": 0.5}, {"epoch": EPOCHS, "val_accuracy": 0.7}], EPOCHS)"""

LIVE_STUDY = """import time
import optuna
from helpers.study import open_study, run_behind
from helpers.teaching.widgets import LiveStudy


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    for epoch in range(5):
        time.sleep(0.02)
        trial.report(x, epoch)
        if trial.number % 3 == 2:
            raise optuna.TrialPruned
    return x


study = open_study("slow", "slow.journal")
behind = run_behind(objective, study, TRIALS, workers=1)
LiveStudy(behind)"""

DEAL_A_HAND = """from helpers.data import CARD_HANDS, load_csv
from helpers.models import LSTMClassifier, PaperRecipe
from helpers.teaching.widgets import DealAHand

data = load_csv(CARD_HANDS, limit=50)
models = {"LSTM": LSTMClassifier(data.vocab_size, data.n_classes), "Transformer": PaperRecipe(1 / 8).model(data)}
DealAHand(models, data, seed=0)"""


def open_with(lab, notebook, *cells, theme=LIGHT):
    """Opens a notebook of these cells; runs the first, and waits until its widgets are there."""
    lab.add("widget", *cells)
    notebook.open("widget", theme=theme)
    notebook.run_cell(0)
    assert notebook.broken_widgets() == []
    return notebook.cell(0)


def button(where, name):
    return where.get_by_role("button", name=name)


def until(locator, words=None):
    """Waits until the locator is to be seen, with these words in it."""
    (locator.filter(has_text=words) if words else locator).first.wait_for()


# HandTuner


def test_hand_tuner_moves_a_slider_trains_and_ranks(lab, notebook):
    tuner = open_with(lab, notebook, HAND_TUNER.replace("EPOCHS", "2"))
    layers = tuner.locator(".widget-slider").filter(has_text="layers")
    expect(layers.locator(".widget-readout")).to_have_text("6")
    layers.locator(".noUi-handle").focus()
    notebook.page.keyboard.press("ArrowLeft")  # once: a busy kernel gets a second change after the click
    until(layers.locator(".widget-readout"), "5")
    button(tuner, "Train").click()
    until(tuner, "try 1 done")
    row = tuner.locator("table tr").nth(1).locator("td")
    expect(row.nth(0)).to_have_text("1")
    expect(row.nth(6)).to_have_text("5")  # layers
    expect(tuner.locator("img")).to_have_attribute("alt", re.compile(r"this try (from|at) 0\.\d"))
    button(tuner, "Train").click()
    until(tuner, "these settings were try 1")
    layers.locator(".noUi-handle").focus()
    notebook.page.keyboard.press("ArrowLeft")
    until(layers.locator(".widget-readout"), "4")
    button(tuner, "Train").click()
    until(tuner, "try 2 done")
    expect(tuner.locator("table tr")).to_have_count(3)


def test_hand_tuner_leaves_the_page_alive_and_can_be_stopped(lab, notebook):
    tuner = open_with(lab, notebook, HAND_TUNER.replace("EPOCHS", "500"), "print('still' + ' alive')")
    button(tuner, "Train").click()
    until(tuner, re.compile("epoch .* of 500"))
    notebook.run_cell(1)
    assert notebook.cells()[1]["outputs"][0]["text"] == "still alive\n"
    button(tuner, "Stop").click()
    until(tuner, "try 1 stopped")
    expect(button(tuner, "Train")).to_be_enabled()


# LiveStudy


def test_live_study_leaves_the_cells_free_is_stopped_and_goes_on_where_it_was(lab, notebook):
    cell = LIVE_STUDY.replace("TRIALS", "4_000")
    before, after = "before = len(study.trials)\nbehind.is_alive()", "behind.wait()\nbefore < len(study.trials) < 4_000"
    watched = open_with(lab, notebook, cell, before, after)
    until(watched, re.compile(r"\d+/4000"))  # the bar, below the cell that started it
    for number in (1, 2):
        notebook.run_cell(1)
        assert notebook.cells()[1]["outputs"][0]["data"]["text/plain"] == "True"
        button(watched, "Stop").click()
        until(watched, "run the cell again to continue")
        expect(button(watched, "Stopped")).to_be_disabled()
        expect(watched.locator("img")).to_have_attribute("alt", re.compile("best so far"))
        if number == 1:
            notebook.run_cell(0)
    notebook.run_cell(2)
    assert notebook.cells()[2]["outputs"][0]["data"]["text/plain"] == "True"
    assert notebook.errors() == []


def test_live_study_that_is_run_twice_watches_the_one_that_runs(lab, notebook):
    watched = open_with(lab, notebook, LIVE_STUDY.replace("TRIALS", "40"), "len(study.trials)")
    notebook.run_cell(0)
    until(watched, "slow: it is already running, up to 40 trials")
    until(watched, "40 of 40 trials; best so far")
    until(button(watched, "Finished"))
    notebook.run_cell(1)
    assert notebook.cells()[1]["outputs"][0]["data"]["text/plain"] == "40"


# DealAHand


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_deal_a_hand_deals_and_lets_one_choose(lab, notebook, theme):
    table = open_with(lab, notebook, DEAL_A_HAND, theme=theme)
    cards = table.get_by_role("img", name=" of ")
    expect(cards).to_have_count(7)
    dealt = cards.all_inner_texts()
    button(table, "Deal").click()
    notebook.page.wait_for_function("old => !document.body.innerText.includes(old)", arg="\n".join(dealt))
    table.get_by_text("Choose the cards").click()
    for name in ("2♥", "3♥", "5♥", "9♥", "J♥", "A♣", "A♠"):
        button(table, name).click()
    until(table, "By the rules: flush")
    expect(table.get_by_text("✓ flush")).to_have_count(2)
    for says in ("LSTM says", "Transformer says"):
        expect(table.get_by_text(says)).to_have_count(1)
    colors = cards.evaluate_all("all => all.map(card => [getComputedStyle(card).color, card.style.backgroundColor])")
    for ink, ground in colors:
        assert ink in ("rgb(192, 0, 32)", "rgb(17, 17, 17)")
        assert ground.startswith("rgb(255, 255, ")


# YouAreTheObjective


def test_the_game_is_played_to_its_end(lab, notebook):
    source = "from helpers.teaching.widgets import YouAreTheObjective\nYouAreTheObjective(looks=3, rivals=2)"
    game = open_with(lab, notebook, source)
    button(game, "Take the proposal").click()
    until(game, "Looks left: 2")
    game.locator(".widget-slider .noUi-base").first.click()  # the middle of the slider
    button(game, "Look here").click()
    until(game, "Looks left: 1")
    button(game, "Take the proposal").click()
    until(game, "Your best:")
    expect(game.locator("img")).to_have_attribute("alt", re.compile("Random"))
    expect(button(game, "Look here")).to_be_disabled()
    button(game, "New game").click()
    until(game, "Looks left: 3")


# HowTPEChooses


def test_the_slider_shows_what_the_next_proposal_comes_from(lab, notebook):
    source = "from helpers.teaching.widgets import HowTPEChooses\nHowTPEChooses(lambda x: -x * x, 0, 10, 14, seed=1)"
    shown = open_with(lab, notebook, source)
    until(shown, "The best 1 of 10 trials")
    shown.locator(".noUi-handle").focus()
    notebook.page.keyboard.press("ArrowRight")
    until(shown, "The best 2 of 11 trials")
    expect(shown.locator("img")).to_have_attribute("alt", re.compile("next proposal at"))


# On a projector, and in a dark theme


@pytest.mark.parametrize("source", [DEAL_A_HAND, HAND_TUNER.replace("EPOCHS", "2")], ids=["deal_a_hand", "hand_tuner"])
def test_on_a_projector_all_of_a_widget_is_to_be_seen_at_once_with_its_code(lab, notebook, source):
    notebook.page.set_viewport_size({"width": 1280, "height": 720})
    shown = open_with(lab, notebook, source)
    if source == DEAL_A_HAND:
        shown.get_by_text("Choose the cards").click()
        until(button(shown, "A♠"))
    else:
        button(shown, "Train").click()
        until(shown, "1 of 10 tries")
    room = notebook.page.locator(".jp-WindowedPanel-outer").bounding_box()
    assert shown.bounding_box()["height"] < room["height"]
    assert shown.locator(".jp-OutputArea").evaluate("area => area.scrollWidth <= area.clientWidth")


@pytest.mark.parametrize(("theme", "turned_over"), [(LIGHT, False), (DARK, True)])
def test_a_picture_is_dark_in_a_dark_theme_only(lab, notebook, theme, turned_over):
    plot = "from helpers import plots\nplots.best_so_far([1, 3, 2])\nNone"
    shown = open_with(lab, notebook, HAND_TUNER.replace("EPOCHS", "2"), plot, theme=theme)
    notebook.run_cell(1)
    for image in (shown.locator("img"), notebook.cell(1).locator("img")):
        image.wait_for()
        assert image.evaluate("image => getComputedStyle(image).filter.startsWith('invert')") == turned_over


# The quick questions and the bars


def test_a_question_is_answered_with_the_keyboard_alone_and_shows_in_the_bars(lab, notebook):
    bars = "from helpers.teaching import progress\nprogress.show()"
    quiz = open_with(lab, notebook, 'from helpers.teaching import Quiz\nQuiz("01")', bars)
    options = quiz.locator(".widget-radio-box").first.get_by_role("radio")
    for place in range(options.count()):
        options.nth(place).focus()
        notebook.page.keyboard.press("Space")
        answer = quiz.locator("button:enabled").first
        answer.wait_for()
        tab(notebook.page, options.nth(place), answer)
        notebook.page.keyboard.press("Enter")
        reason = quiz.get_by_role("alert").first
        until(reason, f"{'abcd'[place]}: ")
        if "right." in reason.inner_text():
            break
        assert "not yet." in reason.inner_text()
    assert "right." in reason.inner_text()
    notebook.run_cell(1)
    expect(notebook.cell(1).get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "1")


def tab(page, start, end):
    """Presses Tab from one element until the focus is on another; begins again if JupyterLab took the focus away."""
    for _ in range(5):
        start.focus()
        for _ in range(5):
            page.keyboard.press("Tab")
            if end.evaluate("element => element === document.activeElement"):
                return
    raise AssertionError(f"Tab does not lead from {start} to {end}")
