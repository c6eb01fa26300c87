"""What `Expression` lets through, and what never reaches Polars."""

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.errors import NacreError, SchemaError, SpecError
from nacre.functions import Expression

FIELDS = {
    "text": pl.String(),
    "number": pl.Int64(),
    "share": pl.Float64(),
    "flag": pl.Boolean(),
    "day": pl.Date(),
    "tags": pl.List(pl.String()),
    "my field": pl.String(),
    "comment": pl.String(),
}
ROWS = pl.DataFrame(
    {
        "text": [
            None,
            "",
            "abc",
            "12",
            "-3.5",
            "2024-02-30",
            "2024-02-29",
            "a%b_c\\d'e",
            "\U0001f600\u0301",
            "x" * 9999,
        ],
        "number": [None, 0, 1, -1, 2**63 - 1, -(2**63), 3, 7, 10, 12],
        "share": [None, 0.0, 0.5, float("nan"), float("inf"), -1e308, 1e-300, 2.0, 3.0, 1.0],
        "flag": [None, True, False, True, False, None, True, True, False, False],
        "day": [None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31), *[datetime.date(2024, 2, 29)] * 7],
        "tags": [None, [], ["a"], [None], ["a", "b"], None, None, [], ["c"], ["d"]],
        "my field": [None, *"abcdefghi"],
        "comment": [None, *"abcdefghi"],
    },
    schema=FIELDS,
)

REFUSED = [
    # Files and tables
    "(SELECT * FROM 'secret.csv')",
    "(SELECT count(*) FROM read_csv('secret.csv')) > 0",
    "EXISTS (SELECT 1 FROM 'secret.parquet')",
    "text IN (SELECT text FROM 'secret.csv')",
    "text IN (TABLE secret)",
    "number = (SELECT max(number) FROM self)",
    "read_csv('secret.csv')",
    "read_parquet('s3://bucket/secret.parquet') IS NULL",
    "text = ANY(SELECT text FROM secret)",
    "pg_read_file('/etc/passwd') = text",
    "text FROM 'secret.csv'",
    "flag UNION SELECT true",
    "flag FROM secret WHERE true",
    "flag LIMIT 1",
    "flag ORDER BY number",
    "flag GROUP BY flag",
    "flag INTO OUTFILE '/tmp/x'",
    "DISTINCT flag",
    "(WITH t AS (SELECT 1) SELECT * FROM t)",
    "secret.flag",
    "public.secret.flag",
    # Several statements, other statements, comments as a way out
    "flag; DROP TABLE secret",
    "flag; SELECT 1",
    "flag -- ; \n, number",
    "flag /* x */ , number",
    "1=1) OR (1=1",
    "flag) FROM secret --",
    "DROP TABLE secret",
    "COPY secret TO '/tmp/x'",
    "SET x = 1",
    "PRAGMA database_list",
    "INSERT INTO secret VALUES (1)",
    "",
    "   ",
    "-- nothing",
    "flag AS other",
    # Other rows
    "number > avg(number)",
    "sum(number) > 1",
    "count(*) > 1",
    "max(flag)",
    "row_number() OVER () < 3",
    "lag(number) OVER (ORDER BY number) > 1",
    "sum(number) OVER (PARTITION BY flag) > 1",
    "first_value(text) OVER () = text",
    "UNNEST(tags) = 'a'",
    "'a' = ANY(tags)",
    "string_agg(text, ',') = 'a'",
    "generate_series(1, 1000000000) > number",
    # Time, chance, environment
    "day < now()",
    "day < CURRENT_DATE",
    "day < CURRENT_TIMESTAMP",
    "random() < 0.5",
    "gen_random_uuid() = text",
    "current_user = text",
    "version() = text",
    "current_setting('x') = text",
    "pg_sleep(10) IS NULL",
    # Several fields at once
    "*",
    "* = 1",
    "secret.*",
    '"*"',
    '"^.*$" = 1',
    "\"^te.*$\" = 'a'",
    "COLUMNS('.*') = 1",
    "COLUMNS(*) IS NULL",
    # Functions and types that are not known, or that can blow up
    "evil(text)",
    "repeat(text, 1000000000) = 'x'",
    "lpad(text, 1000000000, 'x') = 'x'",
    "text::boolean",
    "text::date IS NULL",
    "day > DATE '2024-02-30'",
    "CAST(text AS TIMESTAMP) IS NULL",
    "text::json ->> 'a' = 'b'",
    "text::regclass IS NULL",
    "tags[1] = 'a'",
    "ARRAY[1, 2] IS NULL",
    "(number, share) = (1, 2)",
    "number = :parameter",
    "number = $1",
    "number = ?",
    "number = @x",
    "INTERVAL '1 day' IS NULL",
    "X'ff' = text",
    "true",
    "1 = 1",
    "NULL",
    "'flag'",
    # Patterns
    "text ~ '(?=x)y'",
    r"text ~ '(a)\1'",
    "text ~ '('",
    "text ~ 'a*'",
    "text ~ ''",
    "text ~ text",
    "text LIKE comment",
    "text SIMILAR TO '%(a|b)%'",
    "replace(text, comment, 'x') = 'y'",
    "text LIKE 'a!%' ESCAPE '!'",
    # Size and depth
    "(" * 200 + "flag" + ")" * 200,
    "NOT " * 3_000 + "flag",
    "- " * 3_000 + "number > 1",
    "lower(" * 300 + "text" + ")" * 300 + " = 'x'",
    "CASE WHEN " * 100 + "flag" + " THEN true END" * 100,
    "text = '" + "x" * 30_000 + "'",
    "flag AND (" * 150 + "flag" + ")" * 150,
    # Not SQL
    "number >",
    "AND flag",
    "number > > 3",
    "'open",
    '"open',
    "flag flag flag",
    "\x00",
    "\U0001f600 = 1 \ud83d".encode("utf-8", "replace").decode(),
]


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: ascii(sql)[:50])
def test_hostile_sql_is_refused_before_polars_sees_it(sql, monkeypatch):
    def polars_is_not_asked(text):
        raise AssertionError(f"this reached Polars: {text}")

    monkeypatch.setattr(pl, "sql_expr", polars_is_not_asked)

    with pytest.raises(SpecError):
        Expression(sql)


