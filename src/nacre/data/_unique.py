"""Which uids were seen before: sixteen bytes for each, however many there are."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


class SeenUids:
    """Finds repeated uids among millions in bounded memory.

    A uid is remembered as its 64-bit hash and the place of its first row, in sorted runs that are merged when they
    reach the same size, so that a block costs a few binary searches. Among ten million different uids two share a
    hash with a probability of 3 in a million.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def add(self, uids: pl.Series, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Remember uids; return for each the place of its first occurrence, or -1 when this is the first."""
        hashes = uids.hash(seed=0).to_numpy()
        first = np.full(len(hashes), -1, dtype=np.int64)
        for known, known_places in self._runs:
            position = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            hit = known[position] == hashes
            first[hit] = known_places[position[hit]]
        values, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        here = (first < 0) & (index[inverse] != np.arange(len(hashes)))
        first[here] = places[index[inverse[here]]]
        new = first[index] < 0
        self._push(values[new], places[index[new]])
        return first

    def _push(self, values: NDArray[np.uint64], places: NDArray[np.int64]) -> None:
        while self._runs and len(self._runs[-1][0]) <= 2 * len(values):
            other_values, other_places = self._runs.pop()
            values, places = np.concatenate([values, other_values]), np.concatenate([places, other_places])
            order = np.argsort(values, kind="stable")
            values, places = values[order], places[order]
        if len(values):
            self._runs.append((values, places))
