"""Whether a text contains any of many terms, and where: as fast for 100,000 terms as for ten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from nacre.functions._matching import SPANS, keyword_pattern, match_spans, no_spans, unite_spans

WORD = r"\w+"
AT_ONCE = 300  # terms in one regular expression: beyond, building it costs more than the search


@dataclass(frozen=True, eq=False)
class Dictionary:
    r"""Terms to look for in texts as whole words.

    A few become one regular expression. Of many, a term can only occur in a text that has every run of letters and
    digits of it (`\w+`) as a word, so tables of words say which few are worth a regular expression.

    Args:
        terms: What to look for, without doubles.
    """

    terms: pl.Series

    def contains(self, text: pl.Expr) -> pl.Expr:
        """Return whether the text contains a term: Boolean, false on null."""
        if len(self.terms) <= AT_ONCE:
            return text.str.contains(keyword_pattern(self.terms.to_list())).fill_null(False)
        return text.map_batches(self._contains, return_dtype=pl.Boolean(), is_elementwise=True)

    def spans(self, text: pl.Expr) -> pl.Expr:
        """Return where the terms are."""
        if len(self.terms) <= AT_ONCE:
            return match_spans(text, keyword_pattern(self.terms.to_list()))
        return text.map_batches(self._spans, return_dtype=SPANS, is_elementwise=True)

    def _contains(self, texts: pl.Series) -> pl.Series:
        def search(text: pl.Expr, patterns: list[str]) -> pl.Expr:
            return pl.any_horizontal([text.str.contains(pattern) for pattern in patterns])

        # A term that is one word needs no search: it is a word of the text.
        is_word = texts.cast(pl.String).str.extract_all(WORD).list.eval(pl.element().is_in(self._plain.implode()))
        has_word = is_word.list.any().fill_null(False)
        rest = pl.DataFrame({"text": texts, "found": has_word}).select(pl.when(~pl.col("found")).then("text"))
        return has_word | self._search(rest.to_series(), search, pl.Boolean()).fill_null(False)

    def _spans(self, texts: pl.Series) -> pl.Series:
        def search(text: pl.Expr, patterns: list[str]) -> pl.Expr:
            return unite_spans([match_spans(text, pattern) for pattern in patterns])

        found = self._search(texts, search, SPANS)
        return found.to_frame("found").select(pl.col("found").fill_null(no_spans())).to_series()

    def _search(
        self, texts: pl.Series, search: Callable[[pl.Expr, list[str]], pl.Expr], dtype: pl.DataType
    ) -> pl.Series:
        """Return the result of a search per text, null where no term can occur."""
        table = pl.DataFrame({"text": texts.cast(pl.String)}).with_row_index("row")
        found = [pl.DataFrame(schema={"row": table.schema["row"], "result": dtype})]
        for part in _parts(self._candidates(table)):
            terms = part.get_column("term").unique().sort().to_list()
            patterns = [keyword_pattern(terms[i : i + AT_ONCE]) for i in range(0, len(terms), AT_ONCE)]
            rows = table.join(part, on="row", how="semi")
            found.append(rows.select("row", search(pl.col("text"), patterns).alias("result")))
        return table.join(pl.concat(found), on="row", how="left", maintain_order="left").get_column("result")

    def _candidates(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return which terms may occur in which text: `row, term`."""
        words = table.select("row", word=pl.col("text").str.extract_all(WORD).list.unique())
        words = words.filter(pl.col("word").list.len() > 0).explode("word", empty_as_null=False)
        hits = words.join(self._rarest, on="word").select("row", "term", "n_words")
        several = hits.filter(pl.col("n_words") > 1)
        complete = (
            several.join(self._words, on="term")
            .join(words, on=["row", "word"], how="semi")
            .group_by("row", "term", "n_words")
            .len()
            .filter(pl.col("len") == pl.col("n_words"))
        )
        symbols = self.terms.filter(~self.terms.str.contains(WORD)).to_frame("term")
        always = table.drop_nulls("text").select("row").join(symbols, how="cross")
        single = hits.filter(pl.col("n_words") == 1)
        return pl.concat([part.select("row", "term") for part in (single, complete, always)])

    @cached_property
    def _plain(self) -> pl.Series:
        """The terms that are one word."""
        return self.terms.filter(self.terms.str.contains(rf"^{WORD}$"))

    @cached_property
    def _words(self) -> pl.DataFrame:
        """The words of each term: `term, word`."""
        words = pl.DataFrame({"term": self.terms}).with_columns(
            word=pl.col("term").str.extract_all(WORD).list.unique(maintain_order=True)
        )
        return words.filter(pl.col("word").list.len() > 0).explode("word", empty_as_null=False)

    @cached_property
    def _rarest(self) -> pl.DataFrame:
        """The word of each term that fewest terms have, and how many words it has: `term, word, n_words`."""
        counted = self._words.with_columns(n_terms=pl.len().over("word"), n_words=pl.len().over("term"))
        return counted.sort("n_terms", maintain_order=True).unique("term", keep="first", maintain_order=True)


def _parts(hits: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Halve the rows until the terms that may occur in them are few, or one row is left."""
    rows = hits.get_column("row").unique().sort()
    if not len(rows):
        return
    if len(rows) == 1 or hits.get_column("term").n_unique() <= AT_ONCE:
        yield hits
        return
    is_upper = pl.col("row") >= rows[len(rows) // 2]
    yield from _parts(hits.filter(~is_upper))
    yield from _parts(hits.filter(is_upper))
