"""Why the end model errs: five causes, a work list that adds up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.analysis._outcomes import MAX_ROWS, Codes, Floats, Mask, Outcomes
from nacre.analysis._remedies import CAUSES, REMEDIES, TITLES, CauseName, expected_fixes
from nacre.analysis._responsible import responsible_functions
from nacre.analysis._vote_weights import vote_weights
from nacre.errors import SchemaError
from nacre.label_models import LabelModel, TokenWise
from nacre.metrics import Metric

N_NEIGHBOURS = 10
AGREEING = 0.6
TRUSTED = 0.8


@dataclass(frozen=True, eq=False)
class Cause:
    """One line of the work list.

    Args:
        name: What is to blame.
        title: The same for people.
        n: How many errors.
        share: Their share of all errors; its n counts data points.
        remedy: What to do.
        note: What else to know, such as how many of them are in conflict.
        rows: The errors, the surest first: unit, truth, prediction, confidence, label model, votes.
        functions: For wrong votes the functions responsible, the most rewarding first (`responsible_functions`).
        expected_gain: How much accuracy on this split the remedy is expected to bring.
        minutes: How long the remedy is expected to take.
        basis: What `expected_gain` rests on.
    """

    name: CauseName
    title: str
    n: int
    share: Metric
    remedy: str
    note: str
    rows: pl.DataFrame
    functions: pl.DataFrame
    expected_gain: float = 0.0
    minutes: float = 0.0
    basis: str = ""

    @property
    def gain_per_minute(self) -> float:
        """Expected gain of a minute of work."""
        return self.expected_gain / self.minutes if self.minutes else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON, at most 1,000 of its rows."""
        return {
            "name": self.name,
            "title": self.title,
            "n": self.n,
            "share": self.share.to_dict(),
            "remedy": self.remedy,
            "note": self.note,
            "rows": self.rows.head(MAX_ROWS).to_dicts(),
            "functions": self.functions.to_dicts(),
            "expected_gain": self.expected_gain,
            "minutes": self.minutes,
            "gain_per_minute": self.gain_per_minute,
            "basis": self.basis,
        }


@dataclass(frozen=True, eq=False)
class ErrorCauses:
    """The errors of a split by cause. Each error has exactly one, so the column adds up.

    Args:
        causes: All five, in the order in which they are tested.
        n_units: How many units have a known truth.
        n_errors: How many of them the end model gets wrong.
    """

    causes: tuple[Cause, ...]
    n_units: int
    n_errors: int

    @property
    def ranked(self) -> tuple[Cause, ...]:
        """The causes that have errors, by expected gain per minute of work."""
        return tuple(sorted((cause for cause in self.causes if cause.n), key=lambda cause: -cause.gain_per_minute))

    def __getitem__(self, name: CauseName) -> Cause:
        return self.causes[CAUSES.index(name)]

    @property
    def rows(self) -> pl.DataFrame:
        """All errors with their `cause`."""
        return pl.concat([cause.rows.with_columns(pl.lit(cause.title).alias("cause")) for cause in self.causes])

    def to_dict(self) -> dict[str, Any]:
        """Return the work list as JSON, at most 1,000 rows of each cause."""
        causes = [cause.to_dict() for cause in self.causes]
        return {"n_units": self.n_units, "n_errors": self.n_errors, "causes": causes}

    def __str__(self) -> str:
        errors = "1 error" if self.n_errors == 1 else f"{self.n_errors:,} errors"
        lines = [f"{errors} on {self.n_units:,} units with known truth"]
        for cause in self.causes:
            note = f"({cause.note})" if cause.note else ""
            lines.append(f"  {cause.title:<22} {cause.n:>6,} {cause.n / max(self.n_errors, 1):>5.0%}  {note}".rstrip())
        return "\n".join(lines)


