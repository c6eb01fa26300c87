"""What is wrong, what caused it, and what to do next."""

from nacre.analysis._causes import Cause, ErrorCauses, cause_codes, error_causes
from nacre.analysis._duplicates import FunctionGroup, correlated_functions, duplicate_functions, function_groups
from nacre.analysis._evidence import evidence
from nacre.analysis._function_value import estimated_precision, marginal_value
from nacre.analysis._groups import ErrorGroup, error_groups
from nacre.analysis._iterations import Edit, IterationComparison, compare_iterations
from nacre.analysis._next_action import Action, next_actions
from nacre.analysis._outcomes import MAX_ROWS, Outcomes
from nacre.analysis._quality import Quality, SliceQuality, quality
from nacre.analysis._remedies import CAUSES, CauseName
from nacre.analysis._sampling import what_to_label_next
from nacre.analysis._slice_discovery import DiscoveredSlice, discover_slices
from nacre.analysis._suggest import suggest_functions
from nacre.analysis._suggest_uncovered import UncoveredCluster, describe_uncovered
from nacre.analysis._suggestion import Suggestion
from nacre.analysis._unit_codes import unit_codes
from nacre.analysis._vote_weights import dependency_exponents

__all__ = [
    "CAUSES",
    "MAX_ROWS",
    "Action",
    "Cause",
    "CauseName",
    "DiscoveredSlice",
    "Edit",
    "ErrorCauses",
    "ErrorGroup",
    "FunctionGroup",
    "IterationComparison",
    "Outcomes",
    "Quality",
    "SliceQuality",
    "Suggestion",
    "UncoveredCluster",
    "cause_codes",
    "compare_iterations",
    "correlated_functions",
    "dependency_exponents",
    "describe_uncovered",
    "discover_slices",
    "duplicate_functions",
    "error_causes",
    "error_groups",
    "estimated_precision",
    "evidence",
    "function_groups",
    "marginal_value",
    "next_actions",
    "quality",
    "suggest_functions",
    "unit_codes",
    "what_to_label_next",
]
