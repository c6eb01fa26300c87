"""Laws of intervals and tests, simulated in 2,000 trials: how often an interval holds the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from figures import Figure, Options, main
from inputs import dataset
from numpy.typing import NDArray
from scipy.special import ndtr

from nacre.metrics import (
    Metric,
    benjamini_hochberg,
    binary_f1,
    clopper_pearson,
    length_controlled_win_rate,
    macro_f1,
    mcnemar,
    mean_metric,
    newcombe,
    paired_bootstrap,
    ppi_mean,
    rogan_gladen,
    sign_flip,
    weighted_wilson,
    wilson,
)

TRIALS = 2_000
Trial = Callable[[np.random.Generator], float]
Floats = NDArray[np.float64]


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
        ("mean of scores, 10 clusters of 8", _clustered_mean),
        ("rate, 40 clusters of 5", _clustered_rate),
        *((f"PPI++, rate .89, {n} labels of 400", partial(_ppi, n=n)) for n in (20, 30, 100)),
        ("PPI++, labels where the evaluator fails, about 60 of 400", _weighted_ppi),
        ("Rogan-Gladen, 60 + 60 labels, J = .65", partial(_rogan_gladen, tpr=0.85, tnr=0.8, n=60)),
        ("Rogan-Gladen, 20 + 20 labels, J = .92", partial(_rogan_gladen, tpr=0.95, tnr=0.97, n=20)),
        ("length-controlled win rate, n = 200", _length_controlled),
    ]
    figures = [_figure(f"{name}: coverage", trial, trials, ">= 93") for name, trial in laws]
    alarms: list[tuple[str, Trial, str]] = [
        ("McNemar, equal systems: p <= .05", _mcnemar, "<= 6.5"),
        ("McNemar of 30 clusters of 40, equal systems: p <= .05", _clustered_mcnemar, "<= 6.5"),
        ("sign flips of 25 scores, equal systems: p <= .05", _sign_flip, "<= 6.5"),
        ("Benjamini-Hochberg, 40 overlapping cells, none changed: false discoveries", partial(_fdr, n_true=0), "<= 6"),
        ("Benjamini-Hochberg, 40 overlapping cells, 12 changed: false discoveries", partial(_fdr, n_true=3), "<= 6"),
    ]
    return [*figures, *(_figure(name, trial, trials, bar) for name, trial, bar in alarms), *_pandalm(trials)]


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
    return _holds(paired_bootstrap(before, after, is_rate=True), 0.15 * (0.3 - 0.7))


def _clustered(rng: np.random.Generator) -> bool:
    clusters = np.repeat(np.arange(40), 5)
    change = rng.normal(0.2, 0.5, 40)[clusters] + rng.normal(0, 0.5, 200)
    return _holds(paired_bootstrap(np.zeros(200), change, is_rate=False, clusters=clusters), 0.2)


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


def _clustered_mean(rng: np.random.Generator) -> bool:
    names = np.repeat(np.arange(10), 8)
    return _holds(mean_metric(rng.normal(size=10)[names] + rng.normal(size=80), is_rate=False, clusters=names), 0.0)


def _clustered_rate(rng: np.random.Generator) -> bool:
    names = np.repeat(np.arange(40), 5)
    return _holds(mean_metric(rng.random(200) < rng.beta(3, 1, 40)[names], is_rate=True, clusters=names), 0.75)


def _evaluator(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return what experts would say, 88.9 % pass, and an evaluator that passes 70 %."""
    scores = (rng.random(400) < 0.7).astype(np.float64)
    return (rng.random(400) < np.where(scores == 1, 0.97, 0.7)).astype(np.float64), scores


def _ppi(rng: np.random.Generator, n: int) -> bool:
    truth, scores = _evaluator(rng)
    return _holds(ppi_mean(np.where(np.arange(400) < n, truth, np.nan), scores, is_rate=True).metric, 0.889)


