"""Data points, what they can be labeled with, and how they get in and out."""

from nacre.data._dataset import CHUNK_ROWS, Chunk, Dataset, hash_split
from nacre.data._frames import to_polars
from nacre.data._schemas import Classes, Holds, LabelSchema, MultiLabel, Number, Spans, VoteSchema, schema_from_spec

__all__ = [
    "CHUNK_ROWS",
    "Chunk",
    "Classes",
    "Dataset",
    "Holds",
    "LabelSchema",
    "MultiLabel",
    "Number",
    "Spans",
    "VoteSchema",
    "hash_split",
    "schema_from_spec",
    "to_polars",
]
