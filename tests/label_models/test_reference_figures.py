"""Published and reproduced figures on real votes; the conventions are those of `nacre.metrics.accuracies`.

Fitted on train, class balance counted in valid, scored once on test. (A) credits uncovered data points 1/k, (B) gives
them the most frequent class, (C) leaves them out.
"""

import json

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.data import Classes, Spans
from nacre.label_models import (
    ClassConditional,
    DawidSkene,
    MajorityVote,
    MatrixCompletion,
    TokenWise,
    WeightedVote,
    advise,
    class_balance,
)
from nacre.label_models._token_wise import spans_of_tags
from nacre.labeling import LabelMatrix
from nacre.metrics import accuracies, binary_f1, expected_accuracy, log_loss, predict, span_metrics

SPLITS = {
    "ws_youtube": (["train"], "valid"),
    "ws_sms": (["train"], "valid"),
    "ws_trec": (["train"], "valid"),
    "ws_agnews": (["dev"], "dev"),
    "ws_imdb": (["dev", "unlabeled"], "dev"),
    "ws_chemprot": (["train", "unlabeled"], "dev"),
    "intent_banking77": (["train"], "train"),
}


def load(name, splits):
    """Return the votes and the truth of some splits of a dataset."""
    folder = dataset(name)
    meta = json.loads((folder / "lfs.json").read_text(encoding="utf-8"))
    names = meta["labels"].values() if isinstance(meta["labels"], dict) else meta["labels"]
    frame = pl.concat([pl.read_parquet(folder / f"{split}.parquet").select("label", "lf_votes") for split in splits])
    votes = frame["lf_votes"].list.to_array(len(meta["lfs"])).to_numpy().astype(np.int16)
    return LabelMatrix.from_dense(votes, Classes(tuple(names))), frame["label"].to_numpy()


def score(name, make):
    """Fit the model that `make(class balance, n)` returns; return the four accuracies in percent."""
    train_splits, balance_split = SPLITS[name]
    train, _ = load(name, train_splits)
    balance = class_balance(load(name, [balance_split])[1], len(train.classes))
    test, y = load(name, ["test"])
    proba = make(tuple(balance), train.n_units).fit(train).predict_proba(test)
    metrics = accuracies(y, proba, covered=test.is_covered, prior=balance)
    return {label: 100 * metric.value for label, metric in metrics._asdict().items()}


@pytest.mark.parametrize(
    ("name", "coverage", "expected", "prior_filled", "covered"),
    [
        ("ws_youtube", 92.8, 81.80, 77.60, 84.27),
        ("ws_sms", 38.4, 67.60, 89.60, 95.83),
        ("ws_trec", 96.2, 61.10, 57.60, 62.86),
        ("ws_agnews", 57.2, 58.48, 56.13, 83.59),
        ("ws_imdb", 92.1, 71.56, 71.92, 73.40),
        ("ws_chemprot", 82.3, 40.74, 45.30, 47.34),
        ("intent_banking77", 97.7, 34.22, None, 35.00),
    ],
)
def test_majority_vote(name, coverage, expected, prior_filled, covered):
    found = score(name, lambda balance, n: MajorityVote())

    assert found["coverage"] == pytest.approx(coverage, abs=0.1)
    assert found["expected"] == pytest.approx(expected, abs=0.1)
    assert found["covered"] == pytest.approx(covered, abs=0.1)
    if prior_filled is not None:
        assert found["prior_filled"] == pytest.approx(prior_filled, abs=0.1)


