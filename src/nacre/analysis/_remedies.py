"""The five causes of error, what to do about each, and what that is expected to bring."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from nacre.analysis._outcomes import Floats, Mask, Outcomes

CauseName: TypeAlias = Literal["doubtful_truth", "no_votes", "wrong_votes", "label_model", "end_model"]
CAUSES: tuple[CauseName, ...] = ("doubtful_truth", "no_votes", "wrong_votes", "label_model", "end_model")
TITLES: dict[CauseName, str] = {
    "doubtful_truth": "ground truth doubtful",
    "no_votes": "no votes",
    "wrong_votes": "wrong votes",
    "label_model": "label model",
    "end_model": "end model",
}
REMEDIES: dict[CauseName, str] = {
    "doubtful_truth": "Review the ground truth of these rows; correct it or confirm it.",
    "no_votes": "Write a function that votes on these rows.",
    "wrong_votes": "Repair the functions that voted wrong: narrow the rule, or change its class.",
    "label_model": "Look at the conflicts: compare label models, say how precise functions are, drop duplicates.",
    "end_model": "The votes were right: more training rows of this kind, or fields and features that tell them apart.",
}
REVIEW_MINUTES = 0.5  # per row
WRITE_MINUTES = 5.0  # per function
REPAIR_MINUTES = 3.0  # per function
INSPECT_MINUTES = 5.0
COLLECT_MINUTES = 20.0
DOUBT_CONFIRMED = 0.5
LEARNED = 0.1


class Fixes(NamedTuple):
    """How many errors a remedy is expected to remove, in how many minutes, and what that rests on."""

    n: float
    minutes: float
    basis: str


def expected_fixes(outcomes: Outcomes, cause: CauseName, n: int, functions: pl.DataFrame) -> Fixes:
    """Return what the remedy of a cause is expected to bring on this split.

    - *Ground truth doubtful*: half of the doubts are confirmed, half a minute each.
    - *No votes*: covered units become as accurate as units of their class are that are covered now, class by class
      where that is more; as many functions of average coverage as the gap needs, five minutes each.
    - *Wrong votes*: what repairing the three most rewarding functions brings, three minutes each.
    - *Label model*: what majority vote would get right more than the label model does; five minutes.
    - *End model*: a tenth of its errors, for 20 minutes of collecting data; the least certain of these figures.

    A right label makes a right prediction only as often as it does on this split: `follow_rate`.
    """
    if not n:
        return Fixes(0.0, 0.0, "nothing to do")
    if cause == "doubtful_truth":
        return Fixes(DOUBT_CONFIRMED * n, REVIEW_MINUTES * n, "assumes that half of the doubts are confirmed")
    if cause == "no_votes":
        return _of_coverage(outcomes)
    if cause == "wrong_votes":
        best = functions.head(3)
        fixed = min(float(best["expected_fixes"].sum()), float(n)) if len(best) else 0.0
        return Fixes(fixed, REPAIR_MINUTES * max(len(best), 1), "leaves out their votes, function by function")
    if cause == "label_model":
        return Fixes(_of_majority(outcomes), INSPECT_MINUTES, "compares with majority vote on this split")
    return Fixes(LEARNED * n, COLLECT_MINUTES, "assumes that a tenth is learned")


def follow_rate(outcomes: Outcomes) -> float:
    """Return how much more often the end model is right where the label is right than where it is wrong."""
    covered = outcomes.is_known & outcomes.label_matrix.is_covered
    is_label_right = outcomes.label_prediction == outcomes.truth
    with_right, with_wrong = covered & is_label_right, covered & ~is_label_right
    if not with_right.any() or not with_wrong.any():
        return 1.0
    return max(0.0, _share_right(outcomes, with_right) - _share_right(outcomes, with_wrong))


def _of_coverage(outcomes: Outcomes) -> Fixes:
    is_covered = outcomes.label_matrix.is_covered
    n_covered, right_covered = _right_by_class(outcomes, outcomes.is_known & is_covered)
    n_uncovered, right_uncovered = _right_by_class(outcomes, outcomes.is_known & ~is_covered)
    average = right_covered.sum() / max(n_covered.sum(), 1)
    reachable = np.where(n_covered > 0, right_covered / np.maximum(n_covered, 1), average)
    fixed = np.maximum(0, n_uncovered * reachable - right_uncovered).sum()
    n_functions = len(outcomes.label_matrix.functions)
    mean_coverage = outcomes.label_matrix.votes.nnz / max(n_functions * outcomes.n_units, 1)
    needed = np.ceil((~is_covered).mean() / mean_coverage) if mean_coverage else 1.0
    return Fixes(float(fixed), WRITE_MINUTES * max(float(needed), 1.0), "compares covered and uncovered units")


def _right_by_class(outcomes: Outcomes, units: Mask) -> tuple[Floats, Floats]:
    """Return how many of the units each class has, and how many of them are predicted right: [n_classes] each."""
    truth, n_classes = outcomes.truth[units], len(outcomes.classes)
    right = truth[truth == outcomes.prediction[units]]
    n, n_right = np.bincount(truth, minlength=n_classes), np.bincount(right, minlength=n_classes)
    return n.astype(np.float64), n_right.astype(np.float64)


def _of_majority(outcomes: Outcomes) -> float:
    covered = np.flatnonzero(outcomes.is_known & outcomes.label_matrix.is_covered)
    truth, shares = outcomes.truth[covered], outcomes.vote_proba[covered]
    is_best = shares >= shares.max(axis=1, keepdims=True, initial=0) - 1e-9
    credit = (is_best / is_best.sum(axis=1, keepdims=True))[np.arange(len(truth)), truth].sum()
    right = (outcomes.label_prediction[covered] == truth).sum()
    return max(0.0, float(credit - right) * follow_rate(outcomes))


def _share_right(outcomes: Outcomes, units: Mask) -> float:
    return float((outcomes.prediction[units] == outcomes.truth[units]).mean()) if units.any() else 0.0
