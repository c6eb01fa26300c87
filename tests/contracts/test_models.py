"""What every end model promises, whatever it is made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest

from nacre.data import Classes, MultiLabel, Number, Spans
from nacre.errors import NotFittedError, SchemaError, SpecError, UnknownFieldError, WorkspaceError
from nacre.models import (
    MODELS,
    EmbeddingLinear,
    Prior,
    TabularLinear,
    TextLinear,
    TokenTagger,
    load_model,
    model_from_spec,
)

MAIL = Classes(("ham", "spam"))
TOPICS = MultiLabel(("money", "lunch"))
DRUGS = Spans(("drug",), "text")
N_ROWS = 60
STRANGE = [
    None,
    "",
    " \n\t",
    "\x00",
    "cash " * 200_000,
    "e\u0301\u200d\U0001f469\u200d\U0001f4bb \u202ecash",
    "\U0001f4b0" * 50,
]


@dataclass(frozen=True)
class Case:
    """A model with a schema and data that hold a rule to find."""

    model: Any
    schema: Any
    truth: Any  # a vote column
    proba: Any  # the same as probabilities


def word(row: int) -> str:
    return "cash" if row % 3 == 0 else "lunch"


def frame(n_rows: int = N_ROWS) -> pl.DataFrame:
    texts = [f"take some {word(row)} number {row % 7}" for row in range(n_rows)]
    starts = [[0, 5, 10, 16 + (word(row) == "lunch")] for row in range(n_rows)]
    lengths = [[4, 4, len(word(row)), 6] for row in range(n_rows)]
    tokens = [
        [{"start": start, "end": start + length} for start, length in zip(*row, strict=True)]
        for row in zip(starts, lengths, strict=True)
    ]
    sign = [1.0 if word(row) == "cash" else -1.0 for row in range(n_rows)]
    noise = np.random.default_rng(0).normal(size=(n_rows, 3)) / 10
    vectors = pl.Series(np.column_stack([np.array(sign), noise]), dtype=pl.Array(pl.Float32, 4))
    return pl.DataFrame(
        {
            "text": texts,
            "amount": [sign[row] * 5 + row % 3 for row in range(n_rows)],
            "kind": [word(row) for row in range(n_rows)],
            "text@minilm": vectors,
            "text@words": tokens,
        }
    )


IS_CASH = np.array([word(row) == "cash" for row in range(N_ROWS)])
CODES = pl.Series(IS_CASH.astype(np.int16))
ONE_HOT = np.eye(2)[IS_CASH.astype(int)]
PRESENT = pl.Series([{"present": [c], "absent": [1 - c]} for c in 1 - IS_CASH.astype(int)], dtype=MultiLabel.dtype)
SPANS = pl.Series([[{"start": 10, "end": 14, "label": 0}] if c else [] for c in IS_CASH], dtype=Spans.dtype)
TOKEN_PROBA = np.array([[1 - hit, hit] for c in IS_CASH for hit in (0.0, 0.0, float(c), 0.0)])

CASES = [
    pytest.param(Case(TextLinear("text"), MAIL, CODES, ONE_HOT), id="text"),
    pytest.param(Case(EmbeddingLinear("text"), MAIL, CODES, ONE_HOT), id="embedding"),
    pytest.param(Case(TabularLinear(["amount", "kind"], ["text"]), MAIL, CODES, ONE_HOT), id="tabular"),
    pytest.param(Case(TextLinear("text"), TOPICS, PRESENT, ONE_HOT[:, ::-1]), id="text, many labels"),
    pytest.param(Case(TokenTagger("text"), DRUGS, SPANS, TOKEN_PROBA), id="tokens"),
]
LEARNERS = pytest.mark.parametrize("case", CASES)
ALL = pytest.mark.parametrize("case", [*CASES, pytest.param(Case(Prior(), MAIL, CODES, ONE_HOT), id="prior")])


def fresh(case):
    return model_from_spec(case.model.spec())


def fitted(case, **arguments):
    return fresh(case).fit(frame(), case.truth, case.schema, **arguments)


@LEARNERS
def test_a_planted_rule_is_learned(case):
    model = fitted(case)

    assert model.predict(frame()).to_list() == case.truth.to_list()
    assert model.predict(frame()).dtype == case.schema.dtype


@LEARNERS
def test_probabilities_teach_what_labels_teach(case):
    from_proba = fresh(case).fit(frame(), case.proba, case.schema)

    np.testing.assert_array_equal(from_proba.predict_proba(frame()), fitted(case).predict_proba(frame()))


@LEARNERS
def test_doubtful_probabilities_give_doubtful_predictions(case):
    doubtful = fresh(case).fit(frame(), 0.8 * case.proba + 0.1, case.schema).predict_proba(frame())

    assert doubtful.max() < 0.95
    assert (doubtful.argmax(axis=1) == fitted(case).predict_proba(frame()).argmax(axis=1)).all()


@ALL
def test_the_same_data_give_the_same_bytes(case):
    first, second = fitted(case), fitted(case)

    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(first.predict_proba(frame()), second.predict_proba(frame()))


@ALL
def test_probabilities_are_proper(case):
    model = fitted(case)
    proba = model.predict_proba(frame())

    assert proba.shape == (len(case.proba), len(case.schema.classes))
    assert model.classes_ == case.schema.classes
    assert ((proba >= 0) & (proba <= 1)).all()
    if not isinstance(case.schema, MultiLabel):
        np.testing.assert_allclose(proba.sum(axis=1), 1)


@ALL
def test_a_weight_is_a_number_of_repetitions(case):
    weights = np.arange(N_ROWS) % 4
    rows = np.repeat(np.arange(N_ROWS), weights)

    weighted = fitted(case, sample_weight=weights)
    repeated = fresh(case).fit(frame()[rows], case.truth[rows], case.schema)

    np.testing.assert_allclose(weighted.predict_proba(frame()), repeated.predict_proba(frame()), atol=1e-4)


@ALL
def test_the_scale_of_the_weights_changes_no_vocabulary(case):
    model = fitted(case, sample_weight=np.full(N_ROWS, 1e-3))

    assert np.isfinite(model.predict_proba(frame())).all()


@ALL
def test_unknown_rows_are_left_out(case):
    known = np.arange(N_ROWS) % 2 == 0
    truth = pl.select(pl.when(pl.Series(known)).then(case.truth)).to_series()

    partly = fresh(case).fit(frame(), truth, case.schema)
    without = fresh(case).fit(frame().filter(known), case.truth.filter(pl.Series(known)), case.schema)

    np.testing.assert_array_equal(partly.predict_proba(frame()), without.predict_proba(frame()))


@ALL
def test_an_order_of_rows_does_not_matter_to_predictions(case):
    model, rows = fitted(case), np.random.default_rng(0).permutation(N_ROWS)

    assert model.predict(frame()[rows]).to_list() == model.predict(frame())[rows].to_list()


@ALL
def test_a_saved_model_is_the_same_model(case, tmp_path):
    model = fitted(case)

    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")

    np.testing.assert_array_equal(loaded.predict_proba(frame()), model.predict_proba(frame()))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.spec() == model.spec()
    assert loaded.schema_ == model.schema_
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "model.safetensors"]


@ALL
@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "removed", "bytes", "changed"])
def test_a_damaged_model_is_refused(case, name, damage, tmp_path):
    fitted(case).save(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()

    if damage == "removed":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "bytes":
        path.write_bytes(b"\x80\x04not a model")
    elif name == "model.json":
        path.write_bytes(content.replace(b'"schema"', b'"scheme"'))
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    with pytest.raises(WorkspaceError, match=r"damaged|missing"):
        load_model(tmp_path)


@ALL
def test_the_spec_round_trips_through_json(case):
    spec = orjson.loads(orjson.dumps(case.model.spec()))

    assert model_from_spec(spec).spec() == spec
    assert list(spec) == [case.model.kind]


@ALL
def test_strange_values_survive(case):
    values = {name: [None] * len(STRANGE) for name in frame().columns}
    strange = pl.DataFrame({**values, "text": STRANGE}, schema=frame().schema)
    model = fitted(case)

    proba = model.predict_proba(strange)
    assert np.isfinite(proba).all()
    assert len(model.predict(strange)) == len(STRANGE)

    both = pl.concat([frame(), strange])
    truth = pl.concat([case.truth, case.truth[: len(STRANGE)]])
    assert np.isfinite(fresh(case).fit(both, truth, case.schema).predict_proba(both)).all()


@ALL
def test_no_rows_give_no_predictions(case):
    model = fitted(case)

    assert model.predict_proba(frame()[:0]).shape == (0, len(case.schema.classes))
    assert len(model.predict(frame()[:0])) == 0


@ALL
def test_nothing_to_learn_from_is_refused(case):
    with pytest.raises(SchemaError, match="nothing to learn from"):
        fresh(case).fit(frame(), case.truth.clear(N_ROWS), case.schema)


@ALL
def test_rows_that_do_not_fit_are_refused(case):
    with pytest.raises(SchemaError, match="rows"):
        fresh(case).fit(frame(), case.truth[:5], case.schema)
    with pytest.raises(SchemaError, match="sample_weight"):
        fitted(case, sample_weight=np.ones(5))
    with pytest.raises(SchemaError, match="negative"):
        fitted(case, sample_weight=np.full(N_ROWS, -1.0))


@ALL
def test_a_model_before_its_fit_says_so(case):
    for use in (lambda model: model.predict_proba(frame()), lambda model: model.fingerprint):
        with pytest.raises(NotFittedError, match="Call `fit` first"):
            use(fresh(case))


@LEARNERS
def test_a_missing_field_is_named(case):
    field = case.model.reads[0]

    with pytest.raises(UnknownFieldError, match=f"no field `{field}`"):
        fitted(case).predict_proba(frame().drop(field))
    with pytest.raises(UnknownFieldError, match=f"no field `{field}`"):
        fresh(case).fit(frame().drop(field), case.truth, case.schema)


@ALL
def test_numbers_cannot_be_learned_yet(case):
    with pytest.raises(SchemaError):
        fresh(case).fit(frame(), np.ones(N_ROWS), Number(0, 1))


@pytest.mark.parametrize("model", [TextLinear("text"), EmbeddingLinear("text"), TabularLinear(["kind"]), Prior()])
def test_rows_of_one_class_teach_that_class(model):
    proba = model.fit(frame(), np.zeros(N_ROWS, dtype=int), Classes(("ham", "offer", "spam"))).predict_proba(frame())

    assert (proba[:, 0] > 0.99).all()


@pytest.mark.parametrize("kind", MODELS)
def test_an_unknown_setting_is_refused_with_the_nearest_name(kind):
    with pytest.raises(SpecError, match="has no `fieldz`"):
        model_from_spec({kind: {"fieldz": ["text"]}})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"text_liner": {"fields": ["text"]}}, "Did you mean `text_linear`", id="unknown kind"),
        pytest.param({"text_linear": {"field": ["text"]}}, "Did you mean `fields`", id="unknown setting"),
        pytest.param({"text_linear": {}}, "fields", id="missing setting"),
        pytest.param({"text_linear": {"fields": []}}, "needs the names", id="no field"),
        pytest.param({"text_linear": {"fields": ["text"], "C": 0}}, "`C` must be a number above 0", id="no freedom"),
        pytest.param({"text_linear": {"fields": ["text"], "C": "10"}}, "`C` must be", id="text for a number"),
        pytest.param({"text_linear": {"fields": [3]}}, "needs the names", id="a field that is no name"),
        pytest.param({"text_linear": {"fields": ["text"], "max_words": 0}}, "`max_words` must be", id="no words"),
        pytest.param({"text_linear": ["text"]}, "names with values", id="settings without names"),
        pytest.param({"text_linear": {}, "prior": {}}, "one name", id="two models"),
        pytest.param("text_linear", "one name", id="a name alone"),
    ],
)
def test_a_spec_outside_the_grammar_is_refused(spec, message):
    with pytest.raises(SpecError, match=message):
        model_from_spec(spec)
