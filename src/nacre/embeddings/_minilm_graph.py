"""The computation of all-MiniLM-L6-v2 as an ONNX graph, written straight from its weights.

A BERT encoder (Devlin et al. 2019) of six equal layers, then the mean over the tokens, scaled to length 1 (Reimers and
Gurevych 2019). The graph ends in the vector of the text, so that a run needs neither torch nor code of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre._lazy import require

REVISION = 1
MAX_TOKENS = 256
DIMENSION = 384
_N_LAYERS = 6
_N_HEADS = 12
_EPSILON = 1e-12
_OPSET = 20  # the first with Gelu
_IR_VERSION = 9

Weights = Mapping[str, NDArray[np.float32]]


def minilm_graph(weights: Weights) -> bytes:
    """Return the model: `ids` and `mask`, both Int64 of `[n, length]`, to `vectors`, Float32 of `[n, 384]`."""
    helper = require("onnx.helper", extra="text")
    graph = _Graph(weights)
    hidden = _embed_tokens(graph)
    bias = _mask_bias(graph)
    for layer in range(_N_LAYERS):
        hidden = _layer(graph, hidden, bias, f"encoder.layer.{layer}")
    graph.add("Identity", _pool(graph, hidden), output="vectors")
    int64, float32 = 7, 1  # TensorProto.DataType
    inputs = [helper.make_tensor_value_info(name, int64, ["n", "length"]) for name in ("ids", "mask")]
    outputs = [helper.make_tensor_value_info("vectors", float32, ["n", DIMENSION])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "minilm", inputs, outputs, graph.tensors),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Graph:
    """Nodes and constants in the order in which they were added, each with a name of its own."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of what it gives."""
        name = output or f"{operator}_{len(self.nodes)}"
        node = require("onnx.helper", extra="text").make_node(operator, inputs, [name], name=name, **attributes)
        self.nodes.append(node)
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self.tensors)}"
        from_array = require("onnx.numpy_helper", extra="text").from_array
        self.tensors.append(from_array(np.ascontiguousarray(value), name))
        return name

    def linear(self, value: str, *names: str) -> str:
        """Multiply by the weights of these layers, side by side, and add their biases."""
        weight = np.concatenate([self.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = np.concatenate([self.weights[f"{name}.bias"] for name in names])
        return self.add("Add", self.add("MatMul", value, self.constant(weight)), self.constant(bias))

    def layer_norm(self, value: str, name: str) -> str:
        scale, bias = (self.constant(self.weights[f"{name}.LayerNorm.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=_EPSILON)


def _embed_tokens(graph: _Graph) -> str:
    """Word plus position plus the type of a first sentence, which is the same everywhere."""
    words = graph.constant(graph.weights["embeddings.word_embeddings.weight"])
    types = graph.weights["embeddings.token_type_embeddings.weight"]
    positions = graph.constant(graph.weights["embeddings.position_embeddings.weight"][:MAX_TOKENS] + types[0])
    length = graph.add("Shape", "ids", start=1, end=2)
    start, axis = graph.constant(np.array([0])), graph.constant(np.array([0]))
    seen = graph.add("Slice", positions, start, length, axis)
    return graph.layer_norm(graph.add("Add", graph.add("Gather", words, "ids"), seen), "embeddings")


def _mask_bias(graph: _Graph) -> str:
    """Zero for tokens, minus infinity in effect for padding: `[n, 1, 1, length]`."""
    mask = graph.add("Cast", graph.add("Unsqueeze", "mask", graph.constant(np.array([1, 2]))), to=1)
    padding = graph.add("Sub", graph.constant(np.array([1], np.float32)), mask)
    return graph.add("Mul", padding, graph.constant(np.array([np.finfo(np.float32).min])))


def _layer(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    attended = graph.linear(_attention(graph, hidden, bias, f"{name}.attention.self"), f"{name}.attention.output.dense")
    hidden = graph.layer_norm(graph.add("Add", attended, hidden), f"{name}.attention.output")
    inner = graph.add("Gelu", graph.linear(hidden, f"{name}.intermediate.dense"))
    outer = graph.linear(inner, f"{name}.output.dense")
    return graph.layer_norm(graph.add("Add", outer, hidden), f"{name}.output")


def _attention(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    """softmax(Q K' / sqrt(d) + bias) V for each head."""
    size = DIMENSION // _N_HEADS
    heads = graph.constant(np.array([0, 0, _N_HEADS, size]))
    parts = []
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        split = graph.add("Reshape", graph.linear(hidden, f"{name}.{part}"), heads)
        parts.append(graph.add("Transpose", split, perm=order))
    query, key, value = parts
    scale = graph.constant(np.array(size**-0.5, np.float32))
    scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), bias)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.constant(np.array([0, 0, DIMENSION]))
    return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)


def _pool(graph: _Graph, hidden: str) -> str:
    """The sum over the tokens, scaled to length 1: the mean has the same direction."""
    mask = graph.add("Cast", graph.add("Unsqueeze", "mask", graph.constant(np.array([2]))), to=1)
    total = graph.add("ReduceSum", graph.add("Mul", hidden, mask), graph.constant(np.array([1])), keepdims=0)
    length = graph.add("ReduceL2", total, graph.constant(np.array([1])), keepdims=1)
    return graph.add("Div", total, length)
