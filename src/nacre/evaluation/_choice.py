"""Choose among versions of an evaluator by labels, and report on the choice by other labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError
from nacre.evaluation._alignment import AlignmentRecord, alignment_record
from nacre.evaluation._compared import beside_experts, class_names, compared, repeated_prompts, scored_or_unparsable
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._label_split import LabelSplit, split_labels
from nacre.evaluation._scores import Scores
from nacre.metrics import Difference, Metric, cohen_kappa, difference, paired_bootstrap, plain_kappa

ALPHA = 0.05
TOLERANCE = 0.02
"""By how much a new version may be worse at the lower bound of its change."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The version that agrees best with experts, and what choosing is worth on labels that did not choose.

    Args:
        best: The version to use: chosen on all labels where these were cross-fitted, else on the train part.
        baseline: The version to beat, the first.
        chosen: The version chosen without each part of the labels that reports.
        train_kappa: Cohen's kappa of each version on the labels that chose `best`.
        kappa_before: Kappa of the baseline on the labels that report.
        kappa_after: Kappa of what was chosen without them.
        gain: Change of raw agreement, with McNemar's p.
        gap_before: How far the baseline accepts more (or, below 0, less) than experts.
        gap_after: The same of what was chosen.
        accept_change: Change of the mean outcome (the pass rate) from the baseline to what was chosen.
        split: Which labels chose and which report.
        n_left_out: How many labelled responses a version abstained or failed on, or has no score for.
    """

    best: str
    baseline: str
    chosen: tuple[str, ...]
    train_kappa: Mapping[str, float]
    kappa_before: Metric
    kappa_after: Metric
    gain: Difference
    gap_before: float
    gap_after: float
    accept_change: Metric
    split: LabelSplit
    n_left_out: int

    @property
    def is_accepted(self) -> bool:
        """Whether what was chosen may replace the baseline: not worse, and not clearly further from the experts' rate.

        The gap of rates counts as larger only where the rate clearly changed; otherwise a clear gain would be refused
        for a difference of gaps that noise makes in every other comparison.
        """
        is_clear = self.accept_change.low > 0 or self.accept_change.high < 0
        return self.gain.change.low > -TOLERANCE and not (is_clear and abs(self.gap_after) > abs(self.gap_before))

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as JSON."""
        return {
            "best": self.best,
            "baseline": self.baseline,
            "chosen": list(self.chosen),
            "train_kappa": dict(self.train_kappa),
            "kappa_before": self.kappa_before.to_dict(),
            "kappa_after": self.kappa_after.to_dict(),
            "gain": {**self.gain._asdict(), "change": self.gain.change.to_dict()},
            "gap_before": self.gap_before,
            "gap_after": self.gap_after,
            "accept_change": self.accept_change.to_dict(),
            "is_cross_fitted": self.split.is_cross_fitted,
            "split_fingerprint": self.split.fingerprint,
            "n_left_out": self.n_left_out,
            "is_accepted": self.is_accepted,
        }

    def __str__(self) -> str:
        if set(self.chosen) == {self.baseline}:
            return f"No version agrees better than {self.baseline} on the labels that choose."
        is_clear = self.gain.is_clear and self.gain.p < ALPHA
        clear = {True: "raises", False: "lowers"}[self.gain.change.value > 0] if is_clear else "may change"
        return (
            f"Choosing {self.best} {clear} agreement beside {self.baseline} by {self.gain.change} on labels that did "
            f"not choose, p = {self.gain.p:.2g}"
        )


def choose_best(
    versions: Mapping[str, Scores],
    experts: ExpertLabels,
    *,
    members: pl.DataFrame | None = None,
    random_state: int = 0,
) -> Choice:
    """Return the version with the highest kappa, and what choosing gains on labels that had no part in it.

    Up to 150 labels are cross-fitted: each fifth reports on what the others chose. Above, 60 % choose and 40 % report.
    Labels count alike, however their responses were sampled. Equal kappas are told apart by the gap between pass
    rates, then by order.

    Args:
        versions: Scores of one evaluator each, on one criterion, by name; the first is the one to beat.
        experts: What experts say.
        members: Slices to stratify by, as `slice_members` returns them.
        random_state: Seed of the split.
    """
    table, criterion, n_left_out = _verdicts(versions, experts)
    split = split_labels(
        experts.where(table.get_column("row_id")),
        criterion.name,
        responses=table.select("row_id", "prompt_id"),
        members=members,
        random_state=random_state,
    )
    truth, row_ids = table.get_column("truth").to_numpy(), table.get_column("row_id")
    verdicts = {name: table.get_column(f"verdict {place}").to_numpy() for place, name in enumerate(versions)}
    baseline = next(iter(versions))
    after, chosen = verdicts[baseline].copy(), []
    chooses = np.ones(len(table), dtype=bool)
    for ids in split.parts():
        train, held_out = (row_ids.is_in(part.implode()).to_numpy() for part in ids)
        chosen.append(_best(verdicts, truth, train, criterion))
        after[held_out] = verdicts[chosen[-1]][held_out]
        chooses = chooses if split.is_cross_fitted else train
    reports = row_ids.is_in(split.held_out.implode()).to_numpy()
    old, new, right = verdicts[baseline][reports], after[reports], truth[reports]
    prompts = repeated_prompts(table.filter(reports))
    return Choice(
        _best(verdicts, truth, chooses, criterion),
        baseline,
        tuple(chosen),
        {name: _kappa(codes[chooses], truth[chooses]) for name, codes in verdicts.items()},
        cohen_kappa(right, old, clusters=prompts),
        cohen_kappa(right, new, clusters=prompts),
        difference(old == right, new == right, clusters=prompts),
        _gap(old, right, criterion),
        _gap(new, right, criterion),
        _accept_change(old, new, prompts, criterion),
        split,
        n_left_out,
    )


