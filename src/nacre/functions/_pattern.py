"""Regular expressions on a text field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.functions._condition import Condition, check_field
from nacre.functions._matching import check_pattern, fold_case, match_spans


@dataclass(frozen=True)
class Pattern(Condition):
    r"""Hold where the regular expression `pattern` matches anywhere in `field`.

    The engine runs in linear time, so no text can make it hang; in return it knows no look-around and no
    back-references. Case counts, unless the pattern says `(?i)` or `lower` is set.

    Args:
        field: The text field to read.
        pattern: A regular expression that does not match the empty string.
        lower: Match against the lower-cased text.

    Examples:
        >>> reply = Pattern("subject", r"^(re|fwd):\s", lower=True)
        >>> mail = pl.DataFrame({"subject": ["RE: lunch", "Core: news", None]})
        >>> mail.select(reply.expr()).to_series().to_list()
        [True, False, False]
    """

    field: str
    pattern: str
    lower: bool = False

    kind: ClassVar[str] = "pattern"

    def __post_init__(self) -> None:
        check_field(self.kind, self.field)
        check_pattern(self.pattern, self.field)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def expr(self) -> pl.Expr:
        return self._text().str.contains(self.pattern).fill_null(False)

    def spans(self) -> pl.Expr:
        return match_spans(self._text(), self.pattern)

    def _text(self) -> pl.Expr:
        return fold_case(pl.col(self.field)) if self.lower else pl.col(self.field)
