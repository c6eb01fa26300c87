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
