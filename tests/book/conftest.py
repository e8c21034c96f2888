"""Pages that notice whoever asks for another address than a file's."""

import pytest

LAPTOP = {"width": 1280, "height": 800}


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
