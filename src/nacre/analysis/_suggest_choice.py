"""Choose few functions that are precise, cover new rows and differ from one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nacre.analysis._candidates import Booleans, Candidates
from nacre.analysis._suggest_evidence import Floats, Scores, Truth

MIN_HITS = 2
MIN_Z = 1.0
MIN_LOW = 0.4  # 3 of 3 rows; 2 of 2 happen by chance among thousands of terms
MAX_OVERLAP = 0.5  # share of the rows of the smaller of two functions of one class


class Choice(NamedTuple):
    """A candidate for a class, and the rows on which its own expression holds."""

    candidate: int
    label: int
    rows: Booleans


@dataclass(frozen=True, eq=False)
class Bar:
    """What a candidate must reach, and the labels on which the rows of its own expression are checked again.

    Args:
        precision: Least share of its rows that are of the class, on the labels that propose and on all.
        min_rows: Least rows on which it holds.
        proposing: The labels that propose.
        labels: All labels.
    """

    precision: float
    min_rows: int
    proposing: Truth
    labels: Truth

    def value(self, proposed: Scores, scores: Scores) -> Floats:
        """Return the lower limit of precision on all labels, 0 where a candidate fails: [n_classes, n_candidates]."""
        passed = (
            (proposed.hits >= self.precision * proposed.n)
            & (proposed.hits >= MIN_HITS)
            & (proposed.low > proposed.base)  # more than the class alone would give
            & (proposed.z >= MIN_Z)
            & (scores.hits >= self.precision * scores.n)
            & (scores.low >= MIN_LOW)
        )
        return np.where(passed, scores.low, 0.0)

    def holds_for(self, rows: Booleans, label: int) -> bool:
        """Return whether the rows of one expression pass too."""
        if rows.sum() < self.min_rows:
            return False
        counts = [hits_of(truth, rows, label) for truth in (self.proposing, self.labels)]
        return all(hits >= self.precision * n for hits, n in counts)


def hits_of(truth: Truth, rows: Booleans, label: int) -> tuple[int, int]:
    """Return how many known rows are of a class, and how many are known."""
    known = truth.is_known[label] & rows
    return int((truth.is_class[label] & known).sum()), int(known.sum())


def choose(
    candidates: Candidates,
    value: Floats,
    bar: Bar,
    is_covered: Booleans,
    n: int,
    rows_of: Callable[[int], Booleans],
) -> list[Choice]:
    """Return up to n candidates: each time the best for the class that has fewest so far.

    The best has the largest lower limit of precision times the rows that neither an existing function nor one
    chosen before covers, so that ten variants of one word never are the ten best.

    Args:
        candidates: The conditions.
        value: Lower limit of precision, 0 for what does not pass: [n_classes, n_candidates].
        bar: What the rows of an expression must reach.
        is_covered: Which rows existing functions cover.
        n: How many to choose.
        rows_of: Where the own expression of a candidate holds: tokens are only nearly the same.
    """
    kept = np.flatnonzero((value > 0).any(axis=0))
    pool, value = candidates.select(kept), value[:, kept]
    is_open, chosen = ~is_covered, list[Choice]()
    while len(chosen) < n:
        gain = value * pool.count(is_open)
        label = _next_class(gain, [choice.label for choice in chosen])
        if label is None:
            break
        position = int(np.argmax(gain[label]))
        index, value[label, position] = int(kept[position]), 0.0
        rows = rows_of(index)
        if bar.holds_for(rows, label) and not _repeats(rows, label, chosen):
            chosen.append(Choice(index, label, rows))
            is_open = is_open & ~rows
    return chosen


def _next_class(gain: Floats, labels: list[int]) -> int | None:
    """Return the class with the fewest choices that still gains; of several the one that gains most."""
    if not gain.size or not (gain > 0).any():
        return None
    best = gain.max(axis=1)
    counts = np.bincount(np.array(labels, dtype=np.int64), minlength=len(best))
    order: NDArray[np.int64] = np.lexsort((-best, counts, best <= 0))
    return int(order[0])


def _repeats(rows: Booleans, label: int, chosen: list[Choice]) -> bool:
    """Return whether a choice of the same class covers much the same rows."""
    size = rows.sum()
    return any(
        (rows & other.rows).sum() > MAX_OVERLAP * min(size, other.rows.sum())
        for other in chosen
        if other.label == label
    )
