"""The functions: how they cover train and one another, how right they are, what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from nacre.displays import Block, Chart, Code, Column, Section, table
from nacre.metrics import MIN_N, Metric
from nacre.report._subject import Subject
from nacre.report._words import count, names

N_ANSWERS = 3
N_MESSAGES = 20
_SHARES = (
    Column("coverage", type="percent", help="share of train that it votes on"),
    Column("overlap", type="percent", help="share of train where another function votes too"),
    Column("conflict", type="percent", help="share of train where another function says something else"),
    Column("only", "only it", type="percent", help="share of train that no other function votes on"),
)
_ACCURACY = Column("accuracy", type="metric", help="on the ground truth of train, which had no part in the labels")
_ESTIMATE = Column("estimate", "rank without truth", type="percent", help="how far the other functions agree with it")
_RANKS = (
    "The rank without truth is how far the label model, made of the other functions, agrees with the votes of each. It "
    "uses no ground truth and is mostly too low: it ranks functions, and is no rate of right votes."
)
_VALUE = Column(
    "value", "decides", type="percent", help="share of train whose most probable class depends on this function alone"
)
_FAILURES = (
    Column("function", type="code"),
    Column("n", "rows", type="integer"),
    Column("message", type="code"),
    Column("row_id", "first row", type="integer"),
)
_GROUPS = (
    Column("keep", type="code"),
    Column("drop"),
    Column("reason"),
    Column("n_votes", "votes of the group", type="integer"),
    Column("n_lost", "lost by dropping", type="integer", help="units that no function of the group would vote on"),
)
_NO_TRUTH = (
    "Train has no ground truth, so no accuracy can be measured here; functions are only ranked by what the others make "
    "of each. A few dozen labelled rows of train would show where it errs."
)


def functions_section(subject: Subject) -> Section:
    """Show the label analysis of train, functions that repeat each other, and functions that failed."""
    summary, unit = subject.analysis.summary, subject.unit
    intro = (
        f"Functions vote on {summary.coverage:.1%} of {count(summary.n_units, _counted(unit))} of train; on "
        f"{summary.overlap:.1%} several do, and on {summary.conflict:.1%} they disagree."
    )
    content: list[Block] = [intro]
    rows = [*_rows(subject)]
    has_truth = any(row["accuracy"] is not None and row["accuracy"].n for row in rows)
    if not has_truth:
        content.append(_NO_TRUTH)
    content.append(_table(rows, has_truth=has_truth, classes=subject.labels.label_matrix.classes))
    return Section("Functions", [*content, *_duplicates(subject), *_failures(subject)])


def _counted(unit: str) -> str:
    """The votes are counted per data point where analysis counts pairs."""
    return unit.removesuffix(" and class")


def _table(rows: list[dict[str, Any]], *, has_truth: bool, classes: tuple[str, ...]) -> Chart:
    columns = [
        Column("function", type="code"),
        Column("votes", type="class"),
        *_SHARES,
        *([_ACCURACY] if has_truth else []),
        _ESTIMATE,
        _VALUE,
        Column("flags", ""),
    ]
    return table(rows, columns, caption="Label analysis", note=_RANKS, classes=classes)


def _rows(subject: Subject) -> Iterator[dict[str, Any]]:
    estimates = _estimates(subject.analysis.estimated)
    value = dict(subject.analysis.value.group_by("function").agg(pl.col("changed").mean()).iter_rows())
    drops = {name: group.keep for group in subject.analysis.duplicates for name in group.drop}
    for row in subject.analysis.summary.functions.iter_rows(named=True):
        name = row["function"]
        estimate, is_weak = estimates.get(name, (None, False))
        yield {
            **row,
            "votes": _answers(row["polarity"]),
            "accuracy": _accuracy(row),
            "estimate": estimate,
            "value": value.get(name),
            "flags": ", ".join(_flags(row, is_weak=is_weak, repeats=drops.get(name))),
        }


def _answers(answers: list[str]) -> str | None:
    if not answers:
        return None
    rest = len(answers) - N_ANSWERS
    return ", ".join(answers[:N_ANSWERS]) + (f" and {rest} more" if rest > 0 else "")


def _accuracy(row: Mapping[str, Any]) -> Metric | None:
    if not row.get("n"):
        return None
    return Metric(row["accuracy"], row["low"], row["high"], row["n"])


def _estimates(estimated: pl.DataFrame) -> dict[str, tuple[float, bool]]:
    """Return the mean precision of each function over its answers, and whether any of them is weak."""
    found = {}
    for (name,), part in estimated.filter(pl.col("n") > 0).group_by("function", maintain_order=True):
        value = float((part["n"] * part["precision"]).sum()) / int(part["n"].sum())
        found[str(name)] = (value, bool(part["is_weak"].any()))
    return found


def _flags(row: Mapping[str, Any], *, is_weak: bool, repeats: str | None) -> Iterator[str]:
    if not row["votes"]:
        yield "never votes"
    if is_weak:
        yield "weak"
    if repeats:
        yield f"repeats `{repeats}`"
    if row["errors"]:
        yield f"fails on {count(row['errors'], 'row')}"
    accuracy = _accuracy(row)
    if accuracy is not None and accuracy.high < 0.5 and accuracy.n >= MIN_N:
        yield "mostly wrong"


def _duplicates(subject: Subject) -> Iterator[Section]:
    groups = subject.analysis.duplicates
    if not groups:
        return
    rows = [
        {
            "keep": group.keep,
            "drop": names(list(group.drop)),
            "reason": group.reason,
            "n_votes": group.n_votes,
            "n_lost": group.n_lost,
        }
        for group in groups
    ]
    told = "The label model counts the same evidence several times where functions repeat each other."
    yield Section("Functions that repeat each other", [told, table(rows, _GROUPS)], anchor="repeated")


def _failures(subject: Subject) -> Iterator[Section]:
    errors = subject.labels.label_matrix.errors
    if errors.is_empty():
        return
    counted = (
        errors.group_by("function", "message", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("row_id").min())
        .sort("n", descending=True, maintain_order=True)
    )
    shown = counted.head(N_MESSAGES).iter_rows(named=True)
    told = (
        f"{count(len(errors), 'row')} of all splits, counted once per function, got no vote because a function failed "
        "there: that is neither a vote nor an abstention. Correct the function, or try again with"
    )
    note = f"The {N_MESSAGES} most frequent of {len(counted):,} messages." if len(counted) > N_MESSAGES else ""
    content: list[Block] = [told, Code("nacre run --retry-errors"), table(shown, _FAILURES, note=note)]
    yield Section("Functions that failed", content, anchor="failed")
