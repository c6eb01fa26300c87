import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Classes, Dataset
from nacre.embeddings import TfidfSvd
from nacre.engine import MemoryStore
from nacre.errors import SchemaError, UnknownNameError
from nacre.functions import Context, Expression, Near, Rule, Says
from nacre.labeling import apply, derived_columns, words

SCHEMA = Classes(("ham", "spam"))
TEXTS = ["win free cash now", "claim your cash prize", "lunch at noon?", "meeting on monday at noon", None, "", "zzz"]


def votes(condition, frame, **arguments):
    return apply([Rule("r", condition, label="spam")], frame, SCHEMA, **arguments).to_dense()[:, 0].tolist()


def test_the_language_of_a_text_is_told_where_it_can_be():
    texts = [
        "Where is the nearest train station?",
        "Donde esta la estacion de tren mas cercana, por favor?",
        "Wo finde ich den Bahnhof, bitte?",
        "",
        None,
        "\x00",
        "12",
        "Please call me when the meeting is over. " * 100_000,
    ]

    assert votes(Says("text", "es"), pl.DataFrame({"text": texts})) == [-1, 1, -1, -1, -1, -1, -1, -1]
    assert votes(Says("text", "en"), pl.DataFrame({"text": texts}))[::7] == [1, 1]


@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=5))
def test_any_text_has_words_inside_it(texts):
    for text, spans in zip(texts, words(pl.Series(texts, dtype=pl.String)).to_list(), strict=True):
        assert all(0 <= span["start"] < span["end"] <= len(text or "") for span in spans)
        covered = "".join((text or "")[span["start"] : span["end"]] for span in spans)
        assert len(covered) <= len(text or "")


def test_near_an_example_by_the_words_of_the_data():
    embedding = TfidfSvd().fit([text for text in TEXTS if text] * 10)
    context = Context(embeddings={"tfidf_svd": embedding})

    near = votes(
        Near("text", ("free cash prize",), embedding="tfidf_svd"), pl.DataFrame({"text": TEXTS}), context=context
    )

    assert near == [1, 1, -1, -1, -1, -1, -1]


def test_an_embedding_is_computed_once_for_all_who_read_it():
    embedding = TfidfSvd().fit([text for text in TEXTS if text] * 10)
    store, calls = MemoryStore(), []
    original = type(embedding).embed

    class Counting:
        name, fingerprint, dimension = "tfidf_svd", embedding.fingerprint, embedding.dimension

        def embed(self, texts):
            calls.append(len(texts))
            return original(embedding, texts)

    context = Context(embeddings={"tfidf_svd": Counting()})
    for least in (0.4, 0.6, 0.8):
        condition = Near("text", "cash", min_similarity=least, embedding="tfidf_svd")
        votes(condition, pl.DataFrame({"text": TEXTS}), context=context, store=store)

    assert calls.count(len(TEXTS)) == 1


def test_an_unknown_derived_column_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean `@language`"):
        votes(Expression("\"text@langauge\" = 'en'"), pl.DataFrame({"text": TEXTS}))


def test_a_derived_column_of_the_wrong_type_is_refused_first():
    with pytest.raises(SchemaError, match="text@language"):
        votes(Expression('"text@language" > 3'), pl.DataFrame({"text": TEXTS}))


def test_derived_columns_made_by_the_user_differ_by_what_they_do():
    def make(least):
        def is_long(texts):
            return texts.str.len_chars() > least

        return is_long

    def fingerprint(least):
        return derived_columns(["text@long"], Context(derive={"long": make(least)}))["long"].fingerprint

    assert fingerprint(3) == fingerprint(3)
    assert fingerprint(3) != fingerprint(4)


def test_a_derived_column_made_by_the_user_can_be_read():
    def shout(texts):
        return texts.str.to_uppercase()

    context = Context(derive={"shout": shout})

    assert votes(Expression("\"text@shout\" LIKE '%CASH%'"), pl.DataFrame({"text": TEXTS}), context=context)[:3] == [
        1,
        1,
        -1,
    ]


def test_a_region_moves_with_its_centre():
    vectors = np.eye(3, dtype=np.float32)
    data = Dataset.from_frame(pl.DataFrame({"text": ["a", "b", "c"]}))

    class Places:
        name, fingerprint, dimension = "places", "1", 3

        def embed(self, texts):
            return (
                np.stack([vectors["abc".index(text)] for text in texts]) if len(texts) else np.zeros((0, 3), np.float32)
            )

    for place in range(3):
        context = Context(embeddings={"places": Places()}, knowledge={"cluster": vectors[place].tolist()})
        expected = [1 if row == place else -1 for row in range(3)]
        assert votes(Near("text", centre="cluster", embedding="places"), data, context=context) == expected
