import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.analysis import (
    dependency_exponents,
    estimated_precision,
    marginal_value,
)
from nacre.data import Classes
from nacre.label_models import ClassConditional, MajorityVote, OneVsRest
from nacre.labeling import LabelMatrix
from nacre.metrics import paired_bootstrap

CLASSES = Classes(("ham", "offer", "spam"))


def slow_precision(model, matrix, function):
    """Leave-one-out precision of each vote of a function, row by row."""
    dense, log_weights = matrix.to_dense(), model.vote_weights(matrix)
    column = {(symbol.function, symbol.code): s for s, symbol in enumerate(matrix.symbols)}
    credits = {}
    for votes in dense:
        own = int(votes[function])
        others = [(j, int(vote)) for j, vote in enumerate(votes) if vote != -1 and j != function]
        if own == -1 or not others:
            continue
        scores = model.log_prior_ + sum(log_weights[column[other]] for other in others)
        q = np.exp(scores - scores.max())
        credits.setdefault(own, []).append(q[own] / q.sum())
    return {matrix.schema.label(code): (np.mean(found), len(found)) for code, found in credits.items()}


def test_estimated_precision_is_the_posterior_of_the_other_functions(make_votes, make_outcomes):
    outcomes, model = make_outcomes(*make_votes(n=200))
    matrix = outcomes.label_matrix

    table = estimated_precision(matrix, outcomes.label_proba, model=model)

    for j, name in enumerate(matrix.functions):
        for vote, (precision, n) in slow_precision(model, matrix, j).items():
            row = table.row(by_predicate=(pl.col("function") == name) & (pl.col("vote") == vote), named=True)
            assert row["precision"] == pytest.approx(precision)
            assert row["n"] == n


def test_estimated_precision_ranks_functions_as_their_accuracy_does(planted):
    dense, truth, outcomes, model = planted

    table = estimated_precision(outcomes.label_matrix, outcomes.label_proba, model=model)

    means = table.group_by("function").agg((pl.col("precision") * pl.col("n")).sum() / pl.col("n").sum())
    estimated = means.sort("function")["precision"].to_numpy()
    true = np.array([(votes == truth)[votes >= 0].mean() for votes in dense.T])
    assert (np.argsort(-estimated) == np.argsort(-true)).all()
    assert (estimated < true).all()
    assert (true - estimated < 0.2).all()


def test_a_random_function_is_as_precise_as_the_class_is_frequent(make_votes):
    dense, truth = make_votes(n=4000)
    rng = np.random.default_rng(1)
    noise = np.where(rng.random(4000) < 0.3, 2, -1).astype(np.int16)
    matrix = LabelMatrix.from_dense(np.column_stack([dense, noise]), CLASSES, functions=[*"abcde", "noise"])
    model = ClassConditional(class_balance=(0.5, 0.3, 0.2)).fit(matrix)

    row = estimated_precision(matrix, model.predict_proba(matrix), model=model).row(0, named=True)

    assert row["function"] == "noise"
    assert row["is_weak"]
    assert row["precision"] == pytest.approx((truth == 2).mean(), abs=0.03)


def test_rows_that_nobody_else_covers_are_no_evidence():
    matrix = LabelMatrix.from_dense([[0, -1]] * 6 + [[1, 1]] * 4, Classes(("ham", "spam")))

    table = estimated_precision(matrix, MajorityVote().fit(matrix).predict_proba(matrix))

    alone = table.row(by_predicate=(pl.col("function") == "f0") & (pl.col("vote") == "ham"), named=True)
    assert alone["precision"] is None
    assert (alone["n"], alone["only"], alone["votes"]) == (0, 1.0, 6)


def test_the_spread_is_that_of_resampled_rows(planted):
    _, _, outcomes, model = planted
    table = estimated_precision(outcomes.label_matrix, outcomes.label_proba, model=model)
    row = table.row(0, named=True)
    rng = np.random.default_rng(0)
    # The credits of one symbol are not exposed: any credits of that mean and spread resample alike.
    spread = row["sd"] * np.sqrt(row["n"])
    credits = row["precision"] + spread * rng.choice([-1.0, 1.0], row["n"])

    means = [rng.choice(credits, row["n"]).mean() for _ in range(2000)]

    assert np.std(means) == pytest.approx(row["sd"], rel=0.1)


