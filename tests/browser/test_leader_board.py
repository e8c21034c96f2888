"""The leader board of the class as a projector shows it: all rows, one line each, or they pass by themselves."""

import threading
from datetime import datetime, timedelta

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

from helpers.classroom.leaderboard import Handler, Page, board_html, standings
from tests.browser.lab import ROOT, wait_for
from tests.servers import free_port

NAMES = ["Ada", "Grace Hopper", "Søren Kierkegaard", "李明", "Ахматова", "Wolfeschlegelsteinhausenbergerdorff-Wolf",
         "Zoë", "Æ" * 40, "W" * 40, "Katherine Johnson", "Alan", "Edsger", "Barbara Liskov", "Emmy", "Sofia",
         "Srinivasa", "Z" + "\u0351" * 39, "Karen Spärck Jones", "Dijkstra", "anonymous"]  # fmt: skip
SPACE = {"arch": CategoricalDistribution(["transformer"]), "embedding_dim": IntDistribution(16, 128),
         "lstm_dropout": FloatDistribution(0, 0.4), "optimizer": CategoricalDistribution(["RMSprop"]),
         "lr": FloatDistribution(1e-5, 1e-1)}
SETTINGS = {"arch": "transformer", "embedding_dim": 128, "lstm_dropout": 0.123, "optimizer": "RMSprop", "lr": 0.00123}
LONG = "one_of_the_settings_that_has_a_long_name"
OWNERS = [["", "ipv4:10.0.0.1"], ["", "ipv4:10.0.0.2"]]


def trials_of(names):
    for number, who in enumerate(names):
        for owner in OWNERS[: 1 + (number == 3)]:
            long = {LONG + str(each): 0.123 for each in range(4)} if number == 5 else {}
            trial = create_trial(value=0.99 - number / 500, params=long | SETTINGS, user_attrs={"who": who},
                                 distributions=dict.fromkeys(long, FloatDistribution(0, 1)) | SPACE,
                                 system_attrs={"owner": owner})
            trial.datetime_start = trial.datetime_complete = datetime.now() - timedelta(seconds=12 * number)
            yield trial


@pytest.fixture
def show(browser):
    """Shows the board of some names on a screen, and returns its page."""
    opened = []

    def show(names, width, height, clock=False):
        server = Page(("127.0.0.1", free_port()), Handler)
        trials = list(trials_of(names))
        server.name, server.board = "class", board_html(trials, standings(trials, []), datetime(2030, 1, 1, 14, 30))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        opened.append((server, context))
        page = context.new_page()
        if clock:
            page.clock.install()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        wait_for(lambda: page.evaluate("Boolean(board.text)"), 60, "the board, fetched by the page")
        return page

    yield show
    for server, context in opened:
        context.close()
        server.shutdown()
        server.server_close()


def boxes(page):
    return [row.bounding_box() for row in page.locator("tbody tr").all()]


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (1024, 768), (3840, 2160)])
def test_twenty_names_fit_on_a_projector_and_each_has_one_line(show, width, height):
    page = show(NAMES, width, height)
    rows = boxes(page)
    (ROOT / "build" / "screenshots").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ROOT / "build" / "screenshots" / f"leader_board_{width}x{height}.png")
    assert len(rows) == 20
    assert max(row["y"] + row["height"] for row in rows) <= height
    assert max(row["x"] + row["width"] for row in rows) <= width
    assert max(row["height"] for row in rows) < 1.2 * min(row["height"] for row in rows)
    size = float(page.locator("td.name").first.evaluate("cell => getComputedStyle(cell).fontSize").removesuffix("px"))
    assert max(row["height"] for row in rows) < 2 * size  # one line of text
    assert size > 0.021 * height
    assert page.evaluate("document.documentElement.scrollHeight") <= height


def test_the_settings_are_readable_on_a_projector(show):
    page = show(NAMES, 1920, 1080)
    cell = page.locator("td.settings").first
    assert cell.inner_text() == " · ".join(f"{name}\u00a0{value}" for name, value in list(SETTINGS.items())[:4])
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")  # none of it is cut off
    assert page.get_by_text("李明 (2 laptops)").is_visible()
    assert page.get_by_text("14:30").is_visible()


def test_sixty_names_pass_by_themselves_and_every_row_is_seen(show):
    page = show([f"Learner {number}" for number in range(60)], 1920, 1080, clock=True)
    assert page.evaluate("document.documentElement.scrollHeight") > 1080
    seen = set()
    for _ in range(12):
        head = page.locator("dl").bounding_box()
        assert head["y"] >= 0  # the best value stays in sight
        seen |= {number for number, row in enumerate(boxes(page))
                 if row["y"] >= head["y"] + head["height"] - 1 and row["y"] + row["height"] <= 1080}
        page.clock.run_for(6000)
    assert seen == set(range(60))


def test_it_does_not_move_under_a_hand_nor_on_a_phone(show):
    page = show([f"Learner {number}" for number in range(60)], 1920, 1080, clock=True)
    page.mouse.wheel(0, 300)
    before = wait_for(lambda: page.evaluate("scrollY"), 60, "what the wheel does")
    page.clock.run_for(30_000)
    assert page.evaluate("scrollY") == before
    page.clock.run_for(60_000)
    assert page.evaluate("scrollY") != before
    phone = show([f"Learner {number}" for number in range(60)], 390, 844, clock=True)
    phone.clock.run_for(30_000)
    assert phone.evaluate("scrollY") == 0
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
