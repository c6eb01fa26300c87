"""Evaluation files of other tools, in and out."""

from nacre.exchange._imported import Imported, Unsupported
from nacre.exchange._read import IMPORT_FORMATS, read_evaluation
from nacre.exchange._write import EXPORT_FORMATS, write_evaluation

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "Imported",
    "Unsupported",
    "read_evaluation",
    "write_evaluation",
]
