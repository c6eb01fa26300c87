import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.data import Classes, MultiLabel, Spans
from nacre.errors import SchemaError, UnknownNameError
from nacre.functions import Keyword, Pattern, Rule, labeling_function
from nacre.labeling import LabelMatrix, apply

SCHEMA = Classes(("ham", "offer", "spam"), groups=(("not spam", ("ham", "offer")), ("not ham", ("offer", "spam"))))
dense_votes = arrays(np.int16, st.tuples(st.integers(0, 20), st.integers(1, 5)), elements=st.integers(-3, 2))


def long_form(dense):
    """Return the same votes as a frame, one row a vote."""
    rows = [
        {"row_id": i, "function": f"f{j}", "vote": int(code)}
        for i, row in enumerate(dense)
        for j, code in enumerate(row)
        if code != -1
    ]
    return pl.DataFrame(rows, schema={"row_id": pl.Int64, "function": pl.String, "vote": pl.Int16})


@given(dense=dense_votes)
def test_dense_votes_survive_the_round_trip(dense):
    label_matrix = LabelMatrix.from_dense(dense, SCHEMA)

    assert (label_matrix.to_dense() == dense).all()
    assert label_matrix.n_units == len(dense)
    assert (label_matrix.is_covered == (dense != -1).any(axis=1)).all()


@given(dense=dense_votes)
def test_long_and_dense_votes_are_the_same_matrix(dense):
    long = LabelMatrix.from_long(long_form(dense), SCHEMA, row_ids=range(len(dense)))

    voting = [f"f{j}" for j in range(dense.shape[1]) if (dense[:, j] != -1).any()]
    expected = LabelMatrix.from_dense(dense, SCHEMA).select(voting)
    assert set(long.functions) == set(voting)
    assert (long.select(voting).to_dense() == expected.to_dense()).all()
    assert long.select(voting).symbols == expected.symbols


@given(dense=dense_votes)
def test_symbols_are_those_that_occur_in_order(dense):
    label_matrix = LabelMatrix.from_dense(dense, SCHEMA)

    def order(code):
        return code if code >= 0 else 1000 - code

    found = [(j, int(c)) for j in range(dense.shape[1]) for c in sorted(set(dense[:, j].tolist()) - {-1}, key=order)]
    assert list(map(tuple, label_matrix.symbols)) == found
    assert label_matrix.class_shares.shape == (len(found), 3)
    np.testing.assert_allclose(label_matrix.class_shares.sum(axis=1), 1)


@given(dense=dense_votes, weights=st.booleans())
def test_second_moments_are_those_of_dense_arrays(dense, weights):
    label_matrix = LabelMatrix.from_dense(dense, SCHEMA)
    weight = np.arange(1.0, len(dense) + 1) if weights else None

    moments = label_matrix.second_moments(weight)

    z = label_matrix.votes.toarray().astype(float)
    w = np.ones(len(dense)) if weight is None else weight
    np.testing.assert_allclose(moments, (z * w[:, None]).T @ z / max(w.sum(), 1))


def test_second_moments_do_not_saturate():
    label_matrix = LabelMatrix.from_dense(np.zeros((100_000, 2), dtype=np.int16), SCHEMA)

    np.testing.assert_allclose(label_matrix.second_moments(), np.ones((2, 2)))


@given(dense=dense_votes)
def test_patterns_are_the_distinct_rows(dense):
    patterns = LabelMatrix.from_dense(dense, SCHEMA).patterns

    distinct = {tuple(row) for row in dense.tolist()}
    assert len(patterns.first) == len(distinct)
    assert patterns.counts.sum() == len(dense)
    assert (dense[patterns.first][patterns.inverse] == dense).all()


@given(dense=dense_votes, data=st.data())
def test_selected_functions_and_rows_keep_their_votes(dense, data):
    label_matrix = LabelMatrix.from_dense(dense, SCHEMA)
    chosen = data.draw(st.lists(st.integers(0, dense.shape[1] - 1), unique=True))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(dense), max_size=len(dense))), dtype=bool)

    part = label_matrix.select([f"f{j}" for j in chosen]).where(mask)

    assert part.functions == tuple(f"f{j}" for j in chosen)
    assert (part.to_dense() == dense[mask][:, chosen]).all()
    assert part.units["row_id"].to_list() == np.flatnonzero(mask).tolist()
    assert (label_matrix.where(np.flatnonzero(mask)).to_dense() == dense[mask]).all()


