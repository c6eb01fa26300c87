"""Answers of annotators: a label matrix, or recorded votes in long form with several per annotator and row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.label_models._checks import Floats, check_has_units, checked_codes, checked_weight
from nacre.label_models._rows import Rows, distinct_rows
from nacre.labeling import LabelMatrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_COLUMNS = ("row_id", "annotator", "label")


class Answers(NamedTuple):
    """Answers with one column for each annotator and class, then one for each group of classes voted for."""

    rows: Rows
    annotators: tuple[str, ...]
    functions: NDArray[np.int64]
    codes: NDArray[np.int16]
    shares: Floats


def answers_of_matrix(
    label_matrix: LabelMatrix, y: ArrayLike | pl.Series | None, sample_weight: ArrayLike | None
) -> Answers:
    """Return the votes of a label matrix as answers."""
    rows = distinct_rows(label_matrix, y, sample_weight)
    n_functions, n_classes = len(label_matrix.functions), len(label_matrix.classes)
    functions, codes = label_matrix.symbol_functions, label_matrix.symbol_codes.astype(np.int64)
    is_group = codes < 0
    place = functions * n_classes + codes
    place[is_group] = n_functions * n_classes + np.arange(is_group.sum())
    row = np.repeat(np.arange(rows.votes.shape[0]), np.diff(rows.votes.indptr))
    grid = _grid(n_functions, n_classes)
    votes = _counts(row, place[rows.votes.indices], rows.votes.shape[0], len(grid[0]) + int(is_group.sum()))
    return Answers(
        rows._replace(votes=votes),
        label_matrix.functions,
        np.concatenate([grid[0], functions[is_group]]),
        np.concatenate([grid[1], codes[is_group]]).astype(np.int16),
        np.concatenate([np.eye(n_classes)[grid[1]], label_matrix.class_shares[is_group]]),
    )


def answers_of_frame(
    votes: pl.DataFrame, schema: Classes, y: ArrayLike | pl.Series | None, sample_weight: ArrayLike | None
) -> Answers:
    """Return recorded votes as answers; rows in ascending order of `row_id`."""
    check_columns(votes)
    votes = votes.select(_COLUMNS).drop_nulls()
    row_ids, row = np.unique(votes.get_column("row_id").to_numpy(), return_inverse=True)
    check_has_units(len(row_ids))
    annotators, annotator = _positions(votes.get_column("annotator").cast(pl.String))
    code = checked_codes(_codes(votes.get_column("label"), schema), schema, len(votes))
    functions, codes = _grid(len(annotators), len(schema.classes))
    counts = _counts(row, annotator * len(schema.classes) + code, len(row_ids), len(functions))
    truth, weight = checked_codes(y, schema, len(row_ids)), checked_weight(sample_weight, len(row_ids))
    shares = np.eye(len(schema.classes))[codes]
    return Answers(Rows(counts, weight, truth), annotators, functions, codes.astype(np.int16), shares)


def classes_of_frame(votes: pl.DataFrame) -> Classes:
    """Return the labels that occur as classes, in alphabetical order."""
    check_columns(votes)
    if votes.get_column("label").dtype.is_numeric():
        raise SchemaError("The labels are codes, so `fit` needs `schema=Classes(...)` to know what they stand for.")
    return Classes(tuple(votes.get_column("label").cast(pl.String).drop_nulls().unique().sort().to_list()))


def check_columns(votes: pl.DataFrame) -> None:
    """Refuse a frame that is not recorded votes in long form."""
    missing = [name for name in _COLUMNS if name not in votes.columns]
    if missing:
        raise SchemaError(
            f"Recorded votes have the columns {', '.join(_COLUMNS)}; `{missing[0]}` is missing, there are "
            f"{', '.join(votes.columns)}."
        )
    if not votes.schema["row_id"].is_integer():
        raise SchemaError(f"`row_id` holds whole numbers; found {votes.schema['row_id']}.")


def _grid(n_annotators: int, n_classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the annotator and the class of each column."""
    return np.repeat(np.arange(n_annotators), n_classes), np.tile(np.arange(n_classes), n_annotators)


def _positions(names: pl.Series) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the distinct names in order, and the place of each value among them."""
    distinct = names.unique().sort()
    index = pl.DataFrame({"name": distinct, "place": np.arange(len(distinct))})
    places = pl.DataFrame({"name": names}).join(index, on="name", how="left", maintain_order="left")
    return tuple(distinct.to_list()), places.get_column("place").to_numpy()


def _codes(labels: pl.Series, schema: Classes) -> NDArray[np.int64]:
    if labels.dtype.is_integer():
        codes = labels.to_numpy().astype(np.int64)
        if codes.min(initial=0) < 0:
            raise SchemaError(f"The label {codes.min()} is no class; an annotator without an answer has no row.")
        return codes
    names = labels.cast(pl.String)
    known = {name: schema.code(name) for name in names.unique().to_list()}
    return names.replace_strict(known, return_dtype=pl.Int64).to_numpy()


def _counts(row: NDArray[Any], column: NDArray[Any], n_rows: int, n_columns: int) -> csr_array:
    from scipy.sparse import csr_array

    entries = (np.ones(len(row)), (row.astype(np.int32), column.astype(np.int32)))
    return csr_array(entries, shape=(n_rows, n_columns))  # sums what an annotator answered twice
