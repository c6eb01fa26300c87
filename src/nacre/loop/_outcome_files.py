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
    """Return the symbols of each unit, an empty list where it has no vote."""
    lengths = np.diff(matrix.votes.indptr)
    unit = pl.Series("unit", np.repeat(np.arange(matrix.n_units, dtype=np.uint32), lengths))
    symbols = pl.DataFrame([unit, pl.Series("_votes", matrix.votes.indices.astype(np.int32))])
    lists = symbols.group_by("unit", maintain_order=True).agg("_votes")["_votes"]
    # The lists of covered units come in the order of the units; the last one stands for all without votes.
    empty = pl.Series("_votes", [[]], dtype=pl.List(pl.Int32))
    place = np.where(lengths > 0, np.cumsum(lengths > 0) - 1, len(lists))
    return lists.append(empty).gather(place)


def load_outcomes(folder: Path) -> Outcomes:
    """Read outcomes that `save_outcomes` wrote."""
    about = orjson.loads((folder / "outcomes.json").read_bytes())
    units = pl.read_ipc(folder / "outcomes.arrow")
    schema = schema_from_spec(about["schema"])
    if isinstance(schema, Number):
        raise WorkspaceError(f"{folder} holds outcomes of a `Number` schema, which this version cannot read.")
    symbols = tuple(Symbol(*symbol) for symbol in about["symbols"])
    n_classes = len(about["class_balance"])
    keys = units.select(pl.exclude("^_.*$"))
    matrix = LabelMatrix(schema, tuple(about["functions"]), symbols, _votes(units["_votes"], len(symbols)), keys)
    return Outcomes(
        matrix,
        units["_truth"].to_numpy(),
        units["_label_proba"].to_numpy().reshape(-1, n_classes),
        units["_proba"].to_numpy().reshape(-1, n_classes),
        units["_prediction"].to_numpy(),
        np.array(about["class_balance"]),
    )


def _votes(lists: pl.Series, n_symbols: int) -> csr_array:
    from scipy.sparse import csr_array

    lengths = lists.list.len().fill_null(0).to_numpy()
    indices = lists.filter(lists.list.len() > 0).explode(empty_as_null=False).to_numpy()
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((np.ones(len(indices), dtype=np.bool_), indices, indptr), shape=(len(lists), n_symbols))
