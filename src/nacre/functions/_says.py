"""The language that a text is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.errors import SpecError
from nacre.functions._condition import Condition, check_field


@dataclass(frozen=True)
class Says(Condition):
    """Hold where the text of `field` is written in `language`, as far as it can be told.

    Args:
        field: The text field to read.
        language: A code such as `en`, `es` or `zh`.

    Examples:
        >>> spanish = Says("body", "es")
        >>> spanish.reads
        ('body@language',)
        >>> pl.DataFrame({"body@language": ["es", "en", None]}).select(spanish.expr()).to_series().to_list()
        [True, False, False]
    """

    field: str
    language: str

    kind: ClassVar[str] = "says"

    def __post_init__(self) -> None:
        check_field(self.kind, self.field)
        if not isinstance(self.language, str) or not re.fullmatch("[a-z]{2,3}", self.language):
            raise SpecError(f"`language` is a code such as `en` or `es`, in lower case; found {self.language!r}.")

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.field}@language",)

    def expr(self) -> pl.Expr:
        return (pl.col(self.reads[0]) == self.language).fill_null(False)
