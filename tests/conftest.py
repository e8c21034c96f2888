import pytest

from tests.servers import Postgres, programs


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A running PostgreSQL server."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with Postgres(tmp_path_factory.mktemp("postgres") / "server") as server:
        yield server
