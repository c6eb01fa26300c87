"""The analysis that needs votes only: coverage, overlap, conflict, and accuracy on ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import MultiLabel, VoteSchema
from nacre.errors import SchemaError
from nacre.metrics import Metric, cluster_ratios, wilson

if TYPE_CHECKING:
    from nacre.labeling._label_matrix import LabelMatrix

BLOCK = 65_536


@dataclass(frozen=True)
class LabelSummary:
    """How the functions cover the data and one another.

    Args:
        functions: A row per function: `function`, `polarity` (what it votes), `votes`, `coverage`, `overlap`,
            `conflict`, `only` (covered by it alone), `errors`, and with ground truth `accuracy`, `low`, `high`, `n`.
            Fractions are of all units. Where several votes share a data point (tokens, labels), the interval resamples
            data points, and n counts those.
        n_units: How many units there are.
        coverage: Share of units with a vote; `overlap` with two; `conflict` with votes that exclude each other.
    """

    functions: pl.DataFrame
    n_units: int
    coverage: float
    overlap: float
    conflict: float

    def __str__(self) -> str:
        head = (
            f"{self.n_units:,} units: coverage {self.coverage:.1%}, overlap {self.overlap:.1%}, "
            f"conflict {self.conflict:.1%}"
        )
        shown = self.functions.with_columns(pl.col("polarity").list.join(", "))
        with pl.Config(
            tbl_rows=200,
            tbl_cols=20,
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
            float_precision=3,
            fmt_str_lengths=40,
            tbl_formatting="NOTHING",
            tbl_width_chars=160,
        ):
            return f"{head}\n{shown}"


def summarize(label_matrix: LabelMatrix, truth: ArrayLike | pl.Series | None = None) -> LabelSummary:
    """Return the summary of a label matrix; fractions are of all units, as in Snorkel."""
    n_functions = len(label_matrix.functions)
    per_function = {name: np.zeros(n_functions) for name in ("votes", "overlap", "conflict", "only", "hits", "known")}
    y = None if truth is None else encode_truth(truth, label_matrix.schema, label_matrix.n_units)
    judged = []
    total = {"coverage": 0, "overlap": 0, "conflict": 0}
    for block in _blocks(label_matrix, y):
        for name, counts in block.functions.items():
            per_function[name] += counts
        for name in total:
            total[name] += block.total[name]
        judged.append(block.judged)
    n = max(label_matrix.n_units, 1)
    frame = _table(label_matrix, per_function)
    if y is not None:
        frame = frame.hstack(_accuracies(label_matrix, per_function, judged))
    return LabelSummary(frame, label_matrix.n_units, *(total[name] / n for name in ("coverage", "overlap", "conflict")))


def encode_truth(truth: ArrayLike | pl.Series, schema: VoteSchema, n_units: int) -> NDArray[np.int16]:
    """Return ground truth as codes: [n_units], -1 unknown; for `MultiLabel` [n_units, n_classes] of 1, 0, -1."""
    if isinstance(truth, pl.Series) and truth.dtype in (pl.String, pl.Categorical, pl.Enum):
        codes = {name: schema.code(name) for name in truth.cast(pl.String).drop_nulls().unique().to_list()}
        truth = truth.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Int16)
    if isinstance(truth, pl.Series):
        truth = truth.fill_null(-1).to_numpy()
    y = np.asarray(truth).astype(np.int16)
    expected = (n_units, len(schema.classes)) if isinstance(schema, MultiLabel) else (n_units,)
    if y.shape != expected:
        raise SchemaError(f"Ground truth has the shape {y.shape}; expected {expected}, one entry per unit.")
    return y


@dataclass(frozen=True)
class _Block:
    """Counts per function, counts of all, and how each function did on each data point that several votes share."""

    functions: dict[str, NDArray[np.float64]]
    total: dict[str, int]
    judged: pl.DataFrame


def _blocks(label_matrix: LabelMatrix, y: NDArray[np.int16] | None) -> Iterator[_Block]:
    """Yield counts block by block, so that the dense arrays below stay small."""
    codes, symbol_code = np.unique(label_matrix.symbol_codes, return_inverse=True)
    exclude = _excluding(codes, label_matrix.schema)
    indicator = np.eye(len(codes))[symbol_code]
    row_ids, is_shared = label_matrix.units["row_id"].to_numpy(), _shares_data_points(label_matrix)
    for start in range(0, label_matrix.n_units, BLOCK):
        votes = label_matrix.votes[start : start + BLOCK]
        rows = np.repeat(np.arange(votes.shape[0]), np.diff(votes.indptr))
        function = label_matrix.symbol_functions[votes.indices]
        code = symbol_code[votes.indices]
        disagreeing = (votes @ indicator) @ exclude if len(codes) else np.zeros((votes.shape[0], 0))
        conflicts = disagreeing[rows, code] > 0
        known, hits = _hits(codes[code], rows, None if y is None else y[start : start + BLOCK], label_matrix.schema)
        yield _Block(
            _function_counts(label_matrix, rows, function, conflicts, known, hits),
            _total_counts(votes.shape[0], rows, function, conflicts),
            _judged(function[known], row_ids[start + rows[known]], hits[known]) if is_shared else _NOTHING_JUDGED,
        )


def _function_counts(
    label_matrix: LabelMatrix,
    rows: NDArray[np.int64],
    function: NDArray[np.int64],
    conflicts: NDArray[np.bool_],
    known: NDArray[np.bool_],
    hits: NDArray[np.bool_],
) -> dict[str, NDArray[np.float64]]:
    n_functions = len(label_matrix.functions)
    # A function may give several symbols to one unit (present and absent labels): it still covers it once.
    pairs, place = np.unique(rows * n_functions + function, return_inverse=True)
    pair_function, pair_row = pairs % max(n_functions, 1), pairs // max(n_functions, 1)
    others = np.bincount(pair_row, minlength=1)[pair_row] - 1
    in_conflict = np.bincount(place, weights=conflicts, minlength=len(pairs)) > 0

    def count(which: NDArray[np.bool_] | None, of: NDArray[np.int64] = pair_function) -> NDArray[np.float64]:
        chosen = of if which is None else of[which]
        return np.bincount(chosen, minlength=n_functions).astype(float)

    return {
        "votes": count(None),
        "overlap": count(others > 0),
        "conflict": count(in_conflict),
        "only": count(others == 0),
        "known": count(known, function),
        "hits": count(hits & known, function),
    }


def _total_counts(
    n_rows: int, rows: NDArray[np.int64], function: NDArray[np.int64], conflicts: NDArray[np.bool_]
) -> dict[str, int]:
    width = int(function.max(initial=0)) + 1
    voters = np.bincount(np.unique(rows * width + function) // width, minlength=n_rows)
    return {
        "coverage": int((voters > 0).sum()),
        "overlap": int((voters > 1).sum()),
        "conflict": len(np.unique(rows[conflicts])),
    }


def _hits(
    codes: NDArray[np.int16], rows: NDArray[np.int64], y: NDArray[np.int16] | None, schema: VoteSchema
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each vote whether its truth is known, and whether it is right."""
    if y is None:
        nothing = np.zeros(len(codes), dtype=np.bool_)
        return nothing, nothing
    if isinstance(schema, MultiLabel):
        truth = y[rows, np.where(codes >= 0, codes, -2 - codes)]
        return truth >= 0, truth == (codes >= 0)
    truth = y[rows]
    distinct, place = np.unique(codes, return_inverse=True)
    return truth >= 0, _members(distinct, schema)[place, np.maximum(truth, 0)]


