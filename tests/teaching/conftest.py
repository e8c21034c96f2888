import pytest

from helpers.teaching import progress_store


@pytest.fixture(autouse=True)
def record(tmp_path, monkeypatch):
    """Each test has a record of progress of its own, empty at first; this is its path."""
    path = tmp_path / "progress.json"
    monkeypatch.setattr(progress_store, "PATH", path)
    return path
