import json

import numpy as np
import polars as pl
import pytest

from nacre.data import Classes, Number
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import ALL, ALL_CRITERIA, Criterion, Evaluator, compare, evaluate
from nacre.functions import Existing
from nacre.metrics import mcnemar, newcombe, wilson
from planted_scores import planted_members, planted_scores

POLITE, CORRECT = Criterion("polite"), Criterion("correct")
HELPFUL = Criterion("helpful", scale=Classes(("no", "little", "much", "very"), ordered=True), passes="much")
SECONDS = Criterion("seconds", scale=Number(0, 100), lower_is_better=True)


def test_paired_rows_are_compared_and_the_others_counted():
    before = planted_scores({POLITE: [1, 0, 1, 0]}, prompts=[1, 2, 3, 4])
    after = planted_scores({POLITE: [1, 1, np.nan]}, prompts=[2, 3, 4])

    result = compare(before, after)

    change = result.change(ALL, "polite")
    assert (result.n_paired, result.n_only_before, result.n_only_after) == (3, 1, 0)
    assert (change.before.value, change.after.value, change.n_gained, change.n_not_compared) == (0.5, 1.0, 1, 1)
    assert "1 response without a partner left out" in result.verdict


def test_means_are_those_of_the_compared_responses_only():
    before = planted_scores({POLITE: [0] * 30 + [np.nan] * 30})
    after = planted_scores({POLITE: [1] * 60})

    change = compare(before, after).change(ALL, "polite")

    assert change.before == wilson(0, 30)
    assert change.after == wilson(30, 30)
    assert change.difference.n == 30


def test_ordered_classes_are_tested_on_whether_they_pass():
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 4, 120), rng.integers(0, 4, 120)

    change = compare(planted_scores({HELPFUL: before}), planted_scores({HELPFUL: after})).change(ALL, "helpful")

    test = mcnemar(before >= 2, after >= 2)
    assert (change.n_gained, change.n_lost, change.test) == (*test[:2], "McNemar")
    assert change.p == pytest.approx(test.p)
    assert change.difference.value == pytest.approx((after >= 2).mean() - (before >= 2).mean())


def test_moves_between_classes_that_pass_are_no_change():
    before, after = [0] * 6 + [3] * 60 + [2] * 134, [2] * 6 + [2] * 60 + [2] * 134

    result = compare(planted_scores({HELPFUL: before}), planted_scores({HELPFUL: after}))

    assert result.change(ALL, "helpful").p == pytest.approx(2 / 2**6)
    assert result.change(ALL, "helpful").is_better


@pytest.mark.parametrize(
    ("criterion", "prompts", "test"),
    [
        pytest.param(POLITE, range(40), "McNemar", id="pass or fail"),
        pytest.param(HELPFUL, range(40), "McNemar", id="ordered classes"),
        pytest.param(SECONDS, range(40), "sign flip", id="a number"),
        pytest.param(POLITE, [*range(20)] * 2, "sign flip", id="repeated prompts"),
        pytest.param(HELPFUL, [*range(20)] * 2, "sign flip", id="ordered classes of repeated prompts"),
    ],
)
def test_the_test_fits_the_scale_and_the_repeats(criterion, prompts, test):
    runs = [planted_scores({criterion: values}, prompts=list(prompts)) for values in ([0, 1] * 20, [1] * 40)]

    assert compare(*runs).change(ALL, criterion.name).test == test


def test_a_lower_number_is_better_where_it_should_be():
    seconds = np.random.default_rng(0).uniform(10, 20, 80)

    result = compare(planted_scores({SECONDS: seconds}), planted_scores({SECONDS: seconds - 2}), names=("v1", "v2"))

    assert result.change(ALL, "seconds").is_better
    assert result.verdict.startswith("v2 is better than v1 on seconds, by 2.00 [2.00-2.00] n=80")


