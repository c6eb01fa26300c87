import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import dataset
from nacre.data import Classes, Number
from nacre.errors import SchemaError, UnknownNameError
from nacre.evaluation import (
    ALL,
    ALL_CRITERIA,
    PREFERENCE,
    Criterion,
    ExpertLabels,
    Scores,
    evaluation_matrix,
)
from nacre.metrics import benjamini_hochberg, mcnemar, mean_metric, sign_flip
from planted_scores import planted_members, planted_scores
from stored_verdicts import pandalm

POLITE = Criterion("polite")
CORRECT = Criterion("correct", scale=Classes(("wrong", "partly", "right"), ordered=True), passes="partly", target=0.5)
SECONDS = Criterion("seconds", scale=Number(0, 100), lower_is_better=True)
PREFERRED = Criterion("preferred", scale=PREFERENCE)
SCALES = {POLITE: 2, CORRECT: 3, PREFERRED: 3, SECONDS: None}


def drawn_scores(rng, prompts, *, missing=0.1):
    """Return scores on all four kinds of scale, some of them missing."""
    columns = {}
    for criterion, n_classes in SCALES.items():
        n = len(prompts)
        values = rng.integers(0, n_classes, n).astype(float) if n_classes else rng.uniform(0, 100, n).round(3)
        columns[criterion] = np.where(rng.random(n) < missing, np.nan, values)
    return planted_scores(columns, prompts=prompts)


def slow_cells(scores, members, baseline=None):
    """Yield slice, criterion and the outcomes now and before of each response, found by looking at each row."""
    wide = {name: frame for (name,), frame in scores.frame.group_by("criterion")}
    earlier = {(row["criterion"], row["prompt_id"], row["repeat"]): row["value"] for row in _rows(baseline)}
    inside = {row["row_id"]: row for row in members.rows(named=True)}
    for name in [ALL, *(column for column in members.columns if column != "row_id")]:
        for criterion in scores.criteria:
            rows = [row for row in wide[criterion.name].rows(named=True) if name == ALL or inside[row["row_id"]][name]]
            now = [_outcome(criterion, row["value"]) for row in rows]
            before = [
                _outcome(criterion, earlier.get((criterion.name, row["prompt_id"], row["repeat"]))) for row in rows
            ]
            yield name, criterion, np.array(now), np.array(before), np.array([row["prompt_id"] for row in rows])


def _rows(scores):
    return [] if scores is None else scores.frame.rows(named=True)


def _outcome(criterion, value):
    if value is None:
        return math.nan
    if criterion.kind == "preference":
        return value / 2
    return value if criterion.kind == "number" else float(value >= 1)


PROMPTS = [
    pytest.param(np.arange(80), id="each prompt once"),
    pytest.param(np.repeat(np.arange(25), 4), id="each prompt four times"),
    pytest.param(np.array([0, 0, 0, *range(1, 60), 7, 7]), id="some prompts repeat"),
]


@pytest.mark.parametrize("prompts", PROMPTS)
def test_means_are_those_of_a_slow_readable_matrix(prompts):
    rng = np.random.default_rng(3)
    scores = drawn_scores(rng, prompts)
    members = planted_members(
        few=rng.random(len(prompts)) < 0.1, many=rng.random(len(prompts)) < 0.6, whole_prompts=prompts % 3 == 0
    )

    matrix = evaluation_matrix(scores, members)

    for name, criterion, now, _, ids in slow_cells(scores, members):
        cell = matrix.cell(name, criterion.name)
        clusters = ids if len(set(prompts)) < len(prompts) else None
        expected = mean_metric(now, is_rate=criterion.is_rate, clusters=clusters)
        assert (cell.mean.n, cell.n_scored) == (expected.n, (~np.isnan(now)).sum())
        assert cell.missing == ({"abstained": int(np.isnan(now).sum())} if np.isnan(now).any() else {})
        np.testing.assert_allclose(
            [cell.mean.value, cell.mean.low, cell.mean.high], [expected.value, expected.low, expected.high], rtol=1e-6
        )


