import polars as pl
import pytest

from nacre.analysis import evidence
from nacre.errors import UnknownFieldError
from nacre.functions import Context, Expression, Keyword, Member, Pattern, Rule, labeling_function


@pytest.fixture
def mail():
    return pl.DataFrame(
        {
            "subject": ["Free cash", "Free lunch", None],
            "body": ["Claim the FREE cash now", "At noon", "cash only"],
            "has_html": [True, True, False],
        }
    )


def passages(functions, data, **options):
    rows = evidence(functions, data, **options).iter_rows(named=True)
    texts = {row["row_id"]: row for row in data.with_row_index("row_id").iter_rows(named=True)}
    return [
        (row["row_id"], row["function"], row["field"], texts[row["row_id"]][row["field"]][row["start"] : row["end"]])
        for row in rows
    ]


def test_every_part_of_a_rule_shows_its_match_where_the_rule_holds(mail):
    rule = Rule("cash", Keyword("subject", ("free",)) & Pattern("body", "(?i)free cash"), label="spam")

    assert passages([rule], mail) == [(0, "cash", "body", "FREE cash"), (0, "cash", "subject", "Free")]


def test_each_side_of_an_or_keeps_its_field(mail):
    rule = Rule("cash", Keyword("subject", ("cash",)) | Keyword("body", ("cash",)), label="spam")

    assert passages([rule], mail) == [
        (0, "cash", "body", "cash"),
        (0, "cash", "subject", "cash"),
        (2, "cash", "body", "cash"),
    ]


def test_what_is_negated_or_has_no_place_shows_nothing(mail):
    rule = Rule("free", ~Keyword("body", ("noon",)) & Expression("has_html"), label="spam")

    assert passages([rule], mail) == []


def test_functions_that_are_no_rules_show_nothing(mail):
    @labeling_function
    def short(subject):
        return "spam"

    assert evidence([short], mail).is_empty()


def test_functions_are_in_the_order_given(mail):
    rules = [Rule(name, Keyword("body", ("cash",)), label="spam") for name in ("z", "a")]

    assert [row[1] for row in passages(rules, mail)] == ["z", "a", "z", "a"]


def test_names_in_rules_are_resolved(mail):
    rule = Rule("known", Member("body", {"knowledge": "words"}, within=True), label="spam")

    found = passages([rule], mail, context=Context(knowledge={"words": ["cash", "noon"]}))

    assert found == [(0, "known", "body", "cash"), (1, "known", "body", "noon"), (2, "known", "body", "cash")]


def test_an_unknown_field_is_named(mail):
    with pytest.raises(UnknownFieldError, match="no field `text`"):
        evidence([Rule("cash", Keyword("text", ("cash",)), label="spam")], mail)
