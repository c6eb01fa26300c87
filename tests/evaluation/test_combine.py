import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Classes, Number
from nacre.evaluation import PREFERENCE, Criterion, Scores, combine, compare, evaluation_matrix, is_imported, trend
from nacre.label_models import ClassConditional, MajorityVote
from nacre.labeling import LabelMatrix

POLITE = Criterion("polite")
BETTER = Criterion("better", scale=PREFERENCE)
GRADE = Criterion("grade", scale=Number(0, 10))
STYLE = Criterion("style", scale=Classes(("poor", "fair", "good"), ordered=True))


def responses(n):
    return pl.DataFrame(
        {"row_id": range(n), "prompt_id": [f"p{i}" for i in range(n)], "repeat": [0] * n},
        schema_overrides={"row_id": pl.Int64, "repeat": pl.Int64, "prompt_id": pl.String},
    )


def scores_of(criterion, **answers):
    """Scores of evaluators by name: a list of answers each, None to abstain."""
    n = len(next(iter(answers.values())))
    parts = [
        pl.DataFrame(
            {
                "row_id": range(n),
                "criterion": criterion.name,
                "evaluator": name,
                "score": pl.Series(row, dtype=pl.Object),
            }
        )
        for name, row in answers.items()
    ]
    return Scores.from_frame(pl.concat(parts), [criterion], responses=responses(n))


def values(scores):
    return scores.frame.sort("row_id").get_column("value").to_list()


def test_one_evaluator_keeps_its_scores_under_the_name_of_the_criterion():
    scores = scores_of(POLITE, tone=["pass", "fail", None])
    scores = Scores(scores.frame, scores.criteria, {"tone": "abc"})

    combined = combine(scores)

    assert combined.evaluators == {"polite": "abc"}
    assert values(combined) == [1, 0, None]
    assert combined.frame.columns == scores.frame.columns


def test_three_evaluators_give_the_most_probable_class_with_its_probability():
    scores = scores_of(POLITE, a=["pass"] * 4 + ["fail"] * 4, b=["pass"] * 4 + ["fail"] * 4, c=["pass", "fail"] * 4)

    combined = combine(scores)

    assert np.round(values(combined)).tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert 0.5 < values(combined)[1] < values(combined)[0] < 1
    assert combined.frame["rationale"][1].startswith("probability 0.")
    assert combined.frame["rationale"][1].endswith(": a pass, b pass, c fail")


def test_an_evaluator_that_contradicts_the_others_is_trusted_less_than_by_a_majority():
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, 600)
    flip = {"a": 0.1, "b": 0.1, "c": 0.45, "d": 0.45, "e": 0.45}
    answers = {
        name: np.array(["fail", "pass"])[np.where(rng.random(600) < rate, 1 - truth, truth)].tolist()
        for name, rate in flip.items()
    }
    scores = scores_of(POLITE, **answers)

    learned = np.mean(np.round(values(combine(scores))) == truth)
    counted = np.mean(np.round(values(combine(scores, label_model=MajorityVote()))) == truth)

    assert learned > counted + 0.03
    assert learned > 0.87


def test_the_values_are_those_of_the_label_model_on_the_same_votes():
    rng = np.random.default_rng(3)
    votes = rng.integers(-1, 3, (200, 4))
    names = np.array(["poor", "fair", "good", None], dtype=object)  # -1 takes the last
    scores = scores_of(STYLE, **{f"e{i}": names[votes[:, i]].tolist() for i in range(4)})

    found = values(combine(scores, label_model=ClassConditional()))

    covered = (votes >= 0).any(axis=1)
    matrix = LabelMatrix.from_dense(votes[covered], STYLE.scale)
    proba = ClassConditional().fit(matrix).predict_proba(matrix)
    kept = [value for value, is_covered in zip(found, covered, strict=True) if is_covered]
    assert kept == proba.argmax(1).tolist()


def test_equally_probable_classes_are_no_score():
    combined = combine(scores_of(STYLE, a=["poor", "good"], b=["good", "good"]), label_model=MajorityVote())

    assert values(combined) == [None, 2]
    assert combined.frame["status"].to_list() == ["abstained", "scored"]
    assert combined.frame["rationale"][0] == "tied: a poor, b good"


