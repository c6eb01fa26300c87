"""Texts with what the functions saw in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._classes import class_hue, class_mark
from nacre.displays._html import Html, join, tag, text
from nacre.displays._schema import COUNT, TEXT, TEXTS, record
from nacre.displays._table import Column, table
from nacre.displays._votes import vote_chip
from nacre.errors import SchemaError

_LABELS = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_SPAN = record({"start": COUNT, "end": COUNT, "function": TEXT})
SPEC = record({"classes": TEXTS})
ROW = record(
    {"text": TEXT, "spans": {"type": "array", "items": _SPAN}},
    title=TEXT,
    labels=_LABELS,
    votes=_LABELS,
    facts={"type": "object", "additionalProperties": TEXT},
    lead=COUNT,
)
_SHORT = 420
_AROUND = 90
_N_WINDOWS = 4
_N_SPANS_SHOWN = 2
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

Span = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """A data point with its text, votes and the parts of the text that made functions vote.

    Args:
        text: What was read.
        spans: Triples of start, end (characters, half-open) and function.
        title: How the data point is called: its uid, its subject.
        labels: Classes by name: truth, prediction, label model.
        votes: Votes by function; None is an abstention.
        facts: Whatever else helps: split, cause, confidence.
        lead: How many characters from the start are a line of their own, always shown: a subject before its body.
    """

    text: str
    spans: Sequence[tuple[int, int, str]] = ()
    title: str = ""
    labels: Mapping[str, str | None] = field(default_factory=dict)
    votes: Mapping[str, str | None] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    lead: int = 0


def evidence_text(points: Iterable[Evidence], classes: Sequence[str]) -> Chart:
    """Show data points: the passages that functions marked, their votes, the whole text on demand."""
    rows = [
        {
            "text": point.text,
            "spans": [{"start": start, "end": end, "function": function} for start, end, function in point.spans],
            "title": point.title,
            "labels": dict(point.labels),
            "votes": dict(point.votes),
            "facts": dict(point.facts),
            "lead": min(point.lead, len(point.text)),
        }
        for point in points
    ]
    return Chart("evidence_text", {"classes": list(classes)}, rows)


def check_rows(chart: Chart) -> None:
    """Raise `SchemaError` where a span lies outside its text."""
    for place, row in enumerate(chart.values):
        for span in row["spans"]:
            if not span["start"] <= span["end"] <= len(row["text"]):
                raise SchemaError(
                    f"`evidence_text.values[{place}]` has a span of `{span['function']}` from {span['start']} to "
                    f"{span['end']}, but its text has {len(row['text'])} characters."
                )


def render(chart: Chart) -> Html:
    """Draw one card per data point."""
    return tag("div", *(_point(row, chart.spec["classes"]) for row in chart.values), class_="points")


def _point(row: Mapping[str, Any], classes: Sequence[str]) -> Html:
    labels = (tag("span", f"{name} ", class_mark(label, classes)) for name, label in row.get("labels", {}).items())
    facts = (tag("span", f"{name} ", tag("bdi", fact)) for name, fact in row.get("facts", {}).items())
    title = tag("b", row["title"], dir="auto", class_="point-title") if row.get("title") else None
    return tag(
        "article", tag("header", title, *labels, *facts), _body(row, classes), _chips(row, classes), class_="point"
    )


def _body(row: Mapping[str, Any], classes: Sequence[str]) -> Html:
    content, lead = row["text"], int(row.get("lead", 0))
    if not content:
        return tag("p", "Empty text.", class_="note")
    first = tag("p", *_marked(row, classes, 0, lead), dir="auto", class_="passage first") if lead else Html()
    return join([first, _passage(row, classes, lead)])


def _passage(row: Mapping[str, Any], classes: Sequence[str], begin: int) -> Html:
    """Draw the text from `begin` on: all of it, or what surrounds the marks with the whole on demand."""
    content, n_characters = row["text"], len(row["text"])
    if n_characters - begin <= _SHORT:
        return tag("p", *_marked(row, classes, begin, n_characters), dir="auto", class_="passage")
    windows = _windows([span for span in row["spans"] if span["end"] > begin], content, begin)
    parts = [join(_marked(row, classes, start, end)) for start, end in windows]
    before = f"{_ELLIPSIS} " if windows[0][0] > begin else ""
    after = f" {_ELLIPSIS}" if windows[-1][1] < n_characters else ""
    excerpt = join([before, join(parts, f" {_ELLIPSIS} "), after])
    whole = tag("p", *_marked(row, classes, begin, n_characters), dir="auto", class_="passage whole")
    summary = tag("summary", f"whole text, {n_characters:,} characters")
    return join([tag("p", excerpt, dir="auto", class_="passage excerpt"), tag("details", summary, whole)])


def _windows(spans: Sequence[Span], content: str, begin: int) -> list[tuple[int, int]]:
    """Return the passages around the spans, or the beginning where there are none."""
    if not spans:
        return [(begin, _word_end(content, begin + _SHORT // 2))]
    windows: list[tuple[int, int]] = []
    for span in _first_spans(spans):
        start, end = span["start"] - _AROUND, min(span["end"], span["start"] + _SHORT) + _AROUND
        start, end = _word_start(content, start, begin), _word_end(content, end)
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((start, end))
    return windows[:_N_WINDOWS]


def _first_spans(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the first spans of each function in the order of the text: a function may mark every line."""
    seen: Counter[str] = Counter()
    for span in sorted(spans, key=lambda span: int(span["start"])):
        seen[span["function"]] += 1
        if seen[span["function"]] <= _N_SPANS_SHOWN:
            yield span


