"""Responses as a reader judges them: prompt, response, reference, what each evaluator said and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nacre.displays._chart import Chart, Kind
from nacre.displays._html import Html, join, prose, tag
from nacre.displays._schema import TEXT, TEXTS, record
from nacre.displays._status import status_shape
from nacre.displays._table import Column, table

_SCORE = record(
    {"criterion": TEXT, "shown": TEXT},
    verdict={"enum": ["passes", "fails"]},
    rationale=TEXT,
    expert=TEXT,
    disagrees={"type": "boolean"},
)
SPEC = record({"title": TEXT})
ROW = record(
    {"prompt": TEXT, "response": {"type": ["string", "null"]}, "scores": {"type": "array", "items": _SCORE}},
    title=TEXT,
    reference=TEXT,
    earlier=TEXT,
    contexts=TEXTS,
    facts={"type": "object", "additionalProperties": TEXT},
)
_SHORT, _SHORT_PROMPT = 420, 280
_LEAST_REST = 120  # a shorter rest is shown at once
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class CardScore:
    """What was said of a response on a criterion.

    Args:
        criterion: The criterion.
        shown: The score as people write it: `pass`, `4`, `partly`, `abstained`.
        passes: Whether it passes; None where nothing passes or fails.
        rationale: Why.
        expert: The score of experts; empty where none looked.
        disagrees: Whether experts say otherwise.
    """

    criterion: str
    shown: str
    passes: bool | None = None
    rationale: str = ""
    expert: str = ""
    disagrees: bool = False


@dataclass(frozen=True)
class ResponseCard:
    """A response to a prompt with its scores.

    Args:
        prompt: What was asked.
        response: What was answered; None where nothing was.
        scores: What was said of it, the most relevant first.
        title: How it is called: its id.
        reference: What a good response says.
        contexts: The texts it could rely on.
        facts: Whatever else helps: system, language.
        earlier: What was answered before.
    """

    prompt: str
    response: str | None
    scores: Sequence[CardScore] = ()
    title: str = ""
    reference: str = ""
    contexts: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    earlier: str = ""


def responses(cards: Iterable[ResponseCard], *, title: str) -> Chart:
    """Show responses with their scores, long texts on demand."""
    return Chart("responses", {"title": title}, [_values(card) for card in cards])


def _values(card: ResponseCard) -> dict[str, Any]:
    values: dict[str, Any] = {
        "prompt": card.prompt,
        "response": card.response,
        "scores": [_score_values(score) for score in card.scores],
    }
    optional = {
        "title": card.title,
        "reference": card.reference,
        "contexts": list(card.contexts),
        "earlier": card.earlier,
    }
    return values | {name: value for name, value in optional.items() if value} | {"facts": dict(card.facts)}


def _score_values(score: CardScore) -> dict[str, Any]:
    values: dict[str, Any] = {"criterion": score.criterion, "shown": score.shown}
    if score.passes is not None:
        values["verdict"] = "passes" if score.passes else "fails"
    optional = {"rationale": score.rationale, "expert": score.expert, "disagrees": score.disagrees}
    return values | {name: value for name, value in optional.items() if value}


def render(chart: Chart) -> Html:
    """Draw one card per response."""
    title = tag("p", prose(chart.spec["title"]), class_="note")
    return tag("div", title, *(_card(row) for row in chart.values), class_="cards")


def _card(row: Row) -> Html:
    facts = (tag("span", f"{name} ", tag("bdi", fact)) for name, fact in row.get("facts", {}).items())
    title = tag("b", row["title"], dir="auto", class_="point-title") if row.get("title") else None
    chips = (_chip(score) for score in row["scores"])
    texts = [_text("prompt", row["prompt"], _SHORT_PROMPT), _response(row["response"])]
    if row.get("earlier"):
        texts.append(_text("before", row["earlier"], _SHORT))
    if row.get("reference"):
        texts.append(_text("reference", row["reference"], _SHORT_PROMPT))
    return tag(
        "article",
        tag("header", title, *facts) if title or row.get("facts") else None,
        tag("ul", *chips, class_="scores", aria_label="scores") if row["scores"] else None,
        *_reasons(row["scores"]),
        tag("dl", *texts, *_contexts(row.get("contexts", ())), class_="texts"),
        class_="card",
    )


def _response(response: str | None) -> Html:
    if response is None or not response.strip():
        shown = "no response" if response is None else "empty response"
        return tag("div", tag("dt", "response"), tag("dd", tag("span", shown, class_="note")))
    return _text("response", response, _SHORT)


def _text(name: str, content: str, short: int) -> Html:
    return tag("div", tag("dt", name), tag("dd", *_folded(content, short), dir="auto"), class_=name)


def _folded(content: str, short: int) -> Iterator[Html]:
    """Show the beginning; the rest, which is not repeated, opens on demand."""
    if len(content) <= short + _LEAST_REST:
        yield tag("p", content, class_="passage")
        return
    at = max(content.rfind(" ", short - 40, short), short - 40)
    yield tag("p", content[:at], _ELLIPSIS, class_="passage")
    rest = content[at:].lstrip()
    summary = tag("summary", f"the other {len(rest):,} characters")
    yield tag("details", summary, tag("p", _ELLIPSIS, rest, class_="passage"))


def _contexts(contexts: Sequence[str]) -> Iterator[Html]:
    if contexts:
        n = len(contexts)
        summary = tag("summary", f"{n} context{'s' if n > 1 else ''}")
        items = (tag("li", content, class_="passage", dir="auto") for content in contexts)
        inside = tag("details", summary, tag("ol", *items))
        yield tag("div", tag("dt", "contexts"), tag("dd", inside))


def _chip(score: Row) -> Html:
    verdict = score.get("verdict")
    expert = tag("span", f"expert {score['expert']}", class_="expert") if score.get("expert") else None
    return tag(
        "li",
        status_shape(verdict) if verdict else None,
        tag("bdi", score["criterion"]),
        tag("b", score["shown"]),
        expert,
        class_="score disagrees" if score.get("disagrees") else "score",
    )


def _reasons(scores: Sequence[Row]) -> Iterator[Html]:
    for score in scores:
        if score.get("rationale"):
            said = join(_folded(score["rationale"], _SHORT_PROMPT))
            yield tag("div", tag("b", score["criterion"]), said, class_="reason", dir="auto")


def as_table(chart: Chart) -> Chart:
    """Return one row per response with the beginnings of its texts."""
    names = list(dict.fromkeys(score["criterion"] for row in chart.values for score in row["scores"]))
    rows = [
        {
            "title": row.get("title", ""),
            "prompt": row["prompt"][:_SHORT],
            "response": None if row["response"] is None else row["response"][:_SHORT],
            **{f"c{names.index(score['criterion'])}": score["shown"] for score in row["scores"]},
        }
        for row in chart.values
    ]
    scored = (Column(f"c{place}", name) for place, name in enumerate(names))
    return table(
        rows, [Column("title", ""), Column("prompt"), Column("response"), *scored], caption=chart.spec["title"]
    )


KIND = Kind("responses", SPEC, ROW, render, as_table)
