"""TF-IDF and SVD: frozen once fitted, saved without pickle."""

import numpy as np
import polars as pl
import pytest

from nacre.embeddings import TfidfSvd
from nacre.errors import NotFittedError, SchemaError, WorkspaceError

MAIL = ["Claim your free cash now", "Free cash, claim it today", "Lunch at noon?", "See you at noon for lunch"]


def topics(n):
    """Texts of two topics that share no word."""
    random = np.random.default_rng(0)
    words = [[f"cash{i}" for i in range(40)], [f"lunch{i}" for i in range(40)]]
    return [" ".join(random.choice(words[i % 2], 12)) for i in range(n)]


def test_a_saved_embedding_comes_back_as_it_was(tmp_path):
    fitted = TfidfSvd().fit(MAIL)
    fitted.save(tmp_path / "embedding")
    loaded = TfidfSvd.load(tmp_path / "embedding")

    assert loaded.fingerprint == fitted.fingerprint
    np.testing.assert_array_equal(loaded.embed([*MAIL, "cash"]), fitted.embed([*MAIL, "cash"]))
    assert {path.suffix for path in (tmp_path / "embedding").iterdir()} == {".json", ".safetensors"}


def test_the_fingerprint_follows_the_texts_of_the_fit():
    fitted = TfidfSvd().fit(MAIL)

    assert TfidfSvd().fit(pl.Series([*MAIL, None, MAIL[0]])).fingerprint == fitted.fingerprint
    assert TfidfSvd().fit(MAIL[:3]).fingerprint != fitted.fingerprint
    assert fitted.fit(MAIL[:3]).fingerprint == TfidfSvd().fit(MAIL[:3]).fingerprint


def test_a_text_weighs_its_terms_as_written_down():
    """With as many directions as texts have, cosines are those of the TF-IDF vectors themselves."""
    texts = ["cash cash lunch", "lunch noon", "noon noon noon cash", "far away"]
    fitted = TfidfSvd().fit(texts)
    vectors = fitted.embed(["cash cash lunch", "lunch noon"])

    assert fitted.terms_[:3] == ("away", "cash", "cash cash")
    columns = [fitted.terms_.index(term) for term in ("cash", "lunch", "cash cash", "cash lunch")]
    np.testing.assert_allclose(fitted.rarity_[columns], 1 + np.log(5 / np.array([3, 3, 2, 2])), rtol=1e-6)
    first = np.zeros(len(fitted.terms_))
    first[columns] = fitted.rarity_[columns] * [1 + np.log(2), 1, 1, 1]
    projected = fitted.components_ @ first
    np.testing.assert_allclose(vectors[0], projected / np.linalg.norm(projected), atol=1e-5)


def test_directions_keep_topics_apart():
    vectors = TfidfSvd().fit(topics(400)).embed(topics(400))
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -1)

    np.testing.assert_array_equal(similarity.argmax(axis=1) % 2, np.arange(400) % 2)


@pytest.mark.parametrize(
    ("texts", "dimension"),
    [
        pytest.param(["cash"], 1, id="one word"),
        pytest.param(["free cash now"], 1, id="one text"),
        pytest.param(["cash", "lunch"], 1, id="two words"),
        pytest.param(MAIL, 3, id="four texts"),
        pytest.param(topics(500), 200, id="enough"),
    ],
)
def test_few_texts_give_few_directions(texts, dimension):
    fitted = TfidfSvd().fit(texts)

    assert fitted.dimension == dimension
    assert np.isfinite(fitted.embed(texts)).all()


def test_terms_of_one_text_count_only_while_texts_are_few():
    texts = [f"first{i // 60} second{i % 60}" for i in range(3000)]

    assert "unique" in TfidfSvd().fit([*texts[1:], "unique"]).terms_
    assert "unique" not in TfidfSvd().fit([*texts, "unique"]).terms_


@pytest.mark.parametrize("texts", [[], [None, ""], ["!", "?"]], ids=["none", "empty", "symbols"])
def test_texts_without_words_are_refused(texts):
    with pytest.raises(SchemaError, match="No words were found"):
        TfidfSvd().fit(texts)


def test_an_embedding_that_is_not_fitted_says_so(tmp_path):
    embedding = TfidfSvd()

    for use in (lambda: embedding.embed(["cash"]), lambda: embedding.save(tmp_path), lambda: embedding.dimension):
        with pytest.raises(NotFittedError, match="Call `fit` first"):
            use()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("embedding.json", None, "There is no embedding", id="no spec"),
        pytest.param("embedding.json", b"{}", "There is no embedding", id="empty spec"),
        pytest.param("embedding.json", b"[1]", "There is no embedding", id="other spec"),
        pytest.param("embedding.safetensors", None, "There is no embedding", id="no arrays"),
        pytest.param("embedding.safetensors", b"?", "There is no embedding", id="damaged arrays"),
    ],
)
def test_a_damaged_embedding_is_refused(tmp_path, name, content, message):
    TfidfSvd().fit(MAIL).save(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)

    with pytest.raises(WorkspaceError, match=message):
        TfidfSvd.load(tmp_path)


def test_an_embedding_that_was_changed_is_refused(tmp_path):
    TfidfSvd().fit(MAIL).save(tmp_path)
    arrays = tmp_path / "embedding.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-4] + b"\0\0\0\x3f")

    with pytest.raises(WorkspaceError, match="has changed since it was saved"):
        TfidfSvd.load(tmp_path)
