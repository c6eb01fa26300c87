"""Sentence vectors of all-MiniLM-L6-v2, computed by onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_text
from nacre._lazy import require
from nacre.embeddings._embedding import Texts, to_series
from nacre.embeddings._installation import GRAPH, PACKAGE_SHA256, TOKENIZER, is_intact, minilm_folder
from nacre.embeddings._minilm_graph import DIMENSION, MAX_TOKENS, REVISION
from nacre.errors import MissingModelError

# Far beyond 256 tokens of prose; without it, a text of megabytes would be split into words to read its beginning.
_MAX_CHARACTERS = 16_384
_BATCH_TEXTS = 4096
_BATCH_TOKENS = 512  # measured: larger batches leave the cache of the processor
_FRAME_TOKENS = 2  # [CLS] and [SEP], around every text


class MiniLM:
    """The meaning of a text in 384 numbers: texts that say the same in other words are close.

    The model reads the first 256 tokens and was trained on English. It is loaded on first use, from the model cache
    that `nacre models install` fills.

    Args:
        cache: The folder of models; by default `NACRE_MODELS` or the user's cache.
        threads: How many threads compute; by default one per processor that this process may use.
    """

    name = "minilm"
    dimension = DIMENSION
    # Of the weights, not of the graph's file: another version of onnx writes the same graph in other bytes.
    fingerprint = hash_text("minilm", PACKAGE_SHA256, str(REVISION), str(MAX_TOKENS), str(_MAX_CHARACTERS))

    def __init__(self, cache: Path | None = None, *, threads: int | None = None) -> None:
        self.cache = cache
        self.threads = threads

    def embed(self, texts: Texts) -> NDArray[np.float32]:
        column = to_series(texts)
        distinct = column.drop_nulls().unique(maintain_order=True)
        # One row more for what has no vector: null.
        vectors = np.zeros((len(distinct) + 1, DIMENSION), dtype=np.float32)
        for start in range(0, len(distinct), _BATCH_TEXTS):
            self._embed_distinct(distinct[start : start + _BATCH_TEXTS], vectors[start:])
        rows = pl.DataFrame({"text": distinct}).with_row_index("row")
        row = column.alias("text").to_frame().join(rows, on="text", how="left", maintain_order="left")["row"]
        per_text: NDArray[np.float32] = vectors[row.fill_null(len(distinct)).to_numpy()]
        return per_text

    def _embed_distinct(self, texts: pl.Series, vectors: NDArray[np.float32]) -> None:
        """Fill the first rows of `vectors`, texts of like length together, so that little is padded."""
        encodings = self._tokenizer.encode_batch(texts.str.head(_MAX_CHARACTERS).to_list())
        lengths = np.array([len(encoding.ids) for encoding in encodings])
        for batch in _batches(lengths):
            ids = np.zeros((len(batch), lengths[batch].max()), dtype=np.int64)
            mask = np.arange(ids.shape[1]) < lengths[batch, None]
            ids[mask] = np.concatenate([encodings[position].ids for position in batch])
            vectors[batch] = self._session.run(None, {"ids": ids, "mask": mask.astype(np.int64)})[0]

    @cached_property
    def _session(self) -> Any:
        runtime = require("onnxruntime", extra="text")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self.threads or _n_processors()
        options.log_severity_level = 3
        return runtime.InferenceSession(str(self._folder / GRAPH), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = require("tokenizers", extra="text").Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _folder(self) -> Path:
        folder = minilm_folder(self.cache)
        if not is_intact(folder):
            raise MissingModelError(
                f"The embedding `minilm` is missing or damaged in {folder}. Run `nacre models install` to fetch it."
            )
        return folder


def _batches(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield positions of texts with a word in them, shortest first, as many at a time as fill a batch."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > _FRAME_TOKENS]
    start = 0
    while start < len(order):
        # Texts grow along `order`: the last of a batch says how wide it is.
        sizes = lengths[order[start:]] * np.arange(1, len(order) - start + 1)
        stop = start + max(1, int(np.searchsorted(sizes, _BATCH_TOKENS, side="right")))
        yield order[start:stop]
        start = stop


def _n_processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1
