"""Scores whose values are known, as evaluators would have given them."""

import numpy as np
import polars as pl

from nacre.evaluation import Scores

STATUS = pl.Enum(["scored", "abstained", "unparsable", "failed"])


def planted_scores(columns, *, prompts=None, fingerprints=None, not_asked=()):
    """Return scores of one evaluator per criterion, named like it; NaN abstains.

    Args:
        columns: Stored values by criterion.
        prompts: The prompt of each response, repeated where several responses answer it; all different by default.
        fingerprints: What the evaluators are, by name.
        not_asked: Pairs of criterion name and row that no evaluator saw.
    """
    n = len(next(iter(columns.values())))
    prompts = np.arange(n) if prompts is None else np.asarray(prompts)
    keys = pl.DataFrame({"row_id": np.arange(n), "prompt_id": pl.Series(prompts).cast(pl.String)})
    keys = keys.with_columns(repeat=pl.int_range(pl.len()).over("prompt_id").cast(pl.Int64))
    parts = []
    for criterion, values in columns.items():
        value = pl.Series("value", np.asarray(values, dtype=float)).fill_nan(None).cast(pl.Float32)
        status = pl.when(pl.col("value").is_null()).then(pl.lit("abstained")).otherwise(pl.lit("scored")).cast(STATUS)
        part = keys.with_columns(pl.lit(criterion.name).alias("evaluator"), pl.lit(criterion.name).alias("criterion"))
        part = part.with_columns(value).with_columns(
            status=status, rationale=pl.lit(None, dtype=pl.String), message=pl.lit(None, dtype=pl.String)
        )
        skipped = [row for name, row in not_asked if name == criterion.name]
        parts.append(part.filter(~pl.col("row_id").is_in(skipped)))
    names = {criterion.name: "" for criterion in columns}
    return Scores(pl.concat(parts), tuple(columns), names | (fingerprints or {}))


def planted_members(**masks):
    """Return which responses belong to which slice."""
    return pl.DataFrame({"row_id": np.arange(len(next(iter(masks.values())))), **masks})
