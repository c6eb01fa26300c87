"""Data points as a reader sees them: their text, what functions saw in it, votes, truth and prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from nacre.analysis import evidence
from nacre.data import Dataset, Spans
from nacre.displays import Chart, Evidence, evidence_text
from nacre.engine import split_name
from nacre.functions import Rule
from nacre.loop import Labels, Recipe
from nacre.report._spans import TokenSpans
from nacre.report._subject import Subject
from nacre.report._words import share

N_CHARACTERS = 5_000
"""Longer texts are cut, so that a report stays small enough to send."""
KEYS = ("row_id", "uid", "split")

Row = Mapping[str, Any]
Passage = tuple[int, int, str]


@dataclass(frozen=True, eq=False)
class Examples:
    """Draws data points of an analysis; made by `Examples.of`.

    Args:
        rows: The data points by row id.
        texts: The fields that are shown as text, the shortest first.
        facts: Other fields that functions read.
        passages: What functions saw: `start, end, function` by row id and field.
        classes: The classes in their order, for their colours.
        spans: What is known of tokens, where labels are spans.
    """

    rows: Mapping[int, Row]
    texts: tuple[str, ...]
    facts: tuple[str, ...]
    passages: Mapping[tuple[int, str], Sequence[Passage]]
    classes: tuple[str, ...]
    spans: TokenSpans | None

    @classmethod
    def of(cls, subject: Subject, row_ids: Iterable[int]) -> Examples:
        """Look up data points, and what the functions saw in them."""
        recipe, labels = subject.recipe, subject.labels
        chosen = pl.Series("row_id", sorted(set(row_ids)), dtype=pl.Int64)
        frame = labels.data.where(chosen).collect()
        schema = labels.label_matrix.schema
        rows = {row["row_id"]: row for row in frame.iter_rows(named=True)}
        if isinstance(schema, Spans):
            return cls(rows, (schema.field,), (), {}, schema.classes, TokenSpans(subject.outcomes))
        passages = _passages(recipe, labels, frame)
        by_model = {split_name(name)[0] for name in subject.trained.model.reads}
        by_functions = {
            split_name(name)[0] for function in recipe.functions for name in function.resolve(labels.context).reads
        }
        hidden = {*KEYS, recipe.data.truth}
        texts = _texts(frame, (by_model | {field for _, field in passages}) - hidden)
        others = (by_model | by_functions) - hidden - set(texts)
        facts = tuple(name for name in frame.columns if name in others and not frame.schema[name].is_nested())
        return cls(rows, texts, facts, passages, schema.classes, None)

    def chart(self, units: pl.DataFrame) -> Chart:
        """Draw units of `Outcomes.frame`; tokens of one data point share a card."""
        if self.spans is not None:
            points = [self._spans_point(row_id, part) for row_id, part in _by_row(units)]
        else:
            points = [self._point(unit) for unit in units.iter_rows(named=True)]
        return evidence_text(points, self.classes)

    def _point(self, unit: Row) -> Evidence:
        row = self.rows[unit["row_id"]]
        content, offsets, lead = _content(row, self.texts or self.facts, is_named=not self.texts)
        votes = {vote["function"]: vote["vote"] for vote in unit["votes"] or ()}
        spans = [
            (start + offset, end + offset, function)
            for field, offset in offsets.items()
            for start, end, function in self.passages.get((unit["row_id"], field), ())
            if end + offset <= N_CHARACTERS and function in votes
        ]
        named = {"truth": unit["truth"], "predicted": unit["prediction"], "label model": unit["label_model"]}
        facts = _unit_facts(unit) | {name: _shown(row[name]) for name in self.facts if self.texts}
        return Evidence(
            content[:N_CHARACTERS],
            spans,
            title=str(row["uid"]),
            labels=named,
            votes=votes,
            facts=facts | _cut_fact(content),
            lead=lead,
        )

    def _spans_point(self, row_id: int, units: pl.DataFrame) -> Evidence:
        assert self.spans is not None  # asked for spans only
        content = self.rows[row_id][self.texts[0]] or ""
        spans, votes = self.spans.around(row_id, units)
        kept = [span for span in spans if span[1] <= N_CHARACTERS]
        facts = {"wrong tokens": str(len(units))} | _edits_fact(units.to_dicts()) | _cut_fact(content)
        return Evidence(content[:N_CHARACTERS], kept, title=str(self.rows[row_id]["uid"]), votes=votes, facts=facts)


def _passages(recipe: Recipe, labels: Labels, frame: pl.DataFrame) -> dict[tuple[int, str], list[Passage]]:
    rules = [function for function in recipe.functions if isinstance(function, Rule)]
    found: dict[tuple[int, str], list[Passage]] = {}
    if len(frame):
        seen = evidence(rules, Dataset.from_frame(frame, uid="uid"), context=labels.context)
        for row_id, function, field, start, end in seen.iter_rows():
            found.setdefault((row_id, field), []).append((start, end, function))
    return found


def _texts(frame: pl.DataFrame, wanted: set[str]) -> tuple[str, ...]:
    """Return the text fields among those wanted, the shortest on average first."""
    names = [name for name in frame.columns if name in wanted and frame.schema[name] == pl.String]
    lengths = {name: frame[name].str.len_chars().mean() or 0 for name in names}
    return tuple(sorted(names, key=lambda name: lengths[name]))


def _content(row: Row, fields: Sequence[str], *, is_named: bool) -> tuple[str, dict[str, int], int]:
    """Return the fields as one text, where each begins in it, and the length of all but the last."""
    content, offsets = "", {}
    for place, field in enumerate(fields):
        lead = len(content)
        content += f"{field}: " if is_named else ""
        offsets[field] = len(content)
        content += _shown(row[field]) if row[field] is not None else ""
        content += "\n" if place < len(fields) - 1 else ""
    return content, offsets, lead if len(fields) > 1 and not is_named else 0


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)


def _unit_facts(unit: Row) -> dict[str, str]:
    facts = {"label": unit["label"]} if "label" in unit else {}
    if unit["confidence"] is not None:
        facts["confidence"] = share(unit["confidence"])
    return facts | _edits_fact([unit])


def _edits_fact(units: Sequence[Row]) -> dict[str, str]:
    """Return the functions whose votes changed since the iteration before."""
    edits = dict.fromkeys(name for unit in units for name in unit.get("edits") or ())
    return {"other votes of": ", ".join(edits)} if edits else {}


def _cut_fact(content: str) -> dict[str, str]:
    n = len(content)
    return {"cut": f"after {N_CHARACTERS:,} of {n:,} characters"} if n > N_CHARACTERS else {}


def _by_row(units: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    for (row_id,), part in units.group_by("row_id", maintain_order=True):
        yield int(row_id), part


def row_ids(frames: Iterable[pl.DataFrame]) -> list[int]:
    """Return the data points of several frames, each once."""
    ids = [row_id for frame in frames for row_id in frame["row_id"].to_list()]
    return list(dict.fromkeys(ids))


def first_rows(units: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return the units of the first `n` data points."""
    chosen = units["row_id"].unique(maintain_order=True).head(n)
    return units.filter(pl.col("row_id").is_in(chosen.implode()))
