from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Classes, MultiLabel, Number, Spans, schema_from_spec
from nacre.errors import SchemaError, UnknownNameError

GROUPED = Classes(("ham", "offer", "spam"), groups=(("not spam", ("ham", "offer")), ("some mail", ("offer", "spam"))))
SCHEMAS = [
    pytest.param(Classes(("ham", "spam")), id="classes"),
    pytest.param(Classes(("fail", "pass"), ordered=True), id="ordered"),
    pytest.param(GROUPED, id="groups"),
    pytest.param(MultiLabel(("politics", "sport")), id="multi-label"),
    pytest.param(Spans(("drug", "disease"), "text"), id="spans"),
    pytest.param(Spans(("drug",), "text", tokens="tokens"), id="spans with tokens"),
    pytest.param(Number(0.0, 1.0), id="number"),
]


class Holds:
    """A condition that holds on the rows where `flag` does, at the first character."""

    def expr(self):
        return pl.col("flag")

    def spans(self):
        return pl.col("places")


FRAME = pl.DataFrame({"flag": [True, False], "places": [[{"start": 0, "end": 3}], []]})


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_survives_its_spec(schema):
    assert schema_from_spec(schema.spec()) == schema


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schemas_are_values(schema):
    assert hash(schema) == hash(schema_from_spec(schema.spec()))


@pytest.mark.parametrize("name", ["ham", "offer", "spam", "not spam", "some mail"])
def test_codes_and_labels_are_inverse(name):
    assert GROUPED.label(GROUPED.code(name)) == name


def test_groups_have_negative_codes_that_share_a_vote():
    assert (GROUPED.code("not spam"), GROUPED.code("some mail")) == (-2, -3)
    assert GROUPED.shares(-3).tolist() == [0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("schema", "label", "otherwise", "expected"),
    [
        pytest.param(GROUPED, "spam", None, [2, None], id="a class, else abstain"),
        pytest.param(GROUPED, "not spam", "spam", [-2, 2], id="a group, else a class"),
        pytest.param(
            MultiLabel(("a", "b")),
            "b",
            "not b",
            [{"present": [1], "absent": []}, {"present": [], "absent": [1]}],
            id="present, else absent",
        ),
        pytest.param(MultiLabel(("a", "b")), "a", None, [{"present": [0], "absent": []}, None], id="present"),
        pytest.param(Spans(("x",), "t"), "x", None, [[{"start": 0, "end": 3, "label": 0}], None], id="spans"),
        pytest.param(Spans(("x",), "t"), "x", "O", [[{"start": 0, "end": 3, "label": 0}], []], id="spans, else none"),
    ],
)
def test_a_condition_becomes_the_vote_column_of_the_schema(schema, label, otherwise, expected):
    votes = FRAME.select(vote=schema.vote(Holds(), label, otherwise=otherwise)).to_series()

    assert votes.dtype == schema.dtype
    assert votes.to_list() == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"clases": ["a", "b"]}, "one of classes, multi_label, spans, number", id="unknown kind"),
        pytest.param(["a", "b"], "one of classes", id="a list"),
        pytest.param({"classes": ["a", "b"], "spans": ["c"]}, "one of classes", id="two kinds"),
        pytest.param({"classes": "ab"}, "takes a list of names", id="text for names"),
        pytest.param({"classes": ["a"]}, "at least 2 different", id="one class"),
        pytest.param({"classes": ["a", "a"]}, "at least 2 different", id="twice the same"),
        pytest.param({"classes": ["a", " "]}, "not empty", id="blank name"),
        pytest.param({"classes": ["a", "b"], "orderd": True}, "Did you mean `ordered`", id="misspelt key"),
        pytest.param({"classes": ["a", "b"], "ordered": "yes"}, "true or false", id="ordered is text"),
        pytest.param({"classes": ["a", "b"], "groups": {"g": 4}}, "written as", id="group is a number"),
        pytest.param({"classes": ["a", "b"], "groups": {"g": ["c"]}}, "some, not all", id="group of strangers"),
        pytest.param({"classes": ["a", "b"], "groups": {"a": ["b"]}}, "a name of its own", id="group named as class"),
        pytest.param({"spans": ["a"]}, "is not complete", id="spans without field"),
        pytest.param({"spans": {"names": ["O"], "field": "t"}}, "outside every span", id="the label O"),
        pytest.param({"spans": {"names": ["a"], "field": 3}}, "names fields", id="field is a number"),
        pytest.param({"number": {"low": 1, "high": 1}}, "low < high", id="empty range"),
    ],
)
def test_a_malformed_schema_is_refused_with_what_was_expected(spec, message):
    with pytest.raises(SchemaError, match=message):
        schema_from_spec(spec)


def test_an_unknown_class_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="Did you mean `spam`"):
        GROUPED.code("spma")


def test_a_condition_without_places_cannot_vote_for_spans():
    class Nowhere(Holds):
        def spans(self):
            return None

    with pytest.raises(SchemaError, match="no place in the text"):
        Spans(("x",), "t").vote(Nowhere(), "x")


def test_labels_that_do_not_exclude_each_other_have_no_shares():
    with pytest.raises(SchemaError, match="OneVsRest"):
        MultiLabel(("a", "b")).shares(0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["classes", "names", "field", "groups", "ordered", "spans", "low"]), x)
        ),
    )
)
def test_no_spec_raises_anything_but_a_schema_error(spec):
    with suppress(SchemaError):
        schema_from_spec(spec)
