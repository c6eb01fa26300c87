"""Published functions, rebuilt as Nacre specs, give the votes that their authors published."""

import json

import polars as pl
import pytest

from datasets import dataset
from nacre.data import Classes, Dataset
from nacre.functions import functions_from_specs
from nacre.labeling import apply

SPLITS = [
    ("ws_sms", "train"),
    ("ws_sms", "valid"),
    ("ws_sms", "test"),
    ("ws_trec", "train"),
    ("ws_trec", "valid"),
    ("ws_trec", "test"),
    ("ws_agnews", "dev"),
    ("ws_agnews", "test"),
    ("ws_agnews", "test_official"),
    ("intent_banking77", "train"),
    ("intent_banking77", "test"),
]
each_split = pytest.mark.parametrize(("name", "split"), SPLITS, ids=["-".join(pair) for pair in SPLITS])


def published(name):
    """Return the label schema and the functions that `lfs.json` of a dataset describes."""
    content = json.loads((dataset(name) / "lfs.json").read_text(encoding="utf-8"))
    specs = {function["name"]: spec(function, content["labels"]) for function in content["lfs"]}
    assert len(specs) == len(content["lfs"])
    return Classes(tuple(content["labels"])), functions_from_specs(specs)


def spec(function, labels):
    if "pattern" in function:
        when = {"pattern": {"field": "text", "pattern": function["pattern"], "lower": True}}
    else:
        when = {"keyword": {"field": "text", "keywords": function["keywords"], "match": "literal"}}
    return {"label": labels[function["label"]], "when": when}


def read(name, split):
    table = pl.read_parquet(dataset(name) / f"{split}.parquet")
    # The authors ran their functions on stripped text.
    return table.with_columns(pl.col("text").str.strip_chars())


@each_split
def test_votes_equal_those_published(name, split):
    schema, functions = published(name)
    table = read(name, split)

    label_matrix = apply(functions, Dataset.from_frame(table, uid="id"), schema)

    expected = table["lf_votes"].list.to_array(len(functions)).to_numpy()
    assert (label_matrix.to_dense() == expected).all()
    assert len(label_matrix.errors) == 0


@each_split
def test_the_summary_equals_the_published_figures(name, split):
    schema, functions = published(name)
    table = read(name, split)
    reference = (
        pl.read_csv(dataset(name) / "reference_function_stats.csv").filter(pl.col("split") == split).sort("index")
    )

    summary = apply(functions, Dataset.from_frame(table, uid="id"), schema).summary(table["label"]).functions

    assert summary["function"].to_list() == reference["function"].to_list()
    assert summary["votes"].to_list() == reference["votes"].to_list()
    for column in ("coverage", "overlap", "conflict", "accuracy"):
        # The file holds four decimals.
        difference = summary[column].fill_null(0) - reference[column].cast(pl.Float64).fill_null(0)
        assert difference.abs().max() <= 5.0001e-5, column
    known = reference.filter(pl.col("votes") > 0)
    exact = summary.filter(pl.col("votes") > 0)["accuracy"] - known["correct"] / known["votes"]
    assert exact.abs().max() < 1e-9
