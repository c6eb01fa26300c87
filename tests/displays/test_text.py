"""Charts in a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre import displays as ds
from nacre.displays._text import _length

words = st.text(max_size=40)
rows = st.lists(st.fixed_dictionaries({"a": words, "b": words, "n": st.integers(0, 999)}), max_size=5)


def test_a_table_is_aligned():
    chart = ds.table(
        [{"function": "free_cash", "coverage": 0.33, "accuracy": (0.97, 0.94, 0.98, 246)},
         {"function": "pills", "coverage": 0.113, "accuracy": (0.8, 0.49, 0.94, 10)}],
        ["function", ds.Column("coverage", type="percent"), ds.Column("accuracy", type="metric")],
        caption="2 functions",
    )  # fmt: skip

    assert ds.as_text(chart) == "\n".join((
        "2 functions",
        "function   coverage  accuracy",
        "---------  --------  --------------------------",
        "free_cash      33 %  .97 [.94-.98] n=246",
        "pills          11 %  .80 [.49-.94] n=10 too few",
    ))  # fmt: skip


def test_a_metric_is_one_line():
    assert ds.as_text(ds.metric("accuracy", (0.914, 0.82, 0.96, 66))) == "accuracy  .91 [.82-.96] n=66"


def test_a_clear_difference_has_a_star():
    shown = ds.as_text(ds.metric("accuracy", (0.9, 0.8, 0.96, 66), change=(0.03, 0.01, 0.05, 66)))

    assert shown.endswith("+.03 [+.01, +.05] *")


def test_long_texts_give_way_to_numbers():
    chart = ds.table([{"text": "word " * 50, "n": 12345}], ["text", ds.Column("n", type="integer")])

    assert ds.as_text(chart, width=30).splitlines()[2] == "word word word word w\N{HORIZONTAL ELLIPSIS}  12,345"


def test_wide_characters_take_two_columns():
    chart = ds.table(
        [{"word": "\u73fe\u91d1", "n": 1}, {"word": "cash", "n": 2}], ["word", ds.Column("n", type="integer")]
    )

    assert ds.as_text(chart).splitlines()[2:] == ["\u73fe\u91d1  1", "cash  2"]


@given(rows, st.integers(20, 120))
def test_no_line_is_longer_than_the_width(values, width):
    chart = ds.table(values, ["a", "b", ds.Column("n", type="integer")], caption="a caption that is rather long " * 3)

    assert all(_length(line) <= width for line in ds.as_text(chart, width).splitlines())


@pytest.mark.parametrize("width", [1, 10])
def test_a_width_that_is_too_small_still_gives_lines(width):
    chart = ds.table([{"a": "word", "m": (0.5, 0.4, 0.6, 40)}], ["a", ds.Column("m", type="metric")])

    assert all(_length(line) <= width for line in ds.as_text(chart, width).splitlines())


def test_columns_that_do_not_fit_follow_below():
    metric = (0.972, 0.970, 0.974, 23836)
    names = ("majority vote", "label model", "end model")
    columns = ["slice", *(ds.Column(name, type="metric") for name in names)]
    chart = ds.table([{"slice": "all"} | dict.fromkeys(names, metric)], columns)

    assert ds.as_text(chart, 64).splitlines() == [
        "slice  majority vote              label model",
        "-----  -------------------------  -------------------------",
        "all    .972 [.970-.974] n=23,836  .972 [.970-.974] n=23,836",
        "",
        "slice  end model",
        "-----  -------------------------",
        "all    .972 [.970-.974] n=23,836",
    ]


@given(rows, st.integers(24, 120))
def test_code_and_numbers_are_never_cut(values, width):
    chart = ds.table(
        [{**row, "n": row["n"] * 1_000_003} for row in values],
        [ds.Column("a", type="code"), ds.Column("b", "a header", type="code"), ds.Column("n", type="integer")],
    )
    shown = "".join(ds.as_text(chart, width).split())

    assert all(f"{row['n'] * 1_000_003:,}" in shown for row in values)


def test_a_header_is_not_cut():
    chart = ds.table([{"a": "x" * 90, "b": "y" * 90}], [ds.Column("a", "a rather long header"), "b"])

    assert "a rather long header" in ds.as_text(chart, 40)


def test_a_note_is_wrapped():
    chart = ds.table([{"a": "x"}], ["a"], note="word " * 30)

    assert ds.as_text(chart, 40).count("word") == 30
