"""Every kind of chart, and what can be done with any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nacre.displays._agreement import KIND as AGREEMENT
from nacre.displays._calibration import KIND as CALIBRATION
from nacre.displays._chart import Chart, Kind
from nacre.displays._confusion import KIND as CONFUSION
from nacre.displays._differences import KIND as DIFFERENCES
from nacre.displays._evaluation_matrix import KIND as EVALUATION_MATRIX
from nacre.displays._evidence_text import KIND as EVIDENCE_TEXT
from nacre.displays._funnel import KIND as FUNNEL
from nacre.displays._histogram import KIND as HISTOGRAM
from nacre.displays._html import Html, join, tag
from nacre.displays._interval_bars import KIND as INTERVAL_BARS
from nacre.displays._metric import KIND as METRIC
from nacre.displays._responses import KIND as RESPONSES
from nacre.displays._schema import TEXT, check
from nacre.displays._stacked_bars import KIND as STACKED_BARS
from nacre.displays._table import KIND as TABLE
from nacre.displays._timeline import KIND as TIMELINE
from nacre.displays._trend import KIND as TREND
from nacre.displays._votes import KIND as VOTES
from nacre.displays._win_rate import KIND as WIN_RATE
from nacre.errors import UnknownNameError

_LIST = (
    WIN_RATE,
    TREND,
    RESPONSES,
    EVALUATION_MATRIX,
    DIFFERENCES,
    AGREEMENT,
    CALIBRATION,
    CONFUSION,
    EVIDENCE_TEXT,
    FUNNEL,
    HISTOGRAM,
    INTERVAL_BARS,
    METRIC,
    STACKED_BARS,
    TABLE,
    TIMELINE,
    VOTES,
)
KINDS: Mapping[str, Kind] = {kind.type: kind for kind in _LIST}


def chart_schema(type: str) -> dict[str, Any]:
    """Return the JSON Schema of the charts of a type.

    Examples:
        >>> chart_schema("votes")["properties"]["spec"]["required"]
        ['classes']
    """
    kind = _kind(type)
    values = {"type": "array", "items": kind.row, "minItems": kind.least_rows}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"type": {"enum": [type]}, "spec": kind.spec, "values": values},
        "required": ["type", "spec", "values"],
        "additionalProperties": False,
    }


def chart_from_dict(document: Mapping[str, Any]) -> Chart:
    """Return the chart of a JSON document, or raise `SchemaError` where it is not one.

    Examples:
        >>> chart_from_dict({"type": "votes", "spec": {"classes": []}, "values": []})
        Chart(type='votes', spec={'classes': []}, values=[])
    """
    check(document, {"type": "object", "required": ["type", "spec", "values"]}, path="chart")
    check(document["type"], TEXT, path="chart.type")
    check(document, chart_schema(document["type"]), path=document["type"])
    chart = Chart(document["type"], document["spec"], document["values"])
    _kind(chart.type).check_rows(chart)
    return chart


def draw(chart: Chart) -> Html:
    """Return the markup of a chart without the style sheet it needs."""
    checked = chart_from_dict(chart.to_dict())
    kind = _kind(checked.type)
    drawing = kind.render(checked)
    if not kind.is_drawn:
        return drawing
    twin = TABLE.render(kind.as_table(checked))
    return join([drawing, tag("details", tag("summary", "the same as a table"), twin, class_="twin")])


def table_of(chart: Chart) -> Chart:
    """Return the chart as a `table` that says the same."""
    checked = chart_from_dict(chart.to_dict())
    return _kind(checked.type).as_table(checked)


def _kind(type: str) -> Kind:
    if type not in KINDS:
        raise UnknownNameError("chart type", type, available=KINDS)
    return KINDS[type]