def test_the_verdict_names_what_got_worse_and_what_is_unclear():
    rng = np.random.default_rng(0)
    spanish = np.arange(1_000) % 4 == 0
    before = rng.random(1_000) < 0.6
    after = np.where(spanish, before & (rng.random(1_000) < 0.6), before | (rng.random(1_000) < 0.5))
    members = planted_members(spanish=spanish, english=~spanish, few=np.arange(1_000) < 8)

    verdict = compare(
        planted_scores({POLITE: before}), planted_scores({POLITE: after}), members, names=("v1", "v2")
    ).verdict

    assert verdict.startswith("v2 is better than v1 on polite, by .1")
    assert "; worse on polite in spanish by .2" in verdict
    assert verdict.endswith("; better on polite in english; 1 of 3 slices unclear.")


def test_the_verdict_is_never_stronger_than_its_interval():
    rng = np.random.default_rng(0)
    claims = 0
    for _ in range(100):
        runs = [planted_scores({POLITE: rng.random(80) < 0.7}) for _ in range(2)]
        result = compare(*runs)
        change = result.change(ALL, "polite")
        says_so = " is better than " in result.verdict or " is worse than " in result.verdict
        assert says_so == (change.p <= 0.05 and (change.difference.low > 0 or change.difference.high < 0))
        claims += says_so

    assert claims <= 10


def test_the_verdict_is_about_all_criteria_and_names_those_that_differ():
    rng = np.random.default_rng(0)
    correct = rng.random(300) < 0.7
    runs = [planted_scores({POLITE: rng.random(300) < rate, CORRECT: correct}) for rate in (0.9, 0.3)]

    verdict = compare(*runs).verdict

    assert verdict.startswith("after is worse than before on all criteria, by .")
    assert "; worse on polite" in verdict


def test_all_criteria_are_those_of_both_runs():
    before = planted_scores({POLITE: [1, 1], CORRECT: [1, 0]})
    after = planted_scores({POLITE: [1, 1], CORRECT: [1, 1], HELPFUL: [0, 0]})

    result = compare(before, after)

    assert result.left_out == ("helpful",)
    assert result.change(ALL, ALL_CRITERIA).after.value == 1.0


def test_a_criterion_whose_evaluator_changed_is_not_comparable():
    runs = [
        planted_scores({POLITE: values}, fingerprints={"polite": text})
        for values, text in (([0, 1] * 50, "old"), ([1] * 100, "new"))
    ]

    result = compare(*runs)
    change = result.change(ALL, "polite")

    assert result.changed_evaluators == ("polite",)
    assert result.verdict == "not comparable on polite: its evaluator changed."
    assert (change.difference.value, change.p_adjusted, change.is_changed, change.is_better) == (0.5, None, False, None)
    assert str(change).endswith(", not comparable")


def test_criteria_with_the_same_evaluator_are_compared_beside_one_that_was_edited():
    runs = [
        planted_scores({POLITE: values, CORRECT: values}, fingerprints={"polite": text, "correct": "same"})
        for values, text in (([0, 1] * 50, "old"), ([1] * 100, "new"))
    ]

    result = compare(*runs, names=("v1", "v2"))

    assert result.verdict.startswith(
        "not comparable on polite: its evaluator changed; v2 is better than v1 on correct,"
    )
    assert result.change(ALL, "correct").is_better
    assert not result.change(ALL, ALL_CRITERIA).is_comparable
    assert result.change(ALL, ALL_CRITERIA).is_better is None


