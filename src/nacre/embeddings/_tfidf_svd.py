"""Text vectors that need no model: weighted terms, reduced to their main directions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from nacre._hashing import hash_series, hash_text
from nacre.embeddings._embedding import Texts, to_series
from nacre.errors import NotFittedError, SchemaError, WorkspaceError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_DIMENSION = 200
_MOST_TERMS = 20_000
_SMALL = 3000
_SPEC = "embedding.json"
_ARRAYS = "embedding.safetensors"
_BLOCK = 4096


class TfidfSvd:
    """The words of a text in up to 200 numbers: texts that use the same words, or words found together, are close.

    Latent semantic analysis (Deerwester et al. 1990): words and pairs of words weigh (1 + ln t) times their inverse
    document frequency, and a truncated SVD keeps the directions of the largest variance. Terms of one text only are
    left out when there are more than 3,000 texts. Once fitted it is frozen: more texts change no vector.

    Attributes:
        terms_: The words and pairs of words in the order of their columns.
        rarity_: Inverse document frequencies, `[n_terms]`.
        components_: Directions, `[dimension, n_terms]`.

    Examples:
        >>> mail = ["free cash now", "claim free cash", "lunch at noon", "meet at noon"]
        >>> vectors = TfidfSvd().fit(mail).embed(["free cash", "noon", None])
        >>> (vectors @ vectors.T).round(1) + 0.0
        array([[1., 0., 0.],
               [0., 1., 0.],
               [0., 0., 0.]], dtype=float32)
    """

    name = "tfidf_svd"

    terms_: tuple[str, ...]
    rarity_: NDArray[np.float32]
    components_: NDArray[np.float32]

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, texts: Texts) -> Self:
        """Learn terms and directions from the distinct texts; fewer than 200 where the texts are few."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        distinct = to_series(texts).drop_nulls().unique(maintain_order=True).to_list()
        options = {"min_df": 2 if len(distinct) > _SMALL else 1, "max_features": _MOST_TERMS}
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32, **options)
        try:
            weights = vectorizer.fit_transform(distinct)
        except ValueError as error:  # "empty vocabulary": the only way in which texts can fail
            raise SchemaError(f"No words were found in {len(distinct)} texts. Fit on a field with text.") from error
        dimension = max(1, min(_DIMENSION, *(size - 1 for size in weights.shape)))
        _, _, components = randomized_svd(weights, dimension, n_iter=5, random_state=self.random_state)
        return self._freeze(vectorizer.get_feature_names_out(), vectorizer.idf_, components)

    @property
    def dimension(self) -> int:
        self._check_fitted()
        return len(self.components_)

    @cached_property
    def fingerprint(self) -> str:
        self._check_fitted()
        arrays = (hash_series(pl.Series(array.ravel())) for array in (self.rarity_, self.components_))
        return hash_text(self.name, *arrays, *self.terms_)

    def embed(self, texts: Texts) -> NDArray[np.float32]:
        self._check_fitted()
        column = to_series(texts).fill_null("")
        blocks = [self._embed_block(column[start : start + _BLOCK]) for start in range(0, len(column), _BLOCK)]
        return np.concatenate([np.empty((0, self.dimension), dtype=np.float32), *blocks])

    def save(self, folder: Path) -> None:
        """Write the embedding as JSON and safetensors."""
        from safetensors.numpy import save_file

        spec = {"kind": self.name, "fingerprint": self.fingerprint, "terms": self.terms_}
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"rarity": self.rarity_, "components": self.components_}, folder / _ARRAYS)
        (folder / _SPEC).write_bytes(orjson.dumps(spec))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            WorkspaceError: The folder holds no such embedding, or it is not the one that was saved.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            spec, arrays = orjson.loads((folder / _SPEC).read_bytes()), load_file(folder / _ARRAYS)
            loaded = cls()._freeze(spec["terms"], arrays["rarity"], arrays["components"])
            is_as_saved = loaded.fingerprint == spec["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise WorkspaceError(f"There is no embedding `tfidf_svd` in {folder}: {error}. Fit it again.") from error
        if not is_as_saved:
            raise WorkspaceError(f"The embedding in {folder} has changed since it was saved. Fit it again.")
        return loaded

    def _freeze(self, terms: Iterable[str], rarity: NDArray[Any], components: NDArray[Any]) -> Self:
        self.terms_ = tuple(terms)
        self.rarity_ = np.ascontiguousarray(rarity, dtype=np.float32)
        self.components_ = np.ascontiguousarray(components, dtype=np.float32)
        for computed in ("fingerprint", "_vectorizer"):
            self.__dict__.pop(computed, None)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "components_"):
            raise NotFittedError(self)

    def _embed_block(self, texts: pl.Series) -> NDArray[np.float32]:
        weights: csr_matrix = self._vectorizer.transform(texts.to_list())
        vectors: NDArray[np.float32] = weights @ self.components_.T
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # What is left of a text at right angles to every direction is rounding.
        units: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
        return units

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        columns = {term: column for column, term in enumerate(self.terms_)}
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32, vocabulary=columns)
        vectorizer.idf_ = self.rarity_
        return vectorizer
