import polars as pl
import pytest

from datasets import dataset
from nacre.data import Dataset, field_types, read

MESSAGES = [[{"role": "user", "content": "Hi"}]]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        pytest.param("a", ["x", None], "text", id="text"),
        pytest.param("a", pl.Series([None], dtype=pl.String), "text", id="nothing"),
        pytest.param("a", pl.Series(["x"], dtype=pl.Categorical), "text", id="categories"),
        pytest.param("a", [1], "number", id="number"),
        pytest.param("a", pl.Series(["1.5"]).cast(pl.Decimal(5, 2)), "number", id="decimal"),
        pytest.param("a", [True], "boolean", id="boolean"),
        pytest.param("a", pl.Series([0]).cast(pl.Date), "time", id="date"),
        pytest.param("a", MESSAGES, "conversation", id="conversation"),
        pytest.param("messages", ['[{"role":"user","content":"Hi"}]'], "conversation", id="conversation as text"),
        pytest.param("a", ['[{"role":"user","content":"Hi"}]'], "text", id="text that could be a conversation"),
        pytest.param("a", ["scans/a.png", "https://x.org/b.JPG?size=2", None], "image", id="images"),
        pytest.param("a", ["data:image/png;base64,AAAA"], "image", id="image in the text"),
        pytest.param("a", [b"\x89PNG\r\n"], "image", id="image bytes"),
        pytest.param("a", [{"bytes": b"", "path": "a.png"}], "image", id="image struct"),
        pytest.param("a", ["a b (1).pdf"], "document", id="documents"),
        pytest.param("a", [b"%PDF-1.7"], "document", id="document bytes"),
        pytest.param("a", ["a.png", "see b.png below, and more"], "text", id="text that mentions images"),
        pytest.param("a", [b"\0"], "binary", id="binary"),
        pytest.param("a", [[1]], "list", id="list"),
        pytest.param("a", [{"b": 1}], "object", id="object"),
    ],
)
def test_the_type_of_a_field(name, values, expected):
    assert field_types(Dataset.from_frame(pl.DataFrame({name: values}))) == {name: expected}


def test_an_empty_dataset_has_field_types():
    data = Dataset.from_frame(pl.DataFrame(schema={"a": pl.String, "b": pl.Binary}))

    assert field_types(data) == {"a": "text", "b": "binary"}


def test_pictures_of_digits_are_images():
    data = read(dataset("img_mnist5k"))

    assert "image" in field_types(data).values()
