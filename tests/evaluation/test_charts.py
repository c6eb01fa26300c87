"""Charts of an evaluation say what its results say."""

import numpy as np
import pytest

from nacre.data import Number
from nacre.displays import as_text
from nacre.evaluation import (
    PREFERENCE,
    Criterion,
    ExpertLabels,
    WinRate,
    agreement,
    agreement_chart,
    changes_chart,
    compare,
    evaluation_matrix,
    matrix_chart,
    win_rates_chart,
)
from nacre.metrics import Metric
from planted_scores import planted_members, planted_scores

POLITE, WORDS = Criterion("polite", target=0.4), Criterion("words", scale=Number(0, 500), lower_is_better=True)
N = 80


def scores_of(share=2, **options):
    polite = [float(row % share == 0) for row in range(N)]
    return planted_scores({POLITE: polite, WORDS: np.arange(N) * 2.0}, **options)


@pytest.fixture
def members():
    return planted_members(spanish=np.arange(N) % 4 == 0, dental=np.zeros(N, dtype=bool))


def cells_of(chart):
    return {(row["slice"], row["column"]): row for row in chart.values}


def test_the_chart_holds_every_cell_of_the_matrix(members):
    matrix = evaluation_matrix(scores_of(), members, baseline=scores_of(4))

    shown = cells_of(matrix_chart(matrix.to_dict()))

    assert shown.keys() == matrix.cells.keys()
    for place, cell in matrix.cells.items():
        if cell.mean.n:
            assert shown[place]["mean"]["value"] == pytest.approx(cell.mean.value)
            assert shown[place].get("status", "") == cell.status
            assert shown[place].get("is_better") == cell.is_better


def test_shares_and_numbers_are_written_as_what_they_are():
    chart = matrix_chart(evaluation_matrix(scores_of()).to_dict())

    assert {column["name"]: column["format"] for column in chart.spec["columns"]} == {
        "polite": "share",
        "words": "number",
    }


def test_slices_keep_their_counts_the_empty_ones_too(members):
    chart = matrix_chart(evaluation_matrix(scores_of(), members).to_dict())

    assert [(part["name"], part["n"]) for part in chart.spec["slices"]] == [("all", 80), ("spanish", 20), ("dental", 0)]
    assert "dental" in as_text(chart)


def test_a_rigid_evaluator_is_flagged_in_its_column():
    chart = matrix_chart(evaluation_matrix(planted_scores({POLITE: [1.0] * N})).to_dict())

    (flag,) = chart.spec["columns"][0]["flags"]
    assert flag.startswith("polite passes everything, so it separates no responses")


@pytest.mark.parametrize(("prompts", "is_told"), [(None, False), (np.arange(N) // 2, True)], ids=["no", "repeats"])
def test_what_n_counts_is_told_where_prompts_repeat(prompts, is_told):
    chart = matrix_chart(evaluation_matrix(scores_of(prompts=prompts)).to_dict())

    assert ("n counts prompts" in chart.spec["note"]) is is_told


def test_links_and_notes_go_where_they_belong():
    document = evaluation_matrix(scores_of()).to_dict()

    chart = matrix_chart(
        document, links={("all", "polite"): "#rows"}, notes={"polite": "agrees .8"}, column_links={"words": "#words"}
    )

    assert cells_of(chart)["all", "polite"]["link"] == "#rows"
    assert "link" not in cells_of(chart)["all", "words"]
    assert [(column.get("note"), column.get("link")) for column in chart.spec["columns"]] == [
        ("agrees .8", None),
        ("", "#words"),
    ]


def test_agreement_stands_beside_the_constant_and_the_ceiling(members):
    labels = {"row_id": [*range(N)] * 2, "annotator": ["Ada"] * N + ["Bo"] * N, "score": ["pass", "fail"] * N}
    report = agreement(scores_of(4), ExpertLabels.from_frame(labels, [POLITE]), members)

    lines = [line.to_dict() for line in report]
    (whole, *_) = agreement_chart(lines, title="agreement", status={"polite": ("stale", "edited")}).values

    assert whole["raw"]["value"] == pytest.approx(0.75)
    assert (whole["baseline"], whole["ceiling"]["value"]) == (0.5, 1.0)
    assert whole["accept_gap"]["value"] == pytest.approx(-0.25)
    assert (whole["status"], whole["reason"]) == ("stale", "edited")
    assert "slice" not in whole


def test_changes_are_named_by_what_they_count():
    found = compare(scores_of(4), scores_of(2), names=("v1", "v2"))

    shares = changes_chart([found.change("all", "polite").to_dict()], title="changes", names=found.names)
    numbers = changes_chart([found.change("all", "words").to_dict()], title="changes", is_number=True)

    assert (shares.spec["gained"], shares.spec["lost"]) == ("pass only in v2", "pass only in v1")
    assert (shares.values[0]["gained"], shares.values[0]["lost"], shares.values[0]["is_better"]) == (20, 0, True)
    assert (numbers.spec["gained"], numbers.spec["format"]) == ("went up", "number")
    assert "is_better" not in numbers.values[0]


@pytest.mark.parametrize(("by", "labels"), [("system", ["v4"]), ("slice", ["spanish"])])
def test_win_rates_are_told_apart_by_system_or_slice(by, labels):
    rate = WinRate("v4", "spanish", 5, 2, 3, Metric(0.6, 0.3, 0.8, 10))

    chart = win_rates_chart([rate.to_dict()], title="wins", by=by)

    assert [row["label"] for row in chart.values] == labels
    assert (chart.values[0]["won"], chart.values[0]["tied"], chart.values[0]["lost"]) == (5, 2, 3)


def test_a_preference_is_a_share():
    preferred = Criterion("preferred", scale=PREFERENCE)
    chart = matrix_chart(evaluation_matrix(planted_scores({preferred: [0.0, 1.0, 2.0, 2.0] * 20})).to_dict())

    assert chart.spec["columns"][0]["format"] == "share"
    assert chart.values[0]["mean"]["value"] == pytest.approx(0.625)


@pytest.mark.parametrize("shown", ["matrix", "comparison"])
def test_results_show_themselves_in_notebooks(shown, members):
    result = evaluation_matrix(scores_of(), members) if shown == "matrix" else compare(scores_of(4), scores_of())

    assert "<table" in result._repr_html_()
