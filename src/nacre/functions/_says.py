"""The language that a text is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from nacre.errors import SpecError, did_you_mean
from nacre.functions._condition import Condition, check_field

_CODES = """
ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et eu ext fa
fi fo fr fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he hi hr ht hu hy id ig is it ja jv ka
kab kik kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn mr ms mt my ne nl nn no nso oc om
or pa pcm pl ps pt qu ro ru rw sa sdh se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk
ur uz uzs vec vi vo wa wuu xh yo yue zh zu zxx
"""
LANGUAGES = tuple(_CODES.split())
"""The languages that can be told: those of the identifier py3langid."""


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
        if self.language not in LANGUAGES:
            raise SpecError(
                f"`language` is a code such as `en`, in lower case, of a language that can be told; found "
                f"{self.language!r}, known are {', '.join(LANGUAGES)}.{did_you_mean(str(self.language), LANGUAGES)}"
            )

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.field}@language",)

    def expr(self) -> pl.Expr:
        return (pl.col(self.reads[0]) == self.language).fill_null(False)
