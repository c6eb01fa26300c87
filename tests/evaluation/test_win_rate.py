import numpy as np
import polars as pl
import pytest

from nacre.errors import SchemaError, UnknownFieldError, UnknownNameError
from nacre.evaluation import PREFERENCE, Criterion, Scores, read_responses, win_rates
from nacre.metrics import GamedBaseline, length_controlled_win_rate, prompt_difficulty, win_rate

PREFERRED = Criterion("preferred", scale=PREFERENCE)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def planted(systems, n_prompts=60, *, longer=20):
    """Return responses of systems of equal worth to the same prompts, and which of them a judge of length preferred."""
    rng = np.random.default_rng(0)
    parts = []
    for place, system in enumerate(systems):
        lengths = np.maximum(1, rng.normal(100 + longer * (place + 1), 40, n_prompts)).astype(int)
        won = rng.random(n_prompts) < sigma((lengths - 100) / 40)
        parts.append(
            pl.DataFrame(
                {
                    "prompt": [f"question {place}?" for place in range(n_prompts)],
                    "response": ["x" * length for length in lengths],
                    "baseline": "y" * 100,
                    "system": system,
                    "verdict": np.where(won, "won", "lost"),
                }
            )
        )
    responses = pl.concat(parts)
    verdicts = responses.select(
        pl.int_range(pl.len()).alias("row_id"), pl.lit("preferred").alias("criterion"), pl.col("verdict").alias("score")
    )
    keys = read_responses(responses).collect(["row_id", "prompt_id", "repeat"])
    return responses, Scores.from_frame(verdicts, [PREFERRED], responses=keys)


def arrays(responses, system):
    rows = responses.filter(pl.col("system") == system)
    return (rows["verdict"] == "won").to_numpy().astype(float), rows["response"].str.len_chars().to_numpy() - 100.0


def test_each_system_has_its_win_rates():
    responses, scores = planted(["new", "old"])

    found = win_rates(scores, "preferred", responses)

    assert [(cell.system, cell.slice) for cell in found] == [("new", "all"), ("old", "all")]
    for cell in found:
        won, extra = arrays(responses, cell.system)
        assert (cell.won, cell.tied, cell.lost) == (won.sum(), 0, 60 - won.sum())
        assert cell.raw == win_rate(won)
        assert cell.controlled == length_controlled_win_rate(won, extra)
    assert found[1].controlled.metric.value < found[1].raw.value


def test_gamed_systems_steady_the_others_and_have_no_row():
    responses, scores = planted(["new", "verbose", "concise"])

    (found,) = win_rates(scores, "preferred", responses, gamed=["verbose", "concise"])

    gamed = [GamedBaseline(*arrays(responses, name)) for name in ("verbose", "concise")]
    assert found.controlled == length_controlled_win_rate(*arrays(responses, "new"), gamed=gamed)


def test_ten_systems_tell_the_difficulty_of_prompts():
    names = [f"system {place}" for place in range(10)]
    responses, scores = planted(names, longer=2)

    found = win_rates(scores, "preferred", responses)

    pairs = [arrays(responses, name) for name in names]
    difficulty = prompt_difficulty(*(np.stack(part) for part in zip(*pairs, strict=True)))
    assert found[3].controlled.metric.value == pytest.approx(
        length_controlled_win_rate(*pairs[3], difficulty=difficulty).metric.value, abs=1e-6
    )


def test_slices_below_30_comparisons_have_no_controlled_rate():
    responses, scores = planted(["new"])
    members = pl.DataFrame({"row_id": range(60), "few": [row < 29 for row in range(60)]})

    every, few = win_rates(scores, "preferred", responses, members)

    assert (few.slice, few.raw.n, few.controlled) == ("few", 29, None)
    assert every.to_dict()["length_controlled"]["n"] == 60
    assert few.to_dict()["length_controlled"] is None


def test_without_the_other_response_only_the_raw_rate_is_known():
    responses, scores = planted(["new"])

    (found,) = win_rates(scores, "preferred", responses.drop("baseline", "system"))

    assert (found.system, found.raw.n, found.controlled) == ("", 60, None)


def test_repeats_of_a_prompt_count_as_one():
    responses, _ = planted(["new"])
    responses = pl.concat([responses, responses])
    keys = read_responses(responses).collect(["row_id", "prompt_id", "repeat"])
    verdicts = keys.select("row_id", pl.lit("preferred").alias("criterion"), score=responses["verdict"])
    scores = Scores.from_frame(verdicts, [PREFERRED], responses=keys)

    (found,) = win_rates(scores, "preferred", responses)

    assert (found.won + found.lost, found.raw.n, found.controlled.metric.n) == (120, 60, 60)


@pytest.mark.parametrize(
    "change", [lambda rows: rows.reverse(), lambda rows: rows.head(40)], ids=["another order", "fewer"]
)
def test_other_responses_than_those_scored_are_refused(change):
    responses, scores = planted(["new"])

    with pytest.raises(SchemaError, match="not among these, or belong to another prompt"):
        win_rates(scores, "preferred", change(responses))


def test_what_does_not_fit_is_refused():
    responses, scores = planted(["new"])
    polite = pl.DataFrame({"row_id": [0], "criterion": ["polite"], "score": ["pass"]})
    keys = read_responses(responses).collect(["row_id", "prompt_id", "repeat"])

    with pytest.raises(UnknownNameError, match="no system `verbose`; there are new"):
        win_rates(scores, "preferred", responses, gamed=["verbose"])
    with pytest.raises(UnknownFieldError, match="`other`"):
        win_rates(scores, "preferred", responses, baseline="other")
    with pytest.raises(SchemaError, match="scores no preference"):
        win_rates(Scores.from_frame(polite, [Criterion("polite")], responses=keys), "polite", responses)
