"""The ONNX graph beside a slow reading of the paper."""

import numpy as np
import onnxruntime
import pytest
from scipy.special import erf

from nacre.embeddings._minilm_graph import minilm_graph


def oracle(weights, ids):
    """One text, one head at a time, in double precision."""

    def linear(value, name):
        return value @ weights[f"{name}.weight"].T.astype(float) + weights[f"{name}.bias"]

    def layer_norm(value, name):
        centred = value - value.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt(value.var(axis=1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    def attention(value, name):
        query, key, each = (linear(value, f"{name}.{part}") for part in ("query", "key", "value"))
        heads = []
        for head in range(12):
            columns = slice(32 * head, 32 * head + 32)
            scores = np.exp(query[:, columns] @ key[:, columns].T / np.sqrt(32))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ each[:, columns])
        return np.concatenate(heads, axis=1)

    hidden = weights["embeddings.word_embeddings.weight"][ids].astype(float)
    hidden += weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden += weights["embeddings.token_type_embeddings.weight"][0]
    hidden = layer_norm(hidden, "embeddings")
    for name in (f"encoder.layer.{layer}" for layer in range(6)):
        attended = linear(attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        hidden = layer_norm(attended + hidden, f"{name}.attention.output")
        inner = linear(hidden, f"{name}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        hidden = layer_norm(linear(inner, f"{name}.output.dense") + hidden, f"{name}.output")
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def session(weights):
    return onnxruntime.InferenceSession(minilm_graph(weights), providers=["CPUExecutionProvider"])


def test_the_graph_computes_what_the_paper_says(session, weights):
    texts = [[1, 7, 2], [1, 9, 30, 49, 4, 2], [1, *range(3, 50), *range(3, 50), *range(3, 50), 2]]
    length = max(map(len, texts))
    ids = np.array([text + [0] * (length - len(text)) for text in texts])
    mask = np.array([[1] * len(text) + [0] * (length - len(text)) for text in texts])

    vectors = session.run(None, {"ids": ids, "mask": mask})[0]

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [oracle(weights, text) for text in texts], atol=1e-5)


def test_the_same_weights_give_the_same_bytes(weights):
    assert minilm_graph(weights) == minilm_graph(weights)
