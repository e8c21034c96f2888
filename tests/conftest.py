import importlib.util

import pytest

from tests.browser.lab import open_browser
from tests.servers import Postgres, programs

if importlib.util.find_spec("hypothesis") is None:
    collect_ignore = ["data/test_readers.py", "test_plots_of_odd_studies.py"]


def pytest_collection_modifyitems(items):
    """Marks what needs Chromium, by its fixture, and PostgreSQL: by the fixture below, or a parameter "postgresql"."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        named = "postgresql" in [value for value in parameters if isinstance(value, str)]
        if named or "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with Postgres() as server:
        yield server