@pytest.mark.parametrize("value", [None, 3, True, ["flag"], b"flag"], ids=repr)
def test_an_expression_is_text(value):
    with pytest.raises((SpecError, TypeError)):
        Expression(value)


WRONG_TYPES = [
    pytest.param("number", "gives Int64", id="a number is no truth"),
    pytest.param("lower(text)", "gives String", id="a text is no truth"),
    pytest.param("text > 3", "does not fit", id="text beside number"),
    pytest.param("lower(number) = 'x'", "does not fit", id="lower case of a number"),
    pytest.param("day > '2024-01-01'", "does not fit", id="a date beside text"),
    pytest.param("number IN ('a', 'b')", "does not fit", id="numbers among texts"),
    pytest.param("number AND flag", "does not fit|gives", id="a number in a conjunction"),
]


@pytest.mark.parametrize(("sql", "message"), WRONG_TYPES)
def test_types_that_do_not_fit_are_named_before_any_row_is_read(sql, message):
    with pytest.raises(SchemaError, match=message):
        Expression(sql).check(FIELDS)


N, T, F = None, True, False
ACCEPTED = [
    ("number > 3", [F, F, F, F, T, F, F, T, T, T]),
    ("flag", [F, T, F, T, F, F, T, T, F, F]),
    ("NOT flag", [F, F, T, F, T, F, F, F, T, T]),
    ("flag IS NULL", [T, F, F, F, F, T, F, F, F, F]),
    ("flag IS TRUE", [F, T, F, T, F, F, T, T, F, F]),
    ("flag IS NOT TRUE", [T, F, T, F, T, T, F, F, T, T]),
    ("flag IS FALSE", [F, F, T, F, T, F, F, F, T, T]),
    ("NOT (flag IS TRUE)", [T, F, T, F, T, T, F, F, T, T]),
    ("coalesce(flag, true)", [T, T, F, T, F, T, T, T, F, F]),
    ("number BETWEEN 1 AND 3", [F, F, T, F, F, F, T, F, F, F]),
    ("number NOT IN (0, 1, -1)", [F, F, F, F, T, T, T, T, T, T]),
    ("CAST(text AS INT) = 12", [F, F, F, T, F, F, F, F, F, F]),
    ("text::double precision < 0", [F, F, F, F, T, F, F, F, F, F]),
    ("day > DATE '2024-01-01' AND number > 9", [F, F, F, F, T, F, F, F, T, T]),
    ("extract(year FROM day) = 2024", [F, F, F, T, T, T, T, T, T, T]),
    ("text LIKE 'a%'", [F, F, T, F, F, F, F, T, F, F]),
    ("text ILIKE 'A_C'", [F, F, T, F, F, F, F, F, F, F]),
    ("text NOT LIKE '%2%'", [F, T, T, F, T, F, F, T, T, T]),
    ("text ~ '^[0-9]+$'", [F, F, F, T, F, F, F, F, F, F]),
    ("text ~* 'ABC'", [F, F, T, F, F, F, F, F, F, F]),
    ("text !~ '[a-z]'", [F, T, F, T, T, T, T, F, T, F]),
    ("length(text) > 900", [F, F, F, F, F, F, F, F, F, T]),
    ("length(text) = 2", [F, F, F, T, F, F, F, F, T, F]),
    ("position('b' in text) > 0", [F, F, T, F, F, F, F, T, F, F]),
    ("starts_with(text, '2024') OR text = 'abc'", [F, F, T, F, F, T, T, F, F, F]),
    ("text || '!' = 'abc!'", [F, F, T, F, F, F, F, F, F, F]),
    ("upper(left(text, 1)) = 'A'", [F, F, T, F, F, F, F, T, F, F]),
    ("CASE WHEN number > 9 THEN flag ELSE number = 3 END", [F, F, F, F, F, F, T, F, F, F]),
    ("number % 2 = 0", [F, T, F, F, F, T, F, F, T, T]),
    ("10 / number > 3", [F, T, T, F, F, F, T, F, F, F]),
    ("number / 0 IS NULL", [T, F, F, F, F, F, F, F, F, F]),
    ("share > 0.25 AND share < 1", [F, F, T, F, F, F, F, F, F, F]),
    ("number IS DISTINCT FROM 3", [T, T, T, T, T, T, F, T, T, T]),
    ("number - (number - 1) = 1 AND number > 0", [F, F, T, F, T, F, T, T, T, T]),
    ("number = 1 OR number = 3 AND flag", [F, F, T, F, F, F, T, F, F, F]),
    ("\"my field\" = 'a'", [F, T, F, F, F, F, F, F, F, F]),
    ("comment = 'b' -- the second", [F, F, T, F, F, F, F, F, F, F]),
    ("flag /* or so */", [F, T, F, T, F, F, T, T, F, F]),
    (r"text = 'a%b_c\d''e'", [F, F, F, F, F, F, F, T, F, F]),
    ("text LIKE '%%%%%%%%%%%%%%%%%%%%%%%%x%%%%%%%%%%%%%%%%%%%%%%%%%y'", [F] * 10),
    ("text ~ '(x+x+)+y'", [F] * 10),
    (" OR ".join(f"number = {i}" for i in range(500)), [F, T, T, F, F, F, T, T, T, T]),
]


