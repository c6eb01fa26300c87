"""MiniLM beside sentence-transformers 6.2.0 on torch 2.13.0, whose figures are pinned here."""

import numpy as np
import pytest

from nacre.embeddings import MiniLM, available

FIGURES = [
    pytest.param("Claim your free cash now!", [-0.033464, 0.026034, 0.032765, 0.004052, 0.088388], id="short"),
    pytest.param(
        "The patient was given 5 mg of haloperidol.",
        [0.057114, 0.009905, -0.052281, 0.016994, 0.022747],
        id="rare word",
    ),
    pytest.param(
        "Cr\u00e8me br\u00fbl\u00e9e \u2014 \u4fe1\u7528\u5361 \U0001f600",
        [-0.027915, -0.004409, 0.021393, 0.002518, 0.004544],
        id="accents and scripts",
    ),
    pytest.param("free cash " * 400, [0.033475, -0.092561, -0.005935, 0.001183, -0.04573], id="cut at 256 tokens"),
]


@pytest.fixture(scope="module")
def minilm():
    if "minilm" not in available():
        pytest.skip("all-MiniLM-L6-v2 is not installed; run `nacre models install`")
    return MiniLM()


@pytest.mark.parametrize(("text", "figures"), FIGURES)
def test_vectors_are_those_of_sentence_transformers(minilm, text, figures):
    np.testing.assert_allclose(minilm.embed([text])[0, :5], figures, atol=1e-5)


def test_the_number_of_threads_changes_nothing(minilm):
    texts = ["free cash", "see you at noon " * 20]

    np.testing.assert_allclose(MiniLM(threads=1).embed(texts), minilm.embed(texts), atol=1e-6)


def test_meaning_counts_more_than_words(minilm):
    asked, same, other = minilm.embed(["How do I get my money back?", "I want a refund", "I get how you do my hair"])

    assert asked @ same > asked @ other


def test_the_fingerprint_is_known_without_the_model(tmp_path):
    assert MiniLM(tmp_path).fingerprint == MiniLM().fingerprint == "547def9b6a313214940c7a6319c6fb49"
