"""Data points, what they can be labeled with, and how they get in and out."""

from nacre.data._aside import written_aside
from nacre.data._dataset import CHUNK_ROWS, Chunk, Dataset, hash_split
from nacre.data._field_types import FieldType, field_types
from nacre.data._files import find_files
from nacre.data._frames import to_polars
from nacre.data._objects import read_objects
from nacre.data._readers import Batches, read, read_batches
from nacre.data._schemas import Classes, Holds, LabelSchema, MultiLabel, Number, Spans, VoteSchema, schema_from_spec
from nacre.data._text_types import utc_times
from nacre.data._votes import read_votes
from nacre.data._writers import write

__all__ = [
    "CHUNK_ROWS",
    "Batches",
    "Chunk",
    "Classes",
    "Dataset",
    "FieldType",
    "Holds",
    "LabelSchema",
    "MultiLabel",
    "Number",
    "Spans",
    "VoteSchema",
    "field_types",
    "find_files",
    "hash_split",
    "read",
    "read_batches",
    "read_objects",
    "read_votes",
    "schema_from_spec",
    "to_polars",
    "utc_times",
    "write",
    "written_aside",
]
