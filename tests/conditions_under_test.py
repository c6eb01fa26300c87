"""One instance or more of every condition, the fields they read, and texts that break naive code."""

import hashlib

import numpy as np
import polars as pl

from nacre.functions import Context, Expression, Keyword, Member, Near, Pattern, Says


class Letters:
    """An embedding that a test can compute: which vowels a text has."""

    name = "letters"
    fingerprint = "letters-1"
    dimension = 5

    def embed(self, texts):
        counts = np.array([[(text or "").lower().count(vowel) for vowel in "aeiou"] for text in texts], np.float32)
        counts = counts.reshape(-1, 5)
        norms = np.linalg.norm(counts, axis=1, keepdims=True)
        return np.divide(counts, norms, out=np.zeros_like(counts), where=norms > 0)


CONTEXT = Context(
    embeddings={"letters": Letters()},
    knowledge={
        "drugs": pl.DataFrame(
            {
                "term": ["opioid", "codeine", "aspirin"],
                "parent": ["drug", "opioid", "drug"],
                "synonyms": ["", "methylmorphine|codein", None],
            }
        ),
        "corner": [0.0, 0.0, 0.0, 1.0, 0.0],
    },
)

CONDITIONS = [
    Keyword("text", ("free cash", "c++", "$$$", "Stra\u00dfe", "cafe\u0301")),
    Keyword("text", ("cash", "pre"), match="prefix"),
    Keyword("text", ("ash",), match="substring"),
    Keyword("text", (" cash ",), match="literal"),
    Pattern("text", r"\d+\s*(usd|eur)?", lower=True),
    Pattern("text", r"(?m)^re: "),
    Expression("number > 3 OR length(text) < 5"),
    Expression("text LIKE '%cash%' AND NOT coalesce(flag, false)"),
    Expression("number::text = '3' OR text ~ '[0-9]+' OR number IN (1, 2)"),
    Member("text", ("cash", "Free cash", "\U0001f600")),
    Member("number", (3, 4)),
    Member("text", ("cash", "c++", "strong espresso"), within=True),
    Member("text", (*(f"word{i}" for i in range(400)), "free cash", "c++"), within=True),
    Member("text", {"knowledge": "drugs"}, within=True, under="opioid"),
    Near("text", "o o o", min_similarity=0.7, embedding="letters"),
    Near("text", centre="corner", min_similarity=0.7, embedding="letters"),
    Near("text", centre=(0.0, 0.6, 0.0, 0.8, 0.0), min_similarity=0.9, embedding="letters"),
    Says("text", "en"),
]
CONDITIONS += [
    CONDITIONS[0] & ~CONDITIONS[6],
    (CONDITIONS[4] | CONDITIONS[10]) & (CONDITIONS[2] | ~(CONDITIONS[7] & CONDITIONS[0])),
]

ODD_TEXTS = [
    None,
    "",
    " ",
    "Claim your FREE  cash now",
    "free\ncash free\u00a0cash",
    "I code C++ for $$$ (c++11)",
    "cafe\u0301 caf\u00e9 cafe",
    "Stra\u00dfe STRASSE stra\u00dfe",
    "\u0130stanbul cash \u0131 I i",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 cash\u200b \U0001f600",
    "\u202ecash\u202c \ufeffcash",
    "word7 word399 x" * 3,
    "prefix cashier pre cash",
    "RE: lunch\nre: 12 EUR 13",
    "codeine or methylmorphine, not aspirin",
    "a strong  espresso",
    "\x00cash\x00",
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "\u5929\u6c23\u5f88\u597d cash",
    "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
]


def table(texts=ODD_TEXTS):
    """Return texts beside a number and a flag, nulls among both; the texts are all in the first field."""
    n = len(texts)
    return pl.DataFrame(
        {
            "text": pl.Series(texts, dtype=pl.String),
            "number": pl.Series([None if i % 5 == 0 else i % 7 for i in range(n)], dtype=pl.Int64),
            "flag": pl.Series([None if i % 3 == 0 else i % 2 == 0 for i in range(n)], dtype=pl.Boolean),
        }
    )


def identifier(value):
    """Return a short name of a condition or function for the list of tests."""
    spec = str(getattr(value, "spec", lambda: value)())
    return f"{type(value).__name__}-{hashlib.md5(spec.encode()).hexdigest()[:6]}"
