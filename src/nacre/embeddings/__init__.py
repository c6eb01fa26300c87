"""Turn texts into vectors, with a small sentence model or with word statistics."""

from nacre.embeddings._available import available, default_embedding
from nacre.embeddings._embedding import Embedding, Texts
from nacre.embeddings._installation import install_minilm
from nacre.embeddings._minilm import MiniLM
from nacre.embeddings._tfidf_svd import TfidfSvd

__all__ = ["Embedding", "MiniLM", "Texts", "TfidfSvd", "available", "default_embedding", "install_minilm"]
