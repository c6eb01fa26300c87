"""Conditions on the values of a field: one of its values, a threshold, a length, a missing value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from nacre.functions import Condition, Expression

MAX_VALUES = 100  # of one field become conditions
FEW_VALUES = 50  # up to so many, a field of texts is a field of categories
SHORT = 40  # characters: longer values are texts, not categories
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
PARTS = 20  # between the thresholds on a number


def is_category(column: pl.Series) -> bool:
    """Return whether the values of a String column repeat: a category, not a text."""
    known = column.drop_nulls()
    n_distinct = known.n_unique()
    return n_distinct <= FEW_VALUES and n_distinct * 5 <= len(known) and _mean_length(known) <= SHORT


def field_conditions(column: pl.Series, min_rows: int) -> Iterator[Condition]:
    """Yield the conditions that the values of one field suggest, each for at least `min_rows` rows and not for all."""
    name = quoted(column.name)
    if min_rows <= column.null_count() < len(column):
        yield Expression(f"{name} IS NULL")
    if column.dtype == pl.Boolean:
        yield from (Expression(f"{name} = TRUE"), Expression(f"{name} = FALSE"))
    elif column.dtype == pl.String:
        yield from _values(column, name, min_rows)
        if not is_category(column):
            yield from _lengths(column, name)
    elif column.dtype.is_numeric() and column.dtype != pl.Decimal:
        yield from _thresholds(column, name)


def quoted(name: str) -> str:
    """Return a field name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _values(column: pl.Series, name: str, min_rows: int) -> Iterator[Condition]:
    known = column.drop_nulls()
    if _mean_length(known) > SHORT:
        return
    counts = (
        known.value_counts(name="n").filter(pl.col("n") >= min_rows).sort("n", column.name, descending=[True, False])
    )
    for value in counts.head(MAX_VALUES).get_column(column.name).to_list():
        literal = value.replace("'", "''")
        yield Expression(f"{name} = '{literal}'")


def _lengths(column: pl.Series, name: str) -> Iterator[Condition]:
    lengths = column.drop_nulls().str.len_chars()
    bounds = [round_short(float(lengths.quantile(share) or 0)) for share in QUANTILES]
    for bound in sorted(set(bounds) - {0}):
        yield Expression(f"length({name}) < {bound:g}")
        yield Expression(f"length({name}) >= {bound:g}")
    for low, high in pairwise(sorted(set(bounds) - {0})):
        yield Expression(f"length({name}) >= {low:g} AND length({name}) < {high:g}")


def _thresholds(column: pl.Series, name: str) -> Iterator[Condition]:
    known = column.drop_nulls().drop_nans() if column.dtype.is_float() else column.drop_nulls()
    if known.is_empty():
        return
    distinct = known.unique().sort()
    if len(distinct) <= MAX_VALUES // 5:
        bounds = [float(value) for value in distinct[1:].to_list()]
        yield from (Expression(f"{name} = {float(value):.12g}") for value in distinct.to_list())
    else:
        bounds = [round_short(float(known.quantile(part / PARTS) or 0)) for part in range(1, PARTS)]
    for bound in sorted(set(bounds)):
        yield Expression(f"{name} >= {bound:.12g}")
        yield Expression(f"{name} < {bound:.12g}")


def round_short(value: float) -> float:
    """Return the value with three digits: a threshold that a person can remember."""
    return float(f"{value:.3g}")


def _mean_length(known: pl.Series) -> float:
    return float(known.str.len_chars().mean() or 0)  # type: ignore[arg-type]
