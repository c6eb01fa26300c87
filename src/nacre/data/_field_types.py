"""What the values of a field are, as screens and functions need to know it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

from nacre.data._conversations import CONVERSATION_FIELD, is_conversation
from nacre.data._dataset import Dataset

FieldType = Literal[
    "text", "number", "boolean", "time", "conversation", "image", "document", "list", "object", "binary"
]
_IMAGES = ("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "avif")
_DOCUMENTS = ("pdf", "doc", "docx", "odt", "rtf", "ppt", "pptx", "odp", "xls", "xlsx", "ods", "epub")
_IMAGE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def field_types(dataset: Dataset) -> dict[str, FieldType]:
    """Return the type of each field.

    Images and documents are text fields in which every value ends like the name of one (a path or URL), or binary
    fields whose content starts like one; they are stored and shown, and functions read the text of the reference.
    The first chunk decides where the type of the column leaves it open.

    Examples:
        >>> pages = pl.DataFrame({"scan": ["a.png", "b/c.PNG"], "pages": [1, 2], "title": ["Deed", "Will"]})
        >>> field_types(Dataset.from_frame(pages))
        {'scan': 'image', 'pages': 'number', 'title': 'text'}
    """
    open_fields = [name for name in dataset.fields if dataset.schema[name] in (pl.String, pl.Binary)]
    start = dataset.chunks[0].read(open_fields) if dataset.chunks else pl.DataFrame(schema=dataset.schema)
    return {name: _field_type(name, dataset.schema[name], start) for name in dataset.fields}


def _field_type(name: str, dtype: pl.DataType, start: pl.DataFrame) -> FieldType:
    if dtype == pl.String:
        return _text_type(name, start.get_column(name).drop_nulls())
    if dtype == pl.Binary:
        return _binary_type(start.get_column(name).drop_nulls().head(1).to_list())
    if is_conversation(name, dtype):
        return "conversation"
    if isinstance(dtype, pl.Struct):
        return "image" if {"bytes", "path"} == {part.name for part in dtype.fields} else "object"
    if dtype.is_nested():
        return "list"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_temporal():
        return "time"
    return "number" if dtype.is_numeric() else "text"


def _text_type(name: str, values: pl.Series) -> FieldType:
    if not len(values):
        return "text"
    if name == CONVERSATION_FIELD and values.str.contains(r"^\s*\[").all():
        return "conversation"
    if values.str.contains(rf"(?i)(^data:image/|^\S.*\.({'|'.join(_IMAGES)})([?#]\S*)?$)").all():
        return "image"
    if values.str.contains(rf"(?i)^\S.*\.({'|'.join(_DOCUMENTS)})([?#]\S*)?$").all():
        return "document"
    return "text"


def _binary_type(values: Iterable[bytes]) -> FieldType:
    for value in values:
        if value.startswith(_IMAGE_STARTS) or (value[:4] == b"RIFF" and value[8:12] == b"WEBP"):
            return "image"
        if value.startswith(b"%PDF"):
            return "document"
    return "binary"
