"""Which units belong to which slice."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl


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
