"""Functions that say the same: copies, parts of one another, and those correlated beyond what the label explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._outcomes import Floats
from nacre.labeling import LabelMatrix

if TYPE_CHECKING:
    from scipy.sparse import coo_array

JACCARD = 0.9
CONTAINMENT = 0.95
SUSPECT_Z = 5.0
_HALF = 0.5

_PAIRS = pl.Schema(
    {
        "function": pl.String(),
        "other": pl.String(),
        "both": pl.Int64(),
        "jaccard": pl.Float64(),
        "containment": pl.Float64(),
        "relation": pl.String(),
    }
)
_CORRELATED = pl.Schema(
    {
        "function": pl.String(),
        "other": pl.String(),
        "votes": pl.String(),
        "z": pl.Float64(),
        "correlation": pl.Float64(),
        "is_same_vote": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class FunctionGroup:
    """Functions that repeat each other, and the one to keep.

    Args:
        functions: All of them, in the order of the label matrix.
        keep: The one with most votes.
        drop: The others.
        reason: Why they are one group, for people.
        n_votes: How many units any of them votes on.
        n_lost: How many of these would have no vote of the group left if only `keep` stayed.
    """

    functions: tuple[str, ...]
    keep: str
    drop: tuple[str, ...]
    reason: str
    n_votes: int
    n_lost: int

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {
            "functions": list(self.functions),
            "keep": self.keep,
            "drop": list(self.drop),
            "reason": self.reason,
            "n_votes": self.n_votes,
            "n_lost": self.n_lost,
        }


def duplicate_functions(
    label_matrix: LabelMatrix, *, jaccard: float = JACCARD, containment: float = CONTAINMENT
) -> pl.DataFrame:
    """Return the pairs of functions that cast almost the same votes.

    With E the equal votes of functions a and b and n their numbers of votes, Jaccard is E / (n_a + n_b - E) and
    containment E / n_a. For functions that vote for one class these are the figures of their symbols.

    Args:
        label_matrix: The votes.
        jaccard: From here on a pair is a `duplicate`.
        containment: From here on `function`, the one with fewer votes, is a `part` of `other`.

    Returns:
        A row per pair: `function`, `other`, `both` (equal votes), `jaccard`, `containment`, `relation`.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[1, 1, 0], [1, 1, -1], [1, -1, -1]] * 10, Classes(("ham", "spam")))
        >>> duplicate_functions(votes).select("function", "other", "relation").rows()
        [('f1', 'f0', 'part')]
    """
    equal = _equal_votes(label_matrix)
    sizes = _vote_totals(label_matrix)
    a, b, both = (np.asarray(values, dtype=np.int64) for values in (equal.row, equal.col, equal.data))
    smaller = (sizes[a] < sizes[b]) | ((sizes[a] == sizes[b]) & (a > b))
    a, b, both = a[smaller], b[smaller], both[smaller]
    similarity, inside = both / (sizes[a] + sizes[b] - both), both / sizes[a]
    found = (similarity >= jaccard) | (inside >= containment)
    names = np.array(label_matrix.functions, dtype=object)
    frame = pl.DataFrame(
        {
            "function": names[a[found]].tolist(),
            "other": names[b[found]].tolist(),
            "both": both[found],
            "jaccard": similarity[found],
            "containment": inside[found],
            "relation": np.where(similarity[found] >= jaccard, "duplicate", "part").tolist(),
        },
        schema=_PAIRS,
    )
    return frame.sort("jaccard", "function", "other", descending=[True, False, False])


def correlated_functions(label_matrix: LabelMatrix, proba: ArrayLike, *, z: float = SUSPECT_Z) -> pl.DataFrame:
    """Return the pairs of functions that vote together more, or less, than their label explains.

    The residual of symbols a and b is r = O_ab - sum_y p_y mu_ay mu_by, with O the shares of units that have both and
    mu_ay = P(a | y), p_y = P(y) under the posterior. z = sqrt(n) r / sqrt(O_ab (1 - O_ab) + 1/n); the correlation is
    r / sqrt(V_a V_b), V_a = sum_y p_y mu_ay (1 - mu_ay): 1 for an exact copy. Each pair shows its strongest symbols.

    Args:
        label_matrix: The votes.
        proba: Posterior of the label model, [n_units, n_classes].
        z: Pairs with |z| above are shown.

    Returns:
        A row per pair: `function`, `other`, `votes`, `z`, `correlation`, `is_same_vote`; the strongest first.
    """
    n = max(label_matrix.n_units, 1)
    q = np.asarray(proba, dtype=np.float64)
    residual = label_matrix.second_moments()
    together = residual.copy()
    totals = np.maximum(q.sum(axis=0), 1e-9)
    conditional: Floats = (label_matrix.votes.T @ q) / totals
    balance = totals / totals.sum()
    residual -= (conditional * balance) @ conditional.T
    spread = np.sqrt(np.maximum((balance * conditional * (1 - conditional)).sum(axis=1), 1e-12))
    scores = np.sqrt(n) * residual / np.sqrt(together * (1 - together) + 1 / n)
    functions = label_matrix.symbol_functions
    is_pair = (functions[:, None] < functions[None, :]) & (np.abs(scores) > z)
    a, b = np.nonzero(is_pair)
    correlation = np.clip(residual[a, b] / (spread[a] * spread[b]), -1, 1)
    return _strongest(label_matrix, (a, b), scores[a, b], correlation)


def function_groups(
    label_matrix: LabelMatrix, duplicates: pl.DataFrame, correlated: pl.DataFrame | None = None, *, least: float = 0.5
) -> tuple[FunctionGroup, ...]:
    """Return functions that repeat each other as groups, each with the member to keep: the one with most votes.

    Groups are the connected components of duplicates, of parts that are at least half of the whole, and of pairs
    of the same votes correlated by at least `least` beyond the label. A smaller part may well be the more precise
    function: it stays.

    Examples:
        >>> from nacre.data import Classes
        >>> votes = LabelMatrix.from_dense([[1, 1, 0], [1, 1, -1], [1, -1, -1]] * 10, Classes(("ham", "spam")))
        >>> [(group.functions, group.keep) for group in function_groups(votes, duplicate_functions(votes))]
        [(('f0', 'f1'), 'f0')]
    """
    duplicates = duplicates.filter((pl.col("relation") == "duplicate") | (pl.col("jaccard") >= _HALF))
    pairs = [*duplicates.select("function", "other").iter_rows()]
    if correlated is not None:
        together = correlated.filter(pl.col("is_same_vote") & (pl.col("correlation") >= least))
        pairs += together.select("function", "other").iter_rows()
    reasons = {frozenset(row[:2]): row[2] for row in duplicates.select("function", "other", "relation").iter_rows()}
    sizes = _vote_totals(label_matrix)
    groups = [_group(label_matrix, members, sizes, reasons) for members in _components(label_matrix.functions, pairs)]
    return tuple(sorted(groups, key=lambda group: -group.n_votes))


def _group(
    label_matrix: LabelMatrix,
    members: list[int],
    sizes: NDArray[np.int64],
    reasons: dict[frozenset[str], str],
) -> FunctionGroup:
    names = [label_matrix.functions[j] for j in members]
    keep = max(members, key=lambda j: (sizes[j], -j))
    found = [reason for pair, reason in reasons.items() if pair <= set(names)]
    said = {"duplicate": "almost the same votes", "part": "votes of one are part of another's"}
    reason = "; ".join(said[kind] for kind in said if kind in found) or "correlated beyond the label"
    covered = _covered_by(label_matrix, members)
    kept = _covered_by(label_matrix, [keep])
    drop = tuple(name for name in names if name != label_matrix.functions[keep])
    n_votes = int(covered.sum())
    return FunctionGroup(
        tuple(names), label_matrix.functions[keep], drop, reason, n_votes, n_votes - int((covered & kept).sum())
    )


def _covered_by(label_matrix: LabelMatrix, functions: list[int]) -> NDArray[np.bool_]:
    is_theirs = np.isin(label_matrix.symbol_functions, functions).astype(np.float64)
    covered: NDArray[np.bool_] = (label_matrix.votes @ is_theirs) > 0
    return covered


def _equal_votes(label_matrix: LabelMatrix) -> coo_array:
    """Return how many equal votes each two functions cast, where there are any."""
    from scipy.sparse import coo_array

    votes = label_matrix.votes.astype(np.int32)
    together = (votes.T @ votes).tocoo()
    functions, codes = label_matrix.symbol_functions, label_matrix.symbol_codes
    a, b = together.coords
    is_equal = (codes[a] == codes[b]) & (functions[a] != functions[b])
    m = len(label_matrix.functions)
    entries = (together.data[is_equal], (functions[a[is_equal]], functions[b[is_equal]]))
    return coo_array(entries, shape=(m, m)).tocsr().tocoo()


def _vote_totals(label_matrix: LabelMatrix) -> NDArray[np.int64]:
    """Return how many votes each function casts: [n_functions]."""
    per_symbol = np.bincount(label_matrix.votes.indices, minlength=len(label_matrix.symbols))
    totals = np.bincount(label_matrix.symbol_functions, per_symbol, minlength=len(label_matrix.functions))
    return totals.astype(np.int64)


def _strongest(
    label_matrix: LabelMatrix, pairs: tuple[NDArray[np.int64], NDArray[np.int64]], z: Floats, correlation: Floats
) -> pl.DataFrame:
    """Return the pairs of symbols as pairs of functions, each by its largest |correlation|."""
    labels = [label_matrix.schema.label(code) for _, code in label_matrix.symbols]
    names = [label_matrix.functions[function] for function, _ in label_matrix.symbols]
    a, b = (values.tolist() for values in pairs)
    frame = pl.DataFrame(
        {
            "function": [names[s] for s in a],
            "other": [names[s] for s in b],
            "votes": [
                labels[s] if labels[s] == labels[t] else f"{labels[s]}, {labels[t]}" for s, t in zip(a, b, strict=True)
            ],
            "z": z,
            "correlation": correlation,
            "is_same_vote": [labels[s] == labels[t] for s, t in zip(a, b, strict=True)],
        },
        schema=_CORRELATED,
    )
    strongest_first = frame.sort(pl.col("correlation").abs(), "function", "other", descending=[True, False, False])
    return strongest_first.unique(["function", "other"], keep="first", maintain_order=True)


def _components(names: tuple[str, ...], pairs: Iterable[tuple[str, str]]) -> list[list[int]]:
    """Return the connected components with more than one member, members in order."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    position = {name: place for place, name in enumerate(names)}
    edges = np.array([(position[a], position[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for place, number in enumerate(component.tolist()):
        members.setdefault(number, []).append(place)
    return [group for group in members.values() if len(group) > 1]
