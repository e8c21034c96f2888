"""The card of a class study: what it prints is what the server says, and a laptop that types it joins."""

import html
import re
import shlex
import subprocess
import sys

import pytest

from helpers.authoring import handout
from helpers.classroom import join_card
from helpers.classroom.access_control import MAX_TRIALS
from helpers.study import StudyError
from tests.classroom.server import Server, from_file


def lines_of(page):
    """{heading: the line under it} of a card, as a reader sees them."""
    found = re.findall(r'<h2>(.+?)</h2>\n<p class="line">(.+?)</p>', page)
    return {heading: html.unescape(re.sub("</?code>", "", line)).strip() for heading, line in found}


def test_a_card_has_the_servers_line_for_each_system_and_the_board(tmp_path, capsys):
    card = tmp_path / "card.html"
    assert join_card(card, "Ada's class", "192.0.2.7", 14000, 14001).startswith(f"{card}: open it in a browser")
    assert "WARNING: these ports have no password" in capsys.readouterr().out
    lines = lines_of(card.read_text(encoding="utf-8"))
    assert list(lines) == ["Linux", "macOS", "Windows", "The leader board"]
    words = shlex.split(lines["Linux"])
    assert words[:4] == [".venv/bin/python", "-m", "helpers", "worker"]
    assert words[words.index("--study") + 1] == "Ada's class"
    assert words[words.index("--storage") + 1] == "grpc://192.0.2.7:14000"
    assert lines["macOS"] == lines["Linux"]
    assert lines["Windows"].startswith('.venv\\Scripts\\python -m helpers worker helpers.search:objective --study "Ada')
    assert lines["The leader board"] == "http://192.0.2.7:14001/"


def test_a_card_that_no_other_machine_could_use_is_not_made(tmp_path):
    with pytest.raises(StudyError, match=r"no other machine can reach 127\.0\.0\.1; add --host 0\.0\.0\.0"):
        join_card(tmp_path / "card.html", "class", "127.0.0.1", 13000, 13001)
    assert list(tmp_path.iterdir()) == []


def parabola(trial):
    return -((trial.suggest_float("x", 0, 10) - 2) ** 2)


@pytest.mark.slow
def test_a_laptop_that_types_the_line_joins(tmp_path):
    """All but three words of it: the Python, an objective that does not train, and a small total."""
    server = Server(tmp_path / "class.db", host="0.0.0.0")
    try:
        join_card(tmp_path / "card.html", "class", "0.0.0.0", server.port, server.page_port)
        lines = lines_of((tmp_path / "card.html").read_text(encoding="utf-8"))
        assert lines["Linux"] in server.words
        assert lines["Windows"] in server.words
        words = [sys.executable, *shlex.split(lines["Linux"])[1:]]
        for old, new in {"helpers.search:objective": f"{__name__}:parabola", str(MAX_TRIALS): "2"}.items():
            words[words.index(old)] = new
        done = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=handout.ROOT)
        assert done.returncode == 0, done.stderr
        assert [trial.user_attrs["who"] for trial in from_file(server).trials] == ["ADA", "ADA"]
    finally:
        server.close()
