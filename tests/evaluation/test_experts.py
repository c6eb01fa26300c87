import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.errors import SchemaError, UnknownFieldError, UnknownNameError
from nacre.evaluation import Criterion, ExpertLabels

POLITE = Criterion("polite")
CORRECT = Criterion("correct", scale=Classes(("wrong", "partly", "right"), ordered=True))
SECONDS = Criterion("seconds", scale=Number(0, 100))


def labels(rows, criteria=(POLITE,), columns=("row_id", "annotator", "score")):
    return ExpertLabels.from_frame(pl.DataFrame(rows, schema=list(columns), orient="row"), criteria)


def test_the_majority_of_classes_is_null_where_they_tie():
    experts = labels([(0, "Ada", "pass"), (0, "Bo", "fail"), (1, "Ada", "pass"), (1, "Bo", "pass"), (1, "Cy", "fail")])

    assert experts.majority("polite").select("row_id", "value", "n").rows() == [(0, None, 2), (1, 1.0, 3)]


def test_a_plurality_of_three_classes_needs_no_half():
    votes = ["wrong", "wrong", "partly", "right"]
    experts = labels([(0, f"a{place}", vote) for place, vote in enumerate(votes)], [CORRECT])

    assert experts.majority("correct").select("value", "n").rows() == [(0.0, 4)]


def test_the_majority_of_numbers_is_their_mean():
    experts = labels([(0, "Ada", 1.0), (0, "Bo", 4.0)], [SECONDS])

    assert experts.majority("seconds")["value"].to_list() == [2.5]


def test_undecided_labels_do_not_count():
    experts = labels([(0, "Ada", "pass"), (0, "Bo", None), (1, "Ada", " ")])

    assert experts.majority("polite").select("row_id", "value", "n").rows() == [(0, 1.0, 1)]
    assert len(experts.frame) == 3


def test_a_file_of_several_criteria_holds_every_score_as_text():
    rows = [(0, "polite", "true"), (0, "correct", "Partly"), (0, "seconds", "2.5")]
    experts = labels(rows, [POLITE, CORRECT, SECONDS], columns=("row_id", "criterion", "score"))

    assert experts.frame.select("criterion", "value", "annotator", "weight").rows() == [
        ("polite", 1.0, "expert", 1.0),
        ("correct", 1.0, "expert", 1.0),
        ("seconds", 2.5, "expert", 1.0),
    ]


def test_whole_numbers_may_name_classes():
    grades = Criterion("grade", scale=Classes(("1", "2", "3"), ordered=True))

    assert labels([(0, "Ada", 3)], [grades]).frame["value"].to_list() == [2.0]


def test_ratings_are_a_table_with_nan_where_nobody_labelled():
    experts = labels([(5, "Bo", "fail"), (3, "Ada", "pass"), (3, "Bo", "fail")])

    row_ids, annotators, values, weights = experts.ratings("polite")

    assert row_ids.tolist() == [3, 5]
    assert annotators == ("Ada", "Bo")
    np.testing.assert_array_equal(values, [[1, 0], [np.nan, 0]])
    assert weights.tolist() == [1.0, 1.0]


def test_times_and_texts_are_kept():
    rows = [(0, "Ada", "pass", "2026-03-01T10:00:00", "kind", "Hello!")]
    experts = labels(rows, columns=("row_id", "annotator", "score", "at", "explanation", "golden"))

    (row,) = experts.frame.select("at", "explanation", "golden").rows()
    assert (row[0].isoformat(), *row[1:]) == ("2026-03-01T10:00:00+00:00", "kind", "Hello!")


def test_explanations_do_not_change_the_fingerprint_but_labels_do():
    plain = labels([(0, "Ada", "pass")])
    explained = labels([(0, "Ada", "pass", "kind")], columns=("row_id", "annotator", "score", "explanation"))

    assert plain.fingerprint == explained.fingerprint
    assert plain.fingerprint != labels([(0, "Ada", "fail")]).fingerprint
    assert plain.fingerprint != labels([(0, "Bo", "pass")]).fingerprint


def test_the_order_of_the_labels_does_not_change_the_fingerprint():
    rows = [(0, "Ada", "pass"), (1, "Ada", "fail"), (0, "Bo", "fail")]

    assert labels(rows).fingerprint == labels(rows[::-1]).fingerprint


def test_a_class_that_the_scale_lacks_is_refused_with_the_nearest_one():
    with pytest.raises(SchemaError, match=r"`Ada` labels response 7 on `correct`.*Did you mean `partly`"):
        labels([(7, "Ada", "partyl")], [CORRECT])


def test_labelling_a_response_twice_is_refused():
    with pytest.raises(SchemaError, match="`Ada` labels response 7 more than once on `polite`"):
        labels([(7, "Ada", "pass"), (7, "Ada", "pass")])


def test_an_unknown_criterion_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean `polite`"):
        labels([(7, "polit", "pass")], columns=("row_id", "criterion", "score"))


def test_a_frame_without_scores_is_refused():
    with pytest.raises(UnknownFieldError, match="score"):
        labels([(7, "Ada")], columns=("row_id", "annotator"))


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")], ids=["zero", "negative", "infinite", "nan"])
def test_a_weight_that_is_no_inverse_probability_is_refused(weight):
    with pytest.raises(SchemaError, match="weight"):
        labels([(7, "Ada", "pass", weight)], columns=("row_id", "annotator", "score", "weight"))


def test_a_label_of_nothing_is_refused():
    with pytest.raises(SchemaError, match=r"2\. expert label has no `row_id`"):
        labels([(7, "Ada", "pass"), (None, "Ada", "pass")])


def test_no_labels_are_an_empty_set():
    experts = ExpertLabels.from_frame({"row_id": [], "criterion": [], "score": []}, [POLITE])

    assert len(experts.majority("polite")) == 0
    assert experts.ratings("polite").values.shape == (0, 0)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("weight", "4,5", "a number above 0", id="a comma"),
        pytest.param("at", "yesterday", "2026-05-03T10:00Z", id="a word"),
        pytest.param("at", "03/05/2026", "2026-05-03T10:00Z", id="a date that reads two ways"),
    ],
)
def test_a_weight_or_time_that_cannot_be_read_is_named_with_its_label(name, value, expected):
    with pytest.raises(
        SchemaError, match=rf"`Bo` labels response 8 on `polite` with the `{name}` '{value}'.*{expected}"
    ):
        labels([(7, "Ada", "pass", ""), (8, "Bo", "pass", value)], columns=("row_id", "annotator", "score", name))


def test_labels_without_a_weight_count_as_what_they_are_worth_beside_those_with_one():
    rows = [(row, 4.0 if row < 10 else 16.0) for row in range(20)] + [(row, None) for row in range(20, 30)]
    table = pl.DataFrame(rows, schema=["row_id", "weight"], orient="row", strict=False).with_columns(
        score=pl.lit("pass")
    )

    weight = ExpertLabels.from_frame(table, [POLITE]).frame.get_column("weight")

    worth = sum(weight[:20]) ** 2 / sum(weight[:20] ** 2)  # how many labels of equal weight say as much
    assert sum(weight[20:]) / sum(weight[:20]) == pytest.approx(10 / worth)
    assert set(ExpertLabels.from_frame(table[20:], [POLITE]).frame.get_column("weight")) == {1.0}
