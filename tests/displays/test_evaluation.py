"""The charts of an evaluation: what is shown, what is grey, and what is never told by colour alone."""

import re

import pytest

from nacre import displays as ds
from nacre.displays import as_text
from nacre.displays._kinds import draw
from nacre.errors import SchemaError

METRIC = (0.74, 0.71, 0.76, 1200)
FEW = (0.42, 0.24, 0.61, 24)


def matrix(cell, column=None, **slices):
    column = column or ds.MatrixColumn("correct")
    return ds.evaluation_matrix(
        {("all", column.name): cell}, slices=slices or {"all": 1200}, columns=[column], title="matrix"
    )


def drawn_cell(chart):
    return re.search(r"<tbody>.*?<td(.*?)</td>", draw(chart), re.DOTALL).group(1)


def test_a_cell_reads_as_one_sentence():
    cell = ds.MatrixCell(
        FEW,
        n_missing=3,
        change=(-0.1, -0.3, 0.1, 20),
        target=0.8,
        status="missed",
        corrected=(0.4, 0.2, 0.6, 24),
        link="#c",
    )

    said = re.search(r'aria-label="(.*?)"', drawn_cell(matrix(cell))).group(1)

    assert said.startswith("all, correct: .42 [.24-.61] n=24 too few; changed by ")
    assert "not significant; target .80 missed; corrected by experts .40 [.20-.60] n=24 too few; 3 without" in said


def test_few_responses_are_grey():
    assert 'class="few"' in drawn_cell(matrix(ds.MatrixCell(FEW)))
    assert "few" not in drawn_cell(matrix(ds.MatrixCell(METRIC)))


@pytest.mark.parametrize(
    ("change", "is_better", "arrow", "tone"),
    [(0.1, True, "\u25b2", "up"), (-0.1, False, "\u25bc", "down"), (0.1, False, "\u25b2", "down")],
    ids=["rises", "falls", "rises where small is good"],
)
def test_a_significant_change_has_an_arrow_and_the_colour_of_its_worth(change, is_better, arrow, tone):
    cell = ds.MatrixCell(METRIC, change=(change, change - 0.05, change + 0.05, 1200), is_better=is_better)

    shown = drawn_cell(matrix(cell))

    assert arrow in shown
    assert f'class="change {tone}"' in shown


def test_a_change_that_is_not_significant_has_neither_arrow_nor_colour():
    shown = drawn_cell(matrix(ds.MatrixCell(METRIC, change=(0.1, 0.05, 0.15, 1200))))

    assert "+.10" in shown
    assert 'class="change"' in shown
    assert not re.search("[\u25b2\u25bc]", shown)


def test_each_verdict_on_a_target_has_a_shape_of_its_own():
    shapes = {
        status: re.search(
            r'<span class="shape[^>]*>(.)</span>', drawn_cell(matrix(ds.MatrixCell(METRIC, status=status)))
        )[1]
        for status in ("met", "missed", "open")
    }

    assert len(set(shapes.values())) == 3


def test_a_slice_without_responses_is_a_gap_that_is_seen():
    shown = draw(matrix(ds.MatrixCell(METRIC), all=1200, dental=0))

    assert re.search(r'<tr class="gap"><th scope="row"><bdi>dental</bdi>.*?no responses', shown)


def test_a_cell_without_a_score_says_so():
    shown = draw(matrix(ds.MatrixCell((float("nan"), None, None, 0)), ds.MatrixColumn("correct"), all=40))

    assert "not scored" in shown


def test_numbers_have_an_axis_of_their_own():
    chart = matrix(ds.MatrixCell((212.0, 180.0, 240.0, 400)), ds.MatrixColumn("words", format="number"), all=400)

    assert "<b>212</b>" in draw(chart)
    assert "words" in as_text(chart)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        pytest.param({("none", "correct"): ds.MatrixCell(METRIC)}, "in no row or column", id="row"),
        pytest.param({("all", "none"): ds.MatrixCell(METRIC)}, "in no row or column", id="column"),
    ],
)
def test_a_cell_must_have_its_place(cells, message):
    with pytest.raises(SchemaError, match=message):
        ds.evaluation_matrix(cells, slices={"all": 3}, columns=[ds.MatrixColumn("correct")], title="matrix")


def test_two_cells_in_one_place_are_refused():
    chart = matrix(ds.MatrixCell(METRIC))
    twice = ds.Chart(chart.type, chart.spec, [*chart.values, *chart.values])

    with pytest.raises(SchemaError, match="two cells for `all`, `correct`"):
        draw(twice)


def test_a_trend_has_a_value_a_run():
    with pytest.raises(SchemaError, match="`correct` has 1 values for 2 runs"):
        ds.trend({"correct": [METRIC]}, ["1", "2"], title="runs")


