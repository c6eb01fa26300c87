import numpy as np
import pytest

from nacre.errors import SchemaError
from nacre.metrics import accuracy, by_slice, difference, expected_accuracy, macro_f1


@pytest.mark.parametrize("metric", [accuracy, macro_f1])
def test_each_slice_gets_the_metric_of_its_data_points(metric):
    rng = np.random.default_rng(14)
    y, prediction = rng.integers(0, 3, (2, 200))
    is_html = rng.random(200) < 0.3

    result = by_slice(metric, y, prediction, {"all": np.ones(200, bool), "html": is_html, "none": np.zeros(200, bool)})

    assert list(result) == ["all", "html", "none"]
    assert result["all"] == metric(y, prediction)
    assert result["html"] == metric(y[is_html], prediction[is_html])
    assert result["none"].n == 0


def test_probabilities_and_comparisons_are_cut_too():
    masks = {"first": np.array([True, False])}

    assert by_slice(expected_accuracy, [0, 1], [[0.5, 0.5], [0, 1]], masks)["first"].value == 0.5
    assert by_slice(difference, [False, True], [True, True], masks)["first"].gained == 1


def test_masks_of_other_data_points_are_refused():
    with pytest.raises(SchemaError, match="`html` has 3"):
        by_slice(accuracy, [0, 1], [0, 1], {"html": [True, False, True]})
