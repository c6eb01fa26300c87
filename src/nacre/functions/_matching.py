"""Places of matches in text, without leaving Polars."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import polars as pl

SPANS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64}))


def match_spans(text: pl.Expr, pattern: str) -> pl.Expr:
    """Return every match of `pattern` in `text` as a list of structs `start, end`, counted in characters."""
    length = pl.element().str.len_chars().cast(pl.Int64)
    gaps = text.str.split(pattern, literal=False).list.eval(length)
    hits = text.str.extract_all(pattern).list.eval(length)
    ends = (gaps.list.head(hits.list.len()) + hits).list.eval(pl.element().cum_sum())
    end, hit = pl.element() // 2**32, pl.element() % 2**32  # two lists travel as one: lists do not zip
    spans = (ends * 2**32 + hits).list.eval(pl.struct(start=end - hit, end=end))
    return spans.fill_null(no_spans())


def no_spans() -> pl.Expr:
    """Return the empty list of spans, whatever the number of rows."""
    return pl.lit(pl.Series([[]], dtype=SPANS)).first()


def unite_spans(spans: Sequence[pl.Expr]) -> pl.Expr:
    """Return the spans of several conditions in text order, equal ones once."""
    together = reduce(lambda left, right: left.list.concat(right), spans)
    return together.list.unique().list.eval(
        pl.element().sort_by(pl.element().struct.field("start"), pl.element().struct.field("end"))
    )
