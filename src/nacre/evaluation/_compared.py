"""What evaluator and experts say of the same responses, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import Classes, Number
from nacre.evaluation._answers import SCORED, UNPARSABLE
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._scores import Scores
from nacre.metrics import Metric, cluster_ratios, cohen_kappa, weighted_wilson, wilson

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Compared:
    """Verdicts beside the truth.

    Args:
        truth: Codes of the experts' majority; -1 where a number cannot pass.
        verdicts: Codes of the evaluator; what could not be parsed has the code after the last class.
        numbers: Stored values of both, [n, 2]; NaN where a verdict could not be parsed.
        n_classes: How many classes the scale has; of a number two, fail and pass.
        prompts: The prompt of each response where prompts repeat: what intervals resample then.
        weight: One over the probability that each response was sampled, where these differ.
    """

    truth: Codes
    verdicts: Codes
    numbers: NDArray[np.float64]
    n_classes: int
    prompts: NDArray[Any] | None
    weight: NDArray[np.float64] | None

    @property
    def is_parsed(self) -> NDArray[np.bool_]:
        """Which verdicts could be parsed."""
        return self.verdicts < self.n_classes

    @property
    def design(self) -> dict[str, Any]:
        """How the responses came about, as the metrics take it."""
        return {"clusters": self.prompts, "sample_weight": self.weight}

    def where(self, kept: NDArray[np.bool_]) -> Compared:
        """Keep some responses."""
        prompts, weight = (None if part is None else part[kept] for part in (self.prompts, self.weight))
        return Compared(self.truth[kept], self.verdicts[kept], self.numbers[kept], self.n_classes, prompts, weight)

    def raw(self) -> Metric:
        """Return the share of responses where both say the same."""
        known = self.where(self.truth >= 0)
        is_right = known.truth == known.verdicts
        if known.prompts is not None:
            weight = np.ones(len(is_right)) if known.weight is None else known.weight
            return cluster_ratios((weight * is_right)[:, np.newaxis], weight[:, np.newaxis], known.prompts)[0]
        if known.weight is not None:
            return weighted_wilson(is_right, known.weight)
        return wilson(int(is_right.sum()), len(is_right))

    def kappa(self, weights: Literal["linear", "quadratic"] | None = None) -> Metric:
        """Return Cohen's kappa."""
        return cohen_kappa(self.truth, self.verdicts, weights, **self.design)

    def shares(self, codes: Codes) -> NDArray[np.float64]:
        """Return the share of each class, and of what could not be parsed."""
        known = codes >= 0
        weight = None if self.weight is None else self.weight[known]
        counts = np.bincount(codes[known], weight, minlength=self.n_classes + 1)
        shares: NDArray[np.float64] = counts / max(counts.sum(), np.finfo(float).tiny)
        return shares


def beside_experts(scores: Scores, evaluator: str, experts: ExpertLabels) -> pl.DataFrame:
    """Return what evaluator and experts say of each response that most experts agree on.

    Its columns are `row_id`, `prompt_id`, `truth` (the experts' majority), `weight`, and `value` and `status` of the
    evaluator.
    """
    name = scores.criterion_of(evaluator).name
    majority = experts.majority(name).filter(pl.col("value").is_not_null())
    truth = majority.select("row_id", "weight", truth="value")
    columns = ["row_id", "prompt_id", "truth", "weight", "value", "status"]
    return truth.join(scores.of(evaluator), on="row_id").select(columns).sort("row_id")


def compared(pairs: pl.DataFrame, criterion: Criterion) -> Compared:
    """Return the verdicts that were scored or could not be parsed, beside the truth."""
    rows = scored_or_unparsable(pairs)
    numbers = rows.select(pl.col("truth", "value").cast(pl.Float64)).to_numpy()
    n_classes, weight = len(class_names(criterion)), rows.get_column("weight")
    codes = [points(column, criterion) for column in numbers.T]
    if isinstance(criterion.scale, Number) and not criterion.has_pass:
        truth, verdicts = np.full(len(numbers), -1), np.where(np.isnan(numbers[:, 1]), n_classes, -1)
    else:
        truth, verdicts = codes[0], np.where(codes[1] < 0, n_classes, codes[1])
    is_weighted = weight.n_unique() > 1
    return Compared(
        truth, verdicts, numbers, n_classes, repeated_prompts(rows), weight.to_numpy() if is_weighted else None
    )


def scored_or_unparsable(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep what is compared; an evaluator that abstained or failed has said nothing."""
    return rows.filter(pl.col("status").is_in([SCORED, UNPARSABLE]))


def points(values: NDArray[np.float64], criterion: Criterion) -> Codes:
    """Return codes of stored values, -1 for NaN; a number is 1 where it passes and else 0."""
    if criterion.kind == "number":
        codes = criterion.passed(values).astype(np.float64) if criterion.has_pass else np.zeros_like(values)
    else:
        codes = np.nan_to_num(values)
    return np.where(np.isnan(values), -1, codes).astype(np.int64)


def class_names(criterion: Criterion) -> tuple[str, ...]:
    """Return what is compared: the classes of the scale; whether a number passes."""
    return criterion.scale.names if isinstance(criterion.scale, Classes) else ("fail", "pass")


def alpha_level(criterion: Criterion) -> Literal["nominal", "ordinal", "interval"]:
    """Return the level of Krippendorff's alpha that fits the scale."""
    if criterion.kind == "number":
        return "interval"
    return "nominal" if criterion.kind == "pass_fail" else "ordinal"


def repeated_prompts(rows: pl.DataFrame) -> NDArray[Any] | None:
    """Return the prompt of each row where prompts occur more than once: what intervals resample then."""
    prompts = rows.get_column("prompt_id")
    return prompts.to_numpy() if prompts.is_duplicated().any() else None
