"""Clusters of embedded texts: regions for `Near`, and what the uncovered rows are about."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis._candidates import Booleans
from nacre.analysis._suggest_evidence import Truth
from nacre.engine import split_name
from nacre.functions import Near

ROWS_PER_CLUSTER = 100
MAX_CLUSTERS = 40
PURITY = 0.95
MIN_PURITY = 0.9
INNER = 0.05  # share of the members of a cluster that its radius may leave out


@dataclass(frozen=True, eq=False)
class Cluster:
    """A region of embedding space: its centre (length 1), its rows and their similarity to the centre."""

    centre: NDArray[np.float32]
    members: NDArray[np.int64]
    similarity: NDArray[np.float32]

    def near(self, column: str, min_similarity: float) -> Near:
        """Return the region as a condition on a column such as `text@minilm`."""
        field, embedding = split_name(column)
        centre = tuple(round(float(value), 4) for value in self.centre)
        return Near(field, centre=centre, min_similarity=min_similarity, embedding=embedding)

    def radius(self) -> float:
        """Return the similarity that 95 % of the members have."""
        return _floor(float(np.quantile(self.similarity[self.members], INNER)))


def find_clusters(vectors: NDArray[np.float32], random_state: int, n_clusters: int | None = None) -> list[Cluster]:
    """Return k-means clusters of unit vectors [n_rows, dimension], large ones first. Rows without words are in none."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    rows = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0.5)
    wanted = n_clusters or int(np.clip(len(rows) // ROWS_PER_CLUSTER, 2, MAX_CLUSTERS))
    if len(rows) < 2 * wanted:
        return []
    model = MiniBatchKMeans(wanted, n_init=1, batch_size=2048, random_state=random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct texts than clusters: some stay empty
        places = model.fit_predict(vectors[rows])
    clusters = [_cluster(vectors, rows[places == place]) for place in range(wanted) if (places == place).any()]
    return sorted(clusters, key=lambda cluster: (-len(cluster.members), int(cluster.members[0])))


def near_conditions(column: str, clusters: list[Cluster], truth: Truth, min_rows: int) -> Iterator[Near]:
    """Yield a region for each cluster whose labelled rows are of one class, as wide as they stay so."""
    for cluster in clusters:
        for label in range(len(truth.is_class)):
            radius = _pure_radius(cluster, truth, label)
            if radius is not None and (cluster.similarity >= radius).sum() >= min_rows:
                yield cluster.near(column, radius)


def vectors_of(column: pl.Series) -> NDArray[np.float32]:
    """Return an embedded column as an array; a null is at the origin, near nothing."""
    vectors: NDArray[Any] = column.to_numpy()
    return np.nan_to_num(np.asarray(vectors, dtype=np.float32))


def _cluster(vectors: NDArray[np.float32], members: NDArray[np.int64]) -> Cluster:
    mean = vectors[members].mean(axis=0)
    centre = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return Cluster(centre, members, vectors @ centre)


def _pure_radius(cluster: Cluster, truth: Truth, label: int) -> float | None:
    """Return the least similarity down to which 95 % of the labelled rows are of the class; None where too few are."""
    inside = cluster.members[truth.is_known[label, cluster.members]]
    if len(inside) < 3 or truth.is_class[label, inside].mean() < MIN_PURITY:
        return None
    known = np.flatnonzero(truth.is_known[label])
    ordered = known[np.argsort(-cluster.similarity[known], kind="stable")]
    purity = np.cumsum(truth.is_class[label, ordered]) / np.arange(1, len(ordered) + 1)
    is_pure: Booleans = purity >= PURITY
    if not is_pure.any():
        return None
    farthest = float(cluster.similarity[ordered[np.flatnonzero(is_pure)[-1]]])
    return max(_floor(farthest), cluster.radius())


def _floor(similarity: float) -> float:
    """Return the similarity rounded down, so that what defined it stays inside; above 0, as `Near` asks."""
    return max(floor(similarity * 1000) / 1000, 0.001)
