"""Metrics that come with their interval and n; pure functions of arrays."""

from nacre.metrics._agreement import AcceptRates, accept_rates, cohen_kappa, gwet_ac1, plain_kappa
from nacre.metrics._bootstrap import Bounds, bootstrap
from nacre.metrics._ceiling import HumanCeiling, human_ceiling
from nacre.metrics._classification import ClassMetrics, accuracy, binary_f1, macro_f1, per_class
from nacre.metrics._clusters import cluster_ratios
from nacre.metrics._comparison import Difference, McNemar, difference, mcnemar, mcnemar_p, newcombe, paired_bootstrap
from nacre.metrics._confusion import ConfusedPair, confusion, order_classes, top_confusions
from nacre.metrics._krippendorff import krippendorff_alpha
from nacre.metrics._logistic_slope import logistic_slope
from nacre.metrics._means import mean_metric, standard_error
from nacre.metrics._metric import MIN_N, Metric
from nacre.metrics._multilabel import (
    best_thresholds,
    multilabel_macro_f1,
    multilabel_micro_f1,
    multilabel_per_class,
    subset_accuracy,
)
from nacre.metrics._multiple_testing import benjamini_hochberg, benjamini_yekutieli
from nacre.metrics._permutation import sign_flip, wilcoxon
from nacre.metrics._prediction_powered import PredictionPowered, ppi_mean
from nacre.metrics._probability import (
    Accuracies,
    Calibration,
    CalibrationBin,
    accuracies,
    calibration,
    expected_accuracy,
    expected_credit,
    log_loss,
)
from nacre.metrics._rates import Limits, change_limits, clopper_pearson, weighted_wilson, wilson, wilson_limits
from nacre.metrics._rogan_gladen import MIN_YOUDEN, rogan_gladen
from nacre.metrics._sample_size import minimum_detectable, needed_n
from nacre.metrics._sign_flips import MOST_DRAWN, normal_sign_flip_p, sign_flip_p
from nacre.metrics._slices import by_slice
from nacre.metrics._spans import Span, span_metrics, span_metrics_by_label
from nacre.metrics._ties import Tie, predict, splitmix64
from nacre.metrics._win_rate import (
    MIN_SYSTEMS,
    GamedBaseline,
    LengthControlled,
    length_controlled_win_rate,
    prompt_difficulty,
    win_rate,
)

__all__ = [
    "MIN_N",
    "MIN_SYSTEMS",
    "MIN_YOUDEN",
    "MOST_DRAWN",
    "AcceptRates",
    "Accuracies",
    "Bounds",
    "Calibration",
    "CalibrationBin",
    "ClassMetrics",
    "ConfusedPair",
    "Difference",
    "GamedBaseline",
    "HumanCeiling",
    "LengthControlled",
    "Limits",
    "McNemar",
    "Metric",
    "PredictionPowered",
    "Span",
    "Tie",
    "accept_rates",
    "accuracies",
    "accuracy",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "best_thresholds",
    "binary_f1",
    "bootstrap",
    "by_slice",
    "calibration",
    "change_limits",
    "clopper_pearson",
    "cluster_ratios",
    "cohen_kappa",
    "confusion",
    "difference",
    "expected_accuracy",
    "expected_credit",
    "gwet_ac1",
    "human_ceiling",
    "krippendorff_alpha",
    "length_controlled_win_rate",
    "log_loss",
    "logistic_slope",
    "macro_f1",
    "mcnemar",
    "mcnemar_p",
    "mean_metric",
    "minimum_detectable",
    "multilabel_macro_f1",
    "multilabel_micro_f1",
    "multilabel_per_class",
    "needed_n",
    "newcombe",
    "normal_sign_flip_p",
    "order_classes",
    "paired_bootstrap",
    "per_class",
    "plain_kappa",
    "ppi_mean",
    "predict",
    "prompt_difficulty",
    "rogan_gladen",
    "sign_flip",
    "sign_flip_p",
    "span_metrics",
    "span_metrics_by_label",
    "splitmix64",
    "standard_error",
    "subset_accuracy",
    "top_confusions",
    "weighted_wilson",
    "wilcoxon",
    "wilson",
    "wilson_limits",
    "win_rate",
]
