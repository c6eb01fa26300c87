"""Conditions, and the functions that vote on data points."""

from nacre.functions._answers import to_votes
from nacre.functions._code import Code, CodeFile, labeling_function, load_function
from nacre.functions._condition import AllOf, AnyOf, Condition, Not
from nacre.functions._context import Context, Embedding, Predictor
from nacre.functions._function import Declarative, Function, Votes
from nacre.functions._keyword import Keyword
from nacre.functions._matching import match_spans
from nacre.functions._pattern import Pattern
from nacre.functions._rule import Rule, Slice
from nacre.functions._spec import condition_from_spec, function_from_spec
from nacre.functions._worker import code_task

__all__ = [
    "AllOf",
    "AnyOf",
    "Code",
    "CodeFile",
    "Condition",
    "Context",
    "Declarative",
    "Embedding",
    "Function",
    "Keyword",
    "Not",
    "Pattern",
    "Predictor",
    "Rule",
    "Slice",
    "Votes",
    "code_task",
    "condition_from_spec",
    "function_from_spec",
    "labeling_function",
    "load_function",
    "match_spans",
    "to_votes",
]
