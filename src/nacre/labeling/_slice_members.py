"""Which data points belong to which slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from nacre.data import Classes, Dataset
from nacre.engine import ColumnStore
from nacre.functions import Context, Rule, Slice
from nacre.labeling._apply import apply

_MEMBERSHIP = Classes(("outside", "inside"))


def slice_members(
    slices: Sequence[Slice], data: Dataset | Any, *, context: Context | None = None, store: ColumnStore | None = None
) -> pl.DataFrame:
    """Return which data points each slice has: `row_id` and a Boolean column per slice.

    Examples:
        >>> from nacre.functions import Pattern
        >>> mail = pl.DataFrame({"subject": ["Re: lunch", "Free cash"]})
        >>> slice_members([Slice("reply", Pattern("subject", "^Re: "))], mail).rows()
        [(0, True), (1, False)]
    """
    rules = [Rule(part.name, part.when, label="inside") for part in slices]
    matrix = apply(rules, data, _MEMBERSHIP, context=context, store=store)
    votes = matrix.to_dense()
    columns = [pl.Series(name, votes[:, place] == 1) for place, name in enumerate(matrix.functions)]
    return matrix.units.select("row_id").with_columns(columns)
