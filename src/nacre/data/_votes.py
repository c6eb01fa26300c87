"""Read recorded votes: what people, crowds and imports answered, one answer per row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from nacre.data._blocks import ReadOptions
from nacre.data._dataset import Dataset
from nacre.data._files import Format
from nacre.data._readers import read_batches
from nacre.data._refusals import shown
from nacre.errors import IngestError


def read_votes(
    source: Any,
    *,
    row: str = "item",
    annotator: str = "worker",
    label: str = "label",
    time: str | None = None,
    explanation: str | None = None,
    data: Dataset | None = None,
    format: Format | None = None,
    refused: str | Path | None = None,
    **options: Unpack[ReadOptions],
) -> pl.DataFrame:
    """Return recorded votes in long form: `uid`, `annotator`, `label`, and `time` and `explanation` where given.

    An annotator may have answered the same data point several times: every answer is kept. Data point, annotator
    and label are text as written; a row that lacks one of them is an error.

    Args:
        source: A file, folder, glob or frame, as for `read`.
        row: The column with the uid of the data point.
        annotator: The column that names who answered.
        label: The column with the answer.
        time: The column with the time of the answer.
        explanation: The column with the reason that the annotator gave.
        data: The data points; each vote then has a `row_id` too, and a vote on an unknown data point is an error.
        format: As for `read`.
        refused: As for `read`.
        **options: As for `read`.

    Examples:
        >>> answers = {"item": ["a", "a"], "worker": ["ann", "bob"], "label": ["spam", "ham"]}
        >>> mail = Dataset.from_frame(pl.DataFrame({"uid": ["b", "a"], "body": ["Lunch?", "Free cash"]}))
        >>> read_votes(answers, data=mail).to_dicts()[0]
        {'row_id': 1, 'uid': 'a', 'annotator': 'ann', 'label': 'spam'}
    """
    names = {"uid": row, "annotator": annotator, "label": label, "time": time, "explanation": explanation}
    columns = {new: old for new, old in names.items() if old is not None}
    dtypes = {columns[new]: "text" for new in ("uid", "annotator", "label", "explanation") if new in columns}
    required = [columns[new] for new in ("uid", "annotator", "label")]
    reading: ReadOptions = {
        **options,
        "fields": tuple(columns.values()),
        "dtypes": {**dtypes, **(options.get("dtypes") or {})},
    }
    batches = read_batches(source, format=format, refused=refused, **reading)
    batches = replace(batches, uid=None, required=tuple(required))  # several votes on one uid are what votes are
    found = batches.collect()
    votes = found.select(pl.col(old).alias(new) for new, old in columns.items())
    return votes if data is None else _with_row_ids(votes, data)


def _with_row_ids(votes: pl.DataFrame, data: Dataset) -> pl.DataFrame:
    known = data.collect(["row_id", "uid"])
    joined = votes.join(known, on="uid", how="left", maintain_order="left")
    unknown = joined.filter(pl.col("row_id").is_null()).get_column("uid").unique(maintain_order=True)
    if len(unknown):
        raise IngestError(
            f"{len(unknown):,} voted data points are not in the dataset, the first is {shown(unknown[0])}. Import them "
            "first, or check that the votes name data points by their uid."
        )
    return joined.select("row_id", pl.exclude("row_id"))
