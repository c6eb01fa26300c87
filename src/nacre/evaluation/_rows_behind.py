"""The responses behind the cells of a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from nacre.evaluation._columns import MISSING, Booleans, By, Columns, Pairs
from nacre.evaluation._scores import Scores

_STATUS = ("scored", *MISSING)


@dataclass(frozen=True, eq=False)
class RowsBehind:
    """What it takes to look behind a cell.

    Args:
        columns: All columns of the matrix.
        masks: The responses of each slice.
        scores: Where the rationales are.
        by: Whether a column is a criterion or an evaluator.
        pairs: The baseline, where there is one.
    """

    columns: Columns
    masks: Mapping[str, Booleans]
    scores: Scores
    by: By
    pairs: Pairs | None

    def of(self, slice: str, column: str) -> pl.DataFrame:
        """Return the responses of a cell, lowest outcomes first, those without a score last."""
        mask, place = self.masks[slice], self.columns.names.index(column)
        status = np.asarray(_STATUS)[self.columns.status[mask, place]]
        table = self.columns.responses.filter(mask).with_columns(
            pl.Series("value", self.columns.values[mask, place]).fill_nan(None).cast(pl.Float32),
            pl.Series("outcome", self.columns.outcomes[mask, place]).fill_nan(None),
            pl.Series("status", status, dtype=pl.String),
        )
        said = self.scores.frame.filter(pl.col(self.by) == column).select("row_id", "rationale", "message")
        table = table.join(said, on="row_id", how="left", maintain_order="left")
        if self.pairs is not None and column in self.pairs.before.names:
            table = table.join(self._before(self.pairs, column), on="row_id", how="left", maintain_order="left")
        return table.sort("outcome", "row_id", nulls_last=True)

    @staticmethod
    def _before(pairs: Pairs, column: str) -> pl.DataFrame:
        outcomes = pairs.before.outcomes[:, pairs.before.names.index(column)]
        return pairs.after.responses.select("row_id", before=pl.Series(outcomes).fill_nan(None))
