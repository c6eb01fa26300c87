"""Find the shared datasets, or skip the test that needs one."""

import os
from pathlib import Path

import pytest


def dataset(name: str) -> Path:
    """Return the folder of a shared dataset, or skip the calling test."""
    root = os.environ.get("NACRE_DATA")
    if not root or not (folder := Path(root) / name).is_dir():
        pytest.skip(f"dataset {name!r} is not in {root}; set NACRE_DATA to the directory that holds it")
    return folder