@pytest.mark.parametrize(
    ("criterion", "one", "other", "tie"),
    [
        pytest.param(POLITE, ["pass", "fail"], ["fail", "pass"], 0.5, id="pass or fail"),
        pytest.param(BETTER, ["won", "lost"], ["lost", "won"], 1.0, id="preference"),
    ],
)
def test_evaluators_that_always_contradict_tie(criterion, one, other, tie):
    combined = combine(scores_of(criterion, a=one * 100, b=other * 100))

    assert values(combined) == pytest.approx([tie] * 200)
    assert combined.frame["rationale"][0] == f"tied: a {one[0]}, b {other[0]}"
    assert evaluation_matrix(combined).cell("all", criterion.name).mean.value == pytest.approx(0.5)


@pytest.mark.parametrize("rate", [0.03, 0.3, 0.5, 0.9, 1.0])
def test_the_mean_of_pass_or_fail_is_that_of_the_evaluators(rate):
    rng = np.random.default_rng(5)
    truth = rng.random(800) < rate
    said = [np.where(rng.random(800) < error, ~truth, truth) for error in (0.1, 0.2)]

    combined = combine(scores_of(POLITE, **{name: row.tolist() for name, row in zip("ab", said, strict=True)}))

    assert np.mean(values(combined)) == pytest.approx(np.mean(said), abs=1e-4)


def test_doubts_between_won_and_lost_do_not_all_count_the_same_way():
    rng = np.random.default_rng(6)
    right = [[0.75, 0.1, 0.15], [0.3, 0.4, 0.3], [0.15, 0.1, 0.75]]
    truth = rng.choice(3, 999, p=[0.43, 0.16, 0.41])
    said = np.array([[rng.choice(3, p=right[code]) for code in truth] for _ in range(2)])
    names = np.array(BETTER.scale.names)

    combined = combine(scores_of(BETTER, a=names[said[0]].tolist(), b=names[said[1]].tolist()))

    assert np.mean(values(combined)) == pytest.approx(said.mean(), abs=1e-4)
    is_torn = (said == [[0], [2]]).all(axis=0) | (said == [[2], [0]]).all(axis=0)
    assert np.array(values(combined))[is_torn].mean() == pytest.approx(1.0, abs=0.15)


def test_passing_all_criteria_weighs_doubts_instead_of_counting_them():
    other = Criterion("correct")
    parts = [scores_of(POLITE, a=["pass", "fail"], b=["fail", "pass"]), scores_of(other, c=["pass", "pass"])]
    both = Scores(pl.concat(part.frame for part in parts), (POLITE, other), {"a": "", "b": "", "c": ""})

    assert evaluation_matrix(both).cell().mean.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(None, "abstained", id="all abstained"),
        pytest.param("nonsense", "unparsable", id="one could not be parsed"),
    ],
)
def test_a_response_that_nobody_scored_stays_without_a_score(second, expected):
    combined = combine(scores_of(POLITE, a=[None, "pass"], b=[second, "pass"]))

    assert combined.frame["status"].to_list() == [expected, "scored"]
    assert values(combined) == [None, 1]


def test_numbers_are_averaged_over_those_who_scored():
    combined = combine(scores_of(GRADE, a=[4, 8, None], b=[6, None, None]))

    assert values(combined) == [5, 8, None]
    assert combined.frame["rationale"].to_list() == ["mean of a 4.0, b 6.0", "mean of a 8.0", None]
    assert combined.frame["status"].to_list() == ["scored", "scored", "abstained"]


def test_the_fingerprint_depends_on_the_evaluators_and_on_the_label_model():
    scores = scores_of(POLITE, a=["pass"], b=["pass"])
    known = Scores(scores.frame, scores.criteria, {"a": "1", "b": "2"})
    edited = Scores(scores.frame, scores.criteria, {"a": "1", "b": "3"})

    found = {
        combine(known).evaluators["polite"],
        combine(edited).evaluators["polite"],
        combine(known, label_model=MajorityVote()).evaluators["polite"],
    }

    assert len(found) == 3
    assert is_imported(combine(scores).evaluators["polite"])


