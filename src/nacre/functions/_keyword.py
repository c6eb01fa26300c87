"""Keywords and phrases in a text field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import polars as pl

from nacre.errors import SpecError, did_you_mean
from nacre.functions._condition import Condition, check_field
from nacre.functions._matching import Match, keyword_pattern, match_spans

MAX_KEYWORDS = 5_000  # one regular expression of more grows slow at once, and soon too large to compile


@dataclass(frozen=True)
class Keyword(Condition):
    """Hold where `field` contains any of `keywords`, whatever their case.

    Args:
        field: The text field to read.
        keywords: Words or phrases; white space in a phrase matches any white space.
        match: Whole words, from the start of a word (`prefix`), anywhere (`substring`), or exactly as
            written, spaces included (`literal`).

    Examples:
        >>> cash = Keyword("body", ("free cash", "c++"))
        >>> emails = pl.DataFrame({"body": ["Claim your FREE  CASH now", "C++ or C?", "cashier", None]})
        >>> emails.select(cash.expr()).to_series().to_list()
        [True, True, False, False]
        >>> emails.select(cash.spans()).to_series().to_list()[0]
        [{'start': 11, 'end': 21}]
    """

    field: str
    keywords: tuple[str, ...]
    match: Match = "word"

    kind: ClassVar[str] = "keyword"

    def __post_init__(self) -> None:
        keywords = (self.keywords,) if isinstance(self.keywords, str) else tuple(self.keywords)
        object.__setattr__(self, "keywords", keywords)
        check_field(self.kind, self.field)
        if not keywords or not all(isinstance(keyword, str) and keyword.strip() for keyword in keywords):
            raise SpecError(f"`keyword` on `{self.field}` needs keywords that are not empty; it has {list(keywords)}.")
        if len(keywords) > MAX_KEYWORDS:
            raise SpecError(
                f"`keyword` on `{self.field}` takes up to {MAX_KEYWORDS:,} keywords; it has {len(keywords):,}. "
                "For large vocabularies use `member` with `within: true`."
            )
        if self.match not in get_args(Match):
            hint = did_you_mean(self.match, get_args(Match))
            raise SpecError(f"`match` is {', '.join(get_args(Match))}; found `{self.match}`.{hint}")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def expr(self) -> pl.Expr:
        return pl.col(self.field).str.contains(self._pattern()).fill_null(False)

    def spans(self) -> pl.Expr:
        return match_spans(pl.col(self.field), self._pattern())

    def _pattern(self) -> str:
        return f"(?i){keyword_pattern(self.keywords, self.match)}"
