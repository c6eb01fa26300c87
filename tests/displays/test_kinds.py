"""What every kind of chart promises."""

import json

import pytest

from nacre import displays as ds
from nacre.displays._kinds import KINDS, table_of
from nacre.errors import SchemaError, UnknownNameError

METRIC = (0.914, 0.82, 0.96, 66)
FEW = (0.5, 0.2, 0.8, 12)
COLUMNS = ("name", ds.Column("n", type="integer"), ds.Column("m", type="metric"))
SECOND = ds.Iteration("2", {"all": METRIC})
MARKED = ds.Evidence("free cash", [(0, 4, "free")], votes={"free": "spam"})
CELL = ds.MatrixCell(
    METRIC,
    n_missing=2,
    change=(0.05, 0.01, 0.09, 60),
    is_better=True,
    corrected=FEW,
    target=0.8,
    status="met",
    link="#c",
)
MATRIX = ds.evaluation_matrix(
    {
        ("all", "correct"): CELL,
        ("spanish", "correct"): ds.MatrixCell(FEW),
        ("all", "all criteria"): ds.MatrixCell(METRIC),
    },
    slices={"all": 68, "spanish": 12, "dental": 0},
    columns=[
        ds.MatrixColumn("correct", evaluator="overlap", note="agrees .8", flags=["constant"], link="#correct"),
        ds.MatrixColumn("all criteria", is_overall=True),
    ],
    title="matrix",
)
AGREES = ds.AgreementRow(
    "overlap", METRIC, slice="spanish", criterion="correct", kappa=METRIC, ac1=METRIC, baseline=0.6, ceiling=METRIC,
    accept_gap=(0.1, -0.1, 0.2, 66), status="aligned", reason="enough", link="#overlap",
)  # fmt: skip
SAID = ds.CardScore("correct", "fail", passes=False, rationale="no reason", expert="pass", disagrees=True)
CARD = ds.ResponseCard(
    "How?", "So. " * 300, [SAID], title="p1", reference="So.", contexts=["one"], facts={"system": "v4"}
)
CHARTS = {
    "metric": ds.metric("accuracy", METRIC, change=(0.02, 0.01, 0.03, 66)),
    "table": ds.table([{"name": "a", "n": 3, "m": METRIC}], COLUMNS),
    "interval_bars": ds.interval_bars({"html": METRIC}, before={"html": FEW}, title="slices", links={"html": "#html"}),
    "histogram": ds.histogram([0, 0.5, 1], {"ham": [5, 6], "spam": [7, 8]}, title="confidence", axis="confidence"),
    "confusion": ds.confusion([[5, 1], [2, 9]], ["ham", "spam"], title="confusion"),
    "timeline": ds.timeline([ds.Iteration("1", {"all": METRIC, "html": FEW}), SECOND], title="F1"),
    "stacked_bars": ds.stacked_bars({"1": {"no votes": 5, "end model": 3}, "2": {"end model": 4}}, title="causes"),
    "funnel": ds.funnel({"train": 100, "with votes": 80}, title="training set"),
    "evidence_text": ds.evidence_text([MARKED], ["ham", "spam"]),
    "votes": ds.votes({"free": "spam", "list": None}, ["ham", "spam"]),
    "calibration": ds.calibration([(0.9, METRIC)], title="calibration"),
    "evaluation_matrix": MATRIX,
    "trend": ds.trend({"correct": [METRIC, None, FEW]}, ["1", "2", "3"], title="runs", targets={"correct": 0.8}),
    "agreement": ds.agreement([AGREES, ds.AgreementRow("pattern", FEW)], title="agreement"),
    "differences": ds.differences(
        [ds.DifferenceRow("all", (0.02, 0.01, 0.03, 66), gained=5, lost=3, p=0.01, is_better=True, link="#all")],
        title="changes",
    ),
    "win_rate": ds.win_rate([ds.WinRateRow("all", 30, 6, 30, METRIC, length_controlled=METRIC)], title="wins"),
    "responses": ds.responses([CARD], title="one response"),
}  # fmt: skip
each_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


def test_every_kind_has_an_example_here():
    assert CHARTS.keys() == KINDS.keys()
    assert all(chart.type == name for name, chart in CHARTS.items())


@each_chart
def test_a_chart_survives_json(chart):
    assert ds.chart_from_dict(json.loads(json.dumps(chart.to_dict()))) == chart


