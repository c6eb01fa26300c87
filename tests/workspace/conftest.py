import polars as pl
import pytest


@pytest.fixture
def mail():
    return pl.DataFrame({"uid": ["a", "b", "c"], "body": ["free cash", "lunch?", None], "length": [9, 6, None]})
