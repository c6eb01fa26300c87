import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.errors import SchemaError
from nacre.models._terms import Terms

words = st.sampled_from(["free", "cash", "lunch", "a", "Noon", "x1", "cash!", "\n"])
texts = st.lists(st.lists(words, max_size=8).map(" ".join), min_size=1, max_size=12, unique=True)


@pytest.mark.parametrize("max_words", [1, 2, 3])
@given(texts=texts)
def test_terms_weigh_what_sklearn_says(max_words, texts):
    from sklearn.feature_extraction.text import TfidfVectorizer

    data = pl.DataFrame({"text": texts})
    oracle = TfidfVectorizer(ngram_range=(1, max_words), sublinear_tf=True)
    try:
        expected = oracle.fit_transform(texts).toarray()
    except ValueError:  # sklearn refuses an empty vocabulary
        assert Terms.fitted(data, ("text",), max_words=max_words).names == ()
        return

    terms = Terms.fitted(data, ("text",), max_words=max_words)

    order = [terms.names.index(name) for name in oracle.get_feature_names_out()]
    np.testing.assert_allclose(terms.encode(data).toarray()[:, order], expected)


@given(texts=texts, cut=st.integers(0, 12))
def test_parts_are_encoded_like_the_whole(texts, cut):
    data = pl.DataFrame({"text": texts})
    terms = Terms.fitted(data, ("text",))

    parts = [terms.encode(part).toarray() for part in (data[:cut], data[cut:])]

    np.testing.assert_array_equal(np.concatenate(parts), terms.encode(data).toarray())


def test_repeated_texts_change_no_vocabulary():
    data = pl.DataFrame({"text": ["free cash", "lunch at noon"]})

    assert Terms.fitted(data[[0, 0, 0, 1]], ("text",)) == Terms.fitted(data, ("text",))


def test_terms_of_one_text_are_left_out_of_many():
    data = pl.DataFrame({"text": [f"common number{row}" for row in range(3001)]})

    assert Terms.fitted(data, ("text",)).names == ("common",)
    assert len(Terms.fitted(data[:3000], ("text",)).names) == 6001


def test_only_the_most_frequent_terms_are_kept():
    data = pl.DataFrame({"text": ["free free free cash cash lunch"]})

    assert Terms.fitted(data, ("text",), max_words=1, most=2).names == ("cash", "free")


def test_fields_are_one_text_and_missing_ones_are_empty():
    data = pl.DataFrame({"subject": ["free", None], "body": ["cash", "cash"]})

    assert Terms.fitted(data, ("subject", "body"), max_words=1).names == ("cash", "free")


def test_a_field_without_text_is_refused():
    with pytest.raises(SchemaError, match="`age` is Int64, not text"):
        Terms.fitted(pl.DataFrame({"age": [1]}), ("age",))
