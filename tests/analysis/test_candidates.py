import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.analysis._candidate_terms import find_terms
from nacre.analysis._candidates import describe, evaluate, find_candidates, name_of
from nacre.functions import Expression, Keyword, Near, Says

WORDS = st.sampled_from(["free", "cash", "a", "don't", "$$$", "!", "caf\u00e9"])
TEXTS = st.lists(st.none() | st.lists(WORDS, max_size=6).map(" ".join), max_size=12)


def slow_terms(texts, min_rows):
    """Every run of up to three words without a symbol between, and every run of symbols, by row."""
    rows = {}
    for row, text in enumerate(texts):
        tokens = re.findall(r"\w+(?:['\u2019]\w+)*|[^\w\s]+", (text or "").lower())
        for start in range(len(tokens)):
            rows.setdefault(tokens[start], set()).add(row)
            for stop in range(start + 2, start + 4):
                run = tokens[start:stop]
                if len(run) == stop - start and all(re.match(r"\w", token) for token in run):
                    rows.setdefault(" ".join(run), set()).add(row)
    return {term: found for term, found in rows.items() if len(found) >= min_rows}


@given(texts=TEXTS, min_rows=st.integers(1, 3))
def test_terms_are_those_of_a_slow_count(texts, min_rows):
    terms = find_terms(pl.Series(texts, dtype=pl.String), min_rows=min_rows)

    dense = terms.holds.toarray()
    found = {name: set(np.flatnonzero(dense[:, column]).tolist()) for column, name in enumerate(terms.names)}
    assert found == slow_terms(texts, min_rows)


def test_a_candidate_holds_where_its_own_expression_does():
    rng = np.random.default_rng(0)
    words = np.array(["free", "cash", "now", "lunch", "at", "noon", "win", "a", "prize", "today"])
    frame = pl.DataFrame(
        {
            "body": [" ".join(rng.choice(words, 8)) for _ in range(200)],
            "plan": rng.choice(["free", "team", "it's"], 200),
            "age": rng.integers(18, 80, 200),
            "score": rng.normal(size=200),
            "has_html": rng.random(200) < 0.3,
            "note": [None, "x"] * 100,
        }
    )

    candidates = find_candidates(frame, frame.columns)

    conditions = [candidates.condition(index) for index in range(len(candidates))]
    expected = evaluate(frame, conditions)
    assert len(conditions) > 100
    assert (np.column_stack([candidates.rows(index) for index in range(len(candidates))]) == expected).all()
    assert expected.sum(axis=0).min() >= 5


def test_a_column_of_languages_gives_conditions_on_language():
    frame = pl.DataFrame({"body@language": ["es"] * 5 + ["en"] * 5})

    candidates = find_candidates(frame, frame.columns)

    assert list(candidates.others) == [Says("body", "en"), Says("body", "es")]


def test_a_frame_without_rows_has_no_candidates():
    frame = pl.DataFrame(schema={"body": pl.String, "age": pl.Int64, "html": pl.Boolean})

    assert len(find_candidates(frame, frame.columns)) == 0


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        pytest.param(Keyword("body", ("cash",)) | Expression("age > 3"), 'body has "cash" or age > 3', id="any"),
        pytest.param(~Says("body", "es"), "not body is in language es", id="language"),
        pytest.param(Near("body", centre=(1.0,), embedding="toy"), "body is near a cluster", id="region"),
    ],
)
def test_conditions_are_described_in_words(condition, words):
    assert describe(condition) == words


def test_names_are_letters_digits_and_underscores():
    assert name_of("\u4f60\u597d, $5 off!") == "\u4f60\u597d_5_off"
    assert name_of("$$$") == "unnamed"
