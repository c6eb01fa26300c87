"""Evaluation: criteria, evaluators, scores, and how far to trust them."""

from nacre.evaluation._agreement import Agreement, AgreementReport, agreement
from nacre.evaluation._answers import to_scores
from nacre.evaluation._catalogue import CATALOGUE
from nacre.evaluation._combine import combine
from nacre.evaluation._compare import Change, Comparison
from nacre.evaluation._criterion import PASS_FAIL, PREFERENCE, Criterion, criterion_from_spec
from nacre.evaluation._evaluate import evaluate
from nacre.evaluation._evaluator import Evaluator, catalogue_evaluator, evaluator_from_spec
from nacre.evaluation._experts import ExpertLabels
from nacre.evaluation._gaps import Gap
from nacre.evaluation._gate import GateCheck, GateResult
from nacre.evaluation._matrix import ALL, ALL_CRITERIA, Cell, EvaluationMatrix
from nacre.evaluation._personal_data import find_personal_data
from nacre.evaluation._responses import read_responses
from nacre.evaluation._rigid import Rigid
from nacre.evaluation._scores import Scores

__all__ = [
    "ALL",
    "ALL_CRITERIA",
    "CATALOGUE",
    "PASS_FAIL",
    "PREFERENCE",
    "Agreement",
    "AgreementReport",
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
    "agreement",
    "catalogue_evaluator",
    "combine",
    "criterion_from_spec",
    "evaluate",
    "evaluator_from_spec",
    "find_personal_data",
    "read_responses",
    "to_scores",
]