@pytest.mark.parametrize(("sql", "expected"), ACCEPTED, ids=[sql[:50] for sql, _ in ACCEPTED])
def test_sql_over_one_row_means_what_it_says(sql, expected):
    expression = Expression(sql)
    expression.check(FIELDS)

    assert ROWS.select(expression.expr()).to_series().to_list() == expected
    assert [ROWS[i].select(expression.expr()).item() for i in range(len(ROWS))] == expected
    assert set(expression.reads) <= set(FIELDS)
    assert Expression(**{"sql": expression.spec()["expression"]["sql"]}) == expression


PIECES = ["flag", "number", "text", "(", ")", "and", "or", "not", "=", "<", ">", "'a'", "1", ",", ";", "--", "/*", "*/"]
PIECES += [
    "select",
    "from",
    "'x.csv'",
    "lower(",
    "::int",
    '"',
    "*",
    "in(1,2)",
    "like",
    "%",
    "-",
    "case",
    "when",
    "then",
]
PIECES += [
    "else",
    "end",
    "is",
    "null",
    "between",
    "~",
    "'x+'",
    ".",
    "@",
    "over()",
    "count(",
    "true",
    "<>",
    "||",
    "date",
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_whatever_is_typed_either_is_total_or_is_refused(pieces):
    try:
        expression = Expression(" ".join(pieces))
        expression.check(FIELDS)
    except NacreError:
        return

    answer = ROWS.select(expression.expr()).to_series()

    assert answer.dtype == pl.Boolean
    assert len(answer) == len(ROWS)
    assert answer.null_count() == 0