@pytest.mark.parametrize("prompts", PROMPTS)
def test_changes_are_those_of_a_slow_readable_matrix(prompts):
    rng = np.random.default_rng(4)
    scores, baseline = drawn_scores(rng, prompts), drawn_scores(rng, prompts)
    members = planted_members(
        few=rng.random(len(prompts)) < 0.2, many=rng.random(len(prompts)) < 0.6, whole_prompts=prompts % 3 == 0
    )

    matrix = evaluation_matrix(scores, members, baseline=baseline)

    for name, criterion, now, before, ids in slow_cells(scores, members, baseline):
        cell = matrix.cell(name, criterion.name)
        is_both = ~np.isnan(now - before)
        now, before, ids = now[is_both], before[is_both], ids[is_both]
        clusters = ids if len(set(ids)) < len(ids) else None
        is_pass = criterion.kind in ("pass_fail", "ordinal")
        p = mcnemar(before, now, clusters=clusters).p if is_pass else sign_flip(before, now, clusters=clusters)
        assert cell.change.value == pytest.approx((now - before).mean(), abs=1e-6)
        assert cell.change.low <= cell.change.value <= cell.change.high
        assert (cell.n_gained, cell.n_lost) == ((now > before).sum(), (now < before).sum())
        assert cell.p == pytest.approx(p, abs=1e-9 if is_pass else 0.02)


def test_adjusted_p_counts_every_cell_that_is_shown():
    rng = np.random.default_rng(5)
    prompts = np.arange(200)
    members = planted_members(a=rng.random(200) < 0.5, b=rng.random(200) < 0.5)

    matrix = evaluation_matrix(drawn_scores(rng, prompts), members, baseline=drawn_scores(rng, prompts))

    cells = list(matrix.cells.values())
    assert len(cells) == 3 * 5
    np.testing.assert_allclose([c.p_adjusted for c in cells], benjamini_hochberg([c.p for c in cells]))


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_swapping_two_runs_turns_the_sign_and_keeps_the_p(seed, repeats):
    rng = np.random.default_rng(seed)
    prompts = np.repeat(np.arange(20), 2) if repeats else np.arange(40)
    first, second = drawn_scores(rng, prompts), drawn_scores(rng, prompts)

    there = evaluation_matrix(first, baseline=second).cells.values()
    back = evaluation_matrix(second, baseline=first).cells.values()

    for one, other in zip(there, back, strict=True):
        assert one.p == pytest.approx(other.p)
        np.testing.assert_allclose(
            [one.change.value, one.change.low, one.change.high],
            [-other.change.value, -other.change.high, -other.change.low],
            atol=1e-9,
        )
        assert (one.n_gained, one.n_lost) == (other.n_lost, other.n_gained)


def test_a_run_does_not_differ_from_itself():
    scores = drawn_scores(np.random.default_rng(0), np.arange(60))

    matrix = evaluation_matrix(scores, baseline=scores)

    assert {cell.p for cell in matrix.cells.values()} == {1.0}
    assert all(cell.change.low <= 0 <= cell.change.high for cell in matrix.cells.values())
    assert matrix.verdict == "No cell distinguishable from the baseline, of 5."


def test_a_slice_that_got_worse_is_found_and_the_others_are_not():
    rng = np.random.default_rng(1)
    n, slices = 1_200, {f"topic {place}": np.arange(1_200) % 6 == place for place in range(6)}
    before = rng.random(n) < 0.8
    noise = rng.random(n) < 0.04
    after = np.where(noise, ~before, before) & ~(slices["topic 2"] & (rng.random(n) < 0.25))

    matrix = evaluation_matrix(
        planted_scores({POLITE: after}), planted_members(**slices), baseline=planted_scores({POLITE: before})
    )

    assert [cell.slice for cell in matrix.cells.values() if cell.is_better is False] == ["all", "topic 2"]
    assert (
        matrix.verdict == "2 of 7 cells changed: 2 worse, most on polite in topic 2 by .26 [.20-.32] n=200; 0 better."
    )
    assert matrix.cell("topic 2", "polite").change.high < -0.1


