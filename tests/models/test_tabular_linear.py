from datetime import date

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.models import EmbeddingLinear, TabularLinear

SCHEMA = Classes(("low", "high"))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1, 2, 8, 9], id="whole numbers"),
        pytest.param([0.1, None, 0.8, 0.9], id="a missing number"),
        pytest.param([float("nan"), -1e308, 1.0, float("inf")], id="numbers that are none"),
        pytest.param(["a", "a", "b", "b"], id="strings"),
        pytest.param([False, False, True, True], id="booleans"),
        pytest.param([date(2001, 1, 1), date(2001, 1, 2), date(2020, 1, 1), date(2020, 1, 2)], id="dates"),
        pytest.param(pl.Series(["a", "a", "b", "b"], dtype=pl.Categorical), id="categories"),
        pytest.param([None] * 4, id="nothing"),
    ],
)
def test_every_kind_of_field_can_be_read(values):
    data = pl.DataFrame({"field": values, "rest": [1.0, 1.0, 2.0, 2.0]})

    model = TabularLinear(["field", "rest"], C=1000).fit(data, [0, 0, 1, 1], SCHEMA)

    assert model.predict(data).to_list() == [0, 0, 1, 1]


def test_what_rises_and_falls_is_learned():
    age = np.arange(20, 80)
    is_high = (age > 40) & (age < 60)
    data = pl.DataFrame({"age": age})

    model = TabularLinear(["age"]).fit(data, is_high.astype(int), SCHEMA)

    assert (model.predict(data).to_numpy() == is_high).mean() > 0.9


def test_a_value_that_training_never_saw_moves_nothing():
    data = pl.DataFrame({"kind": ["a", "b", "a", "b"]})
    model = TabularLinear(["kind"]).fit(data, [0, 1, 0, 1], SCHEMA)

    new, missing = model.predict_proba(pl.DataFrame({"kind": ["c", None]}))

    np.testing.assert_array_equal(new, missing)
    np.testing.assert_allclose(new, 0.5, atol=1e-3)


def test_reasons_name_field_and_value():
    data = pl.DataFrame({"kind": ["a", "b", "a", "b"], "text": ["x1", "x2", "x1", "x1 free"]})
    model = TabularLinear(["kind"], ["text"]).fit(data, [0, 1, 0, 1], SCHEMA)

    assert model.top_terms("high", 1).row(0)[0] == "kind = b"
    assert "free" in model.top_terms("high", 10).get_column("term").to_list()


def test_lists_are_refused():
    with pytest.raises(SchemaError, match="`votes` is List"):
        TabularLinear(["votes"]).fit(pl.DataFrame({"votes": [[1], [2]]}), [0, 1], SCHEMA)


def test_vectors_of_another_length_are_refused():
    vectors = np.eye(4, dtype=np.float32)
    model = EmbeddingLinear("text").fit(pl.DataFrame({"text@minilm": vectors}), [0, 0, 1, 1], SCHEMA)

    with pytest.raises(SchemaError, match="fitted on vectors of 4 numbers"):
        model.predict_proba(pl.DataFrame({"text@minilm": vectors[:, :3]}))
    with pytest.raises(SchemaError, match="vectors of one length"):
        EmbeddingLinear("text").fit(pl.DataFrame({"text@minilm": [1.0, 2.0]}), [0, 1], SCHEMA)


@pytest.mark.slow
def test_the_census_is_learned_beyond_its_majority():
    data = pl.read_parquet(dataset("tab_adult_census") / "data.parquet").with_row_index("row")
    fields = [name for name in data.columns if name not in ("row", "income", "label", "split")]
    train, test = data.filter(pl.col("row") % 5 != 0), data.filter(pl.col("row") % 5 == 0)

    model = TabularLinear(fields).fit(train, train.get_column("label"), SCHEMA)

    hits = model.predict(test) == test.get_column("label")
    assert hits.mean() > 0.85  # majority: .76
