"""Charts as data, drawn as HTML that stands alone or as plain text."""

from nacre.displays._calibration import calibration
from nacre.displays._chart import Chart
from nacre.displays._confusion import confusion
from nacre.displays._evidence_text import Evidence, evidence_text
from nacre.displays._funnel import funnel
from nacre.displays._histogram import histogram
from nacre.displays._interval_bars import interval_bars
from nacre.displays._kinds import chart_from_dict, chart_schema
from nacre.displays._measure import measure, measure_text
from nacre.displays._metric import metric
from nacre.displays._page import Block, Code, Columns, Details, Page, Section, anchor_name, html_fragment, render_page
from nacre.displays._stacked_bars import stacked_bars
from nacre.displays._table import Column, table
from nacre.displays._text import as_text
from nacre.displays._timeline import Iteration, timeline
from nacre.displays._votes import votes

__all__ = [
    "Block",
    "Chart",
    "Code",
    "Column",
    "Columns",
    "Details",
    "Evidence",
    "Iteration",
    "Page",
    "Section",
    "anchor_name",
    "as_text",
    "calibration",
    "chart_from_dict",
    "chart_schema",
    "confusion",
    "evidence_text",
    "funnel",
    "histogram",
    "html_fragment",
    "interval_bars",
    "measure",
    "measure_text",
    "metric",
    "render_page",
    "stacked_bars",
    "table",
    "timeline",
    "votes",
]
