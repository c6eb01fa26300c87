"""What changed since the baseline: criteria, slices, and the responses that got worse or better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from nacre.displays import Block, Details, Section, responses
from nacre.evaluation import ALL, ALL_CRITERIA, Change, Comparison, changes_chart
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._response_cards import ResponseCards
from nacre.report._words import count, names

_MOST_CARDS, _MOST_EACH, _LEAST_EACH = 72, 6, 2
_SEED = 17
_FIRST = (
    "This is the first run. Change the system, answer the same prompts again with `nacre run --responses FILE`, and "
    "this part shows what changed, slice by slice and response by response."
)
_HOW = (
    "Only responses to the same prompts are compared, prompt by prompt. Arrow and colour stand where a change is "
    "significant among all slices and criteria together (Benjamini-Hochberg); the others may be chance."
)


def moved_rows(subject: EvaluationSubject) -> dict[tuple[str, str], Sequence[int]]:
    """Choose responses that got worse and better on each criterion, by criterion and direction."""
    if subject.comparison is None:
        return {}
    found = {}
    n = min(max(_MOST_CARDS // (2 * len(subject.comparison.criteria)), _LEAST_EACH), _MOST_EACH)
    for name in _criteria(subject.comparison):
        moved = subject.comparison.rows(ALL, name).drop_nulls("change")
        lower = subject.comparison.change(ALL, name).lower_is_better
        for kind, sign in (("worse", -1), ("better", 1)):
            sign = -sign if lower else sign
            rows = moved.filter(pl.col("change") * sign > 0)
            found[name, kind] = rows.sample(min(n, len(rows)), seed=_SEED)["row_id"].sort().to_list()
    return {place: rows for place, rows in found.items() if rows}


def _criteria(comparison: Comparison) -> list[str]:
    """Return the criteria on which a response can have got better or worse."""
    return [name for name in comparison.criteria if name != ALL_CRITERIA and comparison.change(ALL, name).is_comparable]


def changes_section(subject: EvaluationSubject, cards: ResponseCards) -> Section:
    """Compare with the baseline."""
    comparison = subject.comparison
    if comparison is None:
        return Section("What changed", [subject.not_compared or _FIRST])
    content: list[Block] = [f"{comparison.verdict} {_HOW}", *_overview(subject, comparison), *_left_out(comparison)]
    moved = moved_rows(subject)
    for name in comparison.criteria:
        content.append(_criterion(subject, comparison, name, cards, moved))
    return Section("What changed", content)


def _overview(subject: EvaluationSubject, comparison: Comparison) -> Iterator[Block]:
    """Draw the change on all responses, shares on one axis and each number on its own."""
    every = [comparison.change(ALL, name) for name in comparison.criteria]
    shares = [change.to_dict() for change in every if not subject.is_number(change.criterion)]
    title = f"All responses: {comparison.names[1]} minus {comparison.names[0]}"
    links = {name: f"#{_anchor(comparison, name)}" for name in comparison.criteria}
    if shares:
        yield changes_chart(shares, title=title, names=comparison.names, links=links)
    for change in every:
        if subject.is_number(change.criterion):
            told = f"{change.criterion}, {title[:1].lower()}{title[1:]}"
            yield changes_chart([change.to_dict()], title=told, names=comparison.names, is_number=True, links=links)


def _left_out(comparison: Comparison) -> Iterator[str]:
    parts = []
    if comparison.n_only_before or comparison.n_only_after:
        before, after = count(comparison.n_only_before, "response"), comparison.n_only_after
        compared = count(comparison.n_paired, "prompt" if comparison.is_by_prompt else "response")
        parts.append(
            f"{compared} are compared; {before} of the earlier run and {after:,} of this one have no partner and are "
            "left out."
        )
    if comparison.left_out:
        parts.append(f"Not compared, because they mean something else now: {names(comparison.left_out)}.")
    if comparison.changed_evaluators:
        parts.append(f"Changed since, so that scores may have moved for that: {names(comparison.changed_evaluators)}.")
    if parts:
        yield " ".join(parts)


def _criterion(
    subject: EvaluationSubject,
    comparison: Comparison,
    name: str,
    cards: ResponseCards,
    moved: dict[tuple[str, str], Sequence[int]],
) -> Details:
    changes = [comparison.change(slice_name, name) for slice_name in comparison.slices]
    known = [change for change in changes if change.difference.n]
    chart = changes_chart(
        [change.to_dict() for change in known],
        title=f"{name}, by slice",
        names=comparison.names,
        label="slice",
        is_number=subject.is_number(name),
    )
    content: list[Block] = [chart]
    whole = comparison.change(ALL, name)
    up, down = (whole.n_lost, whole.n_gained) if whole.lower_is_better else (whole.n_gained, whole.n_lost)
    for kind, total in (("worse", down), ("better", up)):
        if rows := moved.get((name, kind)):
            shown = (cards.card(row_id, first=name, with_earlier=True) for row_id in rows)
            told = f"{len(rows)} of {total:,} that got {kind}" if len(rows) < total else f"All {total:,}"
            inner = responses(shown, title=f"{told}, with the earlier response below.")
            content.append(Details(f"Got {kind}", [inner], note=count(total, "response")))
    return Details(name, content, note=_told(known), anchor=_anchor(comparison, name))


def _anchor(comparison: Comparison, name: str) -> str:
    return f"change-{comparison.criteria.index(name)}"


def _told(changes: Sequence[Change]) -> str:
    better = sum(change.is_better is True for change in changes)
    worse = sum(change.is_better is False for change in changes)
    parts = [f"{better} better" if better else "", f"{worse} worse" if worse else ""]
    clear = ", ".join(filter(None, parts)) or "no clear change"
    if not all(change.is_comparable for change in changes):
        return "not comparable: its evaluator changed"
    return f"{clear} in {count(len(changes), 'slice')}"
