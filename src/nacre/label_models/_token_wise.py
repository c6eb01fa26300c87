"""Spans: a label model for tokens, and spans from runs of tokens."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from nacre.data import Spans
from nacre.errors import SchemaError
from nacre.label_models._checks import Floats
from nacre.label_models._kinds import read, with_model
from nacre.label_models._label_model import LabelModel
from nacre.label_models._stored import StoredLabelModel
from nacre.labeling import LabelMatrix
from nacre.metrics import predict


@dataclass(kw_only=True)
class TokenWise(StoredLabelModel):
    """Combine votes on spans token by token.

    Where any function votes for a label, votes for "O" (no span here) become abstentions: functions that look for
    something else know nothing of it. Without this rule nearly every span is outvoted. Adjacent spans of one label
    merge into one.

    Args:
        model: The label model of the tokens.

    Attributes:
        model_: The fitted model.

    Examples:
        >>> from nacre.label_models import MajorityVote
        >>> units = pl.DataFrame({"row_id": [7, 7, 7], "start": [0, 4, 9], "end": [3, 8, 12]})
        >>> dense = LabelMatrix.from_dense([[1, 0], [1, 1], [0, 0]], Spans(("drug",), "text"))
        >>> votes = replace(dense, units=units)
        >>> TokenWise(model=MajorityVote()).fit(votes).predict_spans(votes).to_dicts()
        [{'row_id': 7, 'spans': [{'start': 0, 'end': 8, 'label': 0}]}]
    """

    kind: ClassVar[str] = "token_wise"

    model: LabelModel

    def fit(
        self,
        label_matrix: LabelMatrix,
        y: ArrayLike | pl.Series | None = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        _check_spans(label_matrix)
        model = copy.deepcopy(self.model)
        self.model_ = model.fit(without_outvoting(label_matrix), y, sample_weight=sample_weight)
        self.classes_ = label_matrix.classes
        return self

    def predict_proba(self, label_matrix: LabelMatrix) -> Floats:
        _check_spans(label_matrix)
        self._check_fitted_on(label_matrix)
        return self.model_.predict_proba(without_outvoting(label_matrix))

    def predict_spans(self, label_matrix: LabelMatrix) -> pl.DataFrame:
        """Return the spans of each document: `row_id`, and `spans` as a vote column of the schema.

        A span is a maximal run of tokens with the same most probable label. Documents are in the order of the units.
        """
        tags = predict(self.predict_proba(label_matrix))
        return spans_of_tags(label_matrix.units, tags)

    def _settings(self) -> dict[str, Any]:
        return {"model": self.model.spec()}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        return super().from_settings(with_model(settings))

    def save(self, folder: Path | str) -> None:
        super().save(folder)
        self.model_.save(Path(folder) / "tokens")

    def _restore(self, state: Mapping[str, Any], folder: Path) -> None:
        super()._restore(state, folder)
        self.model_ = read(folder / "tokens")

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), "tokens": self.model_.fingerprint}

    def _fitted(self) -> dict[str, Any]:
        return {name: value for name, value in super()._fitted().items() if name != "model_"}


def without_outvoting(label_matrix: LabelMatrix) -> LabelMatrix:
    """Return the votes without those for "O" on tokens where any function votes for a label."""
    votes = label_matrix.votes
    is_label = label_matrix.symbol_codes > 0
    labels = is_label[votes.indices]
    row = np.repeat(np.arange(votes.shape[0]), np.diff(votes.indptr))
    has_label = np.zeros(votes.shape[0], dtype=np.bool_)
    has_label[row[labels]] = True
    kept = labels | ~has_label[row]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=votes.shape[0]))])
    entries = (votes.data[kept], votes.indices[kept], indptr.astype(votes.indptr.dtype))
    return replace(label_matrix, votes=type(votes)(entries, shape=votes.shape))


def spans_of_tags(units: pl.DataFrame, tags: ArrayLike) -> pl.DataFrame:
    """Return maximal runs of tokens [n_units] with the same tag above 0 as spans of their document.

    Examples:
        >>> units = pl.DataFrame({"row_id": [1, 1, 2], "start": [0, 4, 0], "end": [3, 8, 5]})
        >>> spans_of_tags(units, [1, 1, 0]).to_dicts()
        [{'row_id': 1, 'spans': [{'start': 0, 'end': 8, 'label': 0}]}, {'row_id': 2, 'spans': []}]
    """
    tag = np.asarray(tags).astype(np.int16)
    row = units.get_column("row_id").to_numpy()
    starts_run = np.ones(len(tag), dtype=np.bool_)
    starts_run[1:] = (tag[1:] != tag[:-1]) | (row[1:] != row[:-1])
    runs = (
        units.select("row_id", "start", "end", run=pl.Series(np.cumsum(starts_run)), tag=pl.Series(tag))
        .group_by("run", maintain_order=True)
        .agg(pl.col("row_id", "tag", "start").first(), pl.col("end").last())
    )
    span = pl.struct(
        pl.col("start").cast(pl.UInt32),
        pl.col("end").cast(pl.UInt32),
        (pl.col("tag") - 1).cast(pl.Int16).alias("label"),
    )
    return runs.group_by("row_id", maintain_order=True).agg(span.filter(pl.col("tag") > 0).alias("spans"))


def _check_spans(label_matrix: LabelMatrix) -> None:
    if not isinstance(label_matrix.schema, Spans):
        raise SchemaError(
            f"`TokenWise` combines votes on `Spans`; the label matrix has `{type(label_matrix.schema).__name__}`. "
            "Use its model directly."
        )
