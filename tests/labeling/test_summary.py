from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.data import Classes, MultiLabel
from nacre.errors import SchemaError
from nacre.functions import Existing
from nacre.labeling import LabelMatrix, apply, encode_truth
from nacre.metrics import cluster_ratios

SCHEMA = Classes(("ham", "offer", "spam"), groups=(("not spam", ("ham", "offer")), ("not ham", ("offer", "spam"))))
MEMBERS = {0: {0}, 1: {1}, 2: {2}, -2: {0, 1}, -3: {1, 2}}
dense_votes = arrays(np.int16, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.integers(-3, 2))


def slow_summary(dense, truth):
    """Return coverage, overlap, conflict, only and accuracy per function, row by row."""
    n, m = dense.shape
    result = []
    for j in range(m):
        covered = [i for i in range(n) if dense[i, j] != -1]
        others = {i: [k for k in range(m) if k != j and dense[i, k] != -1] for i in covered}
        conflicts = [i for i in covered if any(not MEMBERS[dense[i, j]] & MEMBERS[dense[i, k]] for k in others[i])]
        known = [i for i in covered if truth[i] >= 0]
        hits = [i for i in known if truth[i] in MEMBERS[dense[i, j]]]
        result.append(
            {
                "votes": len(covered),
                "coverage": len(covered) / n,
                "overlap": sum(bool(others[i]) for i in covered) / n,
                "conflict": len(conflicts) / n,
                "only": sum(not others[i] for i in covered) / n,
                "accuracy": len(hits) / len(known) if known else None,
                "n": len(known),
            }
        )
    return result


@given(dense=dense_votes, data=st.data())
def test_a_summary_is_that_of_a_slow_loop(dense, data):
    truth = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(dense), max_size=len(dense))), dtype=np.int16)

    summary = LabelMatrix.from_dense(dense, SCHEMA).summary(truth)

    expected = slow_summary(dense, truth)
    for j, row in enumerate(summary.functions.iter_rows(named=True)):
        for column, value in expected[j].items():
            assert row[column] == (None if value is None else pytest.approx(value, abs=1e-9)), column
    voters = (dense != -1).sum(axis=1)
    assert summary.coverage == pytest.approx((voters > 0).mean())
    assert summary.overlap == pytest.approx((voters > 1).mean())
    conflicts = [
        any(not MEMBERS[a] & MEMBERS[b] for a in row if a != -1 for b in row if b != -1) for row in dense.tolist()
    ]
    assert summary.conflict == pytest.approx(np.mean(conflicts))


