"""A model trained on what experts said of other responses, as an evaluator: that of `benchmarks/quality_model.py`."""

from importlib import import_module
from pathlib import Path

import pytest

from datasets import dataset


@pytest.fixture
def quality(monkeypatch):
    """The benchmark, which defines the model and what it reads."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return import_module("quality_model")


def test_a_quality_model_is_told_apart_by_slice(quality):
    graded = quality.graded_answers(dataset("llmeval_mediqa_health_qa"))

    report = quality.agreement_on_test("quality", quality.quality_model(), graded)

    line = report.of("quality")
    assert line.n == 1_107
    assert line.kappa.n == 150  # answers to one question are not independent
    assert line.kappa.low > 0
    assert line.raw.value > line.baseline
    assert {found.slice for found in report} == {"all", *(part.name for part in quality.SLICES)}
    first, last = (report.of("quality", f"system rank {rank}") for rank in ("1", "5 and below"))
    assert first.accept.answers.value > last.accept.answers.value
