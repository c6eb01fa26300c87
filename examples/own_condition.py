"""A condition of your own: a frozen dataclass with `reads` and `expr`, and `spans` where it has a place in the text.

It composes with `&`, `|` and `~`, its columns are cached, and where it has spans it shows its evidence.
"""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

import nacre as nc
from nacre.functions import Condition, match_spans


@dataclass(frozen=True)
class Shouting(Condition):
    """Hold where at least `share` of the letters of `field` are capitals.

    Args:
        field: The text field to read.
        share: From 0 to 1.
    """

    field: str
    share: float = 0.5

    kind: ClassVar[str] = "shouting"

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def expr(self) -> pl.Expr:
        text = pl.col(self.field)
        capitals, letters = text.str.count_matches(r"\p{Lu}"), text.str.count_matches(r"\p{L}")
        return (capitals >= self.share * letters).and_(letters > 0).fill_null(False)  # never null

    def spans(self) -> pl.Expr:
        return match_spans(pl.col(self.field), r"\p{Lu}{2,}")


def main() -> None:
    """Print where the condition holds, alone and composed, and what it saw."""
    mail = {"subject": ["BUY IT NOW", "RE: LUNCH", "Lunch on Friday", None]}
    functions = [
        nc.Rule("shouting", Shouting("subject"), label="spam"),
        nc.Rule("shouting_first", Shouting("subject") & ~nc.Pattern("subject", "^RE:"), label="spam"),
    ]
    votes = nc.apply(functions, mail, nc.Classes(("ham", "spam")))
    print(votes.to_dense())
    print(nc.analysis.evidence(functions[1:], mail).rows())


if __name__ == "__main__":
    main()