def test_few_of_the_changes_found_are_false():
    rng = np.random.default_rng(0)
    n, share_false = 400, []
    members = planted_members(**{f"slice {place}": rng.random(n) < 0.2 for place in range(8)})
    criteria = [Criterion(f"criterion {place}") for place in range(4)]
    for _ in range(60):
        rates = rng.uniform(0.3, 0.9, 4)
        first, second = (
            planted_scores({one: rng.random(n) < rate for one, rate in zip(criteria, rates, strict=True)})
            for _ in range(2)
        )
        cells = evaluation_matrix(first, members, baseline=second).cells.values()
        share_false.append(any(cell.is_changed for cell in cells))

    assert np.mean(share_false) <= 0.06  # all cells are null: a single false one makes the share of false ones 1


def test_three_responses_can_show_no_change():
    cell = evaluation_matrix(planted_scores({POLITE: np.array([1.0, 0.0, 1.0])})).cell(ALL, "polite")

    assert cell.detectable is None


def test_changes_that_would_be_clear_alone_are_counted_in_the_verdict():
    before, after = planted_scores({POLITE: [0] * 9 + [1] * 91}), planted_scores({POLITE: [1] * 9 + [0] + [1] * 90})
    rng = np.random.default_rng(0)
    members = planted_members(**{f"slice {n}": rng.random(100) < 0.3 for n in range(20)})

    verdict = evaluation_matrix(after, members, baseline=before).verdict

    assert verdict == "No cell distinguishable from the baseline, of 21; 1 would be alone, but not among so many."


def test_a_cell_without_a_score_neither_meets_nor_misses_its_target():
    scores = planted_scores({Criterion("polite", target=0.5): [1] * 40})

    verdict = evaluation_matrix(scores, planted_members(none=np.zeros(40, dtype=bool))).verdict

    assert verdict == "Of 1 cell with a target: 1 met."


def test_a_change_of_the_detectable_size_is_found_about_four_times_out_of_five():
    rng = np.random.default_rng(2)
    n, before = 300, np.arange(300) < 210
    detectable = evaluation_matrix(planted_scores({POLITE: before})).cell(ALL, "polite").detectable
    found = 0
    for _ in range(100):
        old, new = rng.random(n) < 0.7, rng.random(n) < 0.7 + detectable
        found += (
            evaluation_matrix(planted_scores({POLITE: new}), baseline=planted_scores({POLITE: old}))
            .cell(ALL, "polite")
            .is_changed
        )

    assert 0.68 <= found / 100 <= 0.92


def test_all_criteria_counts_responses_that_pass_each_and_leaves_out_those_not_scored_on_all():
    scores = planted_scores(
        {
            POLITE: [1, 1, 1, 0, np.nan, 1],
            CORRECT: [2, 1, 0, 2, 2, 2],
            SECONDS: [9, 9, 9, 9, 9, 9],
        },
        not_asked=[("correct", 5)],
    )

    cell = evaluation_matrix(scores).cell(ALL, ALL_CRITERIA)

    assert (cell.mean.value, cell.n_scored) == (0.5, 4)
    assert cell.missing == {"abstained": 1, "not scored": 1}


def test_one_criterion_has_no_column_of_all_criteria():
    assert evaluation_matrix(planted_scores({POLITE: [1, 0]})).criteria == ("polite",)


@pytest.mark.parametrize(
    ("criterion", "values", "status"),
    [
        pytest.param(Criterion("a", target=0.5), [1] * 80 + [0] * 20, "met", id="the whole interval reaches it"),
        pytest.param(Criterion("a", target=0.9), [1] * 80 + [0] * 20, "missed", id="no part of it does"),
        pytest.param(Criterion("a", target=0.8), [1] * 80 + [0] * 20, "open", id="it lies within"),
        pytest.param(Criterion("a"), [1] * 80 + [0] * 20, "", id="no target"),
        pytest.param(Criterion("a", target=0.8), [np.nan] * 9, "open", id="no score"),
        pytest.param(
            Criterion("a", scale=Number(0, 9), target=2, lower_is_better=True), [1, 2] * 40, "met", id="low is good"
        ),
        pytest.param(
            Criterion("a", scale=Number(0, 9), target=1, lower_is_better=True), [1, 2] * 40, "missed", id="too high"
        ),
    ],
)
def test_a_target_is_met_or_missed_by_the_interval(criterion, values, status):
    assert evaluation_matrix(planted_scores({criterion: values})).cell(ALL, "a").status == status


