import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nacre.analysis import correlated_functions, dependency_exponents, duplicate_functions, function_groups
from nacre.data import Classes
from nacre.label_models import ClassConditional
from nacre.labeling import LabelMatrix

CLASSES = Classes(("ham", "offer", "spam"))


@given(arrays(np.int16, (8, 4), elements=st.integers(-1, 2)), st.floats(0.1, 1), st.floats(0.1, 1))
def test_pairs_are_those_of_the_definition(dense, jaccard, containment):
    found = duplicate_functions(LabelMatrix.from_dense(dense, CLASSES), jaccard=jaccard, containment=containment)

    expected = set()
    for a, b in combinations(range(4), 2):
        both = int(((dense[:, a] == dense[:, b]) & (dense[:, a] != -1)).sum())
        sizes = [(dense[:, j] != -1).sum() for j in (a, b)]
        if both and (both / (sum(sizes) - both) >= jaccard or both / min(sizes) >= containment):
            expected.add(frozenset((f"f{a}", f"f{b}")))
    assert {frozenset(pair) for pair in found.select("function", "other").iter_rows()} == expected


def test_an_exact_duplicate_is_found(make_votes):
    dense, _ = make_votes(n=500)
    matrix = LabelMatrix.from_dense(np.column_stack([dense, dense[:, 1]]), CLASSES)

    found = duplicate_functions(matrix)
    (group,) = function_groups(matrix, found)

    assert found.select("function", "other", "jaccard", "containment", "relation").rows() == [
        ("f5", "f1", 1.0, 1.0, "duplicate")
    ]
    assert (group.functions, group.keep, group.drop, group.n_lost) == (("f1", "f5"), "f1", ("f5",), 0)
    assert json.loads(json.dumps(group.to_dict()))["drop"] == ["f5"]


def test_the_wider_function_is_kept_and_small_parts_stay(make_votes):
    dense, _ = make_votes(n=1000)
    most, little = dense[:, 1].copy(), dense[:, 1].copy()
    most[:300] = -1
    little[100:] = -1
    names = ["f0", "wide", "f2", "f3", "f4", "most", "little"]
    matrix = LabelMatrix.from_dense(np.column_stack([dense, most, little]), CLASSES, functions=names)

    pairs = duplicate_functions(matrix)
    (group,) = function_groups(matrix, pairs)

    assert ("little", "wide", "part") in pairs.select("function", "other", "relation").rows()
    assert (group.functions, group.keep) == (("wide", "most"), "wide")


def test_copies_correlate_beyond_the_label(make_votes):
    dense, _ = make_votes(n=3000)
    rng = np.random.default_rng(5)
    copy = np.where(rng.random(3000) < 0.5, dense[:, 0], make_votes(n=3000, seed=9)[0][:, 0])
    matrix = LabelMatrix.from_dense(np.column_stack([dense, dense[:, 1], copy]), CLASSES)

    found = correlated_functions(matrix, ClassConditional().fit(matrix).predict_proba(matrix))

    pairs = {row[:2]: row[2] for row in found.select("function", "other", "correlation").iter_rows()}
    assert pairs["f1", "f5"] == pytest.approx(1)
    assert 0.1 < pairs["f0", "f6"] < 0.9
    assert dependency_exponents(matrix.functions, found)["f1"] <= 0.5


def test_independent_functions_have_no_edges(make_votes):
    n_clean = 0
    for seed in range(20):
        dense, truth = make_votes(n=1000, seed=seed)
        found = correlated_functions(LabelMatrix.from_dense(dense, CLASSES), np.eye(3)[truth])
        n_clean += found.height == 0

    assert n_clean >= 19


def test_correlation_with_other_votes_makes_no_group(make_votes):
    dense, _ = make_votes(n=1000)
    opposite = np.where(dense[:, 0] >= 0, (dense[:, 0] + 1) % 3, -1)
    matrix = LabelMatrix.from_dense(np.column_stack([dense, opposite]), CLASSES)

    found = correlated_functions(matrix, ClassConditional().fit(matrix).predict_proba(matrix))

    assert ("f0", "f5") in found.select("function", "other").rows()
    assert function_groups(matrix, duplicate_functions(matrix), found) == ()
