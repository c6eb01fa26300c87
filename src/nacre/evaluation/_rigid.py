"""Evaluators that are too rigid to tell responses apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import Classes
from nacre.evaluation._columns import Columns, Floats
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.metrics import MIN_N, Metric, mean_metric

RigidKind: TypeAlias = Literal["constant", "near-constant", "fails where experts pass", "passes where experts fail"]


NEAR_CONSTANT = 0.95
_CONFIRMED = 0.8  # of experts' labels, their lower bound: 16 alike labels

_SETTLED = ", as experts do: the criterion no longer separates systems"
_UNTESTED = ", so it separates no responses: check with a {} response that it can {}"
_ADVICE = {  # by what experts say, and whether the score passes
    (True, True): f"{_SETTLED}, so ask harder prompts or more of a response",
    (True, False): f"{_SETTLED}, so start with easier prompts or ask less of a response",
    (True, None): _SETTLED,
    (False, True): ", though experts fail some: tighten it",
    (False, False): ", though experts pass some: loosen it",
    (False, None): ", though experts differ: read what it scores",
    (None, True): _UNTESTED.format("bad", "fail"),
    (None, False): _UNTESTED.format("good", "pass"),
    (None, None): ", so it separates no responses: read what it scores",
}


@dataclass(frozen=True)
class Rigid:
    """An evaluator that gives (nearly) always the same score, or contradicts the experts.

    Args:
        evaluator: Its name.
        criterion: What it scores.
        kind: What is wrong with it.
        value: The score in question: the name of a class, or a number.
        share: How often it gives it; where experts are contradicted, among the responses that they passed (failed).
        is_confirmed: Whether the experts give that score just as constantly: then the evaluator is right, and the
            criterion no longer separates systems. None without enough labels of experts.
        passes: Whether that score passes; None where the criterion has no pass.
    """

    evaluator: str
    criterion: str
    kind: RigidKind
    value: str | float
    share: Metric
    is_confirmed: bool | None = None
    passes: bool | None = None

    @property
    def meaning(self) -> str:
        """What the flag means and what to do about it, in words that follow the name of the evaluator.

        Examples:
            >>> print(Rigid("please", "polite", "constant", "pass", Metric(1.0, 0.9, 1.0, 40), passes=True).meaning)
            passes everything, so it separates no responses: check with a bad response that it can fail
        """
        if self.kind == "fails where experts pass":
            return "fails what experts pass: loosen it"
        if self.kind == "passes where experts fail":
            return "passes what experts fail: tighten it"
        everything = "everything" if self.kind == "constant" else "nearly everything"
        says = {True: "passes", False: "fails", None: f"gives {self.value} to"}[self.passes]
        return f"{says} {everything}{_ADVICE[self.is_confirmed, self.passes]}"

    def __str__(self) -> str:
        return f"{self.evaluator} {self.meaning} ({self.value} in {self.share})."

    def to_dict(self) -> dict[str, Any]:
        """Return the flag as JSON."""
        return {**vars(self), "share": self.share.to_dict(), "meaning": self.meaning}


def rigid_evaluators(columns: Columns, experts: ExpertLabels | None = None) -> tuple[Rigid, ...]:
    """Return the evaluators that are constant, near-constant, or contradict the experts: at most one flag each.

    Constant is one value on 30 prompts or more; near-constant a most frequent value whose share has a lower bound of at
    least .95; contradicting a fail rate whose lower bound is above .5 among responses that experts passed, or the
    reverse, on 30 prompts or more.

    Args:
        columns: A column per evaluator.
        experts: Labels of experts for the same responses.
    """
    flags = []
    for place, criterion in enumerate(columns.criteria):
        if criterion is None:
            continue
        labels = _labels(columns, criterion, experts)
        found = [*_constant(columns, place, criterion, labels), *_contradicting(columns, place, criterion, labels)]
        flags.extend(found[:1])
    return tuple(flags)


def _labels(columns: Columns, criterion: Criterion, experts: ExpertLabels | None) -> Floats:
    """Return what most experts say of each response; NaN where nothing."""
    if experts is None or criterion.name not in {known.name for known in experts.criteria}:
        return np.full(len(columns.responses), np.nan)
    majority = experts.majority(criterion.name).select("row_id", "value")
    joined = columns.responses.join(majority, on="row_id", how="left", maintain_order="left")
    return joined.get_column("value").cast(pl.Float64).fill_null(np.nan).to_numpy()


def _constant(columns: Columns, place: int, criterion: Criterion, labels: Floats) -> Iterator[Rigid]:
    values = columns.values[:, place]
    is_scored = ~np.isnan(values)
    if is_scored.sum() < MIN_N:
        return
    distinct, counts = np.unique(values[is_scored], return_counts=True)
    most = float(distinct[counts.argmax()])
    if counts.max() < NEAR_CONSTANT * is_scored.sum():
        return
    share = _share(values == most, is_scored, columns)
    evaluator, shown = columns.evaluators[columns.names[place]][0], _shown(most, criterion)
    passes = bool(criterion.passed(most)) if criterion.has_pass else None
    flag = Rigid(evaluator, criterion.name, "constant", shown, share, passes=passes)
    is_labelled = ~np.isnan(labels)
    flag = replace(flag, is_confirmed=_is_confirmed(_share(labels == most, is_labelled, columns)))
    if len(distinct) == 1 and share.n >= MIN_N:
        yield flag
    elif share.low >= NEAR_CONSTANT:
        yield replace(flag, kind="near-constant")


def _contradicting(columns: Columns, place: int, criterion: Criterion, labels: Floats) -> Iterator[Rigid]:
    values = columns.values[:, place]
    is_known = ~np.isnan(labels)
    if not criterion.has_pass or not is_known.any():
        return
    is_known &= ~np.isnan(values)
    passes, should_pass = criterion.passed(values), criterion.passed(labels)
    evaluator = columns.evaluators[columns.names[place]][0]
    fails = _share(~passes, is_known & should_pass, columns)
    if fails.n >= MIN_N and fails.low > 0.5:
        yield Rigid(evaluator, criterion.name, "fails where experts pass", "fail", fails, passes=False)
    accepts = _share(passes, is_known & ~should_pass, columns)
    if accepts.n >= MIN_N and accepts.low > 0.5:
        yield Rigid(evaluator, criterion.name, "passes where experts fail", "pass", accepts, passes=True)


def _share(is_so: NDArray[np.bool_], among: NDArray[np.bool_], columns: Columns) -> Metric:
    prompts = None if columns.prompts is None else columns.prompts[among]
    return mean_metric(is_so[among].astype(np.float64), is_rate=True, clusters=prompts)


def _is_confirmed(share: Metric) -> bool | None:
    """Whether experts give the score as constantly: surely not, surely, or too few of them to tell."""
    if share.high < NEAR_CONSTANT:
        return False
    return True if share.low >= _CONFIRMED else None


def _shown(value: float, criterion: Criterion) -> str | float:
    return criterion.scale.names[int(value)] if isinstance(criterion.scale, Classes) else value
