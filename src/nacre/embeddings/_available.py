"""Which embedding there is to use."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from nacre.embeddings._embedding import Embedding, Texts
from nacre.embeddings._installation import is_installed, minilm_folder
from nacre.embeddings._minilm import MiniLM
from nacre.embeddings._tfidf_svd import TfidfSvd


def available(cache: Path | None = None) -> tuple[str, ...]:
    """Return the names of the embeddings that can be used now, the best first."""
    runs_minilm = find_spec("onnxruntime") and find_spec("tokenizers") and is_installed(minilm_folder(cache))
    return ("minilm", "tfidf_svd") if runs_minilm else ("tfidf_svd",)


def default_embedding(texts: Texts, cache: Path | None = None) -> Embedding:
    """Return MiniLM where it is installed, else TF-IDF and SVD fitted on `texts`; `name` says which one it is."""
    return MiniLM(cache) if "minilm" in available(cache) else TfidfSvd().fit(texts)