def test_rows_show_losses_first():
    members = planted_members(odd=[False, True, True, True])

    rows = compare(planted_scores({POLITE: [1, 1, 0, 0]}), planted_scores({POLITE: [1, 0, 1, 0]}), members).rows(
        "odd", "polite"
    )

    assert rows.select("row_id", "before", "after", "change").rows() == [
        (1, 1.0, 0.0, -1.0),
        (3, 0.0, 0.0, 0.0),
        (2, 0.0, 1.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("after", "match"),
    [
        pytest.param(planted_scores({POLITE: [1]}, prompts=[9]), "no prompt in common", id="other prompts"),
        pytest.param(planted_scores({CORRECT: [1]}), "no criterion in common", id="other criteria"),
    ],
)
def test_runs_without_anything_in_common_are_refused(after, match):
    with pytest.raises(SchemaError, match=match):
        compare(planted_scores({POLITE: [1]}), after)


def test_an_unknown_slice_is_refused():
    scores = planted_scores({POLITE: [1]})

    with pytest.raises(UnknownNameError, match="no slice `es`"):
        compare(scores, scores).change("es", "polite")


def test_unpaired_runs_would_have_wider_intervals():
    rng = np.random.default_rng(0)
    before = rng.random(200) < 0.7
    after = before ^ (rng.random(200) < 0.05)

    change = compare(planted_scores({POLITE: before}), planted_scores({POLITE: after})).change(ALL, "polite")

    unpaired = newcombe(change.after, change.before)
    assert change.difference.high - change.difference.low < (unpaired.high - unpaired.low) / 2


def test_the_comparison_is_json():
    members = planted_members(es=pl.Series([False, False]))
    runs = [planted_scores({POLITE: [1, 0], SECONDS: [3.0, 4.0]}) for _ in range(2)]

    document = json.loads(json.dumps(compare(*runs, members).to_dict(), allow_nan=False))

    assert len(document["changes"]) == 4


def test_a_loss_in_a_slice_of_one_criterion_is_named_before_the_gains():
    rng = np.random.default_rng(0)
    spanish = np.arange(600) % 4 == 0
    correct = [rng.random(600) < rate for rate in (0.3, 0.9)]
    polite = np.ones(600)
    members = planted_members(spanish=spanish, english=~spanish)
    before = planted_scores({POLITE: polite, CORRECT: correct[0]})
    after = planted_scores({POLITE: polite - (spanish & (rng.random(600) < 0.5)), CORRECT: correct[1]})

    verdict = compare(before, after, members, names=("v1", "v2")).verdict

    assert verdict.startswith("v2 is better than v1 on all criteria, by .")
    assert "; worse on polite in spanish by .55 [.47-.63] n=150, and on polite; better on correct, " in verdict


def test_a_change_that_is_clear_alone_but_not_among_many_is_told_as_such():
    before = planted_scores({POLITE: [0] * 9 + [1] * 2 + [1] * 89})
    after = planted_scores({POLITE: [1] * 9 + [0] * 1 + [1] * 90})
    rng = np.random.default_rng(0)
    members = planted_members(**{f"slice {n}": rng.random(100) < 0.3 for n in range(20)})

    alone, among = compare(before, after), compare(before, after, members)

    assert alone.verdict.startswith("after is better than before on polite, by .08 [")
    assert among.change(ALL, "polite").is_better is None
    assert among.verdict.startswith("after looks better than before on polite, by .08 [.02-.14] n=100, which is clear")
    assert "alone, but not among 21 cells (p = 0.021, adjusted 0.2" in among.verdict


def test_an_interval_that_excludes_zero_is_not_enough():
    before, after = [0] * 5 + [1] * 95, [1] * 100

    verdict = compare(planted_scores({POLITE: before}), planted_scores({POLITE: after})).verdict

    assert verdict == "after and before cannot be told apart on polite: .05 [.01-.10] n=100, but p = 0.062."


def test_an_empty_slice_is_not_unclear():
    members = planted_members(none=np.zeros(100, dtype=bool))
    scores = planted_scores({POLITE: [0, 1] * 50})

    verdict = compare(scores, planted_scores({POLITE: [1] * 100}), members).verdict

    assert "unclear" not in verdict
    assert verdict.endswith("; 1 slice without a compared response.")


def test_another_column_of_imported_scores_is_another_evaluator():
    prompts = pl.DataFrame({"prompt": [f"{n}?" for n in range(60)], "response": ["a"] * 60})
    frame = prompts.with_columns(one=pl.lit("pass"), other=pl.lit("fail"))
    first, second = (
        evaluate([Evaluator("judge", Criterion("polite"), Existing("judge", column))], frame)
        for column in ("one", "other")
    )

    assert compare(first, second).verdict.startswith("not comparable on polite")
    assert compare(first, first).changed_evaluators == ()
