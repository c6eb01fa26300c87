import numpy as np
import polars as pl
import pytest

from nacre.data import Classes
from nacre.evaluation import ALL, ALL_CRITERIA, Criterion, compare, evaluation_matrix
from planted_scores import planted_members, planted_scores

POLITE, CORRECT = Criterion("polite"), Criterion("correct")
HELPFUL = Criterion("helpful", scale=Classes(("no", "little", "much"), ordered=True))


def repeats(n, times):
    return np.tile(np.arange(n), times)


def test_more_repeats_on_one_side_are_compared_by_the_mean_of_each_prompt():
    before = planted_scores({POLITE: np.ones(100)})
    after = planted_scores({POLITE: np.repeat([1.0, 0.0, 0.0], 100)}, prompts=repeats(100, 3))

    result = compare(before, after)
    change, cell = result.change(ALL, "polite"), evaluation_matrix(after, baseline=before).cell(ALL, "polite")

    assert change.difference.value == pytest.approx(1 / 3 - 1)
    assert (change.before.value, change.after.value) == pytest.approx((1.0, 1 / 3))
    assert (change.difference.n, change.test, change.is_better) == (100, "sign flip", False)
    assert (result.n_paired, result.n_only_before, result.n_only_after) == (100, 0, 0)
    assert "compared by the mean of each prompt" in result.verdict
    assert cell.change == change.difference
    assert cell.is_better is False


def test_the_order_of_runs_only_turns_the_sign_of_a_change():
    one = planted_scores({POLITE: np.ones(60)})
    three = planted_scores({POLITE: np.random.default_rng(0).random(180) < 0.6}, prompts=repeats(60, 3))

    there, back = (compare(*runs).change(ALL, "polite") for runs in ((one, three), (three, one)))

    assert there.difference.value == -back.difference.value
    assert there.p == back.p


def test_the_same_repeats_on_both_sides_are_paired_one_by_one():
    prompts = repeats(40, 3)
    before = planted_scores({POLITE: np.tile([0, 1], 60)}, prompts=prompts)
    after = planted_scores({POLITE: np.ones(120)}, prompts=prompts)

    result = compare(before, after)

    assert result.n_paired == 120
    assert not result.is_by_prompt
    assert (result.change(ALL, "polite").n_gained, result.change(ALL, "polite").difference.n) == (60, 40)


def test_prompts_that_only_one_run_has_are_counted_with_all_their_repeats():
    before = planted_scores({POLITE: [1, 1, 1, 0]}, prompts=[1, 1, 2, 3])
    after = planted_scores({POLITE: [0, 0, 0]}, prompts=[2, 4, 4])

    result = compare(before, after)

    assert not result.is_by_prompt
    assert (result.n_paired, result.n_only_before, result.n_only_after) == (1, 3, 2)


def test_repeats_without_a_score_are_left_out_of_the_mean_of_their_prompt():
    before = planted_scores({POLITE: [1, 1]}, prompts=[1, 2])
    after = planted_scores({POLITE: [1, np.nan, 0, np.nan, np.nan]}, prompts=[1, 1, 1, 2, 2])

    result = compare(before, after)

    assert result.change(ALL, "polite").difference.value == pytest.approx(-0.5)
    assert result.change(ALL, "polite").n_not_compared == 1
    assert result.rows(ALL, "polite").select("prompt_id", "before", "after").rows() == [
        ("1", 1.0, 0.5),
        ("2", 1.0, None),
    ]


def test_all_criteria_are_asked_of_each_response_before_the_mean():
    before = planted_scores({POLITE: [1], CORRECT: [1]}, prompts=[1])
    after = planted_scores({POLITE: [1, 0], CORRECT: [0, 1]}, prompts=[1, 1])

    assert compare(before, after).change(ALL, ALL_CRITERIA).after.value == 0.0


def test_ordered_classes_of_unequal_repeats_are_compared_by_their_passes():
    before = planted_scores({HELPFUL: np.tile([2, 1], 30)})
    after = planted_scores({HELPFUL: np.tile([2, 2], 60)}, prompts=repeats(60, 2))

    change = compare(before, after).change(ALL, "helpful")

    assert (change.test, change.difference.value) == ("McNemar", 0.5)


def test_a_prompt_belongs_to_a_slice_when_a_response_to_it_does():
    before = planted_scores({POLITE: [0, 0, 0]}, prompts=[1, 2, 3])
    after = planted_scores({POLITE: [1, 1, 0, 0]}, prompts=[1, 1, 2, 3])
    members = planted_members(long=[False, True, True, False])

    result = compare(before, after, members)

    assert result.change("long", "polite").difference.n == 2
    assert result.change("long", "polite").difference.value == 0.5


def test_systems_with_the_same_repeats_are_all_compared():
    one = planted_scores({POLITE: [1] * 40})
    two = planted_scores({POLITE: [1] * 40 + [0] * 40}, prompts=repeats(40, 2))
    two = type(two)(two.frame.with_columns(repeat=pl.lit(0, dtype=pl.Int64)), two.criteria, two.evaluators)

    assert compare(one, two).change(ALL, "polite").difference.value == -0.5
    assert compare(two, two).change(ALL, "polite").difference.value == 0.0


def test_rows_of_a_matrix_show_the_mean_that_the_prompt_had_before():
    before = planted_scores({POLITE: [1, 0, 1]}, prompts=[1, 1, 2])
    after = planted_scores({POLITE: [1, 0, 1]}, prompts=[1, 2, 2])

    rows = evaluation_matrix(after, baseline=before).rows(ALL, "polite")

    assert rows.sort("row_id").get_column("before").to_list() == [0.5, 1.0, 1.0]
