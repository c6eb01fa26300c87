import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from nacre.data import Number
from nacre.errors import SchemaError
from nacre.evaluation import Criterion, ExpertLabels, Scores, fit_threshold
from nacre.evaluation._threshold import _best_cut

POLITE = Criterion("polite")
WARMTH = Criterion("warmth", scale=Number(-10, 10))


def scores_of(numbers, criterion=WARMTH):
    n = len(numbers)
    rows = pl.DataFrame(
        {"row_id": range(n), "score": numbers, "criterion": [criterion.name] * n, "evaluator": ["judge"] * n}
    )
    responses = pl.DataFrame({"row_id": range(n), "prompt_id": [str(row) for row in range(n)], "repeat": [0] * n})
    return Scores.from_frame(rows, [criterion], responses=responses)


def planted(n, sign=1.0, seed=0):
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(-4, 4, size=n)
    truth = sign * numbers + rng.normal(scale=0.5, size=n) > 1.0
    return numbers.tolist(), ExpertLabels.from_frame({"row_id": range(n), "score": truth}, [POLITE])


@pytest.mark.parametrize("n", [100, 400])
def test_a_planted_cut_is_found_and_reported_by_labels_that_did_not_shape_it(n):
    numbers, experts = planted(n)

    found = fit_threshold(scores_of(numbers), "judge", experts, "polite")

    assert found.cut == pytest.approx(1.0, abs=0.5)
    assert found.record.n == (n if n <= 150 else 160)
    assert found.record.is_aligned
    assert str(found).startswith("polite passes where judge >= ")
    json.dumps(found.to_dict(), allow_nan=False)


def test_small_numbers_pass_where_they_are_good():
    numbers, experts = planted(400, sign=-1.0)
    slow = Criterion("seconds", scale=Number(-10, 10), lower_is_better=True)

    found = fit_threshold(scores_of(numbers, slow), "judge", experts, "polite")

    assert found.cut == pytest.approx(-1.0, abs=0.5)
    assert found.apply(scores_of([-2.0, 0.0], slow)).frame["value"].to_list() == [1.0, 0.0]


def test_the_cut_is_an_evaluator_whose_record_knows_it():
    numbers, experts = planted(400)
    scores = scores_of(numbers)
    found = fit_threshold(scores, "judge", experts, "polite")

    passed = found.apply(scores)

    assert passed.criterion_of(found.name) == POLITE
    assert not found.record.is_stale(passed)


def test_numbers_that_say_nothing_are_not_aligned():
    rng = np.random.default_rng(1)
    _, experts = planted(120)

    assert not fit_threshold(
        scores_of(rng.uniform(-4, 4, size=120).tolist()), "judge", experts, "polite"
    ).record.is_aligned


def test_numbers_that_could_not_be_parsed_count_against_the_cut():
    numbers, experts = planted(120)
    broken = ["?" if row % 3 == 0 else number for row, number in enumerate(numbers)]
    rows = pl.DataFrame({"row_id": range(120), "score": pl.Series(broken, dtype=pl.Object)}).with_columns(
        criterion=pl.lit("warmth"), evaluator=pl.lit("judge")
    )
    responses = pl.DataFrame({"row_id": range(120), "prompt_id": [str(row) for row in range(120)], "repeat": [0] * 120})

    found = fit_threshold(Scores.from_frame(rows, [WARMTH], responses=responses), "judge", experts, "polite")

    assert found.cut == pytest.approx(1.0, abs=0.5)
    assert (found.record.n, found.record.is_aligned) == (120, False)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30).filter(
        lambda pairs: len({passes for _, passes in pairs}) == 2
    )
)
def test_no_cut_has_a_higher_kappa(pairs):
    values, passes = np.array([value for value, _ in pairs], dtype=float), np.array([passes for _, passes in pairs])

    best = cohen_kappa_score(passes, values >= _best_cut(values, passes))

    assert best >= max(cohen_kappa_score(passes, values >= cut) for cut in range(8)) - 1e-9


def test_what_has_no_cut_is_refused():
    _, experts = planted(60)

    with pytest.raises(SchemaError, match="pass or fail of numbers"):
        fit_threshold(scores_of([True] * 60, POLITE), "judge", experts, "polite")


@pytest.mark.parametrize("passes", [True, False], ids=["all pass", "none passes"])
def test_where_experts_choose_one_class_so_does_the_cut(passes):
    numbers, _ = planted(120)
    experts = ExpertLabels.from_frame({"row_id": range(120), "score": [passes] * 120}, [POLITE])

    found = fit_threshold(scores_of(numbers), "judge", experts, "polite")

    assert set(found.apply(scores_of(numbers)).frame["value"].to_list()) == {float(passes)}