def test_rows_behind_a_cell_show_failures_first_and_what_the_baseline_said():
    matrix = evaluation_matrix(
        planted_scores({POLITE: [1, 0, np.nan, 1]}),
        planted_members(odd=[False, True, True, True]),
        baseline=planted_scores({POLITE: [1, 1, 1, np.nan]}),
    )

    rows = matrix.rows("odd", "polite")

    assert rows.select("row_id", "value", "outcome", "status", "before").rows() == [
        (1, 0.0, 0.0, "scored", 1.0),
        (3, 1.0, 1.0, "scored", None),
        (2, None, None, "abstained", 1.0),
    ]


def test_rows_behind_all_criteria_show_which_responses_are_not_compliant():
    matrix = evaluation_matrix(planted_scores({POLITE: [1, 0], CORRECT: [2, 2]}))

    assert matrix.rows().select("row_id", "outcome").rows() == [(1, 0.0), (0, 1.0)]


def test_the_prompts_of_the_baseline_are_found_whatever_its_order():
    prompts = np.array([3, 1, 2, 0])
    baseline = planted_scores({POLITE: [1, 0, 0, 0]}, prompts=prompts)

    matrix = evaluation_matrix(planted_scores({POLITE: [0, 0, 0, 0]}), baseline=baseline)

    assert matrix.rows(ALL, "polite").filter(before=1.0)["prompt_id"].to_list() == ["3"]


def test_prompts_without_a_partner_are_left_out_and_counted():
    longer = planted_scores({POLITE: [1, 1, 0, 0, 1]})

    matrix = evaluation_matrix(planted_scores({POLITE: [1, 1, 0]}), baseline=longer)

    assert (matrix.n_paired, matrix.n_left_out) == (3, 2)


def test_a_criterion_that_meant_something_else_has_no_change():
    reworded = Criterion("polite", "Says please.")
    matrix = evaluation_matrix(
        planted_scores({POLITE: [1, 0], CORRECT: [1, 1]}), baseline=planted_scores({reworded: [1, 1], CORRECT: [1, 0]})
    )

    assert matrix.left_out == ("polite",)
    assert [name for name in matrix.criteria if matrix.cell(ALL, name).change is None] == ["polite", ALL_CRITERIA]


def test_evaluators_that_were_edited_since_the_baseline_are_named():
    now, before = ({"polite": text, "correct": "same"} for text in ("new", "old"))
    values = {POLITE: [1, 0], CORRECT: [1, 1]}

    matrix = evaluation_matrix(
        planted_scores(values, fingerprints=now), baseline=planted_scores(values, fingerprints=before)
    )

    assert matrix.changed_evaluators == ("polite",)


def test_several_evaluators_of_a_criterion_are_combined_or_stand_side_by_side():
    one = planted_scores({POLITE: [1, 1, 0, 0] * 10})
    strict = one.frame.with_columns(evaluator=pl.lit("strict"), value=pl.lit(0.0, dtype=pl.Float32))
    both = Scores(pl.concat([one.frame, strict]), one.criteria, {"polite": "", "strict": ""})

    combined, apart = evaluation_matrix(both), evaluation_matrix(both, by="evaluator")

    assert combined.criteria == ("polite",)
    assert combined.evaluators == {"polite": ("polite", "strict")}
    assert {name: apart.cell(ALL, name).mean.value for name in apart.criteria} == {"polite": 0.5, "strict": 0.0}