def _word_start(content: str, at: int, begin: int) -> int:
    return begin if at <= begin else max(content.find(" ", at, at + 20) + 1, at)


def _word_end(content: str, at: int) -> int:
    return len(content) if at >= len(content) else max(content.rfind(" ", at - 20, at), at - 20)


def _marked(row: Mapping[str, Any], classes: Sequence[str], start: int, end: int) -> Iterator[Html]:
    """Cut `text[start:end]` where spans begin and end, and mark what is covered."""
    spans = [span for span in row["spans"] if span["start"] < end and span["end"] > start]
    cuts = {start, end, *(span["start"] for span in spans), *(span["end"] for span in spans)}
    bounds = sorted(cut for cut in cuts if start <= cut <= end)
    numbers = _numbers(row)
    for left, right in pairwise(bounds):
        covering = [span["function"] for span in spans if span["start"] <= left and span["end"] >= right]
        if not covering:
            yield text(row["text"][left:right])
            continue
        ending = dict.fromkeys(span["function"] for span in spans if span["end"] == right)
        ties = ",".join(str(numbers[function]) for function in ending)
        labels = {row.get("votes", {}).get(function) for function in covering}
        hue = class_hue(labels.pop(), classes) if len(labels) == 1 else "k"
        marks = tag("sup", ties) if ties else None
        yield tag("mark", row["text"][left:right], marks, class_=hue, title=", ".join(dict.fromkeys(covering)))


def _numbers(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(span["function"] for span in row["spans"]), start=1)}


def _chips(row: Mapping[str, Any], classes: Sequence[str]) -> Html | None:
    numbers, cast = _numbers(row), row.get("votes", {})
    names = sorted(
        {*numbers, *(name for name, label in cast.items() if label is not None)}, key=lambda n: (numbers.get(n, 99), n)
    )
    chips = (vote_chip(name, cast.get(name), classes, number=numbers.get(name)) for name in names)
    if not cast and not names:
        return None
    none = tag("li", "no function votes here", class_="abstain") if not names else None
    return tag("ul", *chips, none, class_="votes", aria_label="votes")


def as_table(chart: Chart) -> Chart:
    """Return one row per data point: its title, labels and the beginning of its text."""
    names = list(dict.fromkeys(name for row in chart.values for name in row.get("labels", {})))
    rows = [
        {"title": row.get("title", ""), **row.get("labels", {}), "text": row["text"][:_SHORT]} for row in chart.values
    ]
    columns = [Column("title", ""), *(Column(name, type="class") for name in names), Column("text", type="code")]
    return table(rows, columns, classes=chart.spec["classes"])


KIND = Kind("evidence_text", SPEC, ROW, render, as_table, check_rows)
