"""How far to trust the scores: agreement with experts, corrected means, evaluators to doubt, gaps, missing scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from nacre.displays import Block, Chart, Code, Column, Details, Section, interval_bars, responses, table
from nacre.evaluation import ALL, Agreement, Cell, agreement_chart
from nacre.report._evaluation_subject import EvaluationSubject
from nacre.report._response_cards import ResponseCards, differs
from nacre.report._words import count, share

N_ROWS = 8
_SEED = 17
_NO_EXPERTS = (
    "No expert has scored any of these responses, so nobody knows how far the evaluators can be trusted. A hundred "
    "labels tell an agreement of .80 to about .08 up and down. Write them in a CSV file with `uid` (or `prompt_id`), "
    "`criterion`, `score` and `explanation`, then:"
)
_CORRECTED = (
    "The mean that experts would give, where they scored enough responses (prediction-powered inference): the "
    "evaluator's mean, moved by how far it is off where experts looked."
)
_HOW = (
    "An evaluator is as good as its agreement with the experts: better than always giving the most frequent score, and "
    "near what experts reach among each other."
)


def disagreements(subject: EvaluationSubject) -> dict[str, Sequence[int]]:
    """Choose responses on which each evaluator and the experts say something different."""
    found: dict[str, Sequence[int]] = {}
    for line in _overall(subject):
        rows = _all_disagreements(subject, line)
        if len(rows):
            found[line.evaluator] = rows.sample(min(N_ROWS, len(rows)), seed=_SEED).sort().to_list()
    return found


def _overall(subject: EvaluationSubject) -> list[Agreement]:
    return [line for line in subject.agreement or () if line.slice == ALL]


def _all_disagreements(subject: EvaluationSubject, line: Agreement) -> pl.Series:
    if subject.experts is None:
        return pl.Series("row_id", [], dtype=pl.Int64)
    truth = subject.experts.majority(line.criterion).select("row_id", truth="value")
    both = subject.scores.of(line.evaluator).join(truth, on="row_id").drop_nulls(["value", "truth"])
    criterion = subject.criteria[line.criterion]
    pairs = both.select("value", "truth").iter_rows()
    return both["row_id"].filter(
        pl.Series([differs(value, said, criterion) for value, said in pairs], dtype=pl.Boolean)
    )


def trust_section(subject: EvaluationSubject, cards: ResponseCards) -> Section:
    """Show agreement with experts and corrected means."""
    lines = _overall(subject)
    if not lines:
        return Section("Agreement with experts", [_NO_EXPERTS, Code("nacre import FILE --as experts")], anchor="trust")
    links = {line.evaluator: f"#agreement-{place}" for place, line in enumerate(lines)}
    documents = [line.to_dict() for line in lines]
    chart = agreement_chart(
        documents, title="Evaluators beside experts, all responses", status=subject.alignment, links=links
    )
    shown = disagreements(subject)
    opened = [
        _evaluator(subject, line, shown.get(line.evaluator, ()), cards, place) for place, line in enumerate(lines)
    ]
    return Section("Agreement with experts", [_HOW, chart, *opened, *_corrected(subject)], anchor="trust")


def _evaluator(
    subject: EvaluationSubject, line: Agreement, row_ids: Sequence[int], cards: ResponseCards, place: int
) -> Details:
    report = subject.agreement or ()
    parts = [other for other in report if other.evaluator == line.evaluator and other.slice != ALL and other.n]
    content: list[Block] = [" ".join(_told(subject, line))]
    if parts:
        chart = agreement_chart(
            [{**part.to_dict(), "criterion": ""} for part in parts], title=f"{line.evaluator}, by slice", label="slice"
        )
        content.append(chart)
    content.append(_confusion(line))
    if row_ids:
        n = len(_all_disagreements(subject, line))
        shown = (cards.card(row_id, first=line.criterion) for row_id in row_ids)
        told = f"{len(row_ids)} of {count(n, 'response')}" if len(row_ids) < n else f"All {count(n, 'response')}"
        inner = responses(shown, title=f"{told} on which evaluator and experts say something different.")
        content.append(Details("Where they disagree", [inner], note=count(n, "response")))
    return Details(
        line.evaluator, content, metric=line.raw, note=f"scores {line.criterion}", anchor=f"agreement-{place}"
    )


def _told(subject: EvaluationSubject, line: Agreement) -> Iterator[str]:
    if line.evaluator in subject.alignment:
        verdict, reason = subject.alignment[line.evaluator]
        yield f"{verdict[:1].upper()}{verdict[1:]}{f': {reason}' if reason else ''}."
    elif line.of_ceiling is not None:
        yield f"It reaches {line.of_ceiling:.0%} of what experts reach among each other."
    elif line.n:
        yield "With one expert a response there is no ceiling to compare with."
    if line.raw.low <= line.baseline:
        yield f"That is not clearly better than always giving the most frequent score ({share(line.baseline)})."
    if line.accept is not None:
        gap = line.accept.gap.value
        more = "more" if gap > 0 else "less"
        said = f"It passes {share(line.accept.answers.value)} and the experts {share(line.accept.truth.value)}"
        yield f"{said}: {100 * abs(gap):.0f} points {more}."
    lost = [
        f"{n:,} {what}"
        for n, what in (
            (line.n_unparsable, "could not be parsed and count as wrong"),
            (line.n_abstained, "abstained on"),
            (line.n_failed, "failed on"),
        )
        if n
    ]
    if lost:
        yield f"Of the responses with labels, {', '.join(lost)}."
    if line.note:
        yield line.note


def _confusion(line: Agreement) -> Chart:
    """Return what the evaluator says (columns) where experts say something (rows)."""
    names = [*line.classes, *(["unparsable"] if line.n_unparsable else [])]
    said = (Column(f"c{at}", f"it says {name}", "integer") for at, name in enumerate(names))
    rows = [
        {"truth": name, **{f"c{at}": int(line.confusion[row, at]) for at in range(len(names))}}
        for row, name in enumerate(line.classes)
    ]
    return table(rows, [Column("truth", "experts say"), *said], caption="What experts and evaluator say")


def _corrected(subject: EvaluationSubject) -> Iterator[Block]:
    cells = [cell for cell in subject.matrix.cells.values() if cell.corrected is not None]
    if cells:
        shares = [cell for cell in cells if not subject.is_number(cell.criterion)]
        numbers = [[cell] for cell in cells if subject.is_number(cell.criterion)]
        charts = [_corrections(part) for part in (shares, *numbers) if part]
        yield Section("Corrected means", [_CORRECTED, *charts])


def _corrections(cells: Sequence[Cell]) -> Chart:
    return interval_bars(
        {_place(cell): cell.corrected for cell in cells if cell.corrected is not None},
        before={_place(cell): cell.mean for cell in cells},
        names=("as scored", "corrected by experts"),
        title="Means as scored and as experts would score",
        note="n of a corrected mean counts the experts' labels.",
    )


def _place(cell: Cell) -> str:
    return cell.criterion if cell.slice == ALL else f"{cell.criterion}, {cell.slice}"


def doubts_section(subject: EvaluationSubject) -> Section:
    """Show evaluators to doubt, gaps in the coverage and scores that are missing."""
    content = [*_rigid(subject), *_gaps(subject), *_missing(subject)]
    nothing = "No evaluator is to be doubted, no slice is thin, and no score is missing."
    return Section("What to doubt", content or [nothing], anchor="doubts")


def _rigid(subject: EvaluationSubject) -> Iterator[Block]:
    if not subject.matrix.rigid:
        return
    rows = [
        {
            "evaluator": flag.evaluator,
            "criterion": flag.criterion,
            "meaning": flag.meaning,
            "value": str(flag.value),
            "share": flag.share,
        }
        for flag in subject.matrix.rigid
    ]
    columns = [
        Column("evaluator", type="code"),
        Column("criterion"),
        Column("meaning", "what it does"),
        Column("value", "score"),
        Column("share", "how often", "metric"),
    ]
    yield table(rows, columns, caption="Evaluators to doubt")


def _gaps(subject: EvaluationSubject) -> Iterator[Block]:
    if not subject.matrix.gaps:
        return
    rows = [
        {
            "slice": gap.slice,
            "kind": gap.kind if gap.criterion is None else f"{gap.kind} on {gap.criterion}",
            "n": gap.n,
            "wanted": gap.n_wanted,
        }
        for gap in subject.matrix.gaps
    ]
    columns = [
        Column("slice"),
        Column("kind", ""),
        Column("n", "prompts", "integer"),
        Column("wanted", "more to be read", "integer", help="prompts that are missing to 30"),
    ]
    note = "Write, translate or sample prompts: a slice is a condition, so new prompts join it by themselves."
    yield table(rows, columns, caption="Slices that the prompts do not cover", note=note)


def _missing(subject: EvaluationSubject) -> Iterator[Block]:
    counts = subject.scores.counts()
    lost = counts.filter(pl.sum_horizontal("abstained", "unparsable", "failed") > 0)
    if not len(lost):
        return
    names = ("scored", "abstained", "unparsable", "failed")
    columns = [Column("evaluator", type="code"), Column("criterion"), *(Column(name, type="integer") for name in names)]
    yield table(lost.to_dicts(), columns, caption="Scores that are missing; none of them is counted")
