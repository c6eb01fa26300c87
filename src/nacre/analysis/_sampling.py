"""Which data points to label next, drawn so that estimates from them stay unbiased."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import MultiLabel
from nacre.errors import SchemaError
from nacre.labeling import LabelMatrix

Floats = NDArray[np.float64]
POLICIES = ("uniform", "uncovered", "conflict", "disagreement")


def what_to_label_next(
    label_matrix: LabelMatrix,
    *,
    probabilities: ArrayLike | None = None,
    model_probabilities: ArrayLike | None = None,
    labeled: ArrayLike | None = None,
    n: int = 100,
    uniform: float = 0.3,
    random_state: int = 0,
) -> pl.DataFrame:
    """Return n rows to label: `row_id`, `policy` (why this row), `inclusion` (the probability of being drawn).

    The rows are one draw with unequal probabilities, a mixture of four: uniform; rows without a vote; rows in conflict,
    by posterior entropy times the rows with the same votes; rows where the end model and the label model disagree
    although both are sure. Every row can be drawn, so that weights 1 / `inclusion` make estimates from all n rows
    unbiased (Horvitz & Thompson 1952); `metrics.weighted_wilson` takes them.

    Args:
        label_matrix: The votes.
        probabilities: Of a label model, [n_rows, n_classes]; without it the shares of the votes.
        model_probabilities: Of an end model, [n_rows, n_classes].
        labeled: Which rows need no label: a mask [n_rows].
        n: How many rows.
        uniform: Share of the draw that is uniform, .3 or more.
        random_state: Another number, another draw.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[0, 0], [0, 1], [-1, -1], [1, -1]] * 50, Classes(("ham", "spam")))
        >>> rows = what_to_label_next(votes, n=20)
        >>> rows.columns, len(rows), rows.get_column("inclusion").min() > 0
        (['row_id', 'policy', 'inclusion'], 20, True)
    """
    if not 0.3 <= uniform <= 1:
        raise SchemaError(f"`uniform` is {uniform}; at least .3 is kept so that estimates stay unbiased, at most 1.")
    if isinstance(label_matrix.schema, MultiLabel) or "start" in label_matrix.units.columns:
        raise SchemaError("Rows to label are chosen for votes on `Classes`; label rows at random for other schemas.")
    is_open = np.ones(label_matrix.n_units, dtype=np.bool_) if labeled is None else ~np.asarray(labeled, dtype=np.bool_)
    if len(is_open) != label_matrix.n_units:
        raise SchemaError(f"`labeled` has {len(is_open)} entries; the label matrix has {label_matrix.n_units} units.")
    positions = np.flatnonzero(is_open)
    n = min(n, len(positions))
    parts = _targets(label_matrix, probabilities, model_probabilities)[:, positions]
    inclusion, mixture = _mixed(parts, n, uniform)
    rng = np.random.default_rng(random_state)
    drawn = _systematic(inclusion, n, rng)
    shares = mixture[:, drawn] / mixture[:, drawn].sum(axis=0)
    policy = (rng.random(len(drawn)) > np.cumsum(shares, axis=0)).sum(axis=0).clip(max=len(POLICIES) - 1)
    return pl.DataFrame(
        {
            "row_id": label_matrix.units.get_column("row_id").gather(positions[drawn]),
            "policy": pl.Series([POLICIES[number] for number in policy.tolist()], dtype=pl.String),
            "inclusion": pl.Series(inclusion[drawn], dtype=pl.Float64),
        }
    )


def _targets(
    label_matrix: LabelMatrix, probabilities: ArrayLike | None, model_probabilities: ArrayLike | None
) -> Floats:
    """Return how much each policy wants each row, in the order of `POLICIES`: [4, n_rows]."""
    shape = (label_matrix.n_units, len(label_matrix.classes))
    counts = label_matrix.votes.astype(np.float64) @ label_matrix.class_shares
    if probabilities is None:
        total = counts.sum(axis=1, keepdims=True)
        proba = np.divide(counts, total, out=np.full(shape, 1 / shape[1]), where=total > 0)
    else:
        proba = _checked(probabilities, shape, "probabilities")
    targets = np.zeros((len(POLICIES), shape[0]))
    targets[0] = 1.0
    targets[1] = ~label_matrix.is_covered
    targets[2] = _conflict(label_matrix, proba)
    if model_probabilities is not None:
        model = _checked(model_probabilities, shape, "model_probabilities")
        disagrees = (model.argmax(axis=1) != proba.argmax(axis=1)) & label_matrix.is_covered
        targets[3] = disagrees * model.max(axis=1) * proba.max(axis=1)
    return targets


def _conflict(label_matrix: LabelMatrix, proba: Floats) -> Floats:
    """Return entropy times pattern count for rows with votes that exclude one another, shared by the pattern's rows."""
    votes = label_matrix.votes.astype(np.float64)
    excluded = votes @ (label_matrix.class_shares == 0).astype(np.float64)
    in_conflict = label_matrix.is_covered & (excluded > 0).all(axis=1)
    entropy = -(proba * np.log(np.maximum(proba, 1e-12))).sum(axis=1)
    # A pattern of c rows has the priority entropy * c; a row of it then the c-th part.
    wanted: Floats = np.where(in_conflict, np.maximum(entropy, 0.0), 0.0)
    return wanted


def _mixed(targets: Floats, n: int, uniform: float) -> tuple[Floats, Floats]:
    """Return the inclusion probability of each row, at most 1 and n together, and what each policy gave to it."""
    is_used = targets.sum(axis=1) > 0
    others = int(is_used[1:].sum())
    share = np.array([uniform if others else 1.0, *((1 - uniform) / max(others, 1) * is_used[1:])])
    totals = np.where(is_used, targets.sum(axis=1), 1.0)
    mixture = share[:, None] * targets / totals[:, None]
    weight = mixture.sum(axis=0)
    inclusion = np.zeros(len(weight))
    is_certain = np.zeros(len(weight), dtype=np.bool_)
    while n > 0:  # rows that would exceed 1 are certain; the rest share what is left
        left = n - is_certain.sum()
        rest = weight[~is_certain].sum()
        inclusion = np.where(is_certain, 1.0, left * weight / rest if rest > 0 else 0.0)
        if not (inclusion > 1 + 1e-12).any():
            break
        is_certain |= inclusion >= 1
    return np.minimum(inclusion, 1.0), mixture


def _systematic(inclusion: Floats, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n rows, each drawn with its probability: systematic sampling in random order (Madow 1949)."""
    order = rng.permutation(len(inclusion))
    bounds = np.cumsum(inclusion[order])
    points = rng.random() + np.arange(n)
    places = np.searchsorted(bounds, points, side="right").clip(max=max(len(order) - 1, 0))
    return np.sort(order[places])


def _checked(values: ArrayLike, shape: tuple[int, int], name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise SchemaError(
            f"`{name}` has the shape {array.shape}; expected {shape}: a row per unit, a column per class."
        )
    return array
