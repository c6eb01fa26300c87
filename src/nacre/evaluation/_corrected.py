"""What experts would say on average, beside what the evaluators said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation._columns import (
    Booleans,
    By,
    Columns,
    Floats,
    columns_of,
    one_evaluator_per_criterion,
    slice_masks,
    with_all_criteria,
)
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._scores import Scores
from nacre.metrics import MIN_YOUDEN, Metric, accept_rates, mean_metric, ppi_mean, rogan_gladen

MIN_CORRECTED = 20
"""Below this many labels in a slice its mean is not corrected."""

Method: TypeAlias = Literal["ppi", "rogan_gladen", ""]


class KnownRates(NamedTuple):
    """How often an evaluator is right where experts pass a response, and where they fail it."""

    tpr: Metric
    tnr: Metric


@dataclass(frozen=True)
class Corrected:
    """The mean score of a slice, raw and corrected.

    Args:
        slice: The responses.
        column: The criterion, or the evaluator.
        raw: What the evaluator says.
        metric: What experts would say; None where that cannot be told. Its n counts labels, and prompts where they
            repeat: below 30 show it grey.
        n_labels: How many responses of the slice experts labelled.
        method: `ppi` from labels of these responses, `rogan_gladen` from rates measured elsewhere, or empty.
        power: The weight between 0 and 1 that the evaluator's scores earned, by `ppi`.
    """

    slice: str
    column: str
    raw: Metric
    metric: Metric | None = None
    n_labels: int = 0
    method: Method = ""
    power: float = 0.0

    def __repr__(self) -> str:
        found = "not corrected" if self.metric is None else f"{self.metric} by {self.method}"
        return f"Corrected({self.column} on {self.slice}: {self.raw} -> {found})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        shown = {"raw": self.raw.to_dict(), "metric": None if self.metric is None else self.metric.to_dict()}
        named = {"slice": self.slice, "column": self.column, "n_labels": self.n_labels, "method": self.method}
        return {**named, **shown, "power": self.power}


def corrected_scores(
    scores: Scores,
    experts: ExpertLabels,
    members: pl.DataFrame | None = None,
    *,
    by: By = "evaluator",
    rates: Mapping[str, KnownRates] | None = None,
) -> tuple[Corrected, ...]:
    """Return the means of each slice, raw and corrected for what the evaluators get wrong.

    From 20 labels in a slice on, `nacre.metrics.ppi_mean` combines labels and scores: it is unbiased however wrong the
    evaluator is. With fewer, a pass or fail is corrected by the evaluator's known rates, if given
    (`nacre.metrics.rogan_gladen`), which assumes that it errs in the slice as it did where they were measured.

    Args:
        scores: Scores of a run.
        experts: Labels of some of its responses; where several experts differ, most of them count.
        members: Which responses belong to which slice, as `nacre.labeling.slice_members` returns it.
        by: A column per `evaluator`, or per `criterion`, where several evaluators are combined.
        rates: Rates of evaluators (or of criteria) by name, see `known_rates`.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> polite = Criterion("polite")
        >>> answers = ["Yes, please", "Sure", "No"] * 30
        >>> answers = pl.DataFrame({"prompt": [f"{n}?" for n in range(90)], "response": answers})
        >>> scores = evaluate([Evaluator("please", polite, Keyword("response", ("please",)))], answers)
        >>> labels = pl.DataFrame({"row_id": range(45), "score": ["pass", "pass", "fail"] * 15})
        >>> (found,) = corrected_scores(scores, ExpertLabels.from_frame(labels, [polite]))
        >>> found
        Corrected(please on all: .33 [.24-.44] n=90 -> .67 [.52-.78] n=45 by ppi)
    """
    columns = columns_of(one_evaluator_per_criterion(scores), by) if by == "criterion" else columns_of(scores, by)
    columns = with_all_criteria(columns) if by == "criterion" else columns
    cells = corrected_cells(columns, slice_masks(columns.responses, members), experts, rates=rates)
    return tuple(cells.values())


def corrected_cells(
    columns: Columns,
    masks: Mapping[str, Booleans],
    experts: ExpertLabels,
    *,
    rates: Mapping[str, KnownRates] | None = None,
) -> dict[tuple[str, str], Corrected]:
    """Return the corrected mean of each slice and column."""
    for name in rates or {}:
        if name not in columns.names:
            raise UnknownNameError("evaluator", name, available=columns.names)
    truth, weight = expert_outcomes(columns, experts)
    found = {}
    for name, mask in masks.items():
        for place, column in enumerate(columns.names):
            known = (rates or {}).get(column) if columns.is_binary[place] else None
            found[name, column] = _corrected(name, place, columns, mask, (truth, weight), known)
    return found


def known_rates(scores: Scores, evaluator: str, experts: ExpertLabels) -> KnownRates:
    """Return how often an evaluator is right on responses that experts pass, and on those they fail.

    Args:
        scores: Scores of responses that experts labelled, such as those of an earlier run.
        evaluator: Whose rates.
        experts: Labels of the same responses. Where they were sampled unequally their weights count, and where prompts
            are repeated intervals resample prompts.
    """
    columns = columns_of(scores.select([evaluator]), "evaluator")
    if not columns.is_binary[0]:
        raise SchemaError(f"`{evaluator}` gives no pass or fail, so it is right or wrong about none.")
    truth, weights = expert_outcomes(columns, experts)
    is_both = ~np.isnan(truth[:, 0]) & ~np.isnan(columns.outcomes[:, 0])
    weight = weights[is_both, 0]
    rates = accept_rates(
        truth[is_both, 0] == 1,
        columns.outcomes[is_both, 0] == 1,
        clusters=None if columns.prompts is None else columns.prompts[is_both],
        sample_weight=weight if np.unique(weight).size > 1 else None,
    )
    return KnownRates(rates.true_positive_rate, rates.true_negative_rate)


def expert_outcomes(columns: Columns, experts: ExpertLabels) -> tuple[Floats, Floats]:
    """Return what experts say of each response and column, NaN where nothing, and the weight of each: of that shape."""
    truth, weight = np.full((2, *columns.outcomes.shape), np.nan)
    passes = np.ones(len(truth))
    labelled = {criterion.name: criterion for criterion in experts.criteria}
    for place, criterion in enumerate(columns.criteria):
        if criterion is None:  # the last column: what passes every criterion before it
            truth[:, place], weight[:, place] = passes, np.nan_to_num(weight).max(axis=1)
            continue
        values = np.full(len(truth), np.nan)
        if criterion.name in labelled:
            if labelled[criterion.name].scale != criterion.scale:
                raise SchemaError(
                    f"The experts labelled `{criterion.name}` on another scale than the evaluators score it. Rename "
                    "one of the two criteria."
                )
            rows, values[rows], weight[rows, place] = _labels(columns, experts, criterion.name)
        truth[:, place] = criterion.outcome(values)
        if criterion.has_pass:
            passes *= np.where(np.isnan(values), np.nan, criterion.passed(values))
    return truth, weight


def _labels(columns: Columns, experts: ExpertLabels, criterion: str) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return the rows that experts labelled, what most of them said, and the weight of the label."""
    row_ids = columns.responses.get_column("row_id")
    labels = experts.majority(criterion).filter(
        pl.col("value").is_not_null() & pl.col("row_id").is_in(row_ids.implode())
    )
    rows = np.searchsorted(row_ids.to_numpy(), labels.get_column("row_id").to_numpy())
    return rows, labels.get_column("value").cast(pl.Float64).to_numpy(), labels.get_column("weight").to_numpy()


