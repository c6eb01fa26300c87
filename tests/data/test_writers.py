from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import Dataset, read, write
from nacre.errors import SchemaError

# No NUL and no lone surrogates: neither is text that a file may hold.
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = {
    "text": (text, pl.String),
    "whole": (st.integers(-(2**63), 2**63 - 1), pl.Int64),
    "number": (numbers, pl.Float64),
    "flag": (st.booleans(), pl.Boolean),
    "day": (st.dates(date(1, 1, 1)), pl.Date),
    "time": (st.datetimes(datetime(1, 1, 1)), pl.Datetime("us")),
    "list": (st.lists(st.none() | text, max_size=3), pl.List(pl.String)),
    "object": (
        st.fixed_dictionaries({"a": st.none() | numbers, "b": st.lists(st.integers(0, 9), max_size=2)}),
        pl.Struct({"a": pl.Float64, "b": pl.List(pl.Int64)}),
    ),
}
SCHEMA = {name: dtype for name, (_, dtype) in COLUMNS.items()}
rows = st.lists(st.fixed_dictionaries({name: st.none() | values for name, (values, _) in COLUMNS.items()}), max_size=6)
frames = rows.map(lambda rows: pl.DataFrame(rows, schema=SCHEMA))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather", "jsonl", "json", "jsonl.gz", "csv", "tsv", "csv.gz"])
@given(frame=frames)
def test_what_is_written_is_read_again(folder, suffix, frame):
    path = folder / f"a.{suffix}"
    if "csv" in suffix or "tsv" in suffix:  # missing and empty text are one in CSV
        frame = frame.with_columns(pl.col("text").replace("", None))
    write(frame, path)

    if suffix.startswith("json") and not len(frame):
        assert path.exists()
        return
    again = read(path, dtypes=SCHEMA)

    assert again.collect(frame.columns).equals(frame)


@given(values=st.lists(st.none() | text, max_size=5))
def test_a_column_alone_keeps_its_missing_values_in_csv(folder, values):
    frame = pl.DataFrame({"a": [value or None for value in values]}, schema={"a": pl.String})
    write(frame, folder / "one.csv")

    assert read(folder / "one.csv", dtypes={"a": "text"}).collect(["a"]).equals(frame)


def test_types_that_text_lacks_have_a_plain_form(tmp_path):
    frame = pl.DataFrame(
        {
            "bytes": [b"\x00\xff"],
            "span": [timedelta(seconds=1.5)],
            "price": pl.Series([Decimal("1.50")]),
            "when": pl.Series([datetime(2026, 1, 31, 9)]).dt.replace_time_zone("UTC"),
            "parts": [[{"day": date(2026, 1, 31)}]],
        }
    )
    write(frame, tmp_path / "a.csv")
    write(frame, tmp_path / "a.jsonl")

    assert (tmp_path / "a.csv").read_text() == (
        'bytes,span,price,when,parts\nAP8=,1.5,1.50,2026-01-31T09:00:00+00:00,"[{""day"":""2026-01-31""}]"\n'
    )
    assert (tmp_path / "a.jsonl").read_text() == (
        '{"bytes":"AP8=","span":1.5,"price":"1.50","when":"2026-01-31T09:00:00+00:00","parts":[{"day":"2026-01-31"}]}\n'
    )


def test_formulas_are_escaped_when_asked(tmp_path):
    frame = pl.DataFrame({"a": ["=1+1", "+1", "-1", "@x", "\tx", "x=1", None], "n": [-1] * 7})
    write(frame, tmp_path / "a.csv", escape_formulas=True)

    again = read(tmp_path / "a.csv", dtypes={"a": "text"})

    assert again.collect(["a"]).to_series().to_list() == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "x=1", None]
    assert again.collect(["n"]).to_series().to_list() == [-1] * 7


def test_a_dataset_is_written_chunk_by_chunk(tmp_path):
    data = Dataset.from_frame(pl.DataFrame({"x": range(100_000)}))

    for name in ("a.csv", "a.jsonl", "a.parquet", "a.arrow"):
        write(data, tmp_path / name)
        assert read(tmp_path / name).collect().equals(data.collect())


def test_a_failed_write_leaves_the_old_file(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    broken = Dataset.from_frame(pl.DataFrame({"x": ["y"]})).frame.with_columns(pl.col("x").str.to_integer())

    with pytest.raises(pl.exceptions.PolarsError):
        write(broken, tmp_path / "a.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


def test_suffixes_that_name_no_format_are_refused(tmp_path):
    with pytest.raises(SchemaError, match=r"suffix of `a.xlsx` names no format"):
        write(pl.DataFrame({"a": [1]}), tmp_path / "a.xlsx")


def test_a_dataset_becomes_pandas_and_arrow():
    data = Dataset.from_frame(pl.DataFrame({"x": [1, 2]}))

    assert data.to_arrow().column_names == ["row_id", "uid", "x"]
    assert list(data.to_pandas()["x"]) == [1, 2]
