"""Pages that stand alone: one HTML file with its style and its script, nothing fetched."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from nacre.displays._chart import Chart
from nacre.displays._html import Html, prose, tag
from nacre.displays._kinds import draw
from nacre.displays._measure import Format, Measured, measure, measure_html
from nacre.errors import SchemaError


@dataclass(frozen=True)
class Section:
    """A heading with what belongs under it; sections may hold sections.

    Args:
        title: The heading.
        content: Paragraphs (names in backticks become code), charts, sections, details, columns, lines to copy.
        anchor: The name for links (`#anchor`); made from the title when empty.
    """

    title: str
    content: Sequence[Block] = ()
    anchor: str = ""

    @property
    def id(self) -> str:
        """The name that links lead to."""
        return anchor_name(self.anchor or self.title)


@dataclass(frozen=True)
class Details:
    """A row that opens: title and metric at first, the content on demand.

    Args:
        title: What the row says.
        content: What it opens.
        metric: A metric shown beside the title.
        note: A few words after the title.
        format: How the metric is written.
        anchor: The name for links; a link opens the row.
        is_open: Whether it is open from the start.
    """

    title: str
    content: Sequence[Block] = ()
    metric: Measured | None = None
    note: str = ""
    format: Format = "share"
    anchor: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Columns:
    """Blocks beside each other, under each other where the page is narrow."""

    content: Sequence[Block]


@dataclass(frozen=True)
class Code:
    """Lines to copy, shown as they are written."""

    lines: str


Block = str | Chart | Section | Details | Columns | Code


@dataclass(frozen=True)
class Page:
    """A report.

    Args:
        title: Its name.
        sections: Its parts, listed in the table of contents.
        lead: The result in one or two sentences.
        facts: What it is about: dataset, sizes, versions, time.
    """

    title: str
    sections: Sequence[Section]
    lead: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def anchor_name(title: str) -> str:
    """Return a name for links from a title.

    Examples:
        >>> anchor_name("Why 42 errors?")
        'why-42-errors'
    """
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return name or f"s{hashlib.sha256(title.encode('utf-8', 'replace')).hexdigest()[:8]}"


def render_page(page: Page) -> str:
    """Return a complete HTML document that needs no network and can be read without its script."""
    _check_anchors(page)
    style, script = _asset("report.css"), _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{digest}'"
    )
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="nacre"),
        tag("title", page.title),
        tag("style", Html(style)),
    )
    body = (
        tag("a", "Skip to the content", href="#content", class_="skip"),
        _header(page),
        _contents(page),
        tag("main", *(_section(section, 2) for section in page.sections), id="content"),
        tag("script", Html(script)),
    )
    document = tag("html", tag("head", *head), tag("body", *body, class_="nacre page"), lang="en")
    return f"<!doctype html>\n{document}\n"


def html_fragment(chart: Chart) -> str:
    """Return a chart with its style sheet, for the `_repr_html_` of an object in a notebook."""
    return tag("div", tag("style", Html(_asset("report.css"))), draw(chart), class_="nacre")


def _check_anchors(page: Page) -> None:
    seen: set[str] = set()
    for anchor in _anchors(page.sections):
        if anchor in seen:
            raise SchemaError(
                f"Two parts of the page have the anchor `{anchor}`. Give one of them an `anchor` of its own."
            )
        seen.add(anchor)


def _anchors(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Section):
            yield block.id
        elif isinstance(block, Details) and block.anchor:
            yield block.anchor
        if isinstance(block, (Section, Details, Columns)):
            yield from _anchors(block.content)


def _asset(name: str) -> str:
    return resources.files("nacre.displays").joinpath(name).read_text(encoding="utf-8")


def _header(page: Page) -> Html:
    facts = (tag("div", tag("dt", name), tag("dd", prose(fact), dir="auto")) for name, fact in page.facts.items())
    return tag(
        "header",
        tag("h1", page.title, dir="auto"),
        tag("p", prose(page.lead), class_="lead") if page.lead else None,
        tag("dl", *facts) if page.facts else None,
        class_="masthead",
    )


def _contents(page: Page) -> Html:
    entries = (tag("li", tag("a", section.title, href=f"#{section.id}"), _inner(section)) for section in page.sections)
    return tag("nav", tag("ol", *entries), aria_label="Contents", class_="contents")


def _inner(section: Section) -> Html | None:
    inner = [block for block in section.content if isinstance(block, Section)]
    entries = (tag("li", tag("a", block.title, href=f"#{block.id}")) for block in inner)
    return tag("ol", *entries) if inner else None


def _section(section: Section, level: int) -> Html:
    heading = tag(f"h{min(level, 6)}", prose(section.title), dir="auto")
    return tag("section", heading, *_blocks(section.content, level + 1), id=section.id)


def _blocks(blocks: Sequence[Block], level: int) -> Iterator[Html]:
    for block in blocks:
        if isinstance(block, str):
            yield tag("p", prose(block))
        elif isinstance(block, Chart):
            yield draw(block)
        elif isinstance(block, Code):
            yield tag("pre", tag("code", block.lines), tabindex="0")
        elif isinstance(block, Section):
            yield _section(block, level)
        elif isinstance(block, Columns):
            yield tag("div", *(tag("div", item) for item in _blocks(block.content, level)), class_="columns")
        else:
            yield _details(block, level)


def _details(block: Details, level: int) -> Html:
    metric = measure_html(measure(block.metric), block.format) if block.metric is not None else None
    note = tag("span", prose(block.note), class_="note") if block.note else None
    title = tag("span", prose(block.title), class_="summary-title", dir="auto")
    summary = tag("summary", tag("span", title, note, class_="summary-text"), metric)
    # The anchor stands inside: a link to it makes browsers open the row.
    inside = tag("div", *_blocks(block.content, level), id=block.anchor or None, class_="inside")
    return tag("details", summary, inside, open=block.is_open, class_="drill")