def error_causes(
    outcomes: Outcomes, *, vectors: ArrayLike | None = None, model: LabelModel | None = None
) -> ErrorCauses:
    """Return why the end model errs. The causes are tested in this order, and the first that holds is the cause.

    1. *Ground truth doubtful*: label model and end model both answer one other class c, and give it at least the
       probability that they give it, on average, on units whose truth is c (the threshold of confident learning).
       They are trusted in that where they are right on 80 % of the units on which they are so sure of c. With
       `vectors`, at least 60 % of the 10 nearest units with known truth are c too; without them, at least two
       functions vote c and none votes the truth.
    2. *No votes*: no function votes on the unit.
    3. *Wrong votes*: the label model is wrong, and the true class has fewer votes than another one.
    4. *Label model*: the label model is wrong, although no class has more votes than the true one. Its note counts
       the units whose votes are in conflict.
    5. *End model*: the label model is right; the training label would have been.

    Expected gains are those of this split, in accuracy; `_remedies` says how each is estimated.

    Args:
        outcomes: Votes, probabilities and truth of a split that the end model was not trained on.
        vectors: Unit vectors of the data points, [n_units, dimension], to ask the neighbours; for `Classes` only.
        model: The label model; where it adds votes (`ClassConditional`, `WeightedVote`) it says what they weigh.

    References:
        Confident learning: Northcutt, Jiang & Chuang, JAIR 2021.

    Examples:
        >>> from nacre.data import Classes
        >>> from nacre.labeling import LabelMatrix
        >>> votes = LabelMatrix.from_dense([[0, -1], [1, -1], [-1, -1]] * 10, Classes(("ham", "spam")))
        >>> sure = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]] * 10
        >>> print(error_causes(Outcomes.of(votes, [0, 0, 1] * 10, label_proba=sure, proba=sure)))
        20 errors on 30 units with known truth
          ground truth doubtful       0    0%
          no votes                   10   50%
          wrong votes                10   50%
          label model                 0    0%
          end model                   0    0%
    """
    code = cause_codes(outcomes, vectors=vectors)
    model = model.model_ if isinstance(model, TokenWise) else model
    weights = vote_weights(outcomes.label_matrix, outcomes.label_proba, model=model)
    functions = responsible_functions(outcomes, np.flatnonzero(code == CAUSES.index("wrong_votes")), weights)
    n_errors = int(outcomes.is_error.sum())
    causes = []
    for position, name in enumerate(CAUSES):
        units = _surest_first(outcomes, np.flatnonzero(code == position))
        cause = Cause(
            name,
            TITLES[name],
            len(units),
            outcomes.rate(code == position, outcomes.is_error),
            REMEDIES[name],
            _note(outcomes, name, units),
            outcomes.frame(units),
            functions if name == "wrong_votes" else functions.clear(),
        )
        causes.append(_with_gain(cause, outcomes))
    return ErrorCauses(tuple(causes), int(outcomes.is_known.sum()), n_errors)


def cause_codes(outcomes: Outcomes, *, vectors: ArrayLike | None = None) -> NDArray[np.int8]:
    """Return the position in `CAUSES` of each error's cause: [n_units], -1 where there is no error."""
    truth = np.maximum(outcomes.truth, 0)
    of_truth = outcomes.vote_counts[np.arange(outcomes.n_units), truth]
    is_outvoted = of_truth < outcomes.vote_counts.max(axis=1, initial=0) - 1e-9
    is_label_right = outcomes.label_prediction == outcomes.truth
    tests: list[Mask] = [
        _is_doubtful(outcomes, vectors),
        ~outcomes.label_matrix.is_covered,
        ~is_label_right & is_outvoted,
        ~is_label_right,
        np.ones(outcomes.n_units, dtype=np.bool_),
    ]
    cause = np.select(tests, range(len(CAUSES)))
    return np.where(outcomes.is_error, cause, -1).astype(np.int8)


