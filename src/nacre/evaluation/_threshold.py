"""From which number on a response passes, learned from what experts pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_json
from nacre.data import Number
from nacre.errors import SchemaError
from nacre.evaluation._alignment import AlignmentRecord, alignment_record
from nacre.evaluation._compared import scored_or_unparsable
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._label_split import LabelSplit, split_labels
from nacre.evaluation._scores import Scores


@dataclass(frozen=True, eq=False)
class Threshold:
    """The cut that turns the numbers of an evaluator into pass and fail as experts would.

    Args:
        evaluator: The evaluator whose numbers are cut.
        criterion: What experts pass or fail.
        cut: The number from which on a response passes (up to which, where small numbers are good).
        lower_is_better: Whether small numbers pass.
        record: How far the cut agrees with labels that did not shape it.
        split: Which labels shaped it and which report.
    """

    evaluator: str
    criterion: Criterion
    cut: float
    lower_is_better: bool
    record: AlignmentRecord
    split: LabelSplit

    @property
    def name(self) -> str:
        """What the evaluator that passes and fails is called."""
        return f"{self.evaluator} cut"

    def apply(self, scores: Scores) -> Scores:
        """Return pass or fail for numbers."""
        return _cut(scores, self.evaluator, self.criterion, self.cut)

    def to_dict(self) -> dict[str, Any]:
        """Return the threshold and its record as JSON."""
        return {
            "evaluator": self.evaluator,
            "criterion": self.criterion.name,
            "cut": self.cut,
            "lower_is_better": self.lower_is_better,
            "record": self.record.to_dict(),
        }

    def __str__(self) -> str:
        sign = "<=" if self.lower_is_better else ">="
        return f"{self.criterion.name} passes where {self.evaluator} {sign} {self.cut:.3g}; agreement {self.record.raw}"


def fit_threshold(
    scores: Scores,
    evaluator: str,
    experts: ExpertLabels,
    criterion: str,
    *,
    members: pl.DataFrame | None = None,
    random_state: int = 0,
) -> Threshold:
    """Return the cut of an evaluator's numbers with the highest kappa against experts who pass or fail.

    The record describes the procedure: up to 150 labels, each fifth is judged by the cut of the others and the cut
    returned is that of all; above, 60 % choose the cut and 40 % report.

    Args:
        scores: Numbers of the evaluator.
        evaluator: Its name.
        experts: Pass or fail.
        criterion: What the experts pass or fail.
        members: Slices to stratify by, as `slice_members` returns them.
        random_state: Seed of the split.
    """
    numbers, asked = scores.criterion_of(evaluator), experts.criterion(criterion)
    if not isinstance(numbers.scale, Number) or asked.kind != "pass_fail":
        raise SchemaError(
            f"A cut makes pass or fail of numbers; `{evaluator}` scores {numbers.kind}, and experts label "
            f"`{criterion}` as {asked.kind}."
        )
    truth = experts.majority(criterion).filter(pl.col("value").is_not_null()).select("row_id", truth="value")
    rows = scored_or_unparsable(scores.of(evaluator)).join(truth, on="row_id").sort("row_id")
    known = experts.where(rows.get_column("row_id"))
    split = split_labels(known, criterion, responses=scores.responses, members=members, random_state=random_state)
    sign = -1.0 if numbers.lower_is_better else 1.0
    values = sign * rows.get_column("value").cast(pl.Float64).fill_null(np.nan).to_numpy()
    passes, is_parsed = rows.get_column("truth").to_numpy() == 1, ~np.isnan(values)
    frames, cuts = [], []
    for train_ids, held_out_ids in split.parts():
        train = rows.get_column("row_id").is_in(train_ids.implode()).to_numpy() & is_parsed
        cuts.append(sign * _best_cut(values[train], passes[train]))
        frames.append(_cut(scores.where(held_out_ids), evaluator, asked, cuts[-1]))
    cut = sign * _best_cut(values[is_parsed], passes[is_parsed]) if split.is_cross_fitted else cuts[0]
    whole = _cut(scores, evaluator, asked, cut)
    pooled = Scores(pl.concat([part.frame for part in frames]), (asked,), dict(whole.evaluators))
    reporting = experts.where(split.held_out)
    record = alignment_record(pooled, f"{evaluator} cut", reporting, experts, split=split.fingerprint)
    return Threshold(evaluator, asked, cut, numbers.lower_is_better, record, split)


def _best_cut(values: NDArray[np.float64], passes: NDArray[np.bool_]) -> float:
    """Return the number from which on to pass with the highest kappa; half-way between two values.

    With a passes accepted of r accepted, p pass of n: kappa = 2 (a n - r p) / (n r + n p - 2 r p). Of equal kappas the
    one that accepts nearly as many as experts do is best: where all or none should pass, every kappa is 0.
    """
    if not len(values):
        raise SchemaError("No response has both a number and a majority of experts, so there is nothing to cut.")
    order = np.argsort(-values, kind="stable")
    ranked, hits = values[order], np.append(0, passes[order].cumsum())
    n, n_pass = len(values), int(passes.sum())
    accepted = np.arange(n + 1)
    is_edge = np.concatenate([[True], ranked[1:] < ranked[:-1], [True]])
    chance = accepted * n_pass
    wholes = n * accepted + n * n_pass - 2 * chance
    kappa = np.divide(2.0 * (hits * n - chance), wholes, out=np.zeros(n + 1), where=wholes > 0)
    merit = np.where(is_edge, np.round(kappa, 9), -np.inf)
    best = int(np.argmin(np.where(merit == merit.max(), np.abs(accepted - n_pass), n + 1)))
    if best == 0:
        return float(np.nextafter(ranked[0], np.inf))
    return float((ranked[best - 1] + ranked[min(best, n - 1)]) / 2)


def _cut(scores: Scores, evaluator: str, criterion: Criterion, cut: float) -> Scores:
    lower_is_better = scores.criterion_of(evaluator).lower_is_better
    number = pl.col("value").cast(pl.Float64)
    passed = number <= cut if lower_is_better else number >= cut
    name = f"{evaluator} cut"
    frame = scores.of(evaluator).with_columns(
        evaluator=pl.lit(name), criterion=pl.lit(criterion.name), value=passed.cast(pl.Float32)
    )
    fingerprint = hash_json([scores.fingerprint_of(evaluator), cut, criterion.fingerprint])
    return Scores(frame, (criterion,), {name: fingerprint})
