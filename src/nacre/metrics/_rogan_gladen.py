"""A rate measured by an evaluator whose errors are known."""

from __future__ import annotations

import math

from nacre.errors import SchemaError
from nacre.metrics._metric import Metric, rate
from nacre.metrics._rates import Z

MIN_YOUDEN = 0.1
"""TPR + TNR - 1 of an evaluator below which its scores say too little about the true rate to be corrected."""


def rogan_gladen(measured: Metric, *, tpr: Metric, tnr: Metric) -> Metric:
    """Return the rate at which responses truly pass, given how often the evaluator is right about either kind.

    With J = TPR + TNR - 1 the rate is p = clip((q + TNR - 1) / J, 0, 1), with variance [q(1-q)/N + p^2 TPR(1-TPR)/n_1 +
    (1-p)^2 TNR(1-TNR)/n_0] / J^2 (Rogan & Gladen 1978). The interval is that of Lang & Reiczigel (2014), which moves q,
    TPR and TNR a little towards 1/2 first: p +- 1.96 SE covers 72 % where an evaluator makes no error on 20 labels.

    It assumes that the evaluator errs on these responses as it did where TPR and TNR were measured; where experts
    labelled some of these very responses, `ppi_mean` assumes nothing. The n shown is the smaller one of responses and
    labels.

    Args:
        measured: The rate q that the evaluator measured.
        tpr: Share of passes among the responses that experts passed.
        tnr: Share of fails among the responses that experts failed.

    Raises:
        SchemaError: The evaluator hardly tells the two kinds apart: J < .1.

    Examples:
        >>> from nacre.metrics import wilson
        >>> print(rogan_gladen(wilson(640, 1000), tpr=wilson(51, 60), tnr=wilson(48, 60)))
        .68 [.57-.81] n=120
    """
    youden = tpr.value + tnr.value - 1
    if not youden >= MIN_YOUDEN:
        raise SchemaError(
            f"The evaluator is right on {tpr.value:.2f} of what experts pass and on {tnr.value:.2f} of what they fail. "
            f"Their sum must reach {1 + MIN_YOUDEN}: otherwise its scores say nothing about the true rate."
        )
    p = min(1.0, max(0.0, (measured.value + tnr.value - 1) / youden))
    n = min(measured.n, tpr.n + tnr.n)
    low, high = _limits(measured, tpr, tnr)
    return rate((p, min(p, low), max(p, high)), n) if n else rate((math.nan, 0, 1), 0)


def _limits(measured: Metric, tpr: Metric, tnr: Metric) -> tuple[float, float]:
    (q, q_variance), (a, a_variance), (b, b_variance) = (
        _towards_half(share, extra) for share, extra in ((measured, Z**2), (tpr, 2), (tnr, 2))
    )
    youden = max(a + b - 1, MIN_YOUDEN / 2)
    p = (q + b - 1) / youden
    shift = 2 * Z**2 * (p * a_variance - (1 - p) * b_variance)
    half = Z * math.sqrt(q_variance + p**2 * a_variance + (1 - p) ** 2 * b_variance) / youden
    return min(1.0, max(0.0, p + shift - half)), min(1.0, max(0.0, p + shift + half))


def _towards_half(share: Metric, extra: float) -> tuple[float, float]:
    """Return a share with so many data points more, half of them successes, and its variance."""
    n = share.n + extra
    moved = ((share.value if share.n else 0.0) * share.n + extra / 2) / n
    return moved, moved * (1 - moved) / n
