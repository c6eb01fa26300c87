import polars as pl
import pytest

from nacre.data import Classes, MultiLabel
from nacre.labeling import apply


@pytest.mark.parametrize(
    "schema", [Classes(("ham", "spam")), MultiLabel(("ham", "spam"))], ids=["classes", "several labels"]
)
def test_no_functions_give_no_votes_on_every_data_point(schema):
    matrix = apply([], pl.DataFrame({"body": ["a", "b"]}), schema)

    assert matrix.votes.shape == (2, 0)
    assert matrix.symbols == ()
