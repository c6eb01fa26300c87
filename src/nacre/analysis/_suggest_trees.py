"""Conjunctions of conditions, found by shallow trees on the labelled rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import and_

import numpy as np
from numpy.typing import NDArray

from nacre.analysis._candidates import Booleans, Candidates
from nacre.analysis._suggest_evidence import Scores, Truth
from nacre.functions import Condition

MAX_DEPTH = 3
MIN_LEAF = 3
MAX_FEATURES = 200  # candidates with the largest z-scores


def with_trees(candidates: Candidates, scores: Scores, truth: Truth, random_state: int) -> Candidates:
    """Add the conjunctions that are leaves of one shallow tree per class (after Snuba, Varma & Re 2018).

    Only leaves with two conditions or more are new, and only those where at least one condition must hold: what a
    row lacks alone is no reason for a class.
    """
    strongest = np.argsort(-np.abs(scores.z).max(axis=0), kind="stable")[:MAX_FEATURES]
    found: dict[tuple[tuple[int, bool], ...], None] = {}
    for label in range(len(truth.is_class)):
        known = np.flatnonzero(truth.is_known[label])
        y = truth.is_class[label, known]
        if MIN_LEAF <= y.sum() < len(y):
            features = candidates.holds[:, strongest].tocsr()[known].toarray()
            found |= dict.fromkeys(_paths(features, y, strongest, random_state))
    conditions: list[Condition] = []
    masks: list[Booleans] = []
    for path in found:
        conditions.append(reduce(and_, (_part(candidates, index, holds) for index, holds in path)))
        masks.append(np.logical_and.reduce([candidates.rows(index) == holds for index, holds in path]))
    return candidates.extended(conditions, masks)


def _part(candidates: Candidates, index: int, holds: bool) -> Condition:
    condition = candidates.condition(index)
    return condition if holds else ~condition


def _paths(
    features: Booleans, y: Booleans, indices: NDArray[np.int64], random_state: int
) -> Iterator[tuple[tuple[int, bool], ...]]:
    """Yield the paths to the leaves where y mostly holds, conditions that hold first."""
    from sklearn.tree import DecisionTreeClassifier

    classifier = DecisionTreeClassifier(
        max_depth=MAX_DEPTH, min_samples_leaf=MIN_LEAF, class_weight="balanced", random_state=random_state
    )
    tree = classifier.fit(features, y).tree_
    stack: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(0, ())]
    while stack:
        node, path = stack.pop()
        if tree.children_left[node] < 0:
            is_for = tree.value[node, 0, 1] > tree.value[node, 0, 0]
            if is_for and len(path) > 1 and any(holds for _, holds in path):
                yield tuple(sorted(path, key=lambda part: (not part[1], part[0])))
            continue
        index = int(indices[tree.feature[node]])
        stack.append((int(tree.children_left[node]), (*path, (index, False))))
        stack.append((int(tree.children_right[node]), (*path, (index, True))))
