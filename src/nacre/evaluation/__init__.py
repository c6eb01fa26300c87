"""Evaluation: criteria, evaluators, scores, and how far to trust them."""

from nacre.evaluation._answers import to_scores
from nacre.evaluation._combine import combine
from nacre.evaluation._compare import Change, Comparison
from nacre.evaluation._criterion import PASS_FAIL, PREFERENCE, Criterion, criterion_from_spec
from nacre.evaluation._evaluate import evaluate
from nacre.evaluation._evaluator import Evaluator, evaluator_from_spec
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._gaps import Gap
from nacre.evaluation._gate import GateCheck, GateResult
from nacre.evaluation._matrix import ALL, ALL_CRITERIA, Cell, EvaluationMatrix
from nacre.evaluation._responses import read_responses
from nacre.evaluation._rigid import Rigid
from nacre.evaluation._scores import Scores

__all__ = [
    "ALL",
    "ALL_CRITERIA",
    "PASS_FAIL",
    "PREFERENCE",
    "Cell",
    "Change",
    "Comparison",
    "Criterion",
    "EvaluationMatrix",
    "Evaluator",
    "ExpertLabels",
    "Gap",
    "GateCheck",
    "GateResult",
    "Rigid",
    "Scores",
    "combine",
    "criterion_from_spec",
    "evaluate",
    "evaluator_from_spec",
    "read_responses",
    "to_scores",
]