LABEL_MODELS = {
    "weighted vote": (
        lambda balance, n: WeightedVote(),
        {"youtube": 83.60, "sms": 67.40, "trec": 58.43, "agnews": 58.70, "imdb": 71.90, "chemprot": 39.95},
    ),
    "matrix completion": (
        lambda balance, n: MatrixCompletion(class_balance=balance),
        {"youtube": 81.20, "sms": 65.40, "trec": 52.43, "agnews": 58.47, "imdb": 72.26, "chemprot": 40.97},
    ),
    "class-conditional, prior .1n at .8": (
        lambda balance, n: ClassConditional(class_balance=balance, spread="uniform", prior_mass=0.1 * n, precision=0.8),
        {"youtube": 84.40, "sms": 67.80, "trec": 64.83, "agnews": 58.84, "imdb": 71.66, "chemprot": 40.78},
    ),
    "class-conditional, prior .3n at .85": (
        lambda balance, n: ClassConditional(class_balance=balance, spread="uniform", prior_mass=0.3 * n),
        {"youtube": 86.00, "sms": 67.80, "trec": 65.43, "agnews": 58.81, "imdb": 71.74, "chemprot": 36.80},
    ),
    "class-conditional, uniform spread": (
        lambda balance, n: ClassConditional(class_balance=balance, spread="uniform"),
        {"youtube": 86.00, "sms": 67.80, "trec": 64.83, "agnews": 58.85, "imdb": 71.50, "chemprot": 42.03},
    ),
    # The default spreads wrong votes by class balance, so that a vote does not favour rare classes. These cells were
    # measured here, not published: accuracy is .3 points lower on the mean, log loss .03.
    "class-conditional": (
        lambda balance, n: ClassConditional(class_balance=balance),
        {"youtube": 86.00, "sms": 67.80, "trec": 63.43, "agnews": 58.85, "imdb": 71.50, "chemprot": 41.66},
    ),
    # Where EM runs into flat regions (imdb, chemprot), the cell depends on where it stops: 51 to 71, 27 to 40.
    "Dawid-Skene with an abstain symbol": (
        lambda balance, n: DawidSkene(abstain="symbol"),
        {"youtube": 84.40, "sms": 62.20, "trec": 50.23, "agnews": 58.79},
    ),
    "Dawid-Skene on votes only": (
        lambda balance, n: DawidSkene(),
        {"youtube": 53.20, "sms": 64.40, "trec": 27.63, "agnews": 27.50, "chemprot": 29.71},
    ),
}


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        pytest.param(make, f"ws_{name}", expected, id=f"{model}, {name}")
        for model, (make, cells) in LABEL_MODELS.items()
        for name, expected in cells.items()
    ],
)
def test_label_models(make, name, expected):
    assert score(name, make)["expected"] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param(MajorityVote(), 38.1, id="majority vote"),
        pytest.param(MatrixCompletion(), 13.9, id="matrix completion"),
        pytest.param(ClassConditional(), 41.9, id="class-conditional"),
    ],
)
def test_f1_of_spam(model, expected):
    train, _ = load("ws_sms", ["train"])
    test, y = load("ws_sms", ["test"])
    balance = class_balance(load("ws_sms", ["valid"])[1], 2)
    if hasattr(model, "class_balance"):
        model.class_balance = tuple(balance)

    proba = model.fit(train).predict_proba(test)
    filled = np.where(test.is_covered[:, None], proba, 1 / 2)

    assert 100 * binary_f1(y, predict(filled, prior=balance)).value == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("name", "snorkel", "uniform"),
    [
        ("ws_youtube", 0.482, 0.305),
        ("ws_sms", 0.256, 0.190),
        ("ws_agnews", 0.763, 0.557),
        ("ws_imdb", 0.565, 0.595),
        ("ws_chemprot", 1.660, 1.925),
    ],
)
def test_log_loss_on_covered_data_points(name, snorkel, uniform):
    train_splits, balance_split = SPLITS[name]
    train, _ = load(name, train_splits)
    test, y = load(name, ["test"])
    balance = tuple(class_balance(load(name, [balance_split])[1], len(train.classes)))
    models = (MatrixCompletion(class_balance=balance), ClassConditional(class_balance=balance, spread="uniform"))

    found = [log_loss(y[test.is_covered], model.fit(train).predict_proba(test)[test.is_covered]) for model in models]

    assert [metric.value for metric in found] == pytest.approx([snorkel, uniform], abs=0.001)


def test_the_default_is_at_or_above_majority_vote_on_the_mean_and_nowhere_two_points_below():
    names = [name for name in SPLITS if name.startswith("ws_")]
    found = [score(name, lambda balance, n: ClassConditional(class_balance=balance))["expected"] for name in names]
    baseline = [score(name, lambda balance, n: MajorityVote())["expected"] for name in names]

    assert np.mean(found) >= np.mean(baseline)
    assert min(np.subtract(found, baseline)) > -2


def test_advice_keeps_77_classes_in_conflict_to_a_vote():
    train, _ = load("intent_banking77", ["train"])

    advice = advise(train)

    assert advice.label_model == "majority_vote"
    assert "many classes in conflict" in {finding.rule for finding in advice.findings if finding.applies}


