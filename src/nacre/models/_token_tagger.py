"""The end model for spans: a class per token, runs of one class become spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import LabelSchema, Spans
from nacre.errors import SchemaError
from nacre.models._encoders import Category, Encoder
from nacre.models._linear import LinearModel, check_names, check_positive
from nacre.models._targets import checked_shares, has_probability, one_hot, select_targets

Floats = NDArray[np.float64]
_MAX_VALUES = 100_000  # of one feature, such as the words that come before


@dataclass(eq=False)
class TokenTagger(LinearModel):
    """Learn the class of each token from the token, its beginning, end and shape, and its neighbours.

    `y` is a vote column of spans (null: nothing is known of the text; `[]`: no token of it is in a span), or
    probabilities [n_tokens, 1 + n_labels] with a row per token of `data`, in order, and "O" first, as `TokenWise`
    gives. `predict_proba` returns the same form; `predict` joins neighbouring tokens of one label to a span, so two
    spans of one label that touch come out as one.

    Args:
        field: The text field.
        tokens: A field with `List[Struct{start, end}]` in characters; None takes the words, `FIELD@words`.
        C: How little the weights are held back.

    Examples:
        >>> notes = pl.DataFrame({"text": ["took aspirin", "had fever"]}).with_columns(
        ...     pl.Series(
        ...         "text@words",
        ...         [
        ...             [{"start": 0, "end": 4}, {"start": 5, "end": 12}],
        ...             [{"start": 0, "end": 3}, {"start": 4, "end": 9}],
        ...         ],
        ...     )
        ... )
        >>> spans = pl.Series([[{"start": 5, "end": 12, "label": 0}], []], dtype=Spans.dtype)
        >>> model = TokenTagger("text").fit(notes, spans, Spans(("drug",), "text"))
        >>> model.predict(notes).to_list()
        [[{'start': 5, 'end': 12, 'label': 0}], []]
    """

    field: str
    tokens: str | None = None
    C: float = 1.0

    kind: ClassVar[str] = "token_tagger"

    def __post_init__(self) -> None:
        check_names(self, (self.field,))
        check_positive(self, "C")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field, self.tokens or f"{self.field}@words")

    def fit(
        self,
        data: pl.DataFrame,
        y: ArrayLike | pl.Series,
        schema: LabelSchema,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        units = self._units(data)
        if not isinstance(schema, Spans) or (schema.field, schema.token_field) != self.reads:
            raise SchemaError(
                f"`TokenTagger` on `{'`, `'.join(self.reads)}` learns spans of these fields, not {schema}."
            )
        if isinstance(y, pl.Series):
            proba = one_hot(_token_classes(y, units, len(data)), len(schema.classes))
        else:
            proba = _checked_matrix(y, schema)
        weights = None if sample_weight is None else _per_token(sample_weight, units, len(data))
        return self._learn(units, select_targets(proba, has_probability(proba), weights, len(units)), schema)

    def predict_proba(self, data: pl.DataFrame) -> Floats:
        self._check_fitted()
        parts = [self._proba(self._units(part)) for part in data.iter_slices(_TEXTS_AT_ONCE)]
        return np.concatenate([np.zeros((0, len(self.classes_))), *parts])

    def predict(self, data: pl.DataFrame) -> pl.Series:
        classes = self.predict_proba(data).argmax(axis=1)
        tokens = self._tokens(data)
        spans = _runs(tokens, classes).group_by("row").agg(pl.struct("start", "end", "label").alias("spans"))
        rows = pl.select(pl.int_range(len(data), dtype=pl.UInt32).alias("row"))
        found = rows.join(spans, on="row", how="left", maintain_order="left").get_column("spans")
        return found.cast(Spans.dtype).fill_null(pl.Series([[]], dtype=Spans.dtype)).alias("")

    def _fitted_encoders(self, data: pl.DataFrame) -> tuple[Encoder, ...]:
        names = [name for name in data.columns if name not in _PLACE]
        return tuple(Category.fitted(data, name, most=_MAX_VALUES) for name in names)

    def _units(self, data: pl.DataFrame) -> pl.DataFrame:
        tokens = self._tokens(data)
        texts = data.get_column(self.field).cast(pl.String).fill_null("").to_list()
        places = zip(*(tokens.get_column(name) for name in _PLACE), strict=True)
        # Python slices a string at once; Polars counts its characters from the start for every token.
        words = pl.Series("token", [texts[row][start:end] for row, start, end in places], dtype=pl.String)
        return tokens.with_columns(words).select(*_PLACE, *_features())

    def _tokens(self, data: pl.DataFrame) -> pl.DataFrame:
        """Return row, start and end of each token."""
        tokens = self._read(data).select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), pl.col(self.reads[1]).alias("token")
        )
        tokens = tokens.explode("token", empty_as_null=True).drop_nulls().unnest("token").select(_PLACE)
        keys = tokens.select(_key("start")).to_series()
        if not (keys.diff(null_behavior="drop") > 0).all():
            raise SchemaError(f"The tokens of `{self.reads[1]}` must stand in the order of the text, none twice.")
        return tokens


_PLACE = ("row", "start", "end")
_TEXTS_AT_ONCE = 4096


def _key(column: str) -> pl.Expr:
    """Return numbers that order places over all texts."""
    return pl.col("row").cast(pl.Int64) * 2**32 + pl.col(column).cast(pl.Int64)


def _features() -> list[pl.Expr]:
    token, row = pl.col("token"), pl.col("row")
    word = token.str.to_lowercase()
    shape = token.str.replace_all(r"\p{Lu}+", "A").str.replace_all(r"\p{Ll}+", "a").str.replace_all(r"\p{N}+", "0")

    def beside(feature: pl.Expr, distance: int) -> pl.Expr:
        is_same_text = row == row.shift(-distance)
        return pl.when(is_same_text).then(feature.shift(-distance)).otherwise(pl.lit("(none)"))

    return [
        word.alias("word"),
        *(word.str.head(n).alias(f"first {n} letters") for n in (2, 3, 4)),
        *(word.str.tail(n).alias(f"last {n} letters") for n in (2, 3, 4)),
        shape.alias("shape"),
        *(beside(word, n).alias(f"word at {n:+d}") for n in (-2, -1, 1, 2)),
        *(beside(word.str.tail(3), n).alias(f"last 3 letters at {n:+d}") for n in (-1, 1)),
        *(beside(shape, n).alias(f"shape at {n:+d}") for n in (-1, 1)),
        pl.concat_str(beside(word, -1), word, separator=" ").alias("word before and word"),
        pl.concat_str(word, beside(word, 1), separator=" ").alias("word and word after"),
    ]


def _token_classes(spans: pl.Series, tokens: pl.DataFrame, n_texts: int) -> NDArray[np.int64]:
    """Return the class of each token: 0 outside all spans, -1 in texts of which nothing is known."""
    if len(spans) != n_texts or not isinstance(spans.dtype, pl.List):
        raise SchemaError(
            f"`y` is {spans.dtype} with {len(spans)} rows. Give a list of spans for each of {n_texts} texts."
        )
    classes = np.where(spans.is_null().to_numpy()[tokens.get_column("row").to_numpy()], -1, 0)
    rows = pl.Series("row", np.arange(n_texts, dtype=np.uint32))
    flat = pl.DataFrame([rows, spans.alias("span")]).explode("span", empty_as_null=True).drop_nulls().unnest("span")
    first = np.searchsorted(
        tokens.select(_key("end")).to_series(), flat.select(_key("start")).to_series(), side="right"
    )
    after = np.searchsorted(tokens.select(_key("start")).to_series(), flat.select(_key("end")).to_series(), side="left")
    for start, stop, label in zip(first, after, flat.get_column("label"), strict=True):
        classes[start:stop] = label + 1
    return classes


def _runs(tokens: pl.DataFrame, classes: NDArray[np.int64]) -> pl.DataFrame:
    """Return a row per longest run of tokens of one label in one text."""
    tagged = tokens.with_columns(pl.Series("class", classes))
    runs = tagged.with_columns(pl.struct("row", "class").rle_id().alias("run")).filter(pl.col("class") > 0)
    return runs.group_by("run", maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("start").first().cast(pl.UInt32),
        pl.col("end").last().cast(pl.UInt32),
        (pl.col("class").first() - 1).cast(pl.Int16).alias("label"),
    )


def _checked_matrix(y: ArrayLike, schema: Spans) -> Floats:
    proba = np.asarray(y, dtype=np.float64)
    if proba.ndim != 2 or proba.shape[1] != len(schema.classes):
        raise SchemaError(
            f"`y` has the shape {proba.shape}. Give a column of spans, or a probability per token and class "
            f"({', '.join(schema.classes)})."
        )
    return checked_shares(proba)


def _per_token(sample_weight: ArrayLike, tokens: pl.DataFrame, n_texts: int) -> Floats:
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_texts,):
        raise SchemaError(f"`sample_weight` has the shape {weights.shape}; there are {n_texts} texts.")
    per_token: Floats = weights[tokens.get_column("row").to_numpy()]
    return per_token
