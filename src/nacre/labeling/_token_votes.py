"""Span votes become votes on tokens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Tokens(NamedTuple):
    """The tokens of a chunk, in order: arrays [n_tokens], and where each row's tokens start [n_rows + 1]."""

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    offsets: NDArray[np.int64]


def token_arrays(tokens: pl.Series) -> Tokens:
    """Return the tokens of a column `List[Struct{start, end}]`; a null row has none."""
    lengths = tokens.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = tokens.filter(tokens.list.len() > 0).explode(empty_as_null=False)
    start, end = (flat.struct.field(name).to_numpy().astype(np.int64) for name in ("start", "end"))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(np.repeat(np.arange(len(lengths)), lengths), start, end, offsets)


def token_votes(votes: pl.Series, tokens: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions of tokens and their class, in the order of tokens.

    A token takes the class of the first span that overlaps it, and "O" (0) where the function gave spans or an
    empty list that leave the token out. A null asserts nothing.
    """
    lengths = votes.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = votes.filter(votes.list.len() > 0).explode(empty_as_null=False)
    row = np.repeat(np.arange(len(votes)), lengths)
    start, end, label = (flat.struct.field(name).to_numpy().astype(np.int64) for name in ("start", "end", "label"))
    classes = np.where(votes.is_null().to_numpy()[tokens.row], -1, 0)
    first, last = _covered(row, start, end, tokens)
    for span in np.lexsort((end, start))[::-1]:  # later spans first, so that the first one has the last word
        classes[first[span] : last[span]] = label[span] + 1
    voted = np.flatnonzero(classes >= 0)
    return voted, classes[voted]


def _covered(
    row: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], tokens: Tokens
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the range of tokens that each span overlaps, by bisection on one line that all rows share."""
    width = 2 + max(int(tokens.end.max(initial=0)), int(end.max(initial=0)))
    first = np.searchsorted(tokens.row * width + tokens.end, row * width + start, side="right")
    last = np.searchsorted(tokens.row * width + tokens.start, row * width + end, side="left")
    return first, np.maximum(first, last)