def test_any_label_model_can_be_asked(planted):
    outcomes = planted[2]
    model = MajorityVote().fit(outcomes.label_matrix)

    table = estimated_precision(outcomes.label_matrix, model.predict_proba(outcomes.label_matrix), model=model)

    assert table["precision"].is_between(0.5, 1).all()


def test_an_always_abstaining_function_is_worth_nothing(make_votes):
    dense, truth = make_votes(n=500)
    matrix = LabelMatrix.from_dense(np.column_stack([dense, np.full(500, -1, np.int16)]), CLASSES)
    model = ClassConditional().fit(matrix)

    row = marginal_value(matrix, model.predict_proba(matrix), truth=truth, model=model).row(
        by_predicate=pl.col("function") == "f5", named=True
    )

    assert {name: row[name] for name in ("only", "changed", "confidence", "accuracy", "gained", "lost")} == {
        "only": 0, "changed": 0, "confidence": 0, "accuracy": 0, "gained": 0, "lost": 0,
    }  # fmt: skip


def test_an_exact_duplicate_that_counts_half_is_worth_nothing(make_votes):
    dense, truth = make_votes(n=2000)
    matrix = LabelMatrix.from_dense(np.column_stack([dense, dense[:, 0]]), CLASSES)
    pairs = pl.DataFrame({"function": ["f0"], "other": ["f5"], "correlation": [1.0]})
    model = ClassConditional(exponents=dependency_exponents(matrix.functions, pairs)).fit(matrix)
    q = model.predict_proba(matrix)

    table = marginal_value(matrix, q, truth=truth, model=model, correlated=pairs)

    for name in ("f0", "f5"):
        row = table.row(by_predicate=pl.col("function") == name, named=True)
        assert (row["changed"], row["accuracy"], row["gained"], row["lost"]) == (0, 0, 0, 0)
        assert row["confidence"] == pytest.approx(0, abs=1e-9)
        assert row["only"] == 0
    others = table.filter(~pl.col("function").is_in(["f0", "f5"]))
    assert (others["accuracy"] > 0).all()


def test_value_is_the_accuracy_lost_without_the_function(planted):
    dense, truth, outcomes, model = planted
    matrix = outcomes.label_matrix
    full = (model.predict_proba(matrix).round(9).argmax(axis=1) == truth).mean()

    table = marginal_value(matrix, outcomes.label_proba, truth=truth, model=model)

    for j, name in enumerate(matrix.functions):
        left_out = dense.copy()
        left_out[:, j] = -1
        rest = model.predict_proba(LabelMatrix.from_dense(left_out, CLASSES)).round(9).argmax(axis=1)
        row = table.row(by_predicate=pl.col("function") == name, named=True)
        assert row["accuracy"] == pytest.approx(full - (rest == truth).mean())
        assert row["changed"] == pytest.approx((rest != model.predict_proba(matrix).round(9).argmax(axis=1)).mean())
        assert row["low"] <= row["accuracy"] <= row["high"]


def test_without_truth_value_is_confidence(planted):
    _, _, outcomes, model = planted

    table = marginal_value(outcomes.label_matrix, outcomes.label_proba, model=model)

    assert table["confidence"].is_sorted(descending=True)
    assert "accuracy" not in table.columns


def test_labels_of_a_multi_label_schema_are_valued_each_on_its_own(multi_label_votes):
    matrix, truth = multi_label_votes
    model = OneVsRest(model=ClassConditional()).fit(matrix)
    proba = model.predict_proba(matrix)

    value = marginal_value(matrix, proba, truth=truth, model=model)
    precision = estimated_precision(matrix, proba, model=model)

    assert set(value.filter(pl.col("label") == "sport")["function"]) == {"sport_0", "sport_1", "sport_2"}
    assert set(precision["vote"]) == {"politics", "not politics", "sport", "not sport"}
    assert precision["precision"].is_between(0.6, 1).all()


