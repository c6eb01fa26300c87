"""A run as one HTML page that stands alone."""

from nacre.report._page import report_page, write_report

__all__ = ["report_page", "write_report"]
