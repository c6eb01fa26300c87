"""Charts as data, drawn as HTML that stands alone or as plain text."""

from nacre.displays._agreement import AgreementRow, agreement
from nacre.displays._calibration import calibration
from nacre.displays._chart import Chart
from nacre.displays._confusion import confusion
from nacre.displays._differences import DifferenceRow, differences
from nacre.displays._evaluation_matrix import MatrixCell, MatrixColumn, evaluation_matrix
from nacre.displays._evidence_text import Evidence, evidence_text
from nacre.displays._funnel import funnel
from nacre.displays._histogram import histogram
from nacre.displays._interval_bars import interval_bars
from nacre.displays._kinds import chart_from_dict, chart_schema
from nacre.displays._measure import Format, Measured, measure, measure_text
from nacre.displays._metric import metric
from nacre.displays._page import Block, Code, Columns, Details, Page, Section, anchor_name, html_fragment, render_page
from nacre.displays._responses import CardScore, ResponseCard, responses
from nacre.displays._stacked_bars import stacked_bars
from nacre.displays._table import Column, table
from nacre.displays._text import as_text
from nacre.displays._timeline import Iteration, timeline
from nacre.displays._trend import trend
from nacre.displays._votes import votes
from nacre.displays._win_rate import WinRateRow, win_rate

__all__ = [
    "AgreementRow",
    "Block",
    "CardScore",
    "Chart",
    "Code",
    "Column",
    "Columns",
    "Details",
    "DifferenceRow",
    "Evidence",
    "Format",
    "Iteration",
    "MatrixCell",
    "MatrixColumn",
    "Measured",
    "Page",
    "ResponseCard",
    "Section",
    "WinRateRow",
    "agreement",
    "anchor_name",
    "as_text",
    "calibration",
    "chart_from_dict",
    "chart_schema",
    "confusion",
    "differences",
    "evaluation_matrix",
    "evidence_text",
    "funnel",
    "histogram",
    "html_fragment",
    "interval_bars",
    "measure",
    "measure_text",
    "metric",
    "render_page",
    "responses",
    "stacked_bars",
    "table",
    "timeline",
    "trend",
    "votes",
    "win_rate",
]
