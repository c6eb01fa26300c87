"""Ground truth: one frozen vote column with a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from nacre.data import LabelSchema, schema_from_spec
from nacre.errors import SchemaError
from nacre.workspace._artifacts import Artifacts


@dataclass(frozen=True)
class Truth:
    """What is right, on the data points where it is known.

    Args:
        votes: The columns `row_id` and `value`; the values are votes of the schema.
        schema: What is voted on.
        source: Where it comes from: `column label of mail.parquet`, `five experts, July`.
    """

    votes: pl.DataFrame
    schema: LabelSchema
    source: str

    def __post_init__(self) -> None:
        expected = pl.Schema({"row_id": pl.Int64(), "value": self.schema.dtype})
        if self.votes.schema != expected:
            raise SchemaError(f"Ground truth needs the columns {dict(expected)}; found {dict(self.votes.schema)}.")
        row_ids = self.votes.get_column("row_id")
        if row_ids.n_unique() < len(row_ids):
            repeated = row_ids.filter(row_ids.is_duplicated())[0]
            raise SchemaError(f"Row {repeated} has more than one ground truth. Keep one answer per data point.")

    def __len__(self) -> int:
        return len(self.votes)


def truth_to_spec(truth: Truth, artifacts: Artifacts) -> dict[str, Any]:
    """Store the votes and return the ground truth as JSON."""
    votes = truth.votes.drop_nulls("value").sort("row_id")
    return {
        "frame": artifacts.put_frame(votes),
        "n": len(votes),
        "schema": truth.schema.spec(),
        "source": truth.source,
    }


def truth_from_spec(spec: dict[str, Any], artifacts: Artifacts) -> Truth:
    """Return the ground truth that a spec describes."""
    return Truth(artifacts.get_frame(spec["frame"]), schema_from_spec(spec["schema"]), spec["source"])
