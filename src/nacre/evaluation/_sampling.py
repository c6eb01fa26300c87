"""Which responses experts should label, so that few labels say much about every slice."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.data import Classes
from nacre.errors import SchemaError
from nacre.evaluation._columns import ALL, Booleans, Columns, Floats, columns_of, slice_masks
from nacre.evaluation._corrected import expert_outcomes
from nacre.evaluation._criterion import Criterion
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._scores import Scores
from nacre.metrics import ppi_mean

PILOT = 20
LEAST = 5
"""Responses of each stratum that experts label at least."""

_N_BANDS = 3
_REPEATED = 0.1


@dataclass(frozen=True, eq=False)
class ExpertSample:
    """Responses for experts to label, and how probable it was that each of them was chosen.

    Args:
        frame: `row_id`, `slice` and `band` of its stratum, `weight` (one over its inclusion probability),
            `is_labelled` (by the pilot) and `is_repeated` (two experts should label it, to know their own agreement).
        strata: `slice`, `band`, `n_responses`, `n_sampled` and `spread`, the standard deviation of what the evaluator
            misses, by which labels were shared out.
        criterion: What experts label.
    """

    frame: pl.DataFrame
    strata: pl.DataFrame
    criterion: Criterion

    @property
    def to_label(self) -> pl.DataFrame:
        """The responses that nobody labelled yet."""
        return self.frame.filter(~pl.col("is_labelled"))

    def weigh(self, experts: ExpertLabels) -> ExpertLabels:
        """Return the labels with the weights of this sample, those of the pilot included.

        Labels of responses outside the sample were chosen in a way that is not known; they are left out.
        """
        weights = self.frame.select("row_id", "weight")
        is_other = pl.col("criterion") != self.criterion.name
        other = experts.frame.filter(is_other)
        own = experts.frame.filter(~is_other).drop("weight").join(weights, on="row_id", how="inner")
        return ExpertLabels(pl.concat([other, own.select(other.columns)]).sort("row_id"), experts.criteria)

    def __repr__(self) -> str:
        n_labelled = int(self.frame["is_labelled"].sum())
        return (
            f"ExpertSample({len(self.frame):,} responses of {len(self.strata)} strata, {n_labelled:,} labelled, "
            f"{int(self.frame['is_repeated'].sum()):,} for two experts)"
        )


def sample_for_experts(
    scores: Scores,
    evaluator: str,
    n: int = PILOT,
    *,
    members: pl.DataFrame | None = None,
    pilot: ExpertLabels | None = None,
    random_state: int = 0,
) -> ExpertSample:
    """Return n responses for experts to label, most of them where the evaluator's errors are least known.

    Strata are slices by bands of the score: classes, or thirds of a number. A response in several slices counts for
    the smallest. Each stratum gets at least 5 labels, or its share of n where that is less. The first labels, the
    pilot, are spread like the responses; later ones by Neyman's rule n_h ~ N_h sd_h (y - lambda f) of the pilot, in
    the exact whole-number form of Wright (2012). Within a stratum the draw is at random, so that pilot and later labels
    together are a random draw too: `weigh` gives all of them the weight N_h / n_h, which `corrected_scores` uses. A
    tenth of the sample is for two experts.

    Args:
        scores: Scores of a run.
        evaluator: Whose scores are to be held against experts. Responses that it did not score are left out.
        n: How many responses experts label in all, the pilot included.
        members: Which responses belong to which slice, as `nacre.labeling.slice_members` returns it.
        pilot: Labels of the responses of an earlier sample of the same scores and slices.
        random_state: Seed of the draw.

    Raises:
        SchemaError: There are fewer labels than strata, or than were labelled already.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate
        >>> from nacre.functions import Keyword
        >>> polite = Criterion("polite")
        >>> answers = ["Yes, please", "Sure", "No"] * 30
        >>> answers = pl.DataFrame({"prompt": [f"{n}?" for n in range(90)], "response": answers})
        >>> scores = evaluate([Evaluator("please", polite, Keyword("response", ("please",)))], answers)
        >>> sample = sample_for_experts(scores, "please", 30)
        >>> sample
        ExpertSample(30 responses of 2 strata, 0 labelled, 3 for two experts)
        >>> sample.strata.select("slice", "band", "n_responses", "n_sampled").rows()
        [('all', 'fail', 60, 20), ('all', 'pass', 30, 10)]
    """
    columns = columns_of(scores.select([evaluator]), "evaluator")
    strata, stratum = _strata(columns, scores.criterion_of(evaluator), slice_masks(columns.responses, members))
    is_labelled, spread = _from_pilot(columns, pilot, stratum, len(strata))
    sizes = strata.get_column("n_responses").to_numpy()
    shares = _allocate(n, sizes, spread, np.bincount(stratum[is_labelled], minlength=len(strata)))
    rng = np.random.default_rng(random_state)
    rows = _draw(stratum, shares, is_labelled, rng)
    chosen = stratum[rows]
    frame = strata[chosen].select(
        columns.responses.get_column("row_id")[rows],
        "slice",
        "band",
        pl.Series("weight", sizes[chosen] / shares[chosen]),
        pl.Series("is_labelled", is_labelled[rows]),
        pl.Series("is_repeated", _every_tenth(len(rows), rng)),
    )
    strata = strata.with_columns(n_sampled=shares, spread=spread)
    return ExpertSample(frame, strata, scores.criterion_of(evaluator))


def _strata(
    columns: Columns, criterion: Criterion, masks: dict[str, Booleans]
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return `slice`, `band`, `n_responses` of each stratum, and that of each response: -1 where it has no score."""
    values = columns.values[:, 0]
    bands, names = _bands(values, criterion)
    keys = pl.DataFrame({"slice": _smallest_slice(masks), "band": bands}).filter(~np.isnan(values))
    strata = keys.group_by("slice", "band").agg(n_responses=pl.len().cast(pl.Int64)).sort("slice", "band")
    numbered = strata.select("slice", "band").with_row_index("stratum")
    stratum = np.full(len(values), -1)
    stratum[~np.isnan(values)] = keys.join(numbered, on=["slice", "band"], how="left", maintain_order="left")["stratum"]
    return strata.with_columns(pl.col("band").replace_strict(dict(enumerate(names)), return_dtype=pl.String)), stratum