def test_no_scores_stay_no_scores():
    empty = scores_of(POLITE, a=["pass"], b=["pass"])
    empty = Scores(empty.frame.clear(), empty.criteria, empty.evaluators)

    assert combine(empty).frame.is_empty()


votes_of_three = st.lists(st.tuples(*[st.sampled_from(["fail", "pass", None])] * 3), min_size=1, max_size=25)


@given(rows=votes_of_three)
def test_every_response_keeps_one_row_and_only_scored_rows_have_a_value(rows):
    a, b, c = zip(*rows, strict=True)

    frame = combine(scores_of(POLITE, a=list(a), b=list(b), c=list(c))).frame

    assert frame["row_id"].to_list() == list(range(len(rows)))
    assert (frame["value"].is_not_null() == (frame["status"] == "scored")).all()


@given(rows=votes_of_three)
def test_unanimous_evaluators_are_followed(rows):
    a, b, c = zip(*rows, strict=True)

    found = values(combine(scores_of(POLITE, a=list(a), b=list(b), c=list(c)), label_model=MajorityVote()))

    for row, value in zip(rows, found, strict=True):
        if len(said := {vote for vote in row if vote is not None}) == 1:
            assert value == pytest.approx(float(said == {"pass"}))


def planted_runs():
    """Return two runs on 300 prompts: the same verdicts on the first 150; on the others a judge turned round."""
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.6
    rates = {"a": 0.1, "b": 0.3, "c": 0.3, "d": 0.3}
    judges = {name: np.where(rng.random(300) < rate, ~truth, truth) for name, rate in rates.items()}
    turned = judges | {"a": np.where(np.arange(300) < 150, judges["a"], ~truth)}
    names = np.array(["fail", "pass"])
    return [
        scores_of(POLITE, **{name: names[said.astype(int)].tolist() for name, said in run.items()})
        for run in (judges, turned)
    ]


def test_the_same_verdicts_are_the_same_score_in_runs_that_are_compared():
    before, after = planted_runs()
    members = pl.DataFrame({"row_id": range(300), "same": np.arange(300) < 150})

    alone = [np.array(values(combine(run))[:150], dtype=float) for run in (before, after)]
    together = [
        np.array(values(combine(run, compared_with=[other]))[:150], dtype=float)
        for run, other in ((before, after), (after, before))
    ]
    cell = evaluation_matrix(after, members, baseline=before).cell("same", "polite")
    change = compare(before, after, members).change("same", "polite")
    means = trend([("v1", before), ("v2", after)], members).filter(slice="same").get_column("mean")

    assert not np.array_equal(*alone, equal_nan=True)
    np.testing.assert_array_equal(*together)
    assert (cell.change.value, cell.n_gained, cell.n_lost) == (0, 0, 0)
    assert (change.difference.value, change.n_gained, change.n_lost) == (0, 0, 0)
    assert means[0] == means[1]


def test_compared_runs_are_combined_as_if_they_were_one():
    before, after = planted_runs()
    later = after.frame.with_columns(pl.col("row_id") + 300, prompt_id=pl.col("prompt_id") + "'")
    one = values(combine(Scores(pl.concat([before.frame, later]), before.criteria, before.evaluators)))

    assert values(combine(before, compared_with=[after])) == one[:300]
    assert values(combine(after, compared_with=[before])) == one[300:]


def test_a_run_with_one_evaluator_keeps_its_scores_beside_one_with_several():
    one, two = scores_of(POLITE, a=["pass", "fail"]), scores_of(POLITE, a=["pass", "fail"], b=["pass", "pass"])

    assert values(combine(one, compared_with=[two])) == [1, 0]


def test_a_criterion_that_means_something_else_in_the_other_run_has_its_own_label_model():
    before, after = planted_runs()
    reworded = Scores(after.frame, (Criterion("polite", "Says please."),), after.evaluators)

    assert values(combine(before, compared_with=[reworded])) == values(combine(before))
