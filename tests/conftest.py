"""What all tests share: a workspace with its own clock, and how hard property tests try.

Property tests try few examples while developing, more with `HYPOTHESIS_PROFILE=ci`.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings

import nacre.workspace

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


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
