import pytest

from tests.classroom.server import Server


@pytest.fixture(scope="module")
def start():
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def server(start, tmp_path_factory):
    return start(tmp_path_factory.mktemp("class") / "class.db")
