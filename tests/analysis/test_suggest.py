import json
import re

import numpy as np
import polars as pl
import pytest

from datasets import dataset
from nacre.analysis import describe_uncovered, suggest_functions
from nacre.data import Classes, MultiLabel, Spans
from nacre.embeddings import TfidfSvd
from nacre.errors import SchemaError, UnknownFieldError
from nacre.functions import Context, Keyword, Near, Rule
from nacre.labeling import LabelMatrix, apply
from nacre.metrics import wilson

SPAM = Classes(("ham", "spam"))
FILLER = [f"word{number}" for number in range(200)]
TELLING = {0: ("lunch", "meeting", "thanks"), 1: ("prize", "winner", "claim")}


def planted_mail(n=1200, seed=0):
    """Texts of filler words; seven in ten also have one of three words that only their class has."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    texts = []
    for label in truth.tolist():
        words = list(rng.choice(FILLER, 8))
        if rng.random() < 0.7:
            words.insert(3, str(rng.choice(TELLING[label])))
        texts.append(" ".join(words))
    return pl.DataFrame({"body": texts}), truth


def some_labels(truth, n, seed=0):
    labels = np.full(len(truth), -1)
    chosen = np.random.default_rng(seed).choice(len(truth), n, replace=False)
    labels[chosen] = truth[chosen]
    return labels


def keywords_of(suggestions):
    return {
        word for item in suggestions if isinstance(item.function.when, Keyword) for word in item.function.when.keywords
    }


def test_planted_words_are_suggested_from_a_few_labels():
    mail, truth = planted_mail()

    suggestions = suggest_functions(mail, SPAM, labels=some_labels(truth, 300), n=6)

    assert keywords_of(suggestions) == {word for words in TELLING.values() for word in words}
    assert {item.function.label for item in suggestions} == {"ham", "spam"}
    assert all(item.precision.value == 1 for item in suggestions)


def test_the_evidence_is_what_the_rule_does():
    mail, truth = planted_mail()
    labels = some_labels(truth, 150)
    existing = [Rule("prize", Keyword("body", ("prize",)), "spam"), Rule("lunch", Keyword("body", ("lunch",)), "spam")]
    votes = apply(existing, mail, SPAM)

    suggestions = suggest_functions(mail, SPAM, labels=labels, label_matrix=votes, n=4)

    dense = apply([item.function for item in suggestions], mail, SPAM).to_dense()
    before = votes.to_dense()
    for column, item in enumerate(suggestions):
        rows = dense[:, column] >= 0
        code = SPAM.code(item.function.label)
        assert item.rows == rows.sum()
        assert item.new_rows == (rows & (before < 0).all(axis=1)).sum()
        assert item.conflicts == (rows & ((before >= 0) & (before != code)).any(axis=1)).sum()
        measured = item.proposed_on.n + item.precision.n
        assert measured == (rows & (labels >= 0)).sum()


def test_few_labels_are_reported_in_sample():
    mail, truth = planted_mail()

    suggestions = suggest_functions(mail, SPAM, labels=some_labels(truth, 39), n=4)

    assert suggestions
    assert all(item.precision is None and "in-sample" in item.why for item in suggestions if item.proposed_on)


def test_the_evidence_reads_as_a_sentence():
    mail, truth = planted_mail()

    few, many = (suggest_functions(mail, SPAM, labels=some_labels(truth, n), n=1)[0].why for n in (39, 150))

    assert re.search(
        r"\. Of the labels that proposed it, \S+ \[\S+\] n=\d+ are \w+ \(too few\); that is in-sample, expect less\.$",
        few,
    )
    assert re.search(
        r"Of the labels that proposed it, .* are (\w+).*; of those that helped to choose it, .* are \1.*; "
        r"both in-sample, expect less\.$",
        many,
    )


def test_a_word_that_every_class_has_is_no_suggestion(monkeypatch):
    mail, truth = planted_mail()
    rng = np.random.default_rng(1)
    has_it = rng.random(len(mail)) < np.where(truth == 1, 0.98, 0.35)
    others = [f"w{number:03d}" for number in rng.integers(0, 1000, len(mail))]
    bodies = [
        f"{'your' if has else other} {body}" for has, other, body in zip(has_it, others, mail["body"], strict=True)
    ]
    mail, labels = pl.DataFrame({"body": bodies}), some_labels(truth, 300)

    found = suggest_functions(mail, SPAM, labels=labels, n=10, min_precision=0.6)
    monkeypatch.setattr("nacre.analysis._suggest.MAX_COMMON", 1.0)
    unfiltered = suggest_functions(mail, SPAM, labels=labels, n=10, min_precision=0.6)

    assert not any("your" in str(item.function.spec()) for item in found)
    assert any("your" in str(item.function.spec()) for item in unfiltered)


def test_a_name_per_function_none_of_them_taken():
    mail, truth = planted_mail()
    votes = LabelMatrix.from_dense(np.full((len(mail), 1), -1), SPAM, functions=["spam_prize"])

    suggestions = suggest_functions(mail, SPAM, labels=some_labels(truth, 150), label_matrix=votes, n=6)

    names = [item.function.name for item in suggestions]
    assert len(set(names)) == len(names)
    assert "spam_prize" not in names
    assert "spam_prize_2" in names


def test_variants_of_one_word_are_suggested_once():
    mail, truth = planted_mail()
    mail = mail.with_columns(pl.col("body").str.replace("prize", "big prize now"))

    suggestions = suggest_functions(mail, SPAM, labels=some_labels(truth, 150), n=10)

    assert sum("prize" in word or word in ("big", "now") for word in keywords_of(suggestions)) == 1


def test_the_same_seed_gives_the_same_suggestions_as_json():
    mail, truth = planted_mail(400)
    labels = some_labels(truth, 60)

    first, second = (suggest_functions(mail, SPAM, labels=labels, random_state=3) for _ in range(2))

    assert json.dumps([item.to_dict() for item in first]) == json.dumps([item.to_dict() for item in second])


def test_values_thresholds_and_their_combinations_are_suggested():
    rng = np.random.default_rng(1)
    n = 2000
    table = pl.DataFrame({"plan": rng.choice(["a", "b", "c", "d"], n), "age": rng.integers(18, 80, n)})
    table = table.with_columns(truth=(pl.col("plan") == "b") & (pl.col("age") >= 50))
    truth = table.get_column("truth").cast(pl.Int64).to_numpy()

    suggestions = suggest_functions(
        table, Classes(("no", "yes")), labels=some_labels(truth, 400), fields=["plan", "age"], n=4
    )

    (rule,) = [item for item in suggestions if item.function.label == "yes"][:1]
    votes = apply([rule.function], table, Classes(("no", "yes"))).to_dense()[:, 0]
    assert rule.source == "tree"
    assert set(rule.function.reads) == {"plan", "age"}
    assert truth[votes == 1].mean() > 0.9


def test_a_field_named_as_the_labels_is_not_read():
    mail, truth = planted_mail(400)
    labels = pl.Series("label", truth)

    suggestions = suggest_functions(mail.with_columns(labels), SPAM, labels=labels, n=4)

    assert {name for item in suggestions for name in item.function.reads} == {"body"}


def test_existing_votes_suggest_functions_without_any_label():
    mail, truth = planted_mail()
    mail = mail.with_columns(
        pl.when(pl.Series(truth) == 1).then(pl.col("body") + " urgent").otherwise(pl.col("body") + " regards")
    )
    existing = [Rule("prize", Keyword("body", ("prize",)), "spam"), Rule("lunch", Keyword("body", ("lunch",)), "ham")]

    suggestions = suggest_functions(mail, SPAM, label_matrix=apply(existing, mail, SPAM), n=2)

    assert keywords_of(suggestions) == {"urgent", "regards"}
    assert {item.source for item in suggestions} == {"votes"}
    assert all(item.precision is None and item.estimated_precision > 0.9 for item in suggestions)
    assert all("unknown" in item.why for item in suggestions)


def test_class_names_suggest_their_words_and_what_goes_with_them():
    rng = np.random.default_rng(2)
    about = {"refunds": ["refund", "money", "back"], "card_lost": ["card", "lost", "wallet"]}
    classes = Classes(tuple(about))
    # Two of the three words in each text: a third of the texts lack what the class is called.
    texts = [
        " ".join(rng.permutation([*rng.choice(FILLER[:50], 5), *rng.choice(about[str(name)], 2, replace=False)]))
        for name in rng.choice(list(about), 300)
    ]

    suggestions = suggest_functions(pl.DataFrame({"text": texts}), classes, n=6)

    assert suggestions[0].function == Rule("refunds_refund", Keyword("text", ("refund",)), "refunds")
    assert suggestions[1].function == Rule("card_lost_card_lost", Keyword("text", ("card", "lost")), "card_lost")
    assert keywords_of(suggestions) & {"money", "back"}  # one of them: the other then covers nothing new
    assert {item.source for item in suggestions} == {"class_name"}
    assert all(item.precision is None and "unknown" in item.why for item in suggestions)


def test_clusters_of_an_embedding_suggest_regions():
    # No word says it alone: the texts of a class share topic words, each of them in few.
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 600)
    topics = [[f"{topic}{number}" for number in range(12)] for topic in ("left", "over")]
    texts = [" ".join(rng.choice(topics[label], 5)) for label in truth.tolist()]
    embedding = TfidfSvd().fit(texts)
    context = Context(embeddings={"tfidf_svd": embedding})
    frame = pl.DataFrame({"text": texts})

    suggestions = suggest_functions(frame, SPAM, labels=some_labels(truth, 100), context=context, n=20)

    regions = [item for item in suggestions if isinstance(item.function.when, Near)]
    assert regions
    votes = apply([item.function for item in regions], frame, SPAM, context=context).to_dense()
    assert [int((votes[:, column] >= 0).sum()) for column in range(len(regions))] == [item.rows for item in regions]
    assert (votes == truth[:, None])[votes >= 0].mean() > 0.95


def test_several_labels_per_row_are_suggested_one_by_one():
    mail, truth = planted_mail()
    schema = MultiLabel(("work", "offer"))
    known = some_labels(truth, 300) >= 0
    labels = np.where(known[:, None], np.column_stack([truth == 0, truth == 1]), -1)

    suggestions = suggest_functions(mail, schema, labels=labels, n=6)

    assert keywords_of(suggestions) == {word for words in TELLING.values() for word in words}
    assert {item.function.label for item in suggestions} == {"work", "offer"}


def test_more_rows_than_the_sample_are_sampled_with_all_labels():
    mail, truth = planted_mail()

    suggestions = suggest_functions(mail, SPAM, labels=some_labels(truth, 300), sample_rows=700, n=6)

    assert suggestions[0].n_rows == 700
    assert keywords_of(suggestions) == {word for words in TELLING.values() for word in words}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"schema": Spans(("name",), "body")}, SchemaError, id="spans"),
        pytest.param({"labels": [0, 1]}, SchemaError, id="labels of other rows"),
        pytest.param({"fields": ["boddy"]}, UnknownFieldError, id="unknown field"),
        pytest.param({"label_matrix": LabelMatrix.from_dense([[0]], SPAM)}, SchemaError, id="votes on other rows"),
    ],
)
def test_what_does_not_fit_is_refused(change, error):
    arguments = {"data": pl.DataFrame({"body": ["a", "b", "c"]}), "schema": SPAM} | change

    with pytest.raises(error):
        suggest_functions(**arguments)


def test_nothing_to_suggest_is_an_empty_list():
    assert suggest_functions(pl.DataFrame({"body": ["a", None]}), SPAM, labels=[0, 1]) == []


def test_uncovered_rows_are_described_by_their_terms():
    rng = np.random.default_rng(4)
    topics = {"cash": 200, "visa passport embassy": 120, "goal match referee": 80}
    texts = [f"{' '.join(rng.choice(FILLER[:30], 3))} {topic}" for topic, size in topics.items() for _ in range(size)]
    mail = pl.DataFrame({"body": texts})
    votes = apply([Rule("cash", Keyword("body", ("cash",)), "spam")], mail, SPAM)

    clusters = describe_uncovered(mail, votes, n=2)

    assert [cluster.size for cluster in clusters] == [120, 80]
    assert {"visa", "passport", "embassy"} & set(clusters[0].terms)
    assert {"goal", "match", "referee"} & set(clusters[1].terms)
    assert set(clusters[0].row_ids) <= set(range(200, 320))
    assert clusters[0].to_dict()["purity"] is None
    assert json.dumps([cluster.to_dict() for cluster in clusters])


def test_uncovered_regions_are_conditions_on_the_embedding():
    texts = ["visa passport embassy"] * 60 + ["goal match referee"] * 40
    mail = pl.DataFrame({"body": [f"{text} {FILLER[number]}" for number, text in enumerate(texts)]})
    context = Context(embeddings={"tfidf_svd": TfidfSvd().fit(mail.get_column("body"))})
    nothing = LabelMatrix.from_dense(np.full((100, 1), -1), SPAM)

    clusters = describe_uncovered(mail, nothing, context=context, n=2)

    rows = apply([Rule("first", clusters[0].when, "ham")], mail, SPAM, context=context).to_dense()[:, 0]
    assert isinstance(clusters[0].when, Near)
    assert (rows[60:] < 0).all()
    assert (rows[:60] >= 0).mean() >= 0.9


# Real data: the ten best suggestions from labels drawn from train, five draws, measured on the truth of all of train.
# The bars of the method were chosen on these sets and draws: this guards against getting worse and is no estimate for
# new data. With 100 labels of ws_agnews, ws_imdb and ws_chemprot, which chose nothing, precision was .57, .67 and .55
# where .90, .95 and .76 was stated.
EVIDENCE = [
    pytest.param("ws_youtube", 100, 0.85, id="youtube comments"),
    pytest.param("ws_sms", 100, 0.75, id="text messages"),
    pytest.param("ws_trec", 100, 0.8, id="questions"),
    pytest.param("spam_email_spamassassin", 60, 0.7, id="e-mails"),
]


def labelled(name):
    folder = dataset(name)
    if name == "spam_email_spamassassin":
        return pl.read_parquet(folder / "data.parquet"), ("subject", "from", "has_html", "body"), SPAM
    frame = pl.read_parquet(folder / "train.parquet").filter(pl.col("label") >= 0)
    return frame, ("text",), Classes(tuple(json.loads((folder / "lfs.json").read_text(encoding="utf-8"))["labels"]))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_labels", "bar"), EVIDENCE)
def test_suggestions_hold_on_real_data(name, n_labels, bar, record_property):
    frame, fields, schema = labelled(name)
    truth = frame.get_column("label").to_numpy()
    hits = votes = covered = stated_hits = stated_n = count = 0
    for seed in range(5):
        labels = some_labels(truth, n_labels, seed)
        suggestions = suggest_functions(frame, schema, labels=labels, fields=fields, n=10, random_state=seed)
        dense = apply([item.function for item in suggestions], frame, schema).to_dense()
        hits += int(((dense == truth[:, None]) & (dense >= 0)).sum())
        votes += int((dense >= 0).sum())
        covered += (dense >= 0).any(axis=1).mean() / 5
        known = [item.precision for item in suggestions if item.precision is not None and item.precision.n]
        stated_hits += sum(metric.value * metric.n for metric in known)
        stated_n += sum(metric.n for metric in known)
        count += len(suggestions) / 5

    precision, stated = wilson(hits, votes), wilson(stated_hits, stated_n)
    line = f"{name}: {count:.1f} of 10, coverage {covered:.2f}, precision {precision}, stated {stated}"
    print(line)
    record_property("evidence", line)
    assert precision.value >= bar
    assert precision.value >= 0.8 * stated.value
