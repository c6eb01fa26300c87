"""A run as one HTML page that stands alone."""

from nacre.report._evaluation_page import evaluation_page
from nacre.report._evaluation_report import evaluation_subject, write_evaluation_report
from nacre.report._evaluation_subject import EvaluationSubject, RunLine
from nacre.report._page import report_page, write_report
from nacre.report._words import count, told_note

__all__ = [
    "EvaluationSubject",
    "RunLine",
    "count",
    "evaluation_page",
    "evaluation_subject",
    "report_page",
    "told_note",
    "write_evaluation_report",
    "write_report",
]