def align_choice(
    choice: Choice, versions: Mapping[str, Scores], experts: ExpertLabels, *, bar: float | None = None
) -> AlignmentRecord:
    """Return the alignment of the chosen version, by labels that had no part in choosing what they report on.

    Args:
        choice: What `choose_best` chose.
        versions: The versions that it chose from.
        experts: What experts say.
        bar: See `align`.
    """
    best = versions[choice.best]
    evaluator = next(iter(best.evaluators))
    parts = zip(choice.chosen, choice.split.parts(), strict=True)
    frames = [versions[name].where(held_out).frame for name, (_, held_out) in parts]
    pooled = Scores(
        pl.concat(frames).with_columns(evaluator=pl.lit(evaluator)),
        best.criteria,
        {evaluator: best.fingerprint_of(evaluator)},
    )
    reporting = experts.where(choice.split.held_out)
    return alignment_record(pooled, evaluator, reporting, experts, split=choice.split.fingerprint, bar=bar)


def _verdicts(versions: Mapping[str, Scores], experts: ExpertLabels) -> tuple[pl.DataFrame, Criterion, int]:
    """Return `row_id`, `prompt_id`, `truth` and the verdict of each version, as codes, of responses that all have."""
    if len(versions) < 2:
        raise SchemaError(f"Choosing needs at least two versions; found {', '.join(versions) or 'none'}.")
    criteria = {name: _only_criterion(name, scores) for name, scores in versions.items()}
    (first, criterion), *others = criteria.items()
    for name, other in others:
        if other.fingerprint != criterion.fingerprint:
            raise SchemaError(f"`{first}` scores {criterion.name}, `{name}` another criterion, {other.name}.")
    if criterion.kind == "number" and not criterion.has_pass:
        raise SchemaError(f"`{criterion.name}` is a number without `passes`; kappa compares what passes.")
    columns = [_codes_of(scores, experts, f"verdict {place}") for place, scores in enumerate(versions.values())]
    table = columns[0]
    for column in columns[1:]:
        table = table.join(column.drop("prompt_id", "truth"), on="row_id", maintain_order="left")
    n_labelled = int(experts.majority(criterion.name).get_column("value").is_not_null().sum())
    return table, criterion, n_labelled - len(table)


def _codes_of(scores: Scores, experts: ExpertLabels, name: str) -> pl.DataFrame:
    pairs = beside_experts(scores, next(iter(scores.evaluators)), experts)
    found = compared(pairs, scores.criteria[0])
    columns = [pl.Series("truth", found.truth), pl.Series(name, found.verdicts)]
    return scored_or_unparsable(pairs).select("row_id", "prompt_id", *columns)


def _only_criterion(name: str, scores: Scores) -> Criterion:
    if len(scores.evaluators) != 1:
        raise SchemaError(f"A version is one evaluator; `{name}` has {', '.join(scores.evaluators) or 'none'}.")
    return scores.criterion_of(next(iter(scores.evaluators)))


def _best(
    verdicts: Mapping[str, NDArray[np.int64]], truth: NDArray[np.int64], rows: NDArray[np.bool_], criterion: Criterion
) -> str:
    def merit(name: str) -> tuple[float, float]:
        codes = verdicts[name][rows]
        return round(_kappa(codes, truth[rows]), 9), -round(abs(_gap(codes, truth[rows], criterion)), 9)

    return max(verdicts, key=merit)  # the first of equals


def _kappa(codes: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Return kappa; 0 where there is one class only, as a constant has."""
    return float(np.nan_to_num(plain_kappa(truth, codes)))


def _gap(codes: NDArray[np.int64], truth: NDArray[np.int64], criterion: Criterion) -> float:
    """Return the gap between mean outcomes, of what could be parsed."""
    is_parsed = codes < len(class_names(criterion))
    if not is_parsed.any():
        return 0.0
    means = [_outcome(values[is_parsed], criterion).mean() for values in (codes, truth)]
    return float(means[0] - means[1])


def _accept_change(
    old: NDArray[np.int64], new: NDArray[np.int64], prompts: NDArray[Any] | None, criterion: Criterion
) -> Metric:
    n_classes = len(class_names(criterion))
    both = (old < n_classes) & (new < n_classes)
    outcomes = (_outcome(codes[both], criterion) for codes in (old, new))
    return paired_bootstrap(*outcomes, is_rate=True, clusters=None if prompts is None else prompts[both])


def _outcome(codes: NDArray[np.int64], criterion: Criterion) -> NDArray[np.float64]:
    return codes.astype(np.float64) if criterion.kind == "number" else criterion.outcome(codes)
