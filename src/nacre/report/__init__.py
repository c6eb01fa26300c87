"""A run as one HTML page that stands alone."""

from nacre.report._page import report_page, write_report
from nacre.report._words import count, told_note

__all__ = ["count", "report_page", "told_note", "write_report"]
