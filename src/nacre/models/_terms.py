"""TF-IDF: how often a text has a word or a pair of words, and how rare that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import CHUNK_ROWS
from nacre.models._encoders import Value, sparse_rows, text_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_WORD = r"\b\w\w+\b"
_SMALL = 3000


@dataclass(frozen=True)
class Terms(Value):
    """One column per term (a word or a run of words), weighted by sublinear TF-IDF; rows have length 1.

    A term that occurs t times in a text, and in d of n distinct training texts, weighs
    (1 + ln t) (1 + ln((1 + n) / (1 + d))). Terms of one text only are left out when there are more than 3,000 texts.

    Examples:
        >>> mail = pl.DataFrame({"body": ["Free cash, free!", "See you at lunch"]})
        >>> terms = Terms.fitted(mail, ("body",), max_words=1)
        >>> terms.names
        ('at', 'cash', 'free', 'lunch', 'see', 'you')
        >>> terms.encode(mail).toarray().round(2)
        array([[0.  , 0.51, 0.86, 0.  , 0.  , 0.  ],
               [0.5 , 0.  , 0.  , 0.5 , 0.5 , 0.5 ]])
    """

    fields: tuple[str, ...]
    max_words: int
    names: tuple[str, ...]
    n_texts: int
    frequencies: tuple[int, ...]

    kind: ClassVar[str] = "terms"

    @classmethod
    def fitted(cls, data: pl.DataFrame, fields: tuple[str, ...], *, max_words: int = 2, most: int = 150_000) -> Self:
        """Take the terms that occur most often.

        Args:
            data: The training rows.
            fields: Text fields; a model sees them as one text.
            max_words: The longest run of words that counts as a term.
            most: How many terms to keep at most.
        """
        texts = text_of(data, fields).unique(maintain_order=True)
        parts = [
            occurrences.group_by("row", "term").len().group_by("term").agg(pl.len().alias("d"), pl.col("len").sum())
            for occurrences in (_occurrences(part, max_words) for part in texts.to_frame().iter_slices(CHUNK_ROWS))
        ]
        counts = pl.concat(parts).group_by("term").sum() if parts else pl.DataFrame(schema=_COUNTS)
        counts = counts.filter(pl.col("d") >= (2 if len(texts) > _SMALL else 1))
        kept = counts.sort("len", "term", descending=[True, False]).head(most).sort("term")
        return cls(fields, max_words, tuple(kept.get_column("term")), len(texts), tuple(kept.get_column("d")))

    def encode(self, data: pl.DataFrame) -> csr_array:
        cells = (
            _occurrences(text_of(data, self.fields).to_frame(), self.max_words)
            .join(self._columns, on="term")
            .group_by("row", "column")
            .len()
            .sort("row", "column")
        )
        rows, columns = cells.get_column("row").to_numpy(), cells.get_column("column").to_numpy()
        values = (1 + np.log(cells.get_column("len").to_numpy())) * self._rarity[columns]
        lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(data)))
        return sparse_rows(values / lengths[rows], columns, np.bincount(rows, minlength=len(data)), len(self.names))

    @cached_property
    def _rarity(self) -> NDArray[np.float64]:
        return 1 + np.log((1 + self.n_texts) / (1 + np.array(self.frequencies, dtype=np.float64)))

    @cached_property
    def _columns(self) -> pl.DataFrame:
        return pl.DataFrame({"term": self.names}, schema={"term": pl.String}).with_row_index("column")


_COUNTS = {"term": pl.String, "d": pl.UInt32, "len": pl.UInt32}


def _occurrences(texts: pl.DataFrame, max_words: int) -> pl.DataFrame:
    """Return a row per occurrence of a term: the position of its text and the term."""
    words = (
        texts.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            pl.col("text").str.to_lowercase().str.extract_all(_WORD).alias("term"),
        )
        .explode("term", empty_as_null=True)
        .drop_nulls()
    )
    runs, run = [words], pl.col("term")
    for distance in range(1, max_words):
        is_one_text = pl.col("row") == pl.col("row").shift(-distance)
        run = pl.concat_str(run, pl.col("term").shift(-distance), separator=" ")
        runs.append(words.select("row", pl.when(is_one_text).then(run).alias("term")).drop_nulls())
    return pl.concat(runs)
