import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes
from nacre.data import Classes
from nacre.label_models import ClassConditional
from nacre.labeling import LabelMatrix

CLASSES = Classes(("ham", "offer", "spam"))


def planted_votes(n=3000, accuracies=(0.9, 0.85, 0.8, 0.8, 0.75), coverage=0.6, balance=(0.5, 0.3, 0.2), seed=0):
    """Votes of independent functions of known accuracy: dense codes [n, m] and the truth [n]."""
    rng = np.random.default_rng(seed)
    k = len(balance)
    truth = rng.choice(k, size=n, p=balance)
    columns = []
    for accuracy in accuracies:
        wrong = (truth + rng.integers(1, k, size=n)) % k
        votes = np.where(rng.random(n) < accuracy, truth, wrong)
        columns.append(np.where(rng.random(n) < coverage, votes, -1))
    return np.column_stack(columns).astype(np.int16), truth.astype(np.int16)


def fitted_outcomes(dense, truth, schema=CLASSES, functions=None):
    """Outcomes in which the end model follows the label model, and the label model."""
    matrix = LabelMatrix.from_dense(dense, schema, functions=functions)
    model = ClassConditional().fit(matrix)
    q = model.predict_proba(matrix)
    return Outcomes.of(matrix, truth, label_proba=q, proba=q), model


@pytest.fixture(scope="session")
def planted():
    """Votes, truth and outcomes of five good functions."""
    dense, truth = planted_votes()
    outcomes, model = fitted_outcomes(dense, truth)
    return dense, truth, outcomes, model


@pytest.fixture(scope="session")
def make_outcomes():
    return fitted_outcomes


@pytest.fixture(scope="session")
def make_votes():
    return planted_votes


@pytest.fixture(scope="session")
def multi_label_votes():
    """Votes on two labels in long form, and the truth [n, 2]."""
    from nacre.data import MultiLabel

    rng = np.random.default_rng(3)
    truth = (rng.random((400, 2)) < 0.4).astype(np.int16)
    rows = []
    for label, name in enumerate(("politics", "sport")):
        for function in range(3):
            said = np.where(rng.random(400) < 0.85, truth[:, label], 1 - truth[:, label])
            voted = np.flatnonzero(rng.random(400) < 0.7)
            codes = np.where(said[voted] == 1, label, -2 - label)
            rows.append(pl.DataFrame({"row_id": voted, "function": [f"{name}_{function}"] * len(voted), "vote": codes}))
    matrix = LabelMatrix.from_long(pl.concat(rows), MultiLabel(("politics", "sport")), row_ids=range(400))
    return matrix, truth


@pytest.fixture(scope="session")
def token_votes():
    """Votes on tokens of 100 texts of 8 tokens, and their truth."""
    from dataclasses import replace

    from nacre.data import Spans

    rng = np.random.default_rng(4)
    truth = np.where(rng.random(800) < 0.25, rng.integers(1, 3, 800), 0).astype(np.int16)
    columns = []
    for _ in range(3):
        votes = np.where(rng.random(800) < 0.9, truth, rng.integers(0, 3, 800))
        columns.append(np.where(rng.random(800) < 0.8, votes, -1))
    units = pl.DataFrame({"row_id": np.repeat(np.arange(100), 8), "start": list(range(0, 40, 5)) * 100}).with_columns(
        end=pl.col("start") + 4
    )
    matrix = LabelMatrix.from_dense(np.column_stack(columns), Spans(("drug", "disease"), "text"))
    return replace(matrix, units=units), truth
