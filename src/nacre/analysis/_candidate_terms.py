"""Which rows have which words and phrases: the raw material of suggestions and slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from scipy.sparse import csc_array

# A word with its apostrophes, or a run of symbols. A symbol ends a phrase, because `Keyword` joins words by space.
TOKEN = r"\w+(?:['\u2019]\w+)*|[^\w\s]+"
TRIVIAL = r"^[^\w\s!?$\u00a3\u20ac%#@]$"  # a comma or a colon alone says nothing
MAX_CHARACTERS = 2000  # of a text are read: what only comes later is not proposed
MAX_WORDS = 3


@dataclass(frozen=True, eq=False)
class Terms:
    """Words and phrases of up to three words, and the rows that have them.

    Args:
        names: The terms, words before phrases.
        holds: Boolean `csc_array` [n_rows, n_terms].
    """

    names: tuple[str, ...]
    holds: csc_array


def find_terms(texts: pl.Series, *, min_rows: int = 5) -> Terms:
    """Return the terms that at least `min_rows` texts have.

    A phrase is only counted where its words are, so longer phrases cost little (Agrawal & Srikant 1994).

    Examples:
        >>> terms = find_terms(pl.Series(["Free cash!", "free  CASH", "cash, free", None]), min_rows=2)
        >>> terms.names
        ('cash', 'free', 'free cash')
        >>> terms.holds.toarray().sum(axis=0).tolist()
        [3, 3, 2]
    """
    tokens = _tokens(texts)
    level = _frequent(tokens.get_column("row"), tokens.get_column("token"), min_rows)
    names, cells, offset = level.kept.to_list(), [level.cells], 0
    is_word = level.kept.str.contains(r"^\w")
    row = tokens.get_column("row")
    word = level.codes.set(level.codes.is_not_null() & ~is_word.gather(level.codes).fill_null(False), None)
    codes, n_words = word, len(names)
    for length in range(1, MAX_WORDS):
        next_word = pl.when(row == row.shift(-length)).then(word.shift(-length))
        keys = pl.select(codes * n_words + next_word).to_series()
        level = _frequent(row, keys, min_rows)
        pairs = [divmod(key, n_words) for key in level.kept.to_list()]
        previous, offset = offset, len(names)
        names += [f"{names[previous + first]} {names[second]}" for first, second in pairs]
        cells.append(level.cells.with_columns(pl.col("code") + offset))
        codes = level.codes
    return Terms(tuple(names), _matrix(pl.concat(cells), (len(texts), len(names))))


class _Level(NamedTuple):
    """The frequent terms of one length: `kept` in order, the `codes` of all tokens (null: rare), cells `row, code`."""

    kept: pl.Series
    codes: pl.Series
    cells: pl.DataFrame


def _frequent(row: pl.Series, keys: pl.Series, min_rows: int) -> _Level:
    table = pl.DataFrame({"row": row, "key": keys})
    pairs = table.drop_nulls().unique()
    counts = pairs.group_by("key").len().filter(pl.col("len") >= min_rows).sort("key")
    kept = counts.select("key", pl.int_range(pl.len(), dtype=pl.Int64).alias("code"))
    codes = table.join(kept, on="key", how="left", maintain_order="left").get_column("code")
    return _Level(kept.get_column("key"), codes, pairs.join(kept, on="key").select("row", "code"))


def _tokens(texts: pl.Series) -> pl.DataFrame:
    """Return a row per token: `row, token`, in the order of the text."""
    found = pl.DataFrame({"text": texts}).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.col("text").str.head(MAX_CHARACTERS).str.to_lowercase().str.extract_all(TOKEN).alias("token"),
    )
    tokens = found.filter(pl.col("token").list.len() > 0).explode("token", empty_as_null=True)
    token = pl.col("token")
    return tokens.with_columns(pl.when(~token.str.contains(TRIVIAL)).then(token))


def _matrix(cells: pl.DataFrame, shape: tuple[int, int]) -> csc_array:
    from scipy.sparse import coo_array

    places = (cells.get_column("row").to_numpy(), cells.get_column("code").to_numpy())
    return coo_array((np.ones(len(cells), dtype=np.bool_), places), shape=shape).tocsc()