def tagged(name):
    """Return the token votes of the recommended functions on test, and the true spans of each document."""
    folder = dataset(name)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    frame = pl.read_parquet(folder / "test.parquet")
    types, functions = tuple(meta["entity_types"]), meta["lf_rec"]
    lengths = frame["tokens"].list.len().to_list()
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    votes = np.zeros((offsets[-1], len(functions)), dtype=np.int16)  # a function without spans says "nothing here"
    for document, weak in enumerate(frame["weak_spans"]):
        for function, spans in json.loads(weak).items():
            if function in functions:
                for start, end, label in spans:
                    place = slice(offsets[document] + start, offsets[document] + end)
                    votes[place, functions.index(function)] = types.index(label) + 1
    position = np.concatenate([np.arange(length) for length in lengths])
    units = pl.DataFrame(
        {"row_id": np.repeat(np.arange(len(lengths)), lengths), "start": position, "end": position + 1}
    )
    matrix = LabelMatrix.from_dense(votes, Spans(types, "text"), functions=functions)
    truth = [_spans_of_tags(tags, types) for tags in frame["tags"].to_list()]
    return LabelMatrix(matrix.schema, matrix.functions, matrix.symbols, matrix.votes, units), truth


def _tuples(spans):
    return [[tuple(span.values()) for span in document] for document in spans["spans"].to_list()]


def _spans_of_tags(tags, types):
    spans = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append([place, place + 1, types.index(tag[2:])])
        elif tag.startswith("I-"):
            spans[-1][1] = place + 1
    return [tuple(span) for span in spans]


@pytest.mark.parametrize(
    ("name", "precision", "recall", "f1", "f1_without_rule"),
    [("seq_ncbi_disease", 93.04, 67.79, 78.44, 6.50), ("seq_bc5cdr", 91.6, 76.6, 83.45, 0.04)],
)
def test_spans_by_majority_vote(name, precision, recall, f1, f1_without_rule):
    label_matrix, truth = tagged(name)

    spans = TokenWise(model=MajorityVote()).fit(label_matrix).predict_spans(label_matrix)
    found = span_metrics(truth, _tuples(spans))

    assert 100 * found.precision.value == pytest.approx(precision, abs=0.1)
    assert 100 * found.recall.value == pytest.approx(recall, abs=0.1)
    assert 100 * found.f1.value == pytest.approx(f1, abs=0.02)
    outvoted = spans_of_tags(label_matrix.units, predict(MajorityVote().fit(label_matrix).predict_proba(label_matrix)))
    assert 100 * span_metrics(truth, _tuples(outvoted)).f1.value == pytest.approx(f1_without_rule, abs=0.02)


CROWDS = {
    # Majority; Dawid-Skene with 50 iterations; the same and one coin without smoothing, as in crowd-kit 1.4.2, whose
    # labels are equal on every row (`DawidSkene` and `OneCoinDawidSkene` with n_iter=50, tol=-1e9).
    "crowd_bluebirds": (75.93, 89.81, 89.81, 58.33),
    "crowd_snow_rte": (89.69, 92.75, 92.75, 92.50),
    "crowd_product": (89.66, 93.96, 93.96, 90.84),
    "crowd_adult2": (75.98, 73.87, 74.77, 70.87),
}


@pytest.mark.parametrize("name", CROWDS)
def test_crowds(name):
    folder = dataset(name)
    annotations = pl.read_parquet(folder / "annotations.parquet").cast(pl.String)
    items = annotations.select(pl.col("item").unique().sort()).with_row_index("row_id")
    votes = annotations.join(items, on="item").select(
        pl.col("row_id").cast(pl.Int64), annotator=pl.col("worker"), label=pl.col("label")
    )
    gold = items.join(pl.read_parquet(folder / "gold.parquet").cast(pl.String), on="item", how="left").sort("row_id")
    names = votes["label"].unique().sort().to_list()
    y = np.array([names.index(label) if label in names else -1 for label in gold["gold"]])
    counts = votes.pivot("label", index="row_id", values="annotator", aggregate_function="len").sort("row_id")
    shares = counts.select(names).fill_null(0).to_numpy().astype(float)
    models = (
        DawidSkene(max_iter=50, tol=0),
        DawidSkene(max_iter=50, tol=0, prior_mass=0),
        DawidSkene(max_iter=50, tol=0, prior_mass=0, confusion="one_coin"),
    )

    found = [expected_accuracy(y, shares / shares.sum(axis=1, keepdims=True))]
    found += [expected_accuracy(y, model.fit(votes).predict_proba(votes)) for model in models]

    assert [100 * metric.value for metric in found] == pytest.approx(CROWDS[name], abs=0.01)