def test_a_run_without_a_value_is_a_gap_in_the_line():
    shown = draw(ds.trend({"correct": [METRIC, None, METRIC, METRIC]}, list("1234"), title="runs"))

    assert shown.count("<polyline") == 1
    assert shown.count("<circle") == 3


def test_a_target_is_drawn_over_the_runs():
    shown = draw(ds.trend({"correct": [METRIC, METRIC]}, ["1", "2"], title="runs", targets={"correct": 0.8}))

    assert "target .80" in shown


def test_agreement_shows_what_it_is_to_be_measured_by():
    row = ds.AgreementRow("judge", METRIC, kappa=METRIC, baseline=0.47, ceiling=(0.92, 0.9, 0.94, 999), status="stale")

    shown = draw(ds.agreement([row], title="agreement"))

    assert "constant .47, ceiling .92" in shown
    assert "stale" in shown


def test_only_significant_differences_have_an_arrow():
    rows = [
        ds.DifferenceRow("a", (0.1, 0.05, 0.15, 400), p=0.2),
        ds.DifferenceRow("b", (0.1, 0, 0.2, 40), is_better=True),
    ]

    shown = draw(ds.differences(rows, title="changes"))

    assert shown.count("\u25b2") == 1
    assert '<td class="numbers n">.20</td>' in shown


def test_zero_is_in_the_middle_of_differences():
    shown = draw(ds.differences([ds.DifferenceRow("a", (0.1, 0.05, 0.15, 400))], title="changes"))

    assert re.search(r'<line x1="50.0%" x2="50.0%"[^>]*class="zero"', shown)


def test_wins_ties_and_losses_fill_the_bar():
    shown = draw(ds.win_rate([ds.WinRateRow("all", 5, 1, 4, (0.55, 0.3, 0.8, 10))], title="wins"))

    assert re.findall(r'class="(won|tied|lost)" style="width:([\d.]+)%', shown) == [
        ("won", "50.00"), ("tied", "10.00"), ("lost", "40.00"),
    ]  # fmt: skip


def test_long_texts_are_on_the_page_once():
    words = " ".join(f"word{place}" for place in range(400))

    shown = draw(ds.responses([ds.ResponseCard("How?", words)], title="one"))

    assert all(shown.count(f"word{place} ") + shown.count(f"word{place}<") + shown.count(f"word{place}\u2026") == 1
               for place in range(0, 400, 7))  # fmt: skip
    assert "the other" in shown


@pytest.mark.parametrize(("response", "said"), [(None, "no response"), ("  ", "empty response")], ids=["none", "empty"])
def test_a_missing_response_is_told(response, said):
    assert said in draw(ds.responses([ds.ResponseCard("How?", response)], title="one"))


def test_a_score_that_experts_contradict_is_marked_in_words():
    score = ds.CardScore("correct", "pass", passes=True, expert="fail", disagrees=True)

    shown = draw(ds.responses([ds.ResponseCard("How?", "So.", [score])], title="one"))

    assert 'class="score disagrees"' in shown
    assert "expert fail" in shown


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        ((345.2, 300.1, 390.4, 150), "345 [300-390] n=150"),
        ((2.5313, 2.41, 2.66, 150), "2.53 [2.41-2.66] n=150"),
        ((0.99563, 0.9941, 0.9969, 900), "0.9956 [0.9941-0.9969] n=900"),
    ],
    ids=["wide", "narrow", "very narrow"],
)
def test_numbers_have_the_digits_that_their_interval_gives_sense_to(metric, shown):
    assert ds.measure_text(ds.measure(metric), "number") == shown


def test_lines_of_few_responses_are_grey():
    shown = draw(ds.trend({"all": [METRIC, METRIC], "spanish": [FEW, METRIC]}, ["1", "2"], title="runs"))

    assert shown.count('class="line"') == 1
    assert shown.count('class="line few"') == 1


def test_win_rates_of_few_comparisons_are_grey():
    rows = [ds.WinRateRow("all", 30, 0, 30, (0.5, 0.4, 0.6, 60)), ds.WinRateRow("es", 3, 0, 0, (1.0, 0.4, 1.0, 3))]

    assert draw(ds.win_rate(rows, title="wins")).count('<tr class="few">') == 1


def test_the_gap_of_accepting_has_no_colour():
    row = ds.AgreementRow("judge", METRIC, accept_gap=(0.2, 0.1, 0.3, 400))

    shown = draw(ds.agreement([row], title="agreement"))

    assert "+.20" in shown
    assert 'class="change' not in shown


def test_the_earlier_response_stands_below_the_new_one():
    shown = draw(ds.responses([ds.ResponseCard("How?", "New.", earlier="Old.")], title="one"))

    assert shown.index("New.") < shown.index("before") < shown.index("Old.")