def _corrected(
    name: str, place: int, columns: Columns, mask: Booleans, labels: tuple[Floats, Floats], known: KnownRates | None
) -> Corrected:
    outcomes, truth, weight = (table[mask, place] for table in (columns.outcomes, *labels))
    prompts = None if columns.prompts is None else columns.prompts[mask]
    is_rate = bool(columns.is_rate[place])
    raw = mean_metric(outcomes, is_rate=is_rate, clusters=prompts)
    is_labelled = ~np.isnan(truth) & ~np.isnan(outcomes)
    n_labels = int(is_labelled.sum())
    cell = Corrected(name, columns.names[place], raw, n_labels=n_labels)
    if n_labels >= MIN_CORRECTED:
        weights = weight[is_labelled]
        is_uneven = bool(np.ptp(weights) > 0)
        inclusion = np.divide(weights.min(), weight, out=np.ones(len(weight)), where=is_labelled) if is_uneven else None
        metric, power = ppi_mean(truth, outcomes, is_rate=is_rate, inclusion=inclusion, clusters=prompts)
        if np.isfinite(metric.value):
            return replace(cell, metric=metric, method="ppi", power=power)
    if known is not None and raw.n and known.tpr.value + known.tnr.value - 1 >= MIN_YOUDEN:
        return replace(cell, metric=rogan_gladen(raw, tpr=known.tpr, tnr=known.tnr), method="rogan_gladen")
    return cell