@each_chart
def test_a_chart_is_well_formed_html_that_stands_alone(chart, read_html):
    document = read_html(ds.html_fragment(chart))

    assert not document.attributes("src")
    assert "script" not in document.names()


@each_chart
def test_a_chart_says_the_same_as_a_table(chart):
    shown = table_of(chart)

    assert shown.type == "table"
    assert len(shown.values) >= 1
    assert ds.chart_from_dict(shown.to_dict()) == shown


@each_chart
def test_an_unknown_key_is_refused_with_the_nearest_name(chart):
    document = chart.to_dict()
    key = next(iter(document["spec"]))
    document["spec"][f"{key}s"] = document["spec"][key]

    with pytest.raises(SchemaError, match=f"unknown key `{key}s`.*Did you mean `{key}`"):
        ds.chart_from_dict(document)


@each_chart
def test_rows_must_be_objects(chart):
    with pytest.raises(SchemaError, match=rf"`{chart.type}.values\[0\]` is 3; expected object"):
        ds.chart_from_dict({**chart.to_dict(), "values": [3]})


@pytest.mark.parametrize("name", [name for name in CHARTS if name not in ("metric", "table")])
def test_charts_without_rows_are_drawn(name, read_html):
    chart = CHARTS[name]

    assert read_html(ds.html_fragment(ds.Chart(name, chart.spec, [])))
    assert ds.as_text(ds.Chart(name, chart.spec, [])) is not None


@pytest.mark.parametrize(
    ("type", "changed", "message"),
    [
        pytest.param("metric", {"values": []}, "has 0 items; expected at least 1", id="no metric"),
        pytest.param("metric", {"values": [{"metric": {"value": 1}}]}, "lacks `low`", id="no interval"),
        pytest.param("metric", {"values": [{}]}, "lacks `metric`", id="nothing"),
        pytest.param("votes", {"spec": {"classes": "ham"}}, "expected array", id="text for a list"),
        pytest.param("confusion", {"values": [{"truth": 0, "prediction": 7, "n": 1}]}, "beyond the 2", id="class"),
        pytest.param("confusion", {"values": [{"truth": 0, "prediction": -1, "n": 1}]}, "at least 0", id="negative"),
        pytest.param("confusion", {"values": [{"truth": 0, "prediction": True, "n": 1}]}, "expected int", id="flag"),
        pytest.param("calibration", {"values": [{"confidence": float("nan")}]}, "lacks `accuracy`", id="half"),
        pytest.param("table", {"values": [{"name": "a", "n": "3", "m": None}]}, "expected integer or null", id="cell"),
        pytest.param("table", {"values": [{"name": "a", "n": 3}]}, "lacks the column `m`", id="missing cell"),
        pytest.param("table", {"spec": {"columns": []}}, "expected at least 1", id="no columns"),
        pytest.param(
            "evidence_text",
            {"values": [{"text": "ab", "spans": [{"start": 1, "end": 9, "function": "f"}]}]},
            "from 1 to 9, but its text has 2 characters",
            id="span outside the text",
        ),
    ],
)
def test_what_does_not_follow_the_schema_is_refused(type, changed, message):
    with pytest.raises(SchemaError, match=message):
        ds.chart_from_dict(CHARTS[type].to_dict() | changed)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused_and_builders_drop_them(number):
    document = CHARTS["metric"].to_dict()
    document["values"] = [{"metric": {"value": number, "low": 0, "high": 1, "n": 3}}]

    with pytest.raises(SchemaError, match="expected number or null"):
        ds.chart_from_dict(document)
    assert ds.metric("accuracy", (number, None, None, 0)).values[0]["metric"]["value"] is None


def test_an_unknown_type_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean `table`"):
        ds.chart_from_dict({"type": "tables", "spec": {}, "values": []})


def test_a_confusion_must_be_square():
    with pytest.raises(SchemaError, match="needs 2 x 2 counts; it has 1 x 3"):
        ds.confusion([[1, 2, 3]], ["ham", "spam"], title="confusion")


def test_counts_of_a_histogram_lie_between_its_edges():
    with pytest.raises(SchemaError, match="3 counts for 3 edges; expected 2"):
        ds.histogram([0, 1, 2], {"ham": [1, 2, 3]}, title="lengths", axis="words")


def test_metrics_of_other_packages_are_taken_as_they_are():
    class Measured:
        value, low, high, n = METRIC

    assert ds.metric("accuracy", Measured()) == ds.metric("accuracy", METRIC)
