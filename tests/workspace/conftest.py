from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import nacre.workspace


class Clock:
    """A clock that goes on by a second each time somebody looks."""

    def __init__(self):
        self.now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def workspace(tmp_path):
    with nacre.workspace.open(tmp_path / "workspace", user="ann", clock=Clock()) as workspace:
        yield workspace


@pytest.fixture
def project(workspace):
    return workspace.project("spam")


@pytest.fixture
def mail():
    return pl.DataFrame({"uid": ["a", "b", "c"], "body": ["free cash", "lunch?", None], "length": [9, 6, None]})