TOPICS = MultiLabel(("sport", "news"))
# What each function says of a row: present, absent labels.
multi_votes = st.lists(
    st.lists(
        st.sampled_from([((), ()), ((0,), ()), ((0,), (1,)), ((0, 1), ()), ((), (0,)), ((), (0, 1)), ((1,), (0,))]),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=8,
)


@given(rows=multi_votes)
def test_a_summary_of_several_labels_is_that_of_a_slow_loop(rows):
    def names(vote):
        present, absent = vote
        return [*(TOPICS.names[c] for c in present), *(f"not {TOPICS.names[c]}" for c in absent)] or None

    columns = {f"f{j}": pl.Series([names(row[j]) for row in rows], dtype=pl.List(pl.String)) for j in range(3)}
    frame = pl.DataFrame(columns)

    summary = apply([Existing(f"f{j}", f"f{j}") for j in range(3)], frame, TOPICS).summary()

    n = len(rows)
    for j, found in enumerate(summary.functions.iter_rows(named=True)):
        covered = [row for row in rows if row[j] != ((), ())]
        overlaps = [row for row in covered if any(row[k] != ((), ()) for k in range(3) if k != j)]
        conflicts = [row for row in covered if any(contradict(row[j], row[k]) for k in range(3) if k != j)]
        assert found["votes"] == len(covered)
        assert found["overlap"] == pytest.approx(len(overlaps) / n)
        assert found["conflict"] == pytest.approx(len(conflicts) / n)
        assert found["only"] == pytest.approx((len(covered) - len(overlaps)) / n)


def contradict(one, other):
    """Return whether one says present what the other says absent."""
    return bool(set(one[0]) & set(other[1]) or set(one[1]) & set(other[0]))


def test_truth_may_be_names_codes_or_a_column_with_nulls():
    expected = [0, -1, 2]

    assert encode_truth(pl.Series(["ham", None, "spam"]), SCHEMA, 3).tolist() == expected
    assert encode_truth(pl.Series([0, None, 2]), SCHEMA, 3).tolist() == expected
    assert encode_truth(np.array(expected), SCHEMA, 3).tolist() == expected


def test_truth_of_another_length_is_refused():
    with pytest.raises(SchemaError, match="one entry per unit"):
        encode_truth([0, 1], SCHEMA, 3)


def test_a_summary_reads_as_a_table():
    text = str(LabelMatrix.from_dense([[0, 2], [-1, 1]], SCHEMA, functions=["a", "b"]).summary([0, 1]))

    assert "2 units: coverage 100.0%, overlap 50.0%, conflict 50.0%" in text
    assert "offer, spam" in text


def tokens_of(votes, texts):
    """Return votes on tokens, each of the text with its number."""
    units = pl.DataFrame({"row_id": texts, "start": np.arange(len(texts)), "end": np.arange(len(texts)) + 1})
    return replace(LabelMatrix.from_dense(votes, SCHEMA), units=units)


def intervals(matrix, truth):
    return matrix.summary(truth).functions.select("accuracy", "low", "high", "n").rows()


def test_repeating_the_tokens_of_a_text_narrows_no_interval_of_accuracy():
    rng = np.random.default_rng(0)
    votes, truth = rng.integers(-1, 3, size=(120, 3)), rng.integers(-1, 3, size=120)
    texts = np.repeat(np.arange(40), 3)

    single = intervals(tokens_of(votes, texts), truth)
    copied = intervals(tokens_of(votes.repeat(20, axis=0), texts.repeat(20)), truth.repeat(20))
    ignorant = intervals(LabelMatrix.from_dense(votes.repeat(20, axis=0), SCHEMA), truth.repeat(20))

    assert copied == single
    for (value, low, high, n), (plain, narrow_low, narrow_high, _) in zip(copied, ignorant, strict=True):
        assert value == plain
        assert high - low > 2 * (narrow_high - narrow_low)
        assert n <= 40


def test_texts_that_straddle_blocks_count_once(monkeypatch):
    rng = np.random.default_rng(1)
    votes, truth = rng.integers(-1, 3, size=(90, 2)), rng.integers(3, size=90)
    matrix = tokens_of(votes, np.repeat(np.arange(30), 3))

    whole = intervals(matrix, truth)
    monkeypatch.setattr("nacre.labeling._summary.BLOCK", 7)

    assert intervals(matrix, truth) == whole


def test_the_labels_of_a_data_point_are_resampled_together():
    rng = np.random.default_rng(2)
    is_right = rng.random(50) < 0.7
    frame = pl.DataFrame({"said": [["sport", "news"] if right else ["not sport", "not news"] for right in is_right]})

    matrix = apply([Existing("f", "said")], frame, TOPICS)
    ((accuracy, low, high, n),) = intervals(matrix, np.ones((50, 2), dtype=int))

    (expected,) = cluster_ratios(is_right[:, None], np.ones((50, 1)), np.arange(50))
    assert (accuracy, low, high, n) == (expected.value, expected.low, expected.high, 50)


def test_a_function_that_is_never_judged_has_no_accuracy():
    matrix = tokens_of([[0, -1], [0, 1]], [3, 3])

    (_, unjudged) = intervals(matrix, [0, -1])

    assert unjudged == (None, 0.0, 1.0, 0)
