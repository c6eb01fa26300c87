"""Places of matches in text, without leaving Polars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from typing import Literal

import polars as pl

from nacre.errors import SpecError

Match = Literal["word", "prefix", "substring", "literal"]
SPANS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64}))

# Texts with every kind of place that an empty match can sit at: ends, borders of words and lines.
PROBES = ("", "a", " ", "\n", "a\n\na b", "-", "0", " a-0 \u00e9 ")


def match_spans(text: pl.Expr, pattern: str) -> pl.Expr:
    """Return every match of `pattern` in `text` as a list of structs `start, end`, counted in characters."""
    length = pl.element().str.len_chars().cast(pl.Int64)
    gaps = text.str.split(pattern, literal=False).list.eval(length)
    hits = text.str.extract_all(pattern).list.eval(length)
    ends = (gaps.list.head(hits.list.len()) + hits).list.eval(pl.element().cum_sum())
    end, hit = pl.element() // 2**32, pl.element() % 2**32  # two lists travel as one: lists do not zip
    spans = (ends * 2**32 + hits).list.eval(pl.struct(start=end - hit, end=end))
    return spans.fill_null(no_spans())


def check_pattern(pattern: object, field: str) -> None:
    """Refuse what the linear-time engine cannot run, and what matches the empty string."""
    if not isinstance(pattern, str):
        raise SpecError(f"A pattern on `{field}` is a regular expression; found {pattern!r}.")
    try:
        found = pl.Series(PROBES).str.extract_all(pattern)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        lines = str(error).strip().splitlines()
        reason = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[0])
        raise SpecError(
            f"`{pattern}` on `{field}` is not a pattern of the linear-time engine ({reason}). It has no "
            "look-around and no back-references; where one is needed, write a Python function."
        ) from error
    if found.list.contains("").any():
        raise SpecError(
            f"`{pattern}` on `{field}` can match the empty string, which is in every text. Ask for a character."
        )


def fold_case(text: pl.Expr) -> pl.Expr:
    """Return lower case, character by character, so that places in it are places in the text."""
    # The only character whose lower case is two characters: a dotted capital I.
    return text.str.replace_all("\u0130", "i", literal=True).str.to_lowercase()


def keyword_pattern(keywords: Iterable[str], match: Match = "word") -> str:
    """Return one alternation for all keywords; the first alternative that fits wins, hence the longest first."""
    return "|".join(_alternative(keyword, match) for keyword in sorted(keywords, key=len, reverse=True))


def _alternative(keyword: str, match: Match) -> str:
    if match == "literal":
        return pl.escape_regex(keyword)
    words = keyword.split()
    # \b beside a symbol would ask for a letter next to it: `c++` would never match.
    start = r"\b" if match != "substring" and is_word_character(words[0][0]) else ""
    end = r"\b" if match == "word" and is_word_character(words[-1][-1]) else ""
    return start + r"\s+".join(pl.escape_regex(word) for word in words) + end


@lru_cache(maxsize=4096)
def is_word_character(character: str) -> bool:
    r"""Return whether the engine takes a character for `\w`, which `\b` depends on; Python's idea differs."""
    return bool(pl.Series([character]).str.contains(r"^\w").item())


def no_spans() -> pl.Expr:
    """Return the empty list of spans, whatever the number of rows."""
    return pl.lit(pl.Series([[]], dtype=SPANS)).first()


def unite_spans(spans: Sequence[pl.Expr]) -> pl.Expr:
    """Return the spans of several conditions in text order, equal ones once."""
    together = reduce(lambda left, right: left.list.concat(right), spans)
    return together.list.unique().list.eval(
        pl.element().sort_by(pl.element().struct.field("start"), pl.element().struct.field("end"))
    )
