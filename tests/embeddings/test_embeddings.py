"""The contract of every embedding."""

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nacre.embeddings import MiniLM, TfidfSvd, available
from nacre.errors import SchemaError

MAIL = [
    "Claim your free cash now",
    "Free cash, claim it today",
    "Lunch at noon?",
    "See you at noon for lunch",
    "The blood test of the patient was negative",
]
ODD = [
    pytest.param("", id="empty"),
    pytest.param(" \n\t ", id="white space"),
    pytest.param("\u200b\ufeff", id="invisible"),
    pytest.param("free cash " * 100_000, id="huge"),
    pytest.param("a" * 100_000, id="one long word"),
    pytest.param("\u4fe1\u7528\u5361 \u0441\u043f\u0430\u043c \U0001f600 cafe\u0301 cash", id="scripts"),
    pytest.param("\u202ecash\u0000\u0007 \x85", id="control characters"),
    pytest.param("[CLS] [SEP] [PAD] [MASK] cash", id="words of the tokenizer"),
]


def require_minilm():
    if "minilm" not in available():
        pytest.skip("all-MiniLM-L6-v2 is not installed; run `nacre models install`")
    return MiniLM()


@pytest.fixture(scope="module", params=["minilm", "tfidf_svd"])
def embedding(request):
    return require_minilm() if request.param == "minilm" else TfidfSvd().fit(MAIL)


def test_vectors_have_length_one(embedding):
    vectors = embedding.embed(MAIL)

    assert vectors.dtype == np.float32
    assert vectors.shape == (len(MAIL), embedding.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_texts_about_the_same_thing_are_close(embedding):
    similarity = embedding.embed(MAIL) @ embedding.embed(["free cash", "noon"]).T

    assert list(similarity[:4].argmax(axis=1)) == [0, 0, 1, 1]


def test_null_and_empty_texts_are_like_nothing(embedding):
    vectors = embedding.embed(pl.Series("text", [None, "", "free cash", "  ", None]))

    np.testing.assert_array_equal(np.linalg.norm(vectors, axis=1).round(6), [0, 0, 1, 0, 0])


@pytest.mark.parametrize("texts", [[], [None, None], pl.Series("text", [None, None]), pl.Series("text", [], pl.String)])
def test_no_text_at_all_gives_zeros(embedding, texts):
    np.testing.assert_array_equal(embedding.embed(texts), np.zeros((len(texts), embedding.dimension)))


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_get_a_unit_vector_or_zeros(embedding, text):
    vectors = embedding.embed([text, *MAIL])

    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-6) or not vectors[0].any()
    np.testing.assert_allclose(vectors[1:], embedding.embed(MAIL), atol=1e-6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.none() | st.sampled_from([*MAIL, "free cash " * 300, ""]) | st.text(max_size=40), max_size=12),
    cut=st.integers(0, 12),
)
def test_the_vector_of_a_text_depends_on_nothing_but_the_text(embedding, texts, cut):
    vectors = embedding.embed(texts)
    chunks = np.concatenate([embedding.embed(texts[:cut]), embedding.embed(texts[cut:])])

    np.testing.assert_allclose(chunks, vectors, atol=1e-6)
    np.testing.assert_allclose(embedding.embed(texts[::-1])[::-1], vectors, atol=1e-6)


def test_more_texts_than_a_batch_keep_their_places(embedding):
    texts = [f"cash {i}" for i in range(4200)]
    picked = [0, 1, 4095, 4096, 4199]

    vectors = embedding.embed(texts)

    np.testing.assert_allclose(vectors[picked], embedding.embed([texts[i] for i in picked]), atol=1e-6)


def test_numbers_are_refused(embedding):
    with pytest.raises(SchemaError, match="`price` is Int64; an embedding reads String"):
        embedding.embed(pl.Series("price", [1, 2]))
