"""What the rows that no function covers are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._candidate_load import load_rows, own_fields, sampled
from nacre.analysis._candidates import Candidates, find_candidates
from nacre.analysis._suggest_clusters import Cluster, find_clusters, vectors_of
from nacre.analysis._suggest_evidence import score
from nacre.data import Dataset
from nacre.errors import SchemaError
from nacre.functions import Condition, Context, Keyword
from nacre.labeling import LabelMatrix

MAX_TERMS = 5
MAX_EXAMPLES = 5
MIN_Z = 2.0
MAX_COLUMNS = 3000  # terms that tell rows apart; more cost seconds


@dataclass(frozen=True)
class UncoveredCluster:
    """Rows without a vote that are alike. What class they are of, and whether of one, nobody has said yet.

    Args:
        terms: What they have more often than other rows, the most telling first.
        size: How many uncovered rows there are in it, of `n_uncovered`.
        n_uncovered: How many uncovered rows were looked at.
        row_ids: The rows nearest to its centre: label these first.
        when: A condition for a rule, once the class is known: the region, or its terms where there is no embedding.
    """

    terms: tuple[str, ...]
    size: int
    n_uncovered: int
    row_ids: tuple[int, ...]
    when: Condition | None

    def to_dict(self) -> dict[str, Any]:
        """Return the cluster as JSON. Its purity is None: unknown until some of its rows are labelled."""
        return {
            "terms": list(self.terms),
            "size": self.size,
            "n_uncovered": self.n_uncovered,
            "row_ids": list(self.row_ids),
            "when": None if self.when is None else self.when.spec(),
            "purity": None,
        }


def describe_uncovered(
    data: Dataset | Any,
    label_matrix: LabelMatrix,
    *,
    fields: tuple[str, ...] | None = None,
    context: Context | None = None,
    n: int = 5,
    sample_rows: int = 10_000,
    random_state: int = 0,
) -> list[UncoveredCluster]:
    """Return what the rows that no function covers are about, large clusters first.

    Args:
        data: The data points that the label matrix is about.
        label_matrix: The votes.
        fields: The fields to look at, such as `("text", "text@minilm")`. Without it, see `suggest_functions`.
        context: The embeddings; without one, clusters are made of words (TF-IDF and SVD).
        n: How many clusters at most.
        sample_rows: Of more uncovered rows, so many are looked at.
        random_state: Another number, other clusters.
    """
    dataset = data if isinstance(data, Dataset) else Dataset.from_frame(data)
    if label_matrix.n_units != len(dataset):
        raise SchemaError(f"The label matrix has {label_matrix.n_units:,} units, the data {len(dataset):,} rows.")
    context = context or Context()
    uncovered = ~label_matrix.is_covered
    positions = sampled(len(dataset), sample_rows, uncovered, random_state)
    reads = own_fields(dataset, fields, context)
    frame = load_rows(dataset, positions, reads, context)
    candidates = find_candidates(frame, reads)
    rows = np.flatnonzero(uncovered[positions])
    column = next((name for name in reads if frame.schema[name].is_nested()), None)
    vectors = vectors_of(frame.get_column(column)) if column else _term_vectors(candidates, random_state)
    clusters = find_clusters(vectors[rows], random_state, n_clusters=n)
    return [_described(frame, candidates, rows, cluster, column) for cluster in clusters[:n]]


def _term_vectors(candidates: Candidates, random_state: int) -> NDArray[np.float32]:
    """Return rows as directions of their terms: [n_rows, up to 20], length 1, or 0 for rows without any."""
    from sklearn.utils.extmath import randomized_svd

    n_rows, n_terms = candidates.holds.shape[0], len(candidates.terms)
    frequent = np.argsort(-np.diff(candidates.holds.indptr)[:n_terms], kind="stable")[:MAX_COLUMNS]
    terms = candidates.holds[:, np.sort(frequent)].astype(np.float32)
    if min(terms.shape) < 3:
        return np.zeros((n_rows, 1), dtype=np.float32)
    rarity = 1 + np.log(n_rows / np.maximum(np.diff(terms.indptr), 1))
    weighted = terms.multiply(rarity[None, :]).tocsr()
    left, strength, _ = randomized_svd(weighted, min(20, min(terms.shape) - 1), n_iter=2, random_state=random_state)
    vectors = left * strength
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
    return unit


def _described(
    frame: pl.DataFrame, candidates: Candidates, rows: NDArray[np.int64], cluster: Cluster, column: str | None
) -> UncoveredCluster:
    inside = np.zeros((1, len(frame)), dtype=np.bool_)
    inside[0, rows[cluster.members]] = True
    z = score(candidates, inside, np.ones_like(inside)).z[0, : len(candidates.terms)]
    best = [int(index) for index in np.argsort(-z, kind="stable")[:MAX_TERMS] if z[index] >= MIN_Z]
    nearest = cluster.members[np.argsort(-cluster.similarity[cluster.members], kind="stable")[:MAX_EXAMPLES]]
    when: Condition | None = None
    if column is not None:
        when = cluster.near(column, cluster.radius())
    elif best:
        field = candidates.terms[best[0]][0]
        when = Keyword(field, tuple(dict.fromkeys(t for f, t in (candidates.terms[i] for i in best) if f == field)))
    return UncoveredCluster(
        terms=tuple(dict.fromkeys(candidates.terms[index][1] for index in best)),
        size=len(cluster.members),
        n_uncovered=len(rows),
        row_ids=tuple(frame.get_column("row_id").gather(rows[nearest]).to_list()),
        when=when,
    )
