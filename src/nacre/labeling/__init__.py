"""Apply functions to data points: the label matrix and its analysis."""

from nacre.labeling._apply import apply
from nacre.labeling._checks import check_functions
from nacre.labeling._derived import derived_columns, words
from nacre.labeling._fields import read_fields
from nacre.labeling._label_matrix import LabelMatrix, Patterns, Symbol
from nacre.labeling._slice_members import slice_members
from nacre.labeling._summary import LabelSummary, encode_truth

__all__ = [
    "LabelMatrix",
    "LabelSummary",
    "Patterns",
    "Symbol",
    "apply",
    "check_functions",
    "derived_columns",
    "encode_truth",
    "read_fields",
    "slice_members",
    "words",
]