def _weighted_ppi(rng: np.random.Generator) -> bool:
    truth, scores = _evaluator(rng)
    inclusion = np.where(scores == 1, 0.1, 0.25)
    labels = np.where(rng.random(400) < inclusion, truth, np.nan)
    return _holds(ppi_mean(labels, scores, is_rate=True, inclusion=inclusion).metric, 0.889)


def _rogan_gladen(rng: np.random.Generator, tpr: float, tnr: float, n: int) -> bool:
    p = rng.uniform(0.05, 0.95)
    measured = wilson(int(rng.binomial(1_000, p * tpr + (1 - p) * (1 - tnr))), 1_000)
    rates = [wilson(int(rng.binomial(n, share)), n) for share in (tpr, tnr)]
    return _holds(rogan_gladen(measured, tpr=rates[0], tnr=rates[1]), p)


def _length_controlled(rng: np.random.Generator) -> bool:
    extra = rng.normal(300, 300, 200)
    wins = rng.random(200) < 1 / (1 + np.exp(-0.4 - 0.8 * np.tanh(extra / 300)))
    return _holds(length_controlled_win_rate(wins, extra).metric, 1 / (1 + np.exp(-0.4)))


def _clustered_mcnemar(rng: np.random.Generator) -> bool:
    names = np.repeat(np.arange(30), 40)
    suits_first = rng.random(30)[names] < 0.5  # which of the systems a text suits
    is_easy = rng.random((2, 1_200)) < 0.5
    return mcnemar(is_easy[0] & suits_first, is_easy[1] & ~suits_first, clusters=names).p <= 0.05


def _sign_flip(rng: np.random.Generator) -> bool:
    return sign_flip(*rng.exponential(size=(2, 25))) <= 0.05


def _fdr(rng: np.random.Generator, n_true: int) -> float:
    # Slices that share responses: their cells are positively dependent.
    z = 0.7 * rng.normal(size=(1, 4)) + np.sqrt(1 - 0.7**2) * rng.normal(size=(10, 4))
    z[:n_true] += 3.5
    found = benjamini_hochberg(2 * ndtr(-np.abs(z))) <= 0.05
    return float(found[n_true:].sum() / max(1, found.sum()))


def _pandalm(trials: int) -> list[Figure]:
    """Return how often 100 labels and a judge tell what people prefer, on the stored verdicts of GPT-3.5."""
    folder = dataset("pandalm")
    if folder is None:
        print("pandalm: skipped, NACRE_DATA does not hold it")
        return []
    pairs = pl.read_parquet(folder / "testset.parquet")
    people = pairs.select("annotator1", "annotator2", "annotator3").rows()
    truth = np.array([Counter(row).most_common(1)[0][0] == 1 for row in people], dtype=np.float64)
    judge = (pairs.get_column("judge_gpt35") == "1").to_numpy().astype(np.float64)
    rng = np.random.default_rng(0)
    held, widths = np.zeros(3), np.zeros(3)
    for _ in range(trials):
        rows = rng.choice(len(truth), 100, replace=False)
        labels = np.full(len(truth), np.nan)
        labels[rows] = truth[rows]
        corrected, alone = ppi_mean(labels, judge, is_rate=True).metric, mean_metric(judge, is_rate=True)
        found = (corrected, wilson(float(truth[rows].sum()), 100), alone)
        held += [_holds(metric, float(truth.mean())) for metric in found]
        widths += [(metric.high - metric.low) / 2 for metric in found]
    shares, halves = 100 * held / trials, widths / trials
    note = f"{trials:,} trials; labels alone {shares[1]:.1f} %, the judge alone {shares[2]:.1f} %"
    ratio = f"half-width {halves[0]:.4f}, labels alone {halves[1]:.4f}"
    return [
        Figure("PPI++, PandaLM, 100 of 999 labels, GPT-3.5 as judge: coverage", shares[0], "%", ">= 93", note=note),
        Figure(
            "PPI++, PandaLM: labels that the judge saves", 100 * (1 - (halves[0] / halves[1]) ** 2), "%", note=ratio
        ),
    ]


if __name__ == "__main__":
    main(benchmark)
