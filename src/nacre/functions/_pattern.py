"""Regular expressions on a text field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.errors import SpecError
from nacre.functions._condition import Condition
from nacre.functions._matching import match_spans


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
        try:
            matches_nothing = pl.Series([""]).str.contains(self.pattern).item()
        except (pl.exceptions.ComputeError, pl.exceptions.PolarsError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise SpecError(
                f"`{self.pattern}` on `{self.field}` is not a pattern of the linear-time engine ({reason}). It has no "
                "look-around and no back-references; where one is needed, write a Python function."
            ) from error
        if matches_nothing:
            raise SpecError(
                f"`{self.pattern}` on `{self.field}` matches the empty string, hence every text. Anchor it."
            )

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def expr(self) -> pl.Expr:
        return self._text().str.contains(self.pattern).fill_null(False)

    def spans(self) -> pl.Expr:
        return match_spans(self._text(), self.pattern)

    def _text(self) -> pl.Expr:
        text = pl.col(self.field)
        return text.str.to_lowercase() if self.lower else text