def _excluding(codes: NDArray[np.int16], schema: VoteSchema) -> NDArray[np.float64]:
    """Return which codes exclude each other: [n_codes, n_codes]. "Not c" excludes c only."""
    if isinstance(schema, MultiLabel):
        excluding: NDArray[np.bool_] = codes[:, None] == -2 - codes[None, :]
    else:
        members = _members(codes, schema).astype(np.float64)
        excluding = members @ members.T == 0
    return excluding.astype(np.float64)


def _members(codes: NDArray[np.int16], schema: VoteSchema) -> NDArray[np.bool_]:
    """Return which classes each code names: [n_codes, n_classes]."""
    members = [schema.shares(code) > 0 for code in codes.tolist()]
    return np.array(members, dtype=np.bool_).reshape(len(codes), len(schema.classes))


def _table(label_matrix: LabelMatrix, counts: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    n = max(label_matrix.n_units, 1)
    polarity: list[list[str]] = [[] for _ in label_matrix.functions]
    for function, code in label_matrix.symbols:
        polarity[function].append(label_matrix.schema.label(code))
    failed = dict(label_matrix.errors.group_by("function").len().iter_rows())
    return pl.DataFrame(
        {
            "function": list(label_matrix.functions),
            "polarity": pl.Series(polarity, dtype=pl.List(pl.String)),
            "votes": counts["votes"].astype(np.int64),
            "coverage": counts["votes"] / n,
            "overlap": counts["overlap"] / n,
            "conflict": counts["conflict"] / n,
            "only": counts["only"] / n,
            "errors": [failed.get(name, 0) for name in label_matrix.functions],
        },
        schema_overrides={"errors": pl.Int64, "function": pl.String},
    )


def _accuracies(
    label_matrix: LabelMatrix, counts: dict[str, NDArray[np.float64]], judged: list[pl.DataFrame]
) -> pl.DataFrame:
    if _shares_data_points(label_matrix):
        metrics = _clustered(pl.concat([_NOTHING_JUDGED, *judged]), len(label_matrix.functions))
    else:
        metrics = [wilson(hits, int(known)) for hits, known in zip(counts["hits"], counts["known"], strict=True)]
    return pl.DataFrame(
        {
            "accuracy": pl.Series([metric.value for metric in metrics], dtype=pl.Float64).fill_nan(None),
            "low": pl.Series([metric.low for metric in metrics], dtype=pl.Float64),
            "high": pl.Series([metric.high for metric in metrics], dtype=pl.Float64),
            "n": pl.Series([metric.n for metric in metrics], dtype=pl.Int64),
        }
    )


def _shares_data_points(label_matrix: LabelMatrix) -> bool:
    """Return whether a function may give several votes to a data point: on its tokens, or on several labels."""
    return isinstance(label_matrix.schema, MultiLabel) or label_matrix.units.width > 1


_NOTHING_JUDGED = pl.DataFrame(schema={"function": pl.Int64, "row_id": pl.Int64, "hits": pl.Int64, "known": pl.Int64})


def _judged(function: NDArray[np.int64], row_ids: NDArray[np.int64], hits: NDArray[np.bool_]) -> pl.DataFrame:
    votes = pl.DataFrame({"function": function, "row_id": row_ids, "hits": hits, "known": np.ones(len(hits), np.int64)})
    return votes.cast(_NOTHING_JUDGED.schema).group_by("function", "row_id").sum()


def _clustered(judged: pl.DataFrame, n_functions: int) -> list[Metric]:
    """Return the accuracy of each function, whose interval resamples data points."""
    metrics = []
    parts = judged.partition_by("function", as_dict=True)
    for function in range(n_functions):
        part = parts.get((function,), _NOTHING_JUDGED)
        (metric,) = cluster_ratios(part[["hits"]].to_numpy(), part[["known"]].to_numpy(), part["row_id"])
        metrics.append(metric)
    return metrics
