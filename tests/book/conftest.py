"""A browser, and pages that notice whoever asks for another address than a file's."""

import os

import pytest

from tests.browser.lab import open_browser, what_is_missing

LAPTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser():
    if missing := what_is_missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no book in a browser: {missing}")
    with open_browser() as browser:
        yield browser


@pytest.fixture
def theme():
    return "light"


@pytest.fixture
def page(browser, theme):
    """An empty page; the test fails if one that it opens asks for something elsewhere."""
    context = browser.new_context(color_scheme=theme, viewport=LAPTOP)
    page, strangers = context.new_page(), []
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or strangers.append(asked.url))
    yield page
    context.close()
    assert strangers == []
