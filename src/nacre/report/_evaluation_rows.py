"""The matrix of an evaluation, and the responses behind each of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from nacre.displays import Block, Chart, Details, Format, Section, responses
from nacre.evaluation import ALL, ALL_CRITERIA
from nacre.evaluation import matrix_chart as drawn
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._response_cards import ResponseCards
from nacre.report._words import count, interval

_MOST_CARDS, _MOST_PER_CELL, _LEAST_PER_CELL = 400, 6, 2
_SEED = 17
_HOW = "Choose a cell of the matrix, or open it here. Of each cell a few responses are shown, those that fail first."
_SOME = (
    "The {n} cells that matter most are here; `nacre show responses --slice SLICE --criterion CRITERION` shows the "
    "others."
)

Place = tuple[str, str]


@dataclass(frozen=True)
class Shown:
    """The responses that stand for a cell.

    Args:
        row_ids: Which ones, those that fail first.
        n_failing: How many of the cell fail or fall short.
        n: How many the cell has.
    """

    row_ids: Sequence[int]
    n_failing: int
    n: int


def shown_rows(subject: EvaluationSubject) -> dict[Place, Shown]:
    """Choose the responses that stand for each cell; the more cells, the fewer for each, and the last have none."""
    places = sorted(_scored_places(subject), key=lambda place: _importance(subject, place))
    n_each = min(max(_MOST_CARDS // max(len(places), 1), _LEAST_PER_CELL), _MOST_PER_CELL)
    return {place: _choose(subject, place, n_each) for place in places[: _MOST_CARDS // n_each]}


def _scored_places(subject: EvaluationSubject) -> list[Place]:
    return [place for place, cell in subject.matrix.cells.items() if subject.matrix.n_responses[cell.slice]]


def _importance(subject: EvaluationSubject, place: Place) -> tuple[bool, bool, float]:
    """Sort the whole first, then what misses its target or got worse, then what is lowest."""
    cell = subject.matrix.cell(*place)
    is_whole = ALL in place or ALL_CRITERIA in place
    is_bad = cell.status == "missed" or cell.is_better is False
    is_known = not subject.is_number(cell.criterion) and cell.mean.n > 0
    return (not is_whole, not is_bad, cell.mean.value if is_known else 1.0)


def _choose(subject: EvaluationSubject, place: Place, n: int) -> Shown:
    """Return a sample of those that fail, then of those without a score, then of the others."""
    cell, rows = subject.matrix.cell(*place), subject.matrix.rows(*place)
    scored = rows.filter(pl.col("status") == "scored")
    if subject.is_number(cell.criterion):
        bad = scored.sort("outcome", "row_id", descending=[cell.lower_is_better, False]).head(n)
    else:
        failing = scored.filter(pl.col("outcome") < 1)
        bad = failing.sample(min(n, len(failing)), seed=_SEED).sort("outcome", "row_id")
    rest = rows.filter(~pl.col("row_id").is_in(bad["row_id"].implode()))
    unscored, others = rest.filter(pl.col("status") != "scored"), rest.filter(pl.col("status") == "scored")
    filled = pl.concat([part.select("row_id") for part in (bad, unscored, others)]).head(n)
    n_failing = 0 if subject.is_number(cell.criterion) else int((scored["outcome"] < 1).sum())
    return Shown(filled["row_id"].to_list(), n_failing, len(rows))


def _anchor(subject: EvaluationSubject, place: Place) -> str:
    """Return the name for links of a cell."""
    return f"cell-{subject.matrix.slices.index(place[0])}-{subject.matrix.criteria.index(place[1])}"


def matrix_chart(subject: EvaluationSubject, shown: Mapping[Place, Shown]) -> Chart:
    """Draw the matrix; each cell leads to its responses."""
    links = {place: f"#{_anchor(subject, place)}" for place in shown}
    title = f"{count(subject.matrix.n_responses[ALL], 'response')}, slices by criteria"
    if subject.comparison is not None:
        title += f"; changes since {subject.before}"
    return drawn(
        subject.matrix.to_dict(), title=title, links=links, notes=_notes(subject), column_links=_heads(subject)
    )


def _heads(subject: EvaluationSubject) -> dict[str, str]:
    """Return where the name of each criterion leads: what is known of its evaluator, else what it means."""
    links = dict.fromkeys(subject.columns, "#definitions")
    links |= {flag.criterion: "#doubts" for flag in subject.matrix.rigid if flag.criterion in links}
    for place, line in enumerate(line for line in subject.agreement or () if line.slice == ALL):
        links[line.criterion] = f"#agreement-{place}"
    return links


def _notes(subject: EvaluationSubject) -> dict[str, str]:
    """Return how far the evaluator of each criterion agrees with the experts, where they looked."""
    notes: dict[str, str] = {}
    for line in subject.agreement or ():
        if line.slice != ALL or line.criterion in notes:
            continue
        ceiling = "" if line.ceiling is None else f" of {_short(line.ceiling.agreement.value)}"
        few = ", too few" if line.is_too_few else ""
        notes[line.criterion] = f"agrees {_short(line.raw.value)}{ceiling}{few}"
    return notes


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")


def rows_section(subject: EvaluationSubject, shown: Mapping[Place, Shown], cards: ResponseCards) -> Section:
    """Show the responses behind the cells, slice by slice."""
    content: list[Block] = [_HOW]
    if len(shown) < len(_scored_places(subject)):
        content.append(_SOME.format(n=len(shown)))
    for slice_name in subject.matrix.slices:
        if any(place[0] == slice_name for place in shown):
            inner = list(_cells(subject, slice_name, shown, cards))
            content.append(_slice(subject, slice_name, inner))
    return Section("Responses behind the matrix", content, anchor="responses")


def _slice(subject: EvaluationSubject, slice_name: str, content: Sequence[Block]) -> Details:
    cell = subject.matrix.cell(slice_name, subject.headline.criterion)
    note = f"{count(subject.matrix.n_responses[slice_name], 'response')}, {cell.criterion}:"
    style: Format = "number" if subject.is_number(cell.criterion) else "share"
    return Details(slice_name, content, metric=cell.mean, note=note, format=style)


def _cells(
    subject: EvaluationSubject, slice_name: str, shown: Mapping[Place, Shown], cards: ResponseCards
) -> Iterator[Details]:
    for criterion in subject.matrix.criteria:
        place = (slice_name, criterion)
        if place not in shown:
            continue
        cell, rows = subject.matrix.cell(*place), shown[place]
        first = "" if criterion == ALL_CRITERIA else criterion
        chart = responses((cards.card(row_id, first=first) for row_id in rows.row_ids), title=_which(rows))
        yield Details(
            f"{slice_name}: {criterion}",
            [*_told(subject, place), chart],
            metric=cell.mean,
            format="number" if subject.is_number(criterion) else "share",
            anchor=_anchor(subject, place),
        )


def _which(rows: Shown) -> str:
    n = len(rows.row_ids)
    if n >= rows.n:
        return f"All {count(n, 'response')}, those that fail first." if n > 1 else "The only response."
    if not rows.n_failing:
        return f"{n} of {count(rows.n, 'response')}."
    if n <= rows.n_failing:
        return f"{n} of the {rows.n_failing:,} that fail, chosen at random, of {count(rows.n, 'response')}."
    return f"All {rows.n_failing:,} that fail and {n - rows.n_failing} others, of {count(rows.n, 'response')}."


def _told(subject: EvaluationSubject, place: Place) -> Iterator[str]:
    """Say what the cell could not hold."""
    cell = subject.matrix.cell(*place)
    parts = []
    if cell.change is not None:
        clear = "" if cell.is_changed else "not clear, " if cell.is_comparable else "another evaluator, "
        parts.append(f"Since {subject.before}: {clear}{interval(cell.change, signed=True)}.")
    if cell.corrected is not None:
        parts.append(f"Corrected by the experts' scores: {interval(cell.corrected)}.")
    if cell.missing:
        missing = ", ".join(f"{n:,} {status}" for status, n in cell.missing.items())
        parts.append(f"Without a score, not counted: {missing}.")
    if cell.detectable is not None and not subject.is_number(cell.criterion):
        parts.append(f"The next run can show a change of {100 * cell.detectable:.0f} points or more here.")
    if parts:
        yield " ".join(parts)