def test_tokens_are_valued_like_data_points(token_votes):
    matrix, truth = token_votes
    proba = MajorityVote().fit(matrix).predict_proba(matrix)

    assert (marginal_value(matrix, proba, truth=truth)["n"] == matrix.units["row_id"].n_unique()).all()
    assert estimated_precision(matrix, proba).height > 0


def test_repeating_the_tokens_of_a_text_narrows_no_interval_of_a_value(token_votes):
    matrix, truth = token_votes
    proba = MajorityVote().fit(matrix).predict_proba(matrix)
    twelve = np.repeat(np.arange(matrix.n_units), 12)
    copied = matrix.where(twelve), proba[twelve]

    columns = ["function", "accuracy", "low", "high", "n"]
    single, repeated, ignorant = (
        marginal_value(votes, q, truth=y).select(columns).sort("function").rows()
        for votes, q, y in (
            (matrix, proba, truth),
            (*copied, truth[twelve]),
            (replace(copied[0], units=pl.DataFrame({"row_id": np.arange(len(twelve))})), copied[1], truth[twelve]),
        )
    )

    for one, other, narrow in zip(single, repeated, ignorant, strict=True):
        assert other[1:] == pytest.approx(one[1:])
        assert other[1] == pytest.approx(narrow[1])
        assert other[3] - other[2] >= 2 * (narrow[3] - narrow[2])
    one, other = (estimated_precision(*part).sort("function", "vote")["sd"] for part in ((matrix, proba), copied))
    assert (other > 0.7 * one).all()  # not equal: the weights of votes are smoothed less


@pytest.mark.parametrize("n_units_per_text", [1, 6], ids=["data points", "tokens"])
def test_the_interval_of_a_value_is_the_paired_bootstrap_of_all_units(planted, n_units_per_text):
    dense, truth, outcomes, model = planted
    texts = np.arange(len(truth)) // n_units_per_text
    known = np.where(np.arange(len(truth)) % 5 == 0, -1, truth)
    units = pl.DataFrame({"row_id": texts} | ({"start": np.arange(len(truth))} if n_units_per_text > 1 else {}))
    matrix = replace(outcomes.label_matrix, units=units)
    is_right = model.predict_proba(matrix).round(9).argmax(axis=1) == truth

    table = marginal_value(matrix, outcomes.label_proba, truth=known, model=model)

    left_out = dense.copy()
    left_out[:, 0] = -1
    was_right = model.predict_proba(LabelMatrix.from_dense(left_out, CLASSES)).round(9).argmax(axis=1) == truth
    judged = known >= 0
    expected = paired_bootstrap(was_right[judged], is_right[judged], is_rate=True, clusters=texts[judged])
    row = table.row(by_predicate=pl.col("function") == matrix.functions[0], named=True)
    assert (row["accuracy"], row["n"]) == (pytest.approx(expected.value), expected.n)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_estimated_precision_of_the_trec_functions_ranks_as_the_truth_does():
    from scipy.stats import spearmanr

    folder = dataset("ws_trec")
    info = json.loads((folder / "lfs.json").read_text(encoding="utf-8"))
    train = pl.read_parquet(folder / "train.parquet")
    votes = train["lf_votes"].list.to_array(len(info["lfs"])).to_numpy().astype(np.int16)
    matrix = LabelMatrix.from_dense(votes, Classes(tuple(info["labels"])))
    model = ClassConditional().fit(matrix)

    table = estimated_precision(matrix, model.predict_proba(matrix), model=model)
    summary = matrix.summary(train["label"].cast(pl.Int16)).functions.select("function", "accuracy")
    both = table.drop_nulls("precision").group_by("function").agg(
        (pl.col("precision") * pl.col("n")).sum() / pl.col("n").sum()
    ).join(summary, on="function").drop_nulls()  # fmt: skip
    rank_correlation = spearmanr(both["precision"], both["accuracy"]).statistic

    print(f"Spearman of estimated and true precision, ws_trec train, {len(both)} functions: {rank_correlation:.2f}")
    assert rank_correlation > 0
