"""Outcomes of a split in files, so that a later iteration can be compared with this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl

from nacre.analysis import Outcomes
from nacre.data import Number, schema_from_spec
from nacre.errors import WorkspaceError
from nacre.labeling import LabelMatrix, Symbol

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def save_outcomes(outcomes: Outcomes, folder: Path) -> None:
    """Write outcomes to an empty folder: JSON and Arrow."""
    matrix = outcomes.label_matrix
    about = {
        "schema": matrix.schema.spec(),
        "functions": matrix.functions,
        "symbols": [list(symbol) for symbol in matrix.symbols],
        "class_balance": outcomes.class_balance.tolist(),
    }
    (folder / "outcomes.json").write_bytes(orjson.dumps(about))
    units = matrix.units.with_columns(
        pl.Series("_truth", outcomes.truth),
        pl.Series("_prediction", outcomes.prediction),
        pl.Series("_label_proba", outcomes.label_proba, dtype=pl.Array(pl.Float64, outcomes.label_proba.shape[1])),
        pl.Series("_proba", outcomes.proba, dtype=pl.Array(pl.Float64, outcomes.proba.shape[1])),
        _vote_lists(matrix),
    )
    units.write_ipc(folder / "outcomes.arrow", compression="zstd")


def _vote_lists(matrix: LabelMatrix) -> pl.Series:
    """Return the symbols of each unit; Polars makes lists that are all equally long an array of its own."""
    parts = np.split(matrix.votes.indices.astype(np.int32), matrix.votes.indptr[1:-1]) if matrix.n_units else []
    return pl.Series("_votes", parts, dtype=pl.List(pl.Int32)).cast(pl.List(pl.Int32))


def load_outcomes(folder: Path) -> Outcomes:
    """Read outcomes that `save_outcomes` wrote."""
    about = orjson.loads((folder / "outcomes.json").read_bytes())
    units = pl.read_ipc(folder / "outcomes.arrow")
    schema = schema_from_spec(about["schema"])
    if isinstance(schema, Number):
        raise WorkspaceError(f"{folder} holds outcomes of a `Number` schema, which this version cannot read.")
    symbols = tuple(Symbol(*symbol) for symbol in about["symbols"])
    keys = units.select(pl.exclude("^_.*$"))
    matrix = LabelMatrix(schema, tuple(about["functions"]), symbols, _votes(units["_votes"], len(symbols)), keys)
    return Outcomes(
        matrix,
        units["_truth"].to_numpy(),
        units["_label_proba"].to_numpy().reshape(len(units), -1),
        units["_proba"].to_numpy().reshape(len(units), -1),
        units["_prediction"].to_numpy(),
        np.array(about["class_balance"]),
    )


def _votes(lists: pl.Series, n_symbols: int) -> csr_array:
    from scipy.sparse import csr_array

    lengths = lists.list.len().fill_null(0).to_numpy()
    indices = lists.filter(lists.list.len() > 0).explode(empty_as_null=False).to_numpy()
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((np.ones(len(indices), dtype=np.bool_), indices, indptr), shape=(len(lists), n_symbols))
