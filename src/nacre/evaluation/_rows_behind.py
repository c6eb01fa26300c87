"""The responses behind the cells of a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from nacre.evaluation._columns import MISSING, Booleans, Columns
from nacre.evaluation._pairs import Pairs
from nacre.evaluation._scores import Scores

_STATUS = ("scored", *MISSING)


@dataclass(frozen=True, eq=False)
class RowsBehind:
    """What it takes to look behind a cell.

    Args:
        columns: All columns of the matrix.
        masks: The responses of each slice.
        scores: Where the rationales are, one evaluator per column.
        pairs: The baseline, where there is one.
    """

    columns: Columns
    masks: Mapping[str, Booleans]
    scores: Scores
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
        table = table.join(self._said(place), on="row_id", how="left", maintain_order="left")
        if self.pairs is not None and column in self.pairs.before.names:
            key = "prompt_id" if self.pairs.is_by_prompt else "row_id"
            table = table.join(self._before(self.pairs, column, key), on=key, how="left", maintain_order="left")
        return table.sort("outcome", "row_id", nulls_last=True)

    def _said(self, place: int) -> pl.DataFrame:
        criterion, (evaluator, *_) = self.columns.criteria[place], self.columns.evaluators[self.columns.names[place]]
        is_behind = pl.lit(False) if criterion is None else pl.col("criterion") == criterion.name
        rows = self.scores.frame.filter(is_behind & (pl.col("evaluator") == evaluator))
        return rows.select("row_id", "rationale", "message")

    @staticmethod
    def _before(pairs: Pairs, column: str, key: str) -> pl.DataFrame:
        outcomes = pairs.before.outcomes[:, pairs.before.names.index(column)]
        return pairs.after.responses.select(key, before=pl.Series(outcomes).fill_nan(None))
