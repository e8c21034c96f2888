"""Fixtures for tests that drive a notebook in a real browser; most tests need only `notebook`.

    def test_something(notebook):
        notebook.open("01_the_transformer_that_lost")
        notebook.run_cell("HandTuner(")
        notebook.cell("HandTuner(").get_by_role("button", name="Train").click()

Without Chromium the tests are skipped, and say what is missing; under CI they fail.
"""

import pytest

from tests.browser.lab import Lab, Notebook, new_page, open_browser


@pytest.fixture(scope="package")  # not longer: playwright's event loop would be in the way of other tests
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def lab(browser, tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def page(browser):
    with new_page(browser) as page:
        yield page


@pytest.fixture
def notebook(lab, page):
    yield Notebook(page, lab)
    lab.stop_kernels()
