"""Answers in a column become the codes of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import Dataset, MultiLabel, VoteSchema
from nacre.errors import SchemaError
from nacre.functions import Context, Declarative, Existing
from nacre.labeling import LabelMatrix, apply


def unit_codes(
    data: Dataset | Any, column: str, schema: VoteSchema, *, context: Context | None = None
) -> NDArray[np.int16]:
    """Return the ground truth or the predictions in a column as `Outcomes.of` takes them.

    With `MultiLabel` a list of names is complete: the classes that it leaves out are absent. A vote column with
    `present` and `absent` says for itself what is unknown. With `Spans` there is a code for each token, in the order of
    the label matrix: "O" outside the spans, and unknown where the column is null.

    Args:
        data: The data points, with the fields of the schema.
        column: Where the answers are: names of classes, codes, lists of names, spans, or a vote column.
        schema: What the answers are about.
        context: What makes the tokens, where the schema names a derived column of its own.

    Examples:
        >>> mail = pl.DataFrame({"topics": [["sport"], [], None]})
        >>> unit_codes(mail, "topics", MultiLabel(("politics", "sport")))
        array([[ 0,  1],
               [ 0,  0],
               [-1, -1]], dtype=int16)
    """
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    dataset.require([column])
    is_vote_column = dataset.schema[column] == schema.dtype
    function = _VoteColumn(column) if is_vote_column else Existing(column, column)
    answers = apply([function], dataset, schema, context=context)
    if len(answers.errors):
        row, message = answers.errors.select("row_id", "message").row(0)
        raise SchemaError(
            f"`{column}` has {len(answers.errors)} values that are no answers, the first in row {row}. {message}"
        )
    if not isinstance(schema, MultiLabel):
        return answers.to_dense()[:, 0]
    codes = _presence_codes(answers)
    if isinstance(dataset.schema[column], pl.List):
        is_answered = dataset.collect([column])[column].is_not_null().to_numpy()
        codes[is_answered] = np.maximum(codes[is_answered], 0)
    return codes


@dataclass(frozen=True)
class _VoteColumn(Declarative):
    """Votes that are there already, as the schema stores them."""

    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.name,)

    def spec(self) -> dict[str, Any]:
        return {"vote_column": self.name}

    def expr(self, schema: VoteSchema) -> pl.Expr:
        return pl.col(self.name)


def _presence_codes(answers: LabelMatrix) -> NDArray[np.int16]:
    """Return 1 (present), 0 (absent) and -1 (unknown): [n_rows, n_classes]."""
    codes = np.full((answers.n_units, len(answers.classes)), -1, dtype=np.int16)
    rows = np.repeat(np.arange(answers.n_units), np.diff(answers.votes.indptr))
    said = answers.symbol_codes[answers.votes.indices].astype(np.int64)
    codes[rows, np.where(said >= 0, said, -2 - said)] = said >= 0
    return codes
