"""Which expert labels may shape an evaluator, and which report on it: never the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from nacre._hashing import hash_frame
from nacre.errors import SchemaError
from nacre.evaluation._experts import ExpertLabels
from nacre.metrics import splitmix64

MAX_CROSS_FITTED = 150
"""Up to as many labelled prompts, all report, cross-fitted: 40 % of fewer would tell too little."""

N_FOLDS = 5
_TRAIN_AND_HELD_OUT = (0, 1, 0, 1, 0)  # of each five, three train


@dataclass(frozen=True, eq=False)
class LabelSplit:
    """The fold of each labelled response.

    Args:
        frame: `row_id` and `fold`. Cross-fitted: the part that a version shaped by the other folds reports on. Else 0
            is train and 1 held out.
        is_cross_fitted: Whether every label reports once.
    """

    frame: pl.DataFrame
    is_cross_fitted: bool

    @cached_property
    def fingerprint(self) -> str:
        """Content hash: which response is in which fold."""
        return hash_frame(self.frame.sort("row_id"))

    @property
    def held_out(self) -> pl.Series:
        """Ids of the responses whose labels report."""
        rows = self.frame if self.is_cross_fitted else self.frame.filter(pl.col("fold") == 1)
        return rows.get_column("row_id")

    def parts(self) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Yield ids of the responses that train, and of those that the result reports on."""
        for fold in range(N_FOLDS) if self.is_cross_fitted else (1,):
            is_held_out = pl.col("fold") == fold
            held_out = self.frame.filter(is_held_out).get_column("row_id")
            if len(held_out):
                yield self.frame.filter(~is_held_out).get_column("row_id"), held_out

    def __repr__(self) -> str:
        kind = f"{N_FOLDS} folds" if self.is_cross_fitted else "60/40"
        return f"LabelSplit({len(self.frame):,} responses, {kind})"


def split_labels(
    experts: ExpertLabels,
    criterion: str,
    *,
    responses: pl.DataFrame | None = None,
    members: pl.DataFrame | None = None,
    random_state: int = 0,
) -> LabelSplit:
    """Return a split of the responses with a majority: cross-fitted up to 150 labels, 60/40 above.

    Responses to one prompt stay together and count as one label. Stratified by label and slices. It depends on ids and
    the seed, not on the order of rows.

    Args:
        experts: What experts say.
        criterion: About what.
        responses: `row_id` and `prompt_id`, so that responses to one prompt stay together.
        members: Which responses belong to which slice, as `slice_members` returns it.
        random_state: Seed.

    Examples:
        >>> from nacre.evaluation import Criterion
        >>> labels = {"row_id": list(range(200)), "score": ["pass", "fail"] * 100}
        >>> split = split_labels(ExpertLabels.from_frame(labels, [Criterion("polite")]), "polite")
        >>> split, len(split.held_out)
        (LabelSplit(200 responses, 60/40), 80)
    """
    labelled = experts.majority(criterion).filter(pl.col("value").is_not_null())
    if len(labelled) < 2:
        raise SchemaError(
            f"Too few responses have a majority of experts on `{criterion}`: {len(labelled)}. Label more."
        )
    prompt = pl.col("row_id").cast(pl.String).alias("prompt_id")
    rows = labelled.select("row_id", prompt, stratum=pl.col("value").cast(pl.String))
    if responses is not None:
        known = responses.select("row_id", "prompt_id").unique("row_id")
        lost = rows.join(known, on="row_id", how="anti")
        if len(lost):
            raise SchemaError(
                f"{len(lost):,} of {len(rows):,} labelled responses are not among the responses. Leave their labels "
                'out first: `experts.where(responses["row_id"])`.'
            )
        rows = rows.drop("prompt_id").join(known, on="row_id")
    if members is not None:
        slices = [pl.col(name).cast(pl.String) for name in members.columns if name != "row_id"]
        rows = rows.join(
            members.select("row_id", pl.concat_str(pl.lit(""), *slices).alias("slices")), on="row_id", how="left"
        )
        rows = rows.with_columns(stratum=pl.concat_str("stratum", pl.col("slices").fill_null("")))
    groups = rows.group_by("prompt_id").agg(pl.col("row_id").min(), pl.col("stratum").sort().str.join())
    seed = splitmix64(np.array([random_state % 2**64], dtype=np.uint64))
    order = splitmix64(groups.get_column("row_id").to_numpy().astype(np.uint64) ^ seed)
    dealt = groups.with_columns(order=pl.Series(order)).sort("stratum", "order")
    is_cross_fitted = len(groups) <= MAX_CROSS_FITTED
    pattern = np.arange(N_FOLDS) if is_cross_fitted else np.array(_TRAIN_AND_HELD_OUT)
    folds = pl.Series("fold", np.resize(pattern, len(dealt)), dtype=pl.Int8)
    frame = rows.join(dealt.select("prompt_id", folds), on="prompt_id").select("row_id", "fold").sort("row_id")
    return LabelSplit(frame, is_cross_fitted)
