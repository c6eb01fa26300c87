"""Spans as a reader sees them: runs of tokens of ground truth, end model and functions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.analysis import Outcomes

OUTSIDE = 0
"""The code of "O": a token that is in no span."""
TRUTH, MODEL = "ground truth", "end model"

Codes = NDArray[np.int16]
Passage = tuple[int, int, str]


class TokenSpans:
    """Finds the spans around tokens.

    Args:
        outcomes: Outcomes whose units are tokens.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    @cached_property
    def _rows(self) -> dict[int, tuple[int, int]]:
        """Return the first token of each data point and the one after its last."""
        row_ids = self._outcomes.label_matrix.units["row_id"].to_numpy()
        starts = np.flatnonzero(np.diff(row_ids, prepend=row_ids[:1] - 1))
        ends = [*starts[1:].tolist(), len(row_ids)]
        return {int(row_ids[start]): (int(start), end) for start, end in zip(starts, ends, strict=True)}

    def around(self, row_id: int, units: pl.DataFrame) -> tuple[list[Passage], dict[str, str]]:
        """Return the spans that touch some tokens of a data point, and the labels that each source gives them."""
        first, last = self._rows[row_id]
        tokens = self._outcomes.label_matrix.units[first:last].select("start", "end").to_numpy()
        touched = set(units["start"].to_list())
        spans: list[Passage] = []
        votes: dict[str, str] = {}
        for source, codes in self._sources(first, last):
            found = [run for run in _runs(codes) if touched & set(tokens[run[0] : run[1], 0].tolist())]
            spans += [(int(tokens[begin, 0]), int(tokens[end - 1, 1]), source) for begin, end, _ in found]
            if found:
                votes[source] = ", ".join(dict.fromkeys(self._outcomes.classes[code] for _, _, code in found))
        return spans, votes

    def _sources(self, first: int, last: int) -> Iterable[tuple[str, Codes]]:
        outcomes = self._outcomes
        yield TRUTH, outcomes.truth[first:last]
        yield MODEL, outcomes.prediction[first:last]
        part = outcomes.label_matrix.where(np.arange(first, last))
        yield from zip(part.functions, part.to_dense().T, strict=True)


def _runs(codes: Codes) -> list[tuple[int, int, int]]:
    """Return begin, end and code of the runs of equal codes that name a label."""
    bounds = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    runs = [(begin, end, int(codes[begin])) for begin, end in pairwise(bounds) if begin < end]
    return [run for run in runs if run[2] > OUTSIDE]
