"""Evaluation: criteria, evaluators, scores, and how far to trust them."""

from nacre.evaluation._agreement import Agreement, AgreementReport, agreement
from nacre.evaluation._alignment import MIN_LABELS, AlignmentCheck, AlignmentRecord, align, alignment_from_spec
from nacre.evaluation._answers import to_scores
from nacre.evaluation._benchmark import Benchmark, MatchedResponses
from nacre.evaluation._catalogue import CATALOGUE
from nacre.evaluation._cells import Cell
from nacre.evaluation._charts import agreement_chart, changes_chart, matrix_chart, win_rates_chart
from nacre.evaluation._choice import Choice, align_choice, choose_best
from nacre.evaluation._columns import ALL, ALL_CRITERIA
from nacre.evaluation._combine import combine
from nacre.evaluation._compare import Change, Comparison, compare
from nacre.evaluation._consistency import (
    Consistency,
    LengthEffect,
    PositionConsistency,
    both_orders,
    length_effect,
    position_consistency,
    repeat_consistency,
    self_consistency,
)
from nacre.evaluation._corrected import Corrected, KnownRates, corrected_scores, known_rates
from nacre.evaluation._criterion import PASS_FAIL, PREFERENCE, Criterion, criterion_from_spec
from nacre.evaluation._evaluate import evaluate
from nacre.evaluation._evaluator import Evaluator, catalogue_evaluator, evaluator_from_spec
from nacre.evaluation._experts import ANYBODY, ExpertLabels
from nacre.evaluation._gaps import Gap
from nacre.evaluation._gate import GateCheck, GateCondition, GateResult, gate
from nacre.evaluation._label_split import LabelSplit, split_labels
from nacre.evaluation._matrix import EvaluationMatrix, evaluation_matrix
from nacre.evaluation._personal_data import find_personal_data
from nacre.evaluation._responses import read_responses
from nacre.evaluation._rigid import Rigid
from nacre.evaluation._sampling import ExpertSample, sample_for_experts
from nacre.evaluation._scores import Scores, is_imported
from nacre.evaluation._threshold import Threshold, fit_threshold
from nacre.evaluation._trend import trend
from nacre.evaluation._win_rate import WinRate, win_rates

__all__ = [
    "ALL",
    "ALL_CRITERIA",
    "ANYBODY",
    "CATALOGUE",
    "MIN_LABELS",
    "PASS_FAIL",
    "PREFERENCE",
    "Agreement",
    "AgreementReport",
    "AlignmentCheck",
    "AlignmentRecord",
    "Benchmark",
    "Cell",
    "Change",
    "Choice",
    "Comparison",
    "Consistency",
    "Corrected",
    "Criterion",
    "EvaluationMatrix",
    "Evaluator",
    "ExpertLabels",
    "ExpertSample",
    "Gap",
    "GateCheck",
    "GateCondition",
    "GateResult",
    "KnownRates",
    "LabelSplit",
    "LengthEffect",
    "MatchedResponses",
    "PositionConsistency",
    "Rigid",
    "Scores",
    "Threshold",
    "WinRate",
    "agreement",
    "agreement_chart",
    "align",
    "align_choice",
    "alignment_from_spec",
    "both_orders",
    "catalogue_evaluator",
    "changes_chart",
    "choose_best",
    "combine",
    "compare",
    "corrected_scores",
    "criterion_from_spec",
    "evaluate",
    "evaluation_matrix",
    "evaluator_from_spec",
    "find_personal_data",
    "fit_threshold",
    "gate",
    "is_imported",
    "known_rates",
    "length_effect",
    "matrix_chart",
    "position_consistency",
    "read_responses",
    "repeat_consistency",
    "sample_for_experts",
    "self_consistency",
    "split_labels",
    "to_scores",
    "trend",
    "win_rates",
    "win_rates_chart",
]
