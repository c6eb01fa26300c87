"""Which derived columns there are: words of a text, its language, and the embeddings of the context."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import polars as pl

from nacre._hashing import hash_text
from nacre.embeddings import Embedding
from nacre.engine import Derived, split_name
from nacre.errors import UnknownNameError
from nacre.functions import Context, code_fingerprint, match_spans

WORD = r"\w+|[^\w\s]"
MAX_CHARACTERS = 2_000
MIN_CONFIDENCE = 0.5


def words(texts: pl.Series) -> pl.Series:
    """Return the words and punctuation marks of each text as spans.

    Examples:
        >>> words(pl.Series(["Hi, you", None])).to_list()
        [[{'start': 0, 'end': 2}, {'start': 2, 'end': 3}, {'start': 4, 'end': 7}], []]
    """
    return pl.DataFrame({"text": texts}).select(match_spans(pl.col("text"), WORD)).to_series()


def language(texts: pl.Series) -> pl.Series:
    """Return the language of each text as a code, null where it is told with less than 50 % confidence.

    Words of the first 2,000 characters decide; a text of one or two words is rarely enough.

    Examples:
        >>> language(pl.Series(["Where is the train station?", "Wo finde ich den Bahnhof, bitte?", ":-)"])).to_list()
        ['en', 'de', None]
    """
    distinct = texts.cast(pl.String).drop_nulls().str.slice(0, MAX_CHARACTERS).unique()
    answers = [_identifier().classify(text) for text in distinct.to_list()]
    found = {
        text: code
        for text, (code, confidence) in zip(distinct.to_list(), answers, strict=True)
        if confidence >= MIN_CONFIDENCE
    }
    start = texts.cast(pl.String).str.slice(0, MAX_CHARACTERS)
    return start.replace_strict(found, default=None, return_dtype=pl.String)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


BUILT_IN = {
    "words": Derived(hash_text("words", WORD), words, is_cached=False),
    "language": Derived(
        hash_text("language", "py3langid", version("py3langid"), str(MAX_CHARACTERS), str(MIN_CONFIDENCE)), language
    ),
}


def derived_columns(names: Iterable[str], context: Context) -> dict[str, Derived]:
    """Return how each suffix among `names` is computed."""
    suffixes = {suffix for _, suffix in map(split_name, names) if suffix}
    known: dict[str, Derived] = {**BUILT_IN, **{name: _derived(how) for name, how in context.derive.items()}}
    known |= {name: _embedded(embedding) for name, embedding in context.embeddings.items() if name in suffixes}
    for suffix in suffixes:
        if suffix not in known:
            raise UnknownNameError("derived column", f"@{suffix}", available=[f"@{name}" for name in known])
    return {suffix: known[suffix] for suffix in suffixes}


def _embedded(embedding: Embedding) -> Derived:
    def embed(texts: pl.Series) -> pl.Series:
        return pl.Series(embedding.embed(texts.to_list()), dtype=pl.Array(pl.Float32, embedding.dimension))

    return Derived(embedding.fingerprint, embed)


def _derived(how: Callable[[pl.Series], pl.Series]) -> Derived:
    return Derived(hash_text("custom", code_fingerprint(how)), how, is_cached=False)
