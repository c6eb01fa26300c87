"""Where in the text functions saw what made them vote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from nacre.data import Dataset
from nacre.engine import split_name, with_derived
from nacre.functions import AllOf, AnyOf, Condition, Context, Function, Not, Rule
from nacre.labeling import derived_columns

_EVIDENCE = pl.Schema(
    {"row_id": pl.Int64(), "function": pl.String(), "field": pl.String(), "start": pl.Int64(), "end": pl.Int64()}
)


def evidence(functions: Sequence[Function], data: Dataset | Any, *, context: Context | None = None) -> pl.DataFrame:
    """Return the passages that rules matched: `row_id, function, field, start, end`, in characters, half-open.

    A rule shows the matches of all its parts that have a place, on rows where it holds as a whole; what is negated has
    no place. Functions that are no rules, and conditions without a place, show nothing.

    Args:
        functions: The functions to explain.
        data: The data points to look at: few, because each is looked at again.
        context: What the names in the functions stand for.

    Examples:
        >>> from nacre.functions import Keyword
        >>> mail = pl.DataFrame({"subject": ["Free cash", "Free lunch"], "body": ["Now!", "At noon"]})
        >>> rule = Rule("cash", Keyword("subject", ("free",)) & Keyword("subject", ("cash",)), label="spam")
        >>> evidence([rule], mail).rows()
        [(0, 'cash', 'subject', 0, 4), (0, 'cash', 'subject', 5, 9)]
    """
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    context = context or Context()
    frames = [pl.DataFrame(schema=_EVIDENCE)]
    for function in functions:
        if isinstance(function, Rule):
            resolved = function.resolve(context)
            frames += [_passages(resolved, dataset, context)]
    order = {function.name: place for place, function in enumerate(functions)}
    found = pl.concat(frames).unique()
    return found.sort(
        "row_id", pl.col("function").replace_strict(order, return_dtype=pl.Int64), "field", "start", "end"
    )


def _passages(rule: Rule, data: Dataset, context: Context) -> pl.DataFrame:
    data.require(split_name(name)[0] for name in rule.reads)
    derived, parts = derived_columns(rule.reads, context), list(_parts(rule.when))
    frames = [pl.DataFrame(schema=_EVIDENCE)]
    for chunk in data.chunks:
        rows = with_derived(chunk, ("row_id", *rule.reads), derived, None).filter(rule.when.expr())
        frames += [_part_passages(rows, rule.name, part) for part in parts]
    return pl.concat(frames)


def _part_passages(rows: pl.DataFrame, function: str, part: Condition) -> pl.DataFrame:
    spans = part.spans()
    if spans is None:
        return pl.DataFrame(schema=_EVIDENCE)
    found = rows.select("row_id", spans.alias("span")).filter(pl.col("span").list.len() > 0)
    return found.explode("span", empty_as_null=True).select(
        pl.col("row_id").cast(pl.Int64),
        pl.lit(function).alias("function"),
        pl.lit(split_name(part.reads[0])[0]).alias("field"),
        pl.col("span").struct.field("start").cast(pl.Int64),
        pl.col("span").struct.field("end").cast(pl.Int64),
    )


def _parts(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions inside that have a place in a text and are not negated."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.conditions:
            yield from _parts(part)
    elif not isinstance(condition, Not) and condition.spans() is not None:
        yield condition
