import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from nacre.models import fit_sigmoid, fit_softmax
from nacre.models._logistic import sigmoid, softmax


def planted(n_rows=200, n_features=8, n_classes=3, seed=0):
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(n_rows, n_features)) * (generator.random((n_rows, n_features)) < 0.5)
    targets = softmax(features @ generator.normal(size=(n_features, n_classes)) + generator.normal(size=n_classes))
    weights = generator.integers(1, 4, n_rows).astype(float)
    return features, targets, weights


def proba_of(fitted, features):
    return softmax(features @ fitted.weights + fitted.intercept)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_softmax_is_the_regression_of_sklearn_on_duplicated_weighted_rows(n_classes, C):
    from sklearn.linear_model import LogisticRegression

    features, targets, weights = planted(n_classes=n_classes)
    # One row per class, weighted by its probability. With two classes sklearn fits the difference of both columns of
    # weights, whose squared length is twice theirs.
    oracle = LogisticRegression(C=C * (2 if n_classes == 2 else 1), tol=1e-8, max_iter=10_000)
    labels = np.tile(np.arange(n_classes), len(features))
    oracle.fit(np.repeat(features, n_classes, axis=0), labels, (targets * weights[:, None]).ravel())

    fitted = fit_softmax(features, targets, weights, C=C)

    np.testing.assert_allclose(proba_of(fitted, features), oracle.predict_proba(features), atol=1e-3)


def test_sigmoids_are_binary_regressions_of_sklearn_on_the_known_rows():
    from sklearn.linear_model import LogisticRegression

    features, _, weights = planted()
    generator = np.random.default_rng(1)
    truth = (features[:, :3] + generator.normal(size=(len(features), 3)) > 0).astype(float)
    truth[generator.random(truth.shape) < 0.3] = np.nan

    fitted = fit_sigmoid(csr_array(features), truth, weights, C=2.0)

    for code in range(3):
        known = ~np.isnan(truth[:, code])
        oracle = LogisticRegression(C=2.0, tol=1e-8, max_iter=10_000)
        oracle.fit(features[known], truth[known, code], weights[known])
        expected = oracle.predict_proba(features)[:, 1]
        found = sigmoid(features @ fitted.weights + fitted.intercept)[:, code]
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("fit", [fit_softmax, fit_sigmoid])
def test_the_start_changes_the_speed_only(fit):
    features, targets, weights = planted()
    cold = fit(features, targets, weights, C=1.0)

    warm = fit(features, targets, weights, C=1.0, start=fit(features, targets[::-1], weights, C=3.0))

    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-3)


def test_sparse_and_dense_features_agree():
    features, targets, weights = planted()

    dense, sparse = (fit_softmax(form, targets, weights, C=1.0) for form in (features, csr_array(features)))

    np.testing.assert_allclose(dense.weights, sparse.weights, atol=1e-6)


@given(seed=st.integers(0, 50), C=st.sampled_from([0.01, 1.0, 100.0]))
def test_permuted_classes_give_permuted_weights(seed, C):
    features, targets, weights = planted(n_rows=40, seed=seed)
    order = np.random.default_rng(seed).permutation(3)

    fitted = fit_softmax(features, targets, weights, C=C)
    permuted = fit_softmax(features, targets[:, order], weights, C=C)

    np.testing.assert_allclose(proba_of(permuted, features), proba_of(fitted, features)[:, order], atol=1e-3)


def test_the_mean_of_the_predictions_is_that_of_the_targets():
    features, targets, weights = planted()

    proba = proba_of(fit_softmax(features, targets, weights, C=1.0), features)

    np.testing.assert_allclose(weights @ proba, weights @ targets, rtol=1e-3)  # the intercept is not held back


@given(scores=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5))
def test_probabilities_never_overflow(scores):
    row = np.array([scores])

    assert np.isfinite(softmax(row)).all()
    assert ((sigmoid(row) >= 0) & (sigmoid(row) <= 1)).all()
