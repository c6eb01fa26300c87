"""What an import of labels did: how many came, whose earlier ones they replace, and how many are about nothing here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from nacre.evaluation import ANYBODY
from nacre.loop._response_keys import WHERE


@dataclass(frozen=True)
class ReplacedLabels:
    """Earlier labels of somebody that count no more.

    Args:
        n: How many.
        n_different: How many of them said something else.
    """

    n: int
    n_different: int


@dataclass(frozen=True)
class ImportedLabels:
    """Labels or scores that are in the project by now.

    Args:
        n: How many.
        n_elsewhere: How many of them are about no response that is there.
        replaced: Whose earlier labels they replace.
    """

    n: int
    n_elsewhere: int
    replaced: Mapping[str, ReplacedLabels] = field(default_factory=dict)

    @property
    def notes(self) -> Iterator[str]:
        """What may surprise who imported them, a sentence each."""
        if self.n_elsewhere:
            yield (
                f"{self.n_elsewhere:,} of them are about no response of this project: they count once the same "
                "response to the same prompt comes again."
            )
        for name, replaced in self.replaced.items():
            yield f"{replaced.n:,} labels of `{name}` replace earlier ones, {replaced.n_different:,} of them differ."
            if name == ANYBODY:
                yield "If somebody else gave these, leave the file out with --drop and import it with --annotator NAME."

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON."""
        found = asdict(self)
        return {"imported": found.pop("n"), **found}


def labels_of(labels: pl.DataFrame, annotator: str) -> pl.DataFrame:
    """Return labels as those of one person, who may have said the same of a response twice."""
    labels = labels.with_columns(annotator=pl.lit(annotator))
    return labels.unique([*WHERE, "criterion", "score"], keep="first", maintain_order=True)


def imported_labels(labels: pl.DataFrame, responses: pl.DataFrame, earlier: Sequence[pl.DataFrame]) -> ImportedLabels:
    """Return what an import did.

    Args:
        labels: What was imported.
        responses: What `response_keys` returned.
        earlier: The tables that were there before, in the order in which they came.
    """
    is_there = labels.get_column("key").is_in(responses.get_column("key").implode())
    replaced = {}
    if earlier:
        keys = [*WHERE, "criterion", "@who"]
        before = pl.concat([_named(table) for table in earlier], how="diagonal_relaxed")
        before = before.unique(keys, keep="last", maintain_order=True)
        both = _named(labels).join(before, on=keys, how="inner", nulls_equal=True, suffix="_before")
        differs = pl.col("score").str.to_lowercase() != pl.col("score_before").str.to_lowercase()
        found = both.group_by("@who", maintain_order=True).agg(n=pl.len(), n_different=differs.sum())
        replaced = {name: ReplacedLabels(n, n_different) for name, n, n_different in found.iter_rows()}
    return ImportedLabels(len(labels), len(labels) - int(is_there.sum()), replaced)


def _named(labels: pl.DataFrame) -> pl.DataFrame:
    """Return what was said of which response, and by whom."""
    names = [pl.col(name) for name in ("annotator", "evaluator") if name in labels.columns]
    who = pl.coalesce(*names, pl.lit(ANYBODY)).alias("@who")
    return labels.select(*WHERE, "criterion", who, pl.col("score").cast(pl.String))
