"""The end model for texts that needs neither an accelerator nor minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.models._encoders import Encoder
from nacre.models._linear import LinearModel, check_names, check_positive
from nacre.models._terms import Terms


@dataclass(eq=False)
class TextLinear(LinearModel):
    """Learn from the words and word pairs of text fields: logistic regression on TF-IDF.

    Several fields are read as one text, which measured better than a vocabulary per field. A word is two or more
    letters, digits or underscores in a row, whatever its case: languages written without spaces need an embedding.

    Args:
        fields: The text fields.
        C: How little the weights are held back.
        max_words: The longest run of words that counts as a term.
        max_terms: How many terms to keep at most.

    Examples:
        >>> from nacre.data import Classes
        >>> mail = pl.DataFrame({"body": ["Free cash", "Lunch at noon?", "Claim your cash", "See you at noon"]})
        >>> model = TextLinear(["body"]).fit(mail, [1, 0, 1, 0], Classes(("ham", "spam")))
        >>> model.predict(pl.DataFrame({"body": ["cash!", "noon?"]})).to_list()
        [1, 0]
        >>> model.top_terms("spam", 1).to_dicts()
        [{'term': 'cash', 'weight': ...}]
    """

    fields: Sequence[str]
    C: float = 10.0
    max_words: int = 2
    max_terms: int = 150_000

    kind: ClassVar[str] = "text_linear"

    def __post_init__(self) -> None:
        self.fields = (self.fields,) if isinstance(self.fields, str) else tuple(self.fields)
        check_names(self, self.fields)
        check_positive(self, "C", "max_words", "max_terms")

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.fields)

    def _fitted_encoders(self, data: pl.DataFrame) -> tuple[Encoder, ...]:
        return (Terms.fitted(data, self.reads, max_words=self.max_words, most=self.max_terms),)
