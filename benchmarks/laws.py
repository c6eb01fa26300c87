"""Laws of intervals and tests, simulated in 2,000 trials: how often an interval holds the truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from figures import Figure, Options, main

from nacre.metrics import (
    Metric,
    binary_f1,
    clopper_pearson,
    macro_f1,
    mcnemar,
    newcombe,
    paired_bootstrap,
    weighted_wilson,
    wilson,
)

TRIALS = 2_000
Trial = Callable[[np.random.Generator], bool]


def benchmark(options: Options) -> list[Figure]:
    """Simulate every law."""
    trials = options.rows(TRIALS)
    laws: list[tuple[str, Trial]] = [
        *((f"Wilson, n = {n}, any rate", partial(_wilson, n=n)) for n in (30, 100, 1_000)),
        ("Clopper-Pearson, n = 50", _clopper_pearson),
        ("weighted Wilson, unequal sampling, n = 200", _weighted),
        ("Newcombe, difference of two rates, n = 80 and 120", _newcombe),
        ("paired bootstrap, n = 200", _paired),
        ("paired bootstrap, 40 clusters of 5", _clustered),
        ("bootstrap of binary F1, n = 300", _binary_f1),
        ("bootstrap of macro F1, n = 400, 4 classes", _macro_f1),
    ]
    figures = [_figure(f"{name}: coverage", trial, trials, ">= 93") for name, trial in laws]
    false_alarms = _figure("McNemar, equal systems: p <= .05", _mcnemar, trials, "<= 6.5")
    return [*figures, false_alarms]


def _figure(work: str, trial: Trial, trials: int, bar: str) -> Figure:
    rng = np.random.default_rng(0)
    share = sum(trial(rng) for _ in range(trials)) / trials
    return Figure(work, 100 * share, "%", bar, note=f"{trials:,} trials, nominal {'5' if '<=' in bar else '95'} %")


def _holds(metric: Metric, truth: float) -> bool:
    return metric.low <= truth <= metric.high


def _wilson(rng: np.random.Generator, n: int) -> bool:
    p = rng.uniform(0.02, 0.98)
    return _holds(wilson(int(rng.binomial(n, p)), n), p)


def _clopper_pearson(rng: np.random.Generator) -> bool:
    p = rng.uniform(0.02, 0.98)
    return _holds(clopper_pearson(int(rng.binomial(50, p)), 50), p)


def _weighted(rng: np.random.Generator) -> bool:
    # Two strata, sampled at rates 1 : 4, with different success rates.
    is_rare = rng.random(200) < 0.5
    success = rng.random(200) < np.where(is_rare, 0.6, 0.8)
    return _holds(weighted_wilson(success, np.where(is_rare, 1.0, 4.0)), 0.2 * 0.6 + 0.8 * 0.8)


def _newcombe(rng: np.random.Generator) -> bool:
    first, second = wilson(int(rng.binomial(80, 0.8)), 80), wilson(int(rng.binomial(120, 0.6)), 120)
    return _holds(newcombe(first, second), 0.2)


def _paired(rng: np.random.Generator) -> bool:
    before = rng.random(200) < 0.7
    after = np.where(rng.random(200) < 0.15, ~before, before)
    return _holds(paired_bootstrap(before, after), 0.15 * (0.3 - 0.7))


def _clustered(rng: np.random.Generator) -> bool:
    clusters = np.repeat(np.arange(40), 5)
    change = rng.normal(0.2, 0.5, 40)[clusters] + rng.normal(0, 0.5, 200)
    return _holds(paired_bootstrap(np.zeros(200), change, clusters=clusters), 0.2)


def _binary_f1(rng: np.random.Generator) -> bool:
    y = (rng.random(300) < 0.3).astype(int)
    answers = np.where(rng.random(300) < 0.85, y, 1 - y)
    hits, predicted = 0.3 * 0.85, 0.3 * 0.85 + 0.7 * 0.15
    return _holds(binary_f1(y, answers), 2 * hits / (predicted + 0.3))


def _macro_f1(rng: np.random.Generator) -> bool:
    y = rng.integers(0, 4, 400)
    answers = np.where(rng.random(400) < 0.7, y, (y + rng.integers(1, 4, 400)) % 4)
    return _holds(macro_f1(y, answers), 0.7)


def _mcnemar(rng: np.random.Generator) -> bool:
    first, second = rng.random(300) < 0.8, rng.random(300) < 0.8
    return mcnemar(first, second).p <= 0.05


if __name__ == "__main__":
    main(benchmark)
