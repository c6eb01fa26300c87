import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nacre.data import Number
from nacre.errors import SchemaError
from nacre.evaluation import Criterion, ExpertLabels, Scores, align_choice, choose_best
from stored_verdicts import llmbar

POLITE = Criterion("polite")
STORED = "CoT Metrics_Reference Rating Rating_NoRules Swap Swap_CoT Vanilla".split()  # noqa: SIM905


def version(answers, criterion=POLITE):
    n = len(answers)
    rows = pl.DataFrame({"row_id": range(n), "score": answers}, strict=False)
    responses = pl.DataFrame({"row_id": range(n), "prompt_id": [str(row) for row in range(n)], "repeat": [0] * n})
    frame = rows.with_columns(criterion=pl.lit(criterion.name), evaluator=pl.lit("judge"))
    return Scores.from_frame(frame, [criterion], responses=responses)


def planted(n, accuracies, seed=0):
    """Versions that are right this often, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.6
    said = {name: np.where(rng.random(n) < share, truth, ~truth) for name, share in accuracies.items()}
    experts = ExpertLabels.from_frame({"row_id": range(n), "score": truth}, [POLITE])
    return {name: version(answers.tolist()) for name, answers in said.items()}, experts


@pytest.mark.parametrize("n", [120, 400])
def test_the_better_version_is_found_and_its_gain_is_clear(n):
    versions, experts = planted(n, {"first": 0.6, "worse": 0.55, "better": 0.9})

    choice = choose_best(versions, experts)

    assert choice.best == "better"
    assert choice.split.is_cross_fitted == (n <= 150)
    assert choice.gain.change.n == (n if n <= 150 else 160)
    assert choice.gain.is_clear
    assert choice.is_accepted
    assert "raises agreement beside first" in str(choice)
    json.dumps(choice.to_dict(), allow_nan=False)


def test_choosing_among_coins_gains_nothing_on_labels_that_did_not_choose():
    gains = []
    for seed in range(60):
        versions, experts = planted(100, {str(name): 0.5 for name in range(8)}, seed)
        gains.append(choose_best(versions, experts).gain.change)

    assert abs(np.mean([gain.value for gain in gains])) < 0.03
    assert sum(gain.low > 0 for gain in gains) <= 6


def test_the_baseline_stays_where_nothing_is_better():
    versions, experts = planted(200, {"first": 0.9, "worse": 0.6})

    choice = choose_best(versions, experts)

    assert (choice.best, choice.gain.change.value, choice.gain.p) == ("first", 0.0, 1.0)
    assert str(choice) == "No version agrees better than first on the labels that choose."


def test_equal_kappas_are_told_apart_by_order():
    versions, experts = planted(200, {"first": 0.8})

    assert choose_best({**versions, "copy": versions["first"]}, experts).best == "first"


def test_a_version_that_turns_lenient_is_a_draft():
    truth = [True] * 100 + [False] * 100
    experts = ExpertLabels.from_frame({"row_id": range(200), "score": truth}, [POLITE])
    fair = [*([True] * 80 + [False] * 20), *([False] * 80 + [True] * 20)]
    lenient = [*([True] * 100), *([False] * 65 + [True] * 35)]

    choice = choose_best({"fair": version(fair), "lenient": version(lenient)}, experts)

    assert choice.best == "lenient"
    assert choice.gap_after > abs(choice.gap_before)
    assert not choice.is_accepted


def test_responses_that_a_version_did_not_score_are_left_out_and_counted():
    versions, experts = planted(200, {"first": 0.7})
    some = version([None if row < 20 else True for row in range(200)])

    choice = choose_best({**versions, "some": some}, experts)

    assert (choice.n_left_out, len(choice.split.frame)) == (20, 180)


def test_unparsable_verdicts_count_against_a_version():
    versions, experts = planted(200, {"first": 0.7})
    truth = experts.majority("polite")["value"].to_list()
    broken = version(["?" if row % 2 else bool(truth[row]) for row in range(200)])

    assert choose_best({**versions, "broken": broken}, experts).train_kappa["broken"] < 0.5


@pytest.mark.parametrize("n", [120, 400])
def test_alignment_of_the_chosen_version_is_told_by_labels_that_did_not_choose(n):
    versions, experts = planted(n, {"first": 0.6, "better": 0.95})
    choice = choose_best(versions, experts)

    record = align_choice(choice, versions, experts)

    assert record.n == choice.gain.change.n
    assert record.kappa.value == pytest.approx(choice.kappa_after.value)
    assert record.is_aligned
    assert record.split_fingerprint == choice.split.fingerprint


@pytest.mark.parametrize(
    ("judge", "clear"), [("GPT-4", True), ("ChatGPT", True), ("PaLM2", True), ("LLaMA2", True), ("Falcon", False)]
)
def test_choosing_a_stored_prompt_of_llmbar_gains_on_held_out_labels(judge, clear):
    versions, experts, members = llmbar(judge)
    names = ["Vanilla_NoRules", *(name for name in STORED if name in versions)]

    choice = choose_best({name: versions[name] for name in names}, experts, members=members)

    assert not choice.split.is_cross_fitted
    assert 160 <= choice.gain.change.n <= 168  # 40 % of 419 items, both orders together
    assert choice.gain.is_clear == clear
    assert (choice.gain.p < 0.05) == clear


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"first": version(["pass"])}, "at least two versions"),
        (
            {"first": version(["pass"]), "other": version(["pass"], Criterion("polite", "Friendly."))},
            "another criterion",
        ),
        ({name: version([1.0], Criterion("polite", scale=Number(0, 1))) for name in "ab"}, "without `passes`"),
    ],
    ids=["one", "another criterion", "numbers"],
)
def test_what_cannot_be_chosen_from_is_refused(versions, message):
    experts = ExpertLabels.from_frame({"row_id": [0], "score": ["pass"]}, [POLITE])

    with pytest.raises(SchemaError, match=message):
        choose_best(versions, experts)


def test_a_gain_that_the_test_does_not_find_is_not_called_one():
    versions, experts = planted(120, {"first": 0.6, "better": 0.9})
    choice = choose_best(versions, experts)

    unclear = replace(choice, gain=choice.gain._replace(p=0.062))

    assert choice.gain.is_clear
    assert "may change agreement" in str(unclear)


def test_the_record_of_an_imported_choice_holds_for_its_verdicts():
    versions, experts = planted(120, {"first": 0.6, "better": 0.9})
    record = align_choice(choose_best(versions, experts), versions, experts)

    assert not record.is_stale(versions["better"], experts)
    assert record.is_stale(versions["first"], experts)
