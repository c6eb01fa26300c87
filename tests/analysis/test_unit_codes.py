import numpy as np
import polars as pl
import pytest

from nacre.analysis import Outcomes, error_causes, error_groups, quality, unit_codes
from nacre.data import Classes, Dataset, MultiLabel, Spans
from nacre.errors import SchemaError
from nacre.functions import Keyword, Rule
from nacre.label_models import ClassConditional, OneVsRest, TokenWise
from nacre.labeling import apply, words
from nacre.models import TextLinear, TokenTagger


def test_names_and_codes_of_classes_are_read():
    data = pl.DataFrame({"truth": ["spam", None, "ham"], "code": [1, None, 0]})
    schema = Classes(("ham", "spam"))

    assert unit_codes(data, "truth", schema).tolist() == unit_codes(data, "code", schema).tolist() == [1, -1, 0]


def test_a_vote_column_of_labels_says_what_is_unknown():
    schema = MultiLabel(("politics", "sport"))
    votes = pl.Series("truth", [{"present": [1], "absent": []}, {"present": [], "absent": [0]}, None], schema.dtype)

    assert unit_codes(votes.to_frame(), "truth", schema).tolist() == [[-1, 1], [0, -1], [-1, -1]]


def test_answers_that_are_no_class_are_refused():
    with pytest.raises(
        SchemaError, match=r"`truth` has 1 values that are no answers, the first in row 1.*no class `spma`"
    ):
        unit_codes(pl.DataFrame({"truth": ["ham", "spma"]}), "truth", Classes(("ham", "spam")))


def test_labels_go_through_the_whole_loop():
    rng = np.random.default_rng(0)
    topics = [[name for name in ("politics", "sport") if rng.random() < 0.5] for _ in range(300)]
    said = {"politics": "the vote today", "sport": "a goal now"}
    data = pl.DataFrame(
        {
            "text": [" and ".join([*(said[name] for name in named), "more words"]) for named in topics],
            "topics": pl.Series(topics, dtype=pl.List(pl.String)),
        }
    ).with_row_index("row_id")
    schema = MultiLabel(("politics", "sport"))
    rules = [
        Rule("vote", Keyword("text", ("vote",)), label="politics", otherwise="not politics"),
        Rule("goal", Keyword("text", ("goal",)), label="politics"),
    ]
    votes = apply(rules, data, schema)
    model = OneVsRest(model=ClassConditional()).fit(votes)
    label_proba = model.predict_proba(votes)
    end = TextLinear(fields=("text",)).fit(data, label_proba, schema)
    predicted = data.with_columns(end.predict(data).alias("prediction"))

    outcomes = Outcomes.of(
        votes,
        unit_codes(data, "topics", schema),
        label_proba=label_proba,
        proba=end.predict_proba(data),
        prediction=unit_codes(predicted, "prediction", schema),
    )
    causes = error_causes(outcomes, model=model)

    assert causes.n_units == 600
    assert causes["no_votes"].n == causes["no_votes"].rows.filter(pl.col("label") == "sport").height > 100
    assert quality(outcomes).slices[0].n == 600
    assert error_groups(outcomes, data, ["text"])


def test_spans_go_through_the_whole_loop():
    texts = ["took aspirin for fever", "no fever today", "aspirin and ibuprofen", None, "nothing here"] * 20
    truth = [[(5, 12, 0)], [], [(0, 7, 0), (12, 21, 0)], None, []] * 20
    spans = [
        None if row is None else [{"start": start, "end": end, "label": label} for start, end, label in row]
        for row in truth
    ]
    schema = Spans(("drug",), "text")
    data = Dataset.from_frame(pl.DataFrame({"text": texts, "truth": pl.Series(spans, dtype=Spans.dtype)}))
    rules = [
        Rule("aspirin", Keyword("text", ("aspirin",)), label="drug", otherwise="O"),
        Rule("fever", Keyword("text", ("fever",)), label="drug"),
    ]
    votes = apply(rules, data, schema)
    model = TokenWise(model=ClassConditional()).fit(votes)
    label_proba = model.predict_proba(votes)
    frame = data.collect()
    frame = frame.with_columns(words(frame["text"]).alias("text@words"))
    end = TokenTagger("text").fit(frame, label_proba, schema)

    codes = unit_codes(data, "truth", schema)
    outcomes = Outcomes.of(votes, codes, label_proba=label_proba, proba=end.predict_proba(frame))
    causes = error_causes(outcomes, model=model)

    tokens = votes.units.with_columns(code=pl.Series(codes))
    of_third = tokens.filter(pl.col("row_id") == 2).select("start", "code").rows()
    assert of_third == [(0, 1), (8, 0), (12, 1)]
    assert causes.n_errors == sum(cause.n for cause in causes.causes) > 0
    wrong = causes.rows.filter(pl.col("start") == 17)
    assert set(wrong["row_id"] % 5) <= {0}