def test_experts_correct_the_means_of_slices_that_they_labelled():
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.5
    judge = truth | (rng.random(400) < 0.4)
    labels = pl.DataFrame({"row_id": np.arange(0, 400, 4), "score": truth[::4]})

    cell = evaluation_matrix(planted_scores({POLITE: judge}), experts=ExpertLabels.from_frame(labels, [POLITE])).cell(
        ALL, "polite"
    )

    assert cell.mean.low > truth.mean()
    assert cell.corrected.low <= truth.mean() <= cell.corrected.high


@pytest.mark.parametrize(("n_labels", "status"), [(100, "missed"), (10, "met")], ids=["corrected", "too few labels"])
def test_a_target_is_not_met_where_experts_say_that_it_is_missed(n_labels, status):
    criterion = Criterion("polite", target=0.8)
    labels = pl.DataFrame({"row_id": range(n_labels), "score": [row % 2 == 0 for row in range(n_labels)]})

    matrix = evaluation_matrix(
        planted_scores({criterion: [1] * 400}), experts=ExpertLabels.from_frame(labels, [criterion])
    )

    assert matrix.cell(ALL, "polite").status == status
    assert matrix.verdict == f"Of 1 cell with a target: 1 {status}."


def test_a_response_of_unknown_membership_is_in_no_slice():
    members = pl.DataFrame({"row_id": [0, 1], "spanish": [True, None]})

    matrix = evaluation_matrix(planted_scores({POLITE: [1, 1, 1]}), members)

    assert matrix.n_responses == {"all": 3, "spanish": 1}


@pytest.mark.parametrize(
    ("scores", "members", "match"),
    [
        pytest.param(planted_scores({POLITE: [1]}), planted_members(all=[True]), "slice of every", id="slice all"),
        pytest.param(
            planted_scores({Criterion("all criteria"): [1]}), None, "give the criterion another name", id="all criteria"
        ),
        pytest.param(
            planted_scores({POLITE: [1]}),
            pl.DataFrame({"row_id": [0, 0], "es": [True, False]}),
            "more than once",
            id="members twice",
        ),
    ],
)
def test_names_and_members_that_are_ambiguous_are_refused(scores, members, match):
    with pytest.raises(SchemaError, match=match):
        evaluation_matrix(scores, members)


def test_two_systems_in_the_baseline_are_compared_by_their_mean():
    scores = planted_scores({POLITE: [1, 0]})
    twice = Scores(scores.frame.with_columns(prompt_id=pl.lit("0"), repeat=pl.lit(0)), scores.criteria, {"polite": ""})

    matrix = evaluation_matrix(scores, baseline=twice)

    assert (matrix.n_paired, matrix.n_left_out) == (1, 1)
    assert matrix.cell(ALL, "polite").change.value == 0.5


def test_an_unknown_cell_is_refused_with_what_there_is():
    with pytest.raises(UnknownNameError, match="Did you mean `polite`"):
        evaluation_matrix(planted_scores({POLITE: [1]})).cell(ALL, "polit")


def test_a_run_without_responses_has_an_empty_matrix():
    matrix = evaluation_matrix(planted_scores({POLITE: []}), planted_members(es=np.array([], dtype=bool)))

    assert matrix.criteria == ()
    assert [gap.kind for gap in matrix.gaps] == ["empty", "empty"]


def test_the_matrix_is_json():
    import json

    rng = np.random.default_rng(0)
    matrix = evaluation_matrix(
        drawn_scores(rng, np.arange(5)), planted_members(es=[False] * 5), baseline=drawn_scores(rng, np.arange(5))
    )

    document = json.loads(json.dumps(matrix.to_dict(), allow_nan=False))

    assert len(document["cells"]) == 10
    assert document["is_rate"] == {
        "polite": True,
        "correct": True,
        "preferred": True,
        "seconds": False,
        "all criteria": True,
    }


