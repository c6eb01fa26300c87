"""Combine votes that conflict into probabilities."""

from nacre.label_models._advice import Advice, Finding, advise
from nacre.label_models._checks import with_ground_truth
from nacre.label_models._class_balance import BalanceShift, balance_shift, class_balance
from nacre.label_models._class_conditional import ClassConditional
from nacre.label_models._dawid_skene import DawidSkene
from nacre.label_models._label_model import LabelModel
from nacre.label_models._majority_vote import MajorityVote
from nacre.label_models._matrix_completion import MatrixCompletion
from nacre.label_models._one_vs_rest import OneVsRest, of_class
from nacre.label_models._spec import LABEL_MODELS, label_model_from_spec, load_label_model
from nacre.label_models._token_wise import TokenWise, without_outvoting
from nacre.label_models._weighted_vote import WeightedVote

__all__ = [
    "LABEL_MODELS",
    "Advice",
    "BalanceShift",
    "ClassConditional",
    "DawidSkene",
    "Finding",
    "LabelModel",
    "MajorityVote",
    "MatrixCompletion",
    "OneVsRest",
    "TokenWise",
    "WeightedVote",
    "advise",
    "balance_shift",
    "class_balance",
    "label_model_from_spec",
    "load_label_model",
    "of_class",
    "with_ground_truth",
    "without_outvoting",
]
