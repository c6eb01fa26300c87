"""Conditions, and the functions that vote on data points."""

from nacre.functions._answers import to_votes
from nacre.functions._code import Code, PythonFields, code_fingerprint, labeling_function
from nacre.functions._condition import AllOf, AnyOf, Condition, Not
from nacre.functions._context import Context, Predictor
from nacre.functions._existing import Existing
from nacre.functions._expression import Expression
from nacre.functions._function import Declarative, Function, Votes
from nacre.functions._keyword import Keyword
from nacre.functions._loading import load_function
from nacre.functions._mapping import Mapping
from nacre.functions._matching import match_spans
from nacre.functions._member import Member
from nacre.functions._model import Model
from nacre.functions._near import Near
from nacre.functions._pattern import Pattern
from nacre.functions._rule import Rule, Slice
from nacre.functions._says import Says
from nacre.functions._source import CodeFile
from nacre.functions._spec import condition_from_spec, function_from_spec, functions_from_specs
from nacre.functions._worker import code_task

__all__ = [
    "AllOf",
    "AnyOf",
    "Code",
    "CodeFile",
    "Condition",
    "Context",
    "Declarative",
    "Existing",
    "Expression",
    "Function",
    "Keyword",
    "Mapping",
    "Member",
    "Model",
    "Near",
    "Not",
    "Pattern",
    "Predictor",
    "PythonFields",
    "Rule",
    "Says",
    "Slice",
    "Votes",
    "code_fingerprint",
    "code_task",
    "condition_from_spec",
    "function_from_spec",
    "functions_from_specs",
    "labeling_function",
    "load_function",
    "match_spans",
    "to_votes",
]
