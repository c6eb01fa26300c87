import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Classes, Number
from nacre.errors import SchemaError, SpecError
from nacre.evaluation import PASS_FAIL, PREFERENCE, Criterion, criterion_from_spec, to_scores

GRADES = Classes(("poor", "fair", "good"), ordered=True)
SECONDS = Number(0, 10)
SPECS = {
    "pass or fail": {"description": "Friendly."},
    "grades": {"scale": {"ordinal": ["poor", "fair", "good"]}, "passes": "fair", "target": 0.8},
    "number": {"scale": {"number": {"low": 0, "high": 10}}, "passes": 3, "lower_is_better": True},
    "preference": {"scale": "preference", "rationale": True, "target": 0.5},
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_criterion_survives_the_round_trip_through_its_spec(spec):
    criterion = criterion_from_spec("polite", spec)

    assert criterion.spec() == spec
    assert criterion_from_spec("polite", criterion.spec()) == criterion


@pytest.mark.parametrize(
    ("criterion", "values", "outcomes", "passed"),
    [
        (Criterion("c"), [0, 1], [0, 1], [False, True]),
        (Criterion("c", scale=GRADES), [0, 1, 2], [0, 0, 1], [False, False, True]),
        (Criterion("c", scale=GRADES, passes="fair"), [0, 1, 2], [0, 1, 1], [False, True, True]),
        (Criterion("c", scale=SECONDS, passes=3), [2, 3, 9.5], [2, 3, 9.5], [False, True, True]),
        (
            Criterion("c", scale=SECONDS, passes=3, lower_is_better=True),
            [2, 3, 4],
            [2, 3, 4],
            [True, True, False],
        ),
    ],
    ids=["pass or fail", "highest class", "from a class on", "number", "small numbers are good"],
)
def test_stored_values_become_outcomes_and_passes(criterion, values, outcomes, passed):
    assert criterion.outcome(values).tolist() == outcomes
    assert criterion.passed(values).tolist() == passed


def test_a_tie_counts_half_and_a_preference_is_no_part_of_compliance():
    preferred = Criterion("preferred", scale=PREFERENCE)

    assert preferred.outcome([0, 1, 2]).tolist() == [0, 0.5, 1]
    assert not preferred.has_pass


@given(values=st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=1))
def test_what_has_no_value_has_no_outcome_and_does_not_pass(values):
    criterion = Criterion("c", scale=GRADES)

    assert np.isnan(criterion.outcome(values)).tolist() == np.isnan(values).tolist()
    assert not criterion.passed(values)[np.isnan(values)].any()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"scal": "pass_fail"}, "Did you mean `scale`"),
        ({"scale": "passfail"}, "`pass_fail`, `preference`"),
        ({"scale": {"ordinal": ["poor"]}}, "at least 2 different class names"),
        ({"scale": {"ordinal": ["poor", "good"]}, "passes": "god"}, "Did you mean `good`"),
        ({"scale": {"number": {"low": 1}}}, "{number: {low: 0, high: 1}}"),
        ({"scale": {"number": {"low": 0, "high": 1}}, "passes": True}, "a number between 0 and 1"),
        ({"target": 1.5}, "between 0 and 1"),
        ({"lower_is_better": True}, "for numbers"),
        ({"scale": "preference", "passes": "won"}, "no `passes`"),
        (["polite"], "a description or `key: value`"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_criterion_is_refused_with_what_to_write(spec, message):
    with pytest.raises((SpecError, SchemaError)) as caught:
        criterion_from_spec("polite", spec)

    assert message in str(caught.value)


def test_classes_without_order_are_no_scale():
    with pytest.raises(SpecError, match="ordered=True"):
        Criterion("topic", scale=Classes(("a", "b")))


def test_the_target_may_change_without_scoring_anything_again():
    assert Criterion("c", target=0.5).fingerprint == Criterion("c", target=0.9).fingerprint
    assert Criterion("c", "Friendly.").fingerprint != Criterion("c", "Kind.").fingerprint
    assert Criterion("c", scale=PASS_FAIL).kind == "pass_fail"


def test_numbers_name_the_classes_of_a_scale():
    useful = criterion_from_spec("useful", {"scale": {"ordinal": [1, 2, 3, 4, 5]}, "passes": 4})

    assert useful.scale.names == ("1", "2", "3", "4", "5")
    assert useful.outcome([2, 3, 4]).tolist() == [0, 1, 1]
    assert criterion_from_spec("useful", useful.spec()) == useful
    assert to_scores([4, 5.0, "3", 6], None, useful).select("value", "status").rows() == [
        (3.0, "scored"),
        (4.0, "scored"),
        (2.0, "scored"),
        (None, "unparsable"),
    ]
