import gzip

import pytest

from nacre.data import read_objects
from nacre.errors import IngestError


@pytest.mark.parametrize(
    ("format", "text"),
    [("jsonl", '{"a": [1]}\n\n{"b": {}}\n'), ("json", '[{"a": [1]}, {"b": {}}]')],
    ids=["lines", "array"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_objects_come_as_they_are_with_their_place(tmp_path, format, text, pack):
    path = tmp_path / "data"
    path.write_bytes(pack(text.encode()))

    numbers = [1, 3] if format == "jsonl" else [1, 2]
    assert list(read_objects(path, format=format)) == list(zip(numbers, [{"a": [1]}, {"b": {}}], strict=True))


@pytest.mark.parametrize(
    ("format", "text", "why"),
    [
        ("jsonl", '{"a": 1}\n{"a": }\n', "line 2: found .* which is no JSON"),
        ("jsonl", '{"a": 1}\n{"a": 1, "a": 2}\n', "line 2, column `a`: the key occurs twice"),
        ("json", '[{"a": 1}, 2]', "row 2: found a number"),
        ("json", '{"a": 1}', "expected an array of objects"),
    ],
)
def test_the_first_bad_object_ends_the_reading(tmp_path, format, text, why):
    path = tmp_path / "data"
    path.write_text(text)

    with pytest.raises(IngestError, match=why):
        list(read_objects(path, format=format))
