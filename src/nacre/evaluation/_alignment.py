"""Whether an evaluator may speak for the experts, and since when it may no longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from nacre._hashing import hash_json
from nacre.errors import SpecError
from nacre.evaluation._agreement import agreement, as_json
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._scores import Scores
from nacre.metrics import Metric

MIN_LABELS = 50
"""With fewer labels nothing is said of an evaluator: a few must not be worse than none."""

BAR = 0.9
"""Of the experts' own agreement: an evaluator at 80 % where experts reach 89 %."""

BAR_OF_ONE = 0.8
"""Of raw agreement, where one expert, or labels of two on too few responses, set no ceiling."""

_METRICS = ("raw", "kappa")


class AlignmentCheck(NamedTuple):
    """One condition of "aligned": what it asks, and whether it holds."""

    text: str
    is_met: bool


@dataclass(frozen=True)
class AlignmentRecord:
    """How far an evaluator agreed with labels that did not shape it.

    It holds for this evaluator, this criterion and these labels only: `is_stale` tells when one of them changed.

    Args:
        evaluator: Its name.
        criterion: What it scores.
        evaluator_fingerprint: Of the evaluator; of its verdicts where the scores were imported.
        criterion_fingerprint: Of the criterion.
        label_fingerprint: Of the labels on the criterion.
        split_fingerprint: Of the labels that were left out because they shaped the evaluator.
        n: How many labelled responses report; repeats of a prompt count once.
        raw: Raw agreement with the experts' majority.
        kappa: Cohen's kappa.
        baseline: The agreement of the constant that agrees most.
        ceiling: The experts' own agreement; None with one expert, or fewer than 30 responses labelled by two.
        bar: What `raw / ceiling` must reach, or `raw` without a ceiling.
    """

    evaluator: str
    criterion: str
    evaluator_fingerprint: str
    criterion_fingerprint: str
    label_fingerprint: str
    split_fingerprint: str
    n: int
    raw: Metric
    kappa: Metric
    baseline: float
    ceiling: float | None
    bar: float

    @property
    def fingerprint(self) -> str:
        """What the record is kept by."""
        return hash_json(
            [
                self.evaluator_fingerprint,
                self.criterion_fingerprint,
                self.label_fingerprint,
                self.split_fingerprint,
            ]
        )

    @property
    def of_ceiling(self) -> float | None:
        """Raw agreement over the experts' own; None without a ceiling."""
        return None if self.ceiling is None else self.raw.value / self.ceiling if self.ceiling > 0 else np.nan

    @property
    def checks(self) -> tuple[AlignmentCheck, ...]:
        """What "aligned" asks for, and whether it holds."""
        reached = self.raw.value if self.of_ceiling is None else self.of_ceiling
        share = "not at all" if np.isnan(reached) else f"{reached:.0%}"
        if self.ceiling is None:
            agrees, why = f"agrees with the experts {share}", "; one expert, or too few labels by two, set no ceiling"
        else:
            agrees, why = f"agrees {share} as much as the experts with each other", ""
        return (
            AlignmentCheck(f"{self.n} labels that did not shape it (required: {MIN_LABELS})", self.n >= MIN_LABELS),
            AlignmentCheck(f"{agrees} (required: {self.bar:.0%}{why})", reached >= self.bar),
            AlignmentCheck(
                f"raw agreement {self.raw.value:.2f} (required: above {self.baseline:.2f}, which a constant reaches)",
                not self.is_constant,
            ),
            AlignmentCheck(f"kappa {self.kappa} (required: a lower bound above 0)", self.kappa.low > 0),
        )

    @property
    def is_constant(self) -> bool:
        """Whether it agrees no better than the constant that agrees most."""
        return not self.raw.value > self.baseline

    @property
    def is_aligned(self) -> bool:
        """Whether all checks hold."""
        return all(check.is_met for check in self.checks)

    def is_stale(self, scores: Scores, experts: ExpertLabels | None = None) -> bool:
        """Return whether evaluator, criterion or (where given) labels are not those of the record any more.

        An imported evaluator is known by its verdicts: others may be another judge's.
        """
        if self.evaluator not in scores.evaluators:
            return True
        criterion = scores.criterion_of(self.evaluator)
        now = (scores.fingerprint_of(self.evaluator), criterion.name, criterion.fingerprint)
        if now != (self.evaluator_fingerprint, self.criterion, self.criterion_fingerprint):
            return True
        return experts is not None and label_fingerprint(experts, self.criterion) != self.label_fingerprint

    def to_dict(self) -> dict[str, Any]:
        """Return the record and its checks as JSON."""
        checks = [check._asdict() for check in self.checks]
        return {**self.spec(), "of_ceiling": self.of_ceiling, "is_aligned": self.is_aligned, "checks": checks}

    def spec(self) -> dict[str, Any]:
        """Return what the record is made of as JSON, to be kept."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: as_json(value) for name, value in values.items()}

    def __str__(self) -> str:
        failed = "; ".join(check.text for check in self.checks if not check.is_met)
        return (
            f"{self.evaluator} is aligned on {self.criterion}"
            if not failed
            else (f"{self.evaluator} is not aligned on {self.criterion}: {failed}")
        )


def align(
    scores: Scores,
    evaluator: str,
    experts: ExpertLabels,
    *,
    shaped_by: Iterable[int] = (),
    bar: float | None = None,
) -> AlignmentRecord:
    """Return the record of how far an evaluator agrees with the labels that did not shape it.

    Args:
        scores: What it says.
        evaluator: Its name.
        experts: What experts say.
        shaped_by: Ids of the responses whose labels it was trained, prompted or chosen with.
        bar: What it must reach of the experts' own agreement; .9 by default, with one expert .8 of raw agreement.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> answers = pl.DataFrame({"prompt": [f"Hi {n}" for n in range(60)], "response": ["Please sit", "No"] * 30})
        >>> scores = evaluate([Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))], answers)
        >>> labels = {"row_id": list(range(60)), "score": ["pass", "fail", "pass", "pass", "pass", "fail"] * 10}
        >>> record = align(scores, "please", ExpertLabels.from_frame(labels, [Criterion("polite")]))
        >>> print(record)
        please is aligned on polite
    """
    name = scores.criterion_of(evaluator).name
    left_out = pl.Series("row_id", sorted(set(shaped_by)), dtype=pl.Int64)
    reporting = ExpertLabels(
        experts.frame.filter(~pl.col("row_id").is_in(left_out.implode())), (experts.criterion(name),)
    )
    return alignment_record(scores, evaluator, reporting, experts, split=hash_json(left_out.to_list()), bar=bar)


def alignment_record(
    scores: Scores,
    evaluator: str,
    reporting: ExpertLabels,
    experts: ExpertLabels,
    *,
    split: str,
    bar: float | None = None,
) -> AlignmentRecord:
    """Return the record of scores that the labels `reporting` did not shape.

    Args:
        scores: What the evaluator says; of a cross-fitted one, each part by the version that did not see it.
        evaluator: Its name.
        reporting: The labels that report.
        experts: All labels, to which the record is bound.
        split: Fingerprint of what was left out or how it was split.
        bar: See `align`.
    """
    criterion = scores.criterion_of(evaluator)
    report = agreement(
        scores.select([evaluator]), ExpertLabels(reporting.of(criterion.name), (experts.criterion(criterion.name),))
    )
    found = report.of(evaluator) if len(report) else None
    nothing = Metric(np.nan, 0.0, 1.0, 0)
    raw, kappa = (nothing, nothing) if found is None else (found.raw, found.kappa)
    theirs = None if found is None or found.ceiling is None else found.ceiling.agreement
    ceiling = None if theirs is None or theirs.is_too_few else theirs.value
    default = BAR_OF_ONE if ceiling is None else BAR
    return AlignmentRecord(
        evaluator,
        criterion.name,
        scores.fingerprint_of(evaluator),
        criterion.fingerprint,
        label_fingerprint(experts, criterion.name),
        split,
        kappa.n,
        raw,
        kappa,
        np.nan if found is None else found.baseline,
        ceiling,
        default if bar is None else bar,
    )


def label_fingerprint(experts: ExpertLabels, criterion: str) -> str:
    """Return the content hash of the labels on one criterion."""
    return ExpertLabels(experts.of(criterion), (experts.criterion(criterion),)).fingerprint


def alignment_from_spec(spec: Mapping[str, Any]) -> AlignmentRecord:
    """Return the record that `AlignmentRecord.spec` wrote."""
    names = set(AlignmentRecord.__dataclass_fields__)
    if set(spec) != names:
        odd = ", ".join(sorted(names ^ set(spec)))
        raise SpecError(f"This is not a record of alignment: {odd} missing or unknown. Measure it again.")
    metrics = {name: _metric(spec[name]) for name in _METRICS}
    baseline = np.nan if spec["baseline"] is None else spec["baseline"]
    return AlignmentRecord(**{**spec, **metrics, "baseline": baseline})


def _metric(spec: Mapping[str, Any]) -> Metric:
    value, low, high = (np.nan if spec[name] is None else float(spec[name]) for name in ("value", "low", "high"))
    return Metric(value, low, high, int(spec["n"]))