def _is_doubtful(outcomes: Outcomes, vectors: ArrayLike | None) -> Mask:
    claimed = outcomes.prediction
    agree = (outcomes.label_prediction == claimed) & outcomes.label_matrix.is_covered & outcomes.is_known
    sure = _is_sure(outcomes.proba, claimed, outcomes) & _is_sure(outcomes.label_proba, claimed, outcomes)
    claims = np.flatnonzero(agree & sure & (claimed >= 0))
    n_claims, n_right = (
        np.bincount(claimed[units], minlength=len(outcomes.classes))
        for units in (claims, claims[outcomes.truth[claims] == claimed[claims]])
    )
    is_trusted = n_right >= TRUSTED * n_claims
    candidates = claims[outcomes.is_error[claims] & is_trusted[claimed[claims]]]
    if vectors is None:
        votes = outcomes.vote_counts[candidates]
        place = np.arange(len(candidates))
        kept = (votes[place, claimed[candidates]] >= 2) & (votes[place, outcomes.truth[candidates]] == 0)
    else:
        kept = _neighbours_agree(outcomes, candidates, _checked_vectors(outcomes, vectors))
    doubtful = np.zeros(outcomes.n_units, dtype=np.bool_)
    doubtful[candidates[kept]] = True
    return doubtful


def _is_sure(proba: Floats, claimed: Codes, outcomes: Outcomes) -> Mask:
    """Return where the claimed class is as probable as it is on average where it is true."""
    known = np.flatnonzero(outcomes.is_known)
    truth = outcomes.truth[known]
    own = proba[known, truth]
    n = np.bincount(truth, minlength=proba.shape[1])
    # A class that never occurs as truth has no threshold of its own.
    threshold = np.where(
        n > 0,
        np.bincount(truth, own, minlength=proba.shape[1]) / np.maximum(n, 1),
        own.mean() if len(own) else 1.0,
    )
    code = np.maximum(claimed, 0)
    sure: Mask = proba[np.arange(len(proba)), code] >= threshold[code]
    return sure


def _neighbours_agree(outcomes: Outcomes, candidates: NDArray[np.int64], vectors: Floats) -> Mask:
    known = np.flatnonzero(outcomes.is_known)
    similarity = vectors[candidates] @ vectors[known].T
    similarity[known[None, :] == candidates[:, None]] = -np.inf  # a unit is not its own neighbour
    n_neighbours = min(N_NEIGHBOURS, max(len(known) - 1, 1))
    nearest = np.argpartition(-similarity, n_neighbours - 1, axis=1)[:, :n_neighbours]
    agreeing: Floats = (outcomes.truth[known][nearest] == outcomes.prediction[candidates][:, None]).mean(axis=1)
    return agreeing >= AGREEING


def _checked_vectors(outcomes: Outcomes, vectors: ArrayLike) -> Floats:
    found = np.asarray(vectors, dtype=np.float64)
    if found.ndim != 2 or len(found) != outcomes.n_units:
        raise SchemaError(
            f"`vectors` has the shape {found.shape}; expected a row for each of {outcomes.n_units} units."
        )
    if outcomes.label_matrix.units.width > 1:
        raise SchemaError("`vectors` describe data points, so they only help with `Classes`. Leave them out.")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Floats = found / np.maximum(lengths, 1e-12)
    return unit


def _surest_first(outcomes: Outcomes, units: NDArray[np.int64]) -> NDArray[np.int64]:
    confidence = outcomes.proba[units, np.maximum(outcomes.prediction[units], 0)]
    return units[np.argsort(-confidence, kind="stable")]


def _note(outcomes: Outcomes, name: CauseName, units: NDArray[np.int64]) -> str:
    if name == "label_model" and len(units):
        return f"{int(outcomes.is_in_conflict[units].sum())} in conflict"
    return ""


def _with_gain(cause: Cause, outcomes: Outcomes) -> Cause:
    fixes = expected_fixes(outcomes, cause.name, cause.n, cause.functions)
    gain = fixes.n / max(int(outcomes.is_known.sum()), 1)
    return replace(cause, expected_gain=gain, minutes=fixes.minutes, basis=fixes.basis)
