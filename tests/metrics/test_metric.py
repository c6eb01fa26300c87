import json

import pytest

from nacre.metrics import Metric


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        pytest.param(Metric(0.909, 0.816, 0.958, 66), ".91 [.82-.96] n=66", id="rate"),
        pytest.param(Metric(0.42, 0.24, 0.61, 24), ".42 [.24-.61] n=24 too few", id="too few"),
        pytest.param(Metric(1.0, 0.996, 1.0, 900), "1.00 [1.00-1.00] n=900", id="rounded up to one"),
        pytest.param(Metric(1.392, 1.2, 10.5, 30), "1.39 [1.20-10.50] n=30", id="above one"),
        pytest.param(Metric(-0.067, -0.1, -0.001, 99), "-.07 [-.10 to .00] n=99", id="negative"),
        pytest.param(Metric(float("nan"), 0, 1, 0), "- n=0 too few", id="undefined"),
    ],
)
def test_a_metric_prints_its_interval_and_n(metric, text):
    assert str(metric) == text


def test_a_metric_of_nothing_survives_json():
    nan = float("nan")

    assert json.loads(json.dumps(Metric(nan, nan, nan, 0).to_dict(), allow_nan=False)) == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "is_too_few": True,
    }


def test_thirty_data_points_are_enough():
    assert Metric(0.5, 0, 1, 29).is_too_few
    assert not Metric(0.5, 0, 1, 30).is_too_few