def llmbar_run(prompt):
    """Return whether GPT-4 prefers the right response in the order shown, with one of its prompts."""
    folder = dataset("llmbar")
    items = pl.read_parquet(folder / "items.parquet").with_row_index("row_id").cast({"row_id": pl.Int64})
    verdicts = pl.read_parquet(folder / "judgments.parquet").filter(judge="GPT-4", prompt=prompt)
    right = items.join(verdicts, on="id").select(
        "row_id", criterion=pl.lit("right"), score=pl.col("winner_ab") == pl.col("human").cast(pl.String)
    )
    responses = items.select("row_id", prompt_id="id", repeat=pl.lit(0, dtype=pl.Int64))
    slices = items.select("row_id", *((pl.col("slice") == name).alias(name) for name in items["slice"].unique().sort()))
    return Scores.from_frame(right, [Criterion("right")], responses=responses), slices


def test_the_rules_in_the_prompt_of_a_judge_help_on_two_of_five_slices():
    baseline, _ = llmbar_run("Vanilla_NoRules")
    scores, members = llmbar_run("Vanilla")

    matrix = evaluation_matrix(scores, members, baseline=baseline)

    cell = matrix.cell(ALL, "right")
    assert (round(cell.change.value, 3), cell.n_gained, cell.n_lost) == (0.067, 33, 5)
    assert cell.p == pytest.approx(4.3e-6, rel=0.02)
    assert (cell.change.low, cell.change.high) == pytest.approx((0.041, 0.098), abs=0.003)
    assert [name for name in matrix.slices if matrix.cell(name, "right").is_better] == [ALL, "GPTInst", "Neighbor"]
    assert matrix.verdict == "3 of 6 cells changed: 3 better, 0 worse."


def test_a_judge_agrees_with_people_on_some_applications_and_not_on_others():
    scores, experts, table = pandalm()
    truth = experts.majority("better").join(scores.of("gpt35"), on="row_id", suffix="_judge")
    agrees = truth.select("row_id", criterion=pl.lit("agrees"), score=pl.col("value").eq_missing(pl.col("value_judge")))
    apps = table.get_column("motivation_app").unique().sort().to_list()
    members = table.select("row_id", *((pl.col("motivation_app") == app).alias(app) for app in apps))

    matrix = evaluation_matrix(Scores.from_frame(agrees, [Criterion("agrees")], responses=scores.responses), members)

    assert len(matrix.slices) == 51
    assert round(matrix.cell(ALL, "agrees").mean.value, 3) == 0.698
    readable = [cell for cell in matrix.cells.values() if not cell.mean.is_too_few]
    extremes = min(readable, key=lambda cell: cell.mean.value), max(readable, key=lambda cell: cell.mean.value)
    assert [(cell.slice, round(cell.mean.value, 2), cell.mean.n) for cell in extremes] == [
        ("Wolfram alpha", 0.34, 35),
        ("Wikipedia", 0.97, 30),
    ]
    assert {gap.slice for gap in matrix.gaps} == {cell.slice for cell in matrix.cells.values() if cell.mean.n < 30}


@pytest.mark.parametrize("by", ["criterion", "evaluator"])
def test_a_cell_whose_evaluator_changed_is_not_counted_as_changed(by):
    members = planted_members(odd=np.arange(100) % 2 == 1)
    before, after = (
        planted_scores({POLITE: values, CORRECT: values}, fingerprints={"polite": text, "correct": "same"})
        for values, text in (([0] * 100, "old"), ([1] * 100, "new"))
    )

    matrix = evaluation_matrix(after, members, baseline=before, by=by)

    assert matrix.verdict == "not comparable on polite: its evaluator changed; 2 of 2 cells changed: 2 better, 0 worse."
    assert matrix.cell(ALL, "polite").change.value == 1.0
    assert not matrix.cell("odd", "polite").is_comparable
    assert matrix.cell("odd", "polite").is_better is None
    assert matrix.cell("odd", "correct").is_better


def test_nothing_is_said_to_have_changed_when_every_evaluator_did():
    before, after = (
        planted_scores({POLITE: values}, fingerprints={"polite": text})
        for values, text in (([0] * 100, "old"), ([1] * 100, "new"))
    )

    assert evaluation_matrix(after, baseline=before).verdict == "not comparable on polite: its evaluator changed."
