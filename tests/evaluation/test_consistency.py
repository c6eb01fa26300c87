import json

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.data import Number
from nacre.errors import SchemaError
from nacre.evaluation import (
    Criterion,
    ExpertLabels,
    Scores,
    both_orders,
    length_effect,
    position_consistency,
    repeat_consistency,
    self_consistency,
)
from stored_verdicts import BETTER, pandalm

POLITE = Criterion("polite")


def scores_of(answers, criterion=BETTER, prompts=None):
    """Scores of evaluators by name: a list of answers each, row by row."""
    n = len(next(iter(answers.values())))
    rows = pl.concat(
        pl.DataFrame({"row_id": range(n), "evaluator": [name] * n, "score": given}, strict=False)
        for name, given in answers.items()
    )
    prompts = prompts or [str(row) for row in range(n)]
    repeat = [prompts[:place].count(prompt) for place, prompt in enumerate(prompts)]
    responses = pl.DataFrame({"row_id": range(n), "prompt_id": prompts, "repeat": repeat})
    return Scores.from_frame(rows.with_columns(criterion=pl.lit(criterion.name)), [criterion], responses=responses)


def test_what_is_shown_first_wins_with_a_judge_that_never_reads():
    scores = scores_of({"judge": ["won"] * 40, "swapped": ["lost"] * 40})

    found = position_consistency(scores, "judge", "swapped")

    assert (found.consistent.value, found.prefers_first.value) == (0.0, 1.0)


def test_a_fair_judge_is_consistent():
    verdicts = ["won", "lost", "tied", "lost"] * 10

    found = position_consistency(scores_of({"judge": verdicts, "swapped": verdicts}), "judge", "swapped")

    assert (found.consistent.value, found.prefers_first.value) == (1.0, 0.5)


def test_an_unparsable_verdict_is_inconsistent_and_prefers_nothing():
    scores = scores_of({"judge": ["won", "?", "?", None], "swapped": ["won", "won", "?", "won"]})

    found = position_consistency(scores, "judge", "swapped")

    assert (found.consistent.n, found.consistent.value, found.n_unparsable) == (3, pytest.approx(1 / 3), 2)
    assert found.prefers_first.value == pytest.approx(1 / 3)  # won, lost, -, won while shown second


@pytest.mark.parametrize(
    ("judge", "prompt", "adversarial"),
    [
        ("GPT-4", "Vanilla", 0.92),
        ("GPT-4", "Rating", 0.82),
        ("ChatGPT", "Vanilla_NoRules", 0.59),
        ("Falcon", "CoT", 0.12),
    ],
)
def test_order_consistency_on_llmbar_is_as_published(judge, prompt, adversarial):
    folder = dataset("llmbar")
    items = pl.read_parquet(folder / "items.parquet").filter(pl.col("slice") != "Natural")
    verdicts = pl.read_parquet(folder / "judgments.parquet").filter(
        (pl.col("judge") == judge) & (pl.col("prompt") == prompt)
    )
    rows = items.join(verdicts, on="id")
    outcome = {"1": "won", "2": "lost"}
    columns = [rows[name].replace_strict(outcome, default="?").fill_null("?") for name in ("winner_ab", "winner_ba")]
    scores = scores_of({"judge": columns[0].to_list(), "swapped": columns[1].to_list()})

    found = position_consistency(scores, "judge", "swapped")

    assert found.consistent.value == pytest.approx(adversarial, abs=0.005)
    assert found.consistent.n == 319


def test_both_orders_together_are_tied_where_they_differ():
    scores = scores_of({"judge": ["won", "won", "lost", "?"], "swapped": ["won", "lost", None, "won"]})

    together = both_orders(scores, "judge", "swapped")

    assert together.of("judge").select("value", "status").rows() == [
        (2.0, "scored"),
        (1.0, "scored"),
        (None, "abstained"),
        (None, "unparsable"),
    ]


def test_a_response_shown_in_one_order_only_is_not_scored():
    scores = scores_of({"judge": ["won", "lost"], "swapped": ["won", "lost"]})
    only_first = (pl.col("evaluator") == "judge") | (pl.col("row_id") == 0)
    half = Scores(scores.frame.filter(only_first), scores.criteria, scores.evaluators)

    together = both_orders(half, "judge", "swapped")

    assert together.frame.select("value", "status").rows() == [(2.0, "scored"), (None, "abstained")]


def test_a_judge_that_counts_words_is_found_out_beside_the_experts():
    rng = np.random.default_rng(0)
    lengths = rng.normal(size=300)
    truth = ["won" if fair else "lost" for fair in rng.random(300) < 0.5]
    verdicts = [
        "won" if noise < longer else "lost" for noise, longer in zip(rng.normal(size=300), lengths, strict=True)
    ]
    experts = ExpertLabels.from_frame({"row_id": range(300), "score": truth}, [BETTER])

    found = length_effect(
        scores_of({"judge": verdicts}), "judge", {"row_id": range(300), "length": lengths}, experts=experts
    )

    assert found.slope.low > 1
    assert found.experts.low < 0 < found.experts.high
    json.dumps(found.to_dict(), allow_nan=False)


def test_judges_of_pandalm_are_drawn_to_length():
    scores, experts, table = pandalm()
    lengths = table.select(
        "row_id", length=pl.col("response1").str.len_chars().cast(pl.Int64) - pl.col("response2").str.len_chars()
    )

    found = length_effect(scores, "gpt35", lengths, experts=experts)

    assert found.n == 974
    assert found.slope.low > 0


def test_a_judge_asked_several_times_is_consistent_where_all_verdicts_are_the_same():
    scores = scores_of(
        {"first": ["pass", "fail", "pass", "?"], "second": ["pass", "fail", "fail", "?"], "third": ["pass"] * 4}, POLITE
    )

    found = self_consistency(scores, ["first", "second", "third"])

    assert (found.all_same.value, found.all_same.n) == (0.25, 4)
    assert found.alpha.value < 0.5


def test_a_system_is_consistent_where_its_repeats_get_the_same_score():
    scores = scores_of({"judge": ["pass", "pass", "fail", "pass", "fail"]}, POLITE, prompts=["a", "a", "b", "b", "c"])

    found = repeat_consistency(scores, "judge")

    assert (found.all_same.value, found.all_same.n) == (0.5, 2)


def test_no_repeats_have_no_consistency():
    found = repeat_consistency(scores_of({"judge": ["pass", "fail"]}, POLITE), "judge")

    assert found.all_same.n == 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_has_no_order_is_refused():
    with pytest.raises(SchemaError, match="no order"):
        position_consistency(scores_of({"a": ["pass"], "b": ["pass"]}, POLITE), "a", "b")
    with pytest.raises(SchemaError, match="at least twice"):
        self_consistency(scores_of({"a": ["pass"]}, POLITE), ["a"])
    scores = scores_of({"a": [1.0]}, Criterion("seconds", scale=Number(0, 9)))
    with pytest.raises(SchemaError, match="no response passes"):
        length_effect(scores, "a", {"row_id": [0], "length": [1]})


def test_a_response_has_one_length():
    scores = scores_of({"a": ["pass", "fail"] * 20}, POLITE)

    with pytest.raises(SchemaError, match="more than once"):
        length_effect(scores, "a", {"row_id": [*range(40)] * 2, "length": [*range(80)]})
