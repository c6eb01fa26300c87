"""Which data points belong to which slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from nacre.data import Classes, Dataset
from nacre.engine import ColumnStore
from nacre.functions import Context, Rule, Slice
from nacre.labeling import apply

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


def unit_masks(units: pl.DataFrame, members: pl.DataFrame | None) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return the units of each slice, after `all`, and after them those of each class of a `MultiLabel` schema."""
    masks = {"all": np.ones(len(units), dtype=np.bool_)}
    if members is not None:
        joined = units.select("row_id").join(members, on="row_id", how="left", maintain_order="left")
        for name in members.columns:
            if name != "row_id":
                masks[name] = joined[name].fill_null(False).to_numpy()
    if "label" in units.columns:
        for label in units["label"].unique(maintain_order=True).to_list():
            masks[f"label {label}"] = (units["label"] == label).to_numpy()
    return masks
