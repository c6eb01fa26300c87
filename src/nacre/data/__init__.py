from nacre.data._dataset import CHUNK_ROWS, Chunk, Dataset, hash_split
from nacre.data._frames import to_polars
from nacre.data._schemas import Classes, Holds, LabelSchema, MultiLabel, Number, Spans

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
    "hash_split",
    "to_polars",
]