@pytest.mark.parametrize(
    ("dense", "message"),
    [
        pytest.param([[3]], "Found the code 3", id="no such class"),
        pytest.param([[-4]], "Found the code -4", id="no such group"),
        pytest.param([[0.5]], "integer codes", id="fractions"),
        pytest.param([0, 1], "integer codes", id="one dimension"),
    ],
)
def test_votes_outside_the_schema_are_refused(dense, message):
    with pytest.raises(SchemaError, match=message):
        LabelMatrix.from_dense(dense, SCHEMA)


def test_two_votes_of_one_function_on_one_row_are_refused():
    votes = pl.DataFrame({"row_id": [1, 1], "function": ["f", "f"], "vote": ["ham", "spam"]})

    with pytest.raises(SchemaError, match="`f` votes more than once on row 1"):
        LabelMatrix.from_long(votes, SCHEMA)


def test_an_unknown_function_is_named():
    with pytest.raises(UnknownNameError, match="no function `g`"):
        LabelMatrix.from_dense([[0]], SCHEMA).select(["g"])


TEXTS = [None, "", "a b", "big apple, red apple", "red\u0301 apple \U0001f600 pie", "pear"]
span_lists = st.one_of(
    st.none(),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.sampled_from(["fruit", "size"])), max_size=4),
)


@given(answers=st.lists(span_lists, min_size=len(TEXTS), max_size=len(TEXTS)))
def test_votes_on_tokens_are_those_of_a_slow_loop(answers):
    schema = Spans(("fruit", "size"), "text")
    spans = {
        i: None if answer is None else [(s, s + n, label) for s, n, label in answer] for i, answer in enumerate(answers)
    }

    @labeling_function
    def given_spans(number):
        return spans[number]

    frame = pl.DataFrame({"text": TEXTS, "number": range(len(TEXTS))}, schema_overrides={"text": pl.String})
    label_matrix = apply([given_spans], frame, schema)

    units = label_matrix.units.rows()
    assert label_matrix.to_dense()[:, 0].tolist() == [token_vote(spans[row], start, end) for row, start, end in units]
    for row, start, end in units:
        assert 0 <= start < end <= len(TEXTS[row])


def token_vote(spans, start, end):
    """Return the class of a token: that of the first span that overlaps it, O where the function looked."""
    if spans is None:
        return -1
    for span_start, span_end, label in sorted(spans, key=lambda span: span[:2]):
        if span_start < end and start < span_end:
            return ("O", "fruit", "size").index(label)
    return 0


@pytest.mark.parametrize("spans", [[(0, 3, "fruit"), (0, 5, "size")], [(0, 3, "fruit"), (0, 3, "size")]])
def test_the_first_of_spans_that_start_together_decides(spans):
    @labeling_function
    def given_spans(text):
        return spans

    label_matrix = apply([given_spans], pl.DataFrame({"text": ["big"]}), Spans(("fruit", "size"), "text"))

    assert label_matrix.to_dense()[:, 0].tolist() == [1]


def test_rules_on_spans_vote_on_tokens():
    schema = Spans(("fruit", "size"), "text")
    fruit = Rule("fruit", Keyword("text", ("apple", "pear")), label="fruit")
    size = Rule("size", Pattern("text", "big"), label="size", otherwise="O")

    label_matrix = apply([fruit, size], pl.DataFrame({"text": ["big apple", "small pear", "plum"]}), schema)

    assert label_matrix.to_dense().tolist() == [[0, 2], [1, 0], [0, 0], [1, 0], [-1, 0]]


def test_tokens_may_come_with_the_data():
    schema = Spans(("fruit",), "text", tokens="tokens")
    frame = pl.DataFrame({"text": ["ripe apple"], "tokens": [[{"start": 0, "end": 4}, {"start": 5, "end": 10}]]})

    label_matrix = apply([Rule("fruit", Keyword("text", "apple"), label="fruit")], frame, schema)

    assert label_matrix.to_dense().tolist() == [[0], [1]]


def test_labels_that_are_present_and_absent_are_symbols():
    schema = MultiLabel(("sport", "news"))
    rules = [
        Rule("ball", Keyword("text", "ball"), label="sport", otherwise="not sport"),
        Rule("no news", Keyword("text", "old"), label="not news"),
    ]

    label_matrix = apply(rules, pl.DataFrame({"text": ["ball", "old ball", "x"]}), schema)

    assert [tuple(symbol) for symbol in label_matrix.symbols] == [(0, 0), (0, -2), (1, -3)]
    assert label_matrix.votes.toarray().astype(int).tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
