"""Stored human labels and judge verdicts as the tests of agreement need them."""

import polars as pl

from datasets import dataset
from nacre.evaluation import PREFERENCE, Criterion, ExpertLabels, Scores

BETTER = Criterion("better", scale=PREFERENCE)
_CODES = {0: "tied", 1: "won", 2: "lost"}
_GPT = {"1": "won", "2": "lost", "Tie": "tied", "garbage": "garbage"}


def pandalm():
    """Return scores of two judges, labels of three annotators and the raw table of PandaLM."""
    table = pl.read_parquet(dataset("pandalm") / "testset.parquet").with_columns(row_id=pl.col("idx"))
    judges = table.select(
        "row_id",
        gpt35=pl.col("judge_gpt35").replace_strict(_GPT),
        pandalm7b=pl.col("judge_pandalm7b").replace_strict(_CODES),
    )
    scores = judges.unpivot(index="row_id", variable_name="evaluator", value_name="score")
    people = table.select("row_id", pl.col("annotator1", "annotator2", "annotator3").replace_strict(_CODES))
    labels = people.unpivot(index="row_id", variable_name="annotator", value_name="score")
    return (
        Scores.from_frame(scores.with_columns(criterion=pl.lit("better")), [BETTER], responses=_responses(table)),
        ExpertLabels.from_frame(labels, [BETTER]),
        table,
    )


def _responses(table):
    return table.select("row_id", pl.col("row_id").cast(pl.String).alias("prompt_id"), repeat=pl.lit(0, dtype=pl.Int64))


def llmbar(judge):
    """Return scores of every prompt of a judge in both orders, by prompt, with the experts' labels and the slices.

    A row is an order: the response that is shown first is the one that wins or loses. Both orders share `prompt_id`.
    """
    folder = dataset("llmbar")
    items = pl.read_parquet(folder / "items.parquet").with_row_index("item")
    verdicts = pl.read_parquet(folder / "judgments.parquet").filter(pl.col("judge") == judge)
    last = verdicts.sort("run").unique(subset=["id", "prompt"], keep="last", maintain_order=True)
    orders = pl.concat(
        [
            _order(last, items, "winner_ab", first="1").with_columns(row_id=2 * pl.col("item").cast(pl.Int64)),
            _order(last, items, "winner_ba", first="2").with_columns(row_id=2 * pl.col("item").cast(pl.Int64) + 1),
        ]
    )
    responses = orders.select("row_id", prompt_id="id", repeat=pl.col("row_id") % 2).unique("row_id").sort("row_id")
    versions = {
        name: Scores.from_frame(
            part.select("row_id", "score", criterion=pl.lit("better"), evaluator=pl.lit(judge)),
            [BETTER],
            responses=responses,
        )
        for (name,), part in orders.sort("prompt", "row_id").group_by("prompt", maintain_order=True)
    }
    labels = orders.unique("row_id").sort("row_id").select("row_id", score="truth")
    members = orders.unique("row_id").sort("row_id").select("row_id", natural=pl.col("slice") == "Natural")
    return versions, ExpertLabels.from_frame(labels, [BETTER]), members


def _order(verdicts, items, column, first):
    joined = verdicts.join(items, on="id")
    outcome = pl.when(pl.col(column).is_null()).then(pl.lit("?")).when(pl.col(column) == first)
    truth = pl.when(pl.col("human").cast(pl.String) == first).then(pl.lit("won")).otherwise(pl.lit("lost"))
    return joined.select(
        "item", "id", "prompt", "slice", truth=truth, score=outcome.then(pl.lit("won")).otherwise(pl.lit("lost"))
    )