def _smallest_slice(masks: dict[str, Booleans]) -> list[str]:
    """Return the smallest slice of each response; `all` where it is in no other."""
    by_size = sorted(masks, key=lambda name: (name == ALL, masks[name].sum()))
    members = np.column_stack([masks[name] for name in by_size])
    return [by_size[place] for place in members.argmax(axis=1).tolist()]


def _bands(values: Floats, criterion: Criterion) -> tuple[NDArray[np.int64], list[str]]:
    """Return the band of each score and the names of the bands."""
    if isinstance(criterion.scale, Classes):
        return np.nan_to_num(values, nan=-1).astype(np.int64), list(criterion.scale.names)
    scored = values[~np.isnan(values)]
    cuts = np.unique(np.quantile(scored, np.arange(1, _N_BANDS) / _N_BANDS)) if len(scored) else np.empty(0)
    ends = [f"{cut:g}" for cut in cuts]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    names = [f"up to {ends[0]}", *between, f"above {ends[-1]}"] if ends else ["any"]
    return np.searchsorted(cuts, np.nan_to_num(values)).astype(np.int64), names


def _from_pilot(
    columns: Columns, pilot: ExpertLabels | None, stratum: NDArray[np.int64], n_strata: int
) -> tuple[Booleans, Floats]:
    """Return which responses the pilot labelled, and the standard deviation of y - lambda f in each stratum."""
    if pilot is None:
        return np.zeros(len(stratum), dtype=np.bool_), np.ones(n_strata)
    truth, scores = expert_outcomes(columns, pilot)[0][:, 0], columns.outcomes[:, 0]
    is_labelled = ~np.isnan(truth) & (stratum >= 0)
    if not is_labelled.any():
        return is_labelled, np.ones(n_strata)
    missed = truth[is_labelled] - ppi_mean(truth, scores, is_rate=bool(columns.is_rate[0])).power * scores[is_labelled]
    places = stratum[is_labelled]
    counts = np.bincount(places, minlength=n_strata)
    means = np.bincount(places, missed, n_strata) / np.maximum(counts, 1)
    squares = np.bincount(places, (missed - means[places]) ** 2, n_strata)
    # The few labels of a stratum may agree by luck: two more of the spread of all keep it from being passed over.
    everywhere = float(missed.var()) or 1.0
    return is_labelled, np.sqrt((squares + 2 * everywhere) / (np.maximum(counts - 1, 0) + 2))


def _allocate(n: int, sizes: NDArray[np.int64], spread: Floats, labelled: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many responses of each stratum are labelled in all: n, or all that there are."""
    n = min(n, int(sizes.sum()))
    n_strata, n_labelled = len(sizes), int(labelled.sum())
    if n < (needed := max(n_strata, n_labelled)):
        raise SchemaError(
            f"There are {n_strata} strata, slices by bands of the score, and {n_labelled} labels of the pilot; {n} "
            f"labels in all are too few. Ask for at least {needed}."
        )
    least = np.minimum(sizes, min(LEAST, n // max(n_strata, 1)))
    shares = np.maximum(least, labelled)
    while (excess := int(shares.sum()) - n) > 0:  # labels that are there already leave less for the others
        spare = np.flatnonzero(shares > np.maximum(1, labelled))
        if not len(spare):
            break
        shares[spare[np.argsort(-shares[spare])][:excess]] -= 1
    weight = sizes * spread
    queue = [(-weight[h] / np.sqrt(shares[h] * (shares[h] + 1)), h) for h in range(n_strata) if shares[h] < sizes[h]]
    heapq.heapify(queue)
    for _ in range(n - int(shares.sum())):
        _, h = heapq.heappop(queue)
        shares[h] += 1
        if shares[h] < sizes[h]:
            heapq.heappush(queue, (-weight[h] / np.sqrt(shares[h] * (shares[h] + 1)), h))
    return shares


def _draw(
    stratum: NDArray[np.int64], shares: NDArray[np.int64], is_labelled: Booleans, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the rows of the sample: those labelled, then others of their stratum at random."""
    order = np.lexsort((rng.random(len(stratum)), ~is_labelled, stratum))
    order = order[stratum[order] >= 0]
    starts = np.searchsorted(stratum[order], np.arange(len(shares)))
    rank = np.arange(len(order)) - starts[stratum[order]]
    return np.sort(order[rank < shares[stratum[order]]])


def _every_tenth(n: int, rng: np.random.Generator) -> Booleans:
    is_repeated = np.zeros(n, dtype=np.bool_)
    is_repeated[rng.permutation(n)[: int(np.ceil(n * _REPEATED))]] = True
    return is_repeated
