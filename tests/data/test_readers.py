import gzip
import os
from datetime import date, datetime

import polars as pl
import pytest

from datasets import dataset
from nacre.data import Dataset, read, read_batches
from nacre.errors import IngestError, SpecError, UnknownFieldError

ROWS = [{"id": "a", "body": "Free cash", "n": 1}, {"id": "b", "body": "Lunch?", "n": None}]


def written(path, content):
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.csv", "id,body,n\na,Free cash,1\nb,Lunch?,\n", id="csv"),
        pytest.param("a.tsv", "id\tbody\tn\na\tFree cash\t1\nb\tLunch?\t\n", id="tsv"),
        pytest.param("a.csv.gz", "id,body,n\na,Free cash,1\nb,Lunch?,\n", id="csv gz"),
        pytest.param("a.csv", "\ufeffid,body,n\r\na,Free cash,1\r\n\r\nb,Lunch?,\r\n", id="csv with mark and CRLF"),
        pytest.param("a.csv", "id,body,n\na,Free cash,1\nb,Lunch?,\n".encode("utf-16"), id="csv in UTF-16"),
        pytest.param("a.jsonl", '{"id":"a","body":"Free cash","n":1}\n\n{"id":"b","body":"Lunch?"}\n', id="jsonl"),
        pytest.param("a.jsonl.gz", '{"id":"a","body":"Free cash","n":1}\n{"id":"b","body":"Lunch?"}', id="jsonl gz"),
        pytest.param("a.JSON", '[{"id":"a","body":"Free cash","n":1},{"id":"b","body":"Lunch?"}]', id="json"),
    ],
)
def test_text_files_are_read_with_their_types(tmp_path, name, content):
    data = read(written(tmp_path / name, content), uid="id")

    assert data.collect(["uid", "body", "n"]).to_dicts() == [
        {"uid": row["id"], "body": row["body"], "n": row["n"]} for row in ROWS
    ]
    assert data.schema["n"] == pl.Int64


@pytest.mark.parametrize("kind", ["parquet", "arrow", "stream", "frame", "lazy", "arrow table", "pandas", "dict"])
def test_typed_sources_are_read(tmp_path, kind):
    frame = pl.DataFrame(ROWS)
    if kind == "parquet":
        frame.write_parquet(source := tmp_path / "a.parquet")
    elif kind == "arrow":
        frame.write_ipc(source := tmp_path / "a.feather")
    elif kind == "stream":
        frame.write_ipc_stream(source := tmp_path / "a.arrow")
    else:
        source = {
            "frame": frame,
            "lazy": frame.lazy(),
            "arrow table": frame.to_arrow(),
            "pandas": frame.to_pandas(),
            "dict": frame.to_dict(as_series=False),
        }[kind]

    data = read(source, uid="id")

    assert data.collect(["uid", "body"]).rows() == [("a", "Free cash"), ("b", "Lunch?")]
    assert data.collect(["n"]).to_series().to_list() == [1, None]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        pytest.param(["1", "-2", ""], pl.Int64, id="whole numbers"),
        pytest.param(["1", " 2.5", "1e-3"], pl.Float64, id="numbers"),
        pytest.param(["10", "00123", "7"], pl.String, id="leading zeros"),
        pytest.param(["+4930123", "12"], pl.String, id="telephone numbers"),
        pytest.param(["true", "False", ""], pl.Boolean, id="booleans"),
        pytest.param(["true", "false", "mostly true"], pl.String, id="classes named true and false"),
        pytest.param(["2026-01-31", "2026-02-01"], pl.Date, id="dates"),
        pytest.param(["2026-01-31 10:00", "2026-01-31T10:00:01.5"], pl.Datetime("us"), id="times"),
        pytest.param(["2026-01-31T10:00Z", "2026-01-31T10:00:00+02:00"], pl.Datetime("us", "UTC"), id="with zones"),
        pytest.param(["01/02/2026"], pl.String, id="ambiguous dates"),
        pytest.param(["", ""], pl.String, id="nothing"),
        pytest.param(["1_000", "0x1F", "abc"], pl.String, id="no numbers"),
    ],
)
def test_the_type_of_a_csv_column_is_found_in_its_values(tmp_path, values, dtype):
    rows = "".join(f'"{value}",x\n' for value in values)

    data = read(written(tmp_path / "a.csv", f"v,w\n{rows}"))

    assert data.schema["v"] == dtype


def test_types_are_found_in_all_rows(tmp_path):
    rows = "".join(f"{number}\n" for number in range(100_000))

    data = read(written(tmp_path / "a.csv", f"id\n{rows}00123\n"))

    assert data.schema["id"] == pl.String
    assert data.collect(["id"]).to_series().tail(1).to_list() == ["00123"]


def test_times_keep_their_value(tmp_path):
    content = "d,t,z\n2026-01-31,2026-01-31 10:00,2026-01-31T10:00:00.25+02:00\n"

    row = read(written(tmp_path / "a.csv", content)).collect().to_dicts()[0]

    assert row["d"] == date(2026, 1, 31)
    assert row["t"] == datetime(2026, 1, 31, 10)
    assert row["z"].isoformat() == "2026-01-31T08:00:00.250000+00:00"


def test_options_say_how_a_file_is_read(tmp_path):
    path = written(tmp_path / "a.txt", "1;?;Caf\xe9;x\n2;3.5;b;y\n".encode("latin-1"))

    data = read(
        path,
        format="csv",
        separator=";",
        header=False,
        encoding="cp1252",
        nulls=("?",),
        rename={"column_1": "id", "column_3": "text"},
        dtypes={"id": "text"},
        fields=("id", "column_2", "text"),
    )

    assert data.collect(data.fields).rows() == [("1", None, "Café"), ("2", 3.5, "b")]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param({"seperator": ";"}, SpecError, "Did you mean `separator`", id="unknown option"),
        pytest.param({"fields": "a"}, SpecError, "takes a list", id="text for a list"),
        pytest.param({"dtypes": {"a": "nmber"}}, IngestError, "There is no type `nmber`", id="unknown type"),
        pytest.param({"dtypes": {"c": "text"}}, UnknownFieldError, "no field `c`", id="type of no column"),
        pytest.param({"uid": "c"}, UnknownFieldError, "no field `c`", id="uid is no column"),
        pytest.param({"fields": ("c",)}, UnknownFieldError, "no field `c`", id="field is no column"),
        pytest.param({"rename": {"c": "d"}}, UnknownFieldError, "no field `c`", id="rename of no column"),
        pytest.param({"format": "xlsx"}, IngestError, "no format `xlsx`", id="unknown format"),
        pytest.param({"encoding": "utf-99"}, IngestError, "no encoding `utf-99`", id="unknown encoding"),
        pytest.param({"separator": "::"}, IngestError, "must be one character", id="long separator"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path, options, error, message):
    path = written(tmp_path / "a.csv", "a,b\n1,2\n")

    with pytest.raises(error, match=message):
        read(path, **options)


def test_files_of_a_folder_and_a_glob_are_read_in_the_order_of_names(tmp_path):
    written(tmp_path / "2.csv", "b,a\nx,3\n")
    written(tmp_path / "1.csv", "a,b\n1.5,y\n")
    written(tmp_path / "README.md", "not data")
    written(tmp_path / ".hidden.csv", "not,data")

    for source in (tmp_path, tmp_path / "*.csv", str(tmp_path / "*.csv"), [tmp_path / "1.csv", tmp_path / "2.csv"]):
        data = read(source)
        assert data.collect(["a", "b"]).rows() == [(1.5, "y"), (3.0, "x")]


def test_parquet_files_get_the_type_that_holds_the_values_of_all(tmp_path):
    pl.DataFrame({"a": [1], "b": [None]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"b": ["x"], "a": [1.5]}).write_parquet(tmp_path / "2.parquet")

    assert read(tmp_path).collect(["a", "b"]).rows() == [(1.0, None), (1.5, "x")]


@pytest.mark.parametrize("name", ["a b.csv", "a[1].csv", "ünï, (1)~1.csv", "a\nb.csv", "-x.csv", "*.csv"])
def test_file_names_with_odd_characters_are_read(tmp_path, name):
    path = written(tmp_path / name, "a\n1\n")

    assert len(read(path)) == 1
    assert len(read(str(path))) == 1


def test_file_names_that_are_not_utf8_are_read_and_shown(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    try:
        written(path, "a,b\n1\n")
    except OSError:
        pytest.skip("the file system wants names in UTF-8")

    with pytest.raises(IngestError, match=r"caf.*line 2"):
        read(path)


def test_large_cells_and_long_lines_are_read(tmp_path):
    cell, line = "word " * 2_000_000, "x" * 100_000
    written(tmp_path / "a.csv", f'a,b\n"{cell}",1\n{line},2\n')
    written(tmp_path / "a.jsonl", f'{{"a":"{cell}","b":1}}\n{{"a":"{line}","b":2}}\n')

    for name in ("a.csv", "a.jsonl"):
        assert read(tmp_path / name).collect(["a"]).to_series().to_list() == [cell, line]


def test_nested_json_becomes_lists_and_structs(tmp_path):
    path = written(tmp_path / "a.jsonl", '{"a":{"b":[1,2.5],"c":null}}\n{"a":{"d":[{"e":"x"}]}}\n{"a":null}\n')

    data = read(path)

    assert data.collect(["a"]).to_series().to_list() == [
        {"b": [1.0, 2.5], "c": None, "d": None},
        {"b": None, "c": None, "d": [{"e": "x"}]},
        None,
    ]


def test_objects_whose_keys_are_data_stay_json_text(tmp_path):
    rows = "".join(f'{{"a":{{"user{number}":{number}}}}}\n' for number in range(300))

    data = read(written(tmp_path / "a.jsonl", rows))

    assert data.collect(["a"]).to_series()[7] == '{"user7":7}'


def test_values_of_changing_types_can_be_read_as_text(tmp_path):
    path = written(tmp_path / "a.jsonl", '{"a":1}\n{"a":"x"}\n{"a":[1,{"b":null}]}\n{"a":""}\n')

    data = read(path, dtypes={"a": "text"})

    assert data.collect(["a"]).to_series().to_list() == ["1", "x", '[1,{"b":null}]', ""]


def test_parquet_types_are_kept(tmp_path):
    frame = pl.DataFrame(
        {
            "category": pl.Series(["x", "y"], dtype=pl.Categorical),
            "enum": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
            "decimal": pl.Series(["1.5", "2.5"]).cast(pl.Decimal(10, 2)),
            "duration": pl.Series([1, 2]).cast(pl.Duration("us")),
            "nested": [{"a": [1]}, {"a": []}],
            "large": pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
            "bytes": [b"\x00\xff", b""],
            "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")

    data = read(tmp_path / "a.parquet")

    assert data.collect(frame.columns).equals(frame)
    assert len(data.fingerprint) == 32


def test_nan_is_missing_in_typed_sources():
    data = read(pl.DataFrame({"a": [1.0, float("nan")]}))

    assert data.collect(["a"]).to_series().to_list() == [1.0, None]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.parquet"])
def test_no_rows_give_an_empty_dataset(tmp_path, name):
    if name == "a.csv":
        written(tmp_path / name, "a,b\n")
        data = read(tmp_path / name)
    else:
        data = read(pl.DataFrame(schema={"a": pl.String, "b": pl.Int64}))

    assert (len(data), data.fields) == (0, ("a", "b"))


def test_an_index_with_names_becomes_a_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2]}, index=pandas.Index(["x", "y"], name="id"))

    data = read(frame, uid="id")

    assert data.collect(["uid", "n"]).rows() == [("x", 1), ("y", 2)]


def test_pandas_columns_of_objects_and_numbers_as_names_are_read():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {0: pandas.Series(["a", None], dtype=object), "when": pandas.to_datetime(["2026-01-31"] * 2)}
    )
    frame["list"] = pandas.Series([[1, 2], None], dtype=object)
    frame["category"] = pandas.Categorical(["x", "y"])

    data = read(frame)

    assert data.fields == ("0", "when", "list", "category")
    assert data.collect(["0", "list"]).rows() == [("a", [1, 2]), (None, None)]


def test_row_ids_and_splits_of_an_export_are_read_again(tmp_path):
    exported = Dataset.from_frame(pl.DataFrame({"uid": ["a", "b"], "split": ["train", "test"], "x": [1, 2]}))
    kept = exported.where(pl.col("x") == 2)
    kept.collect().write_csv(tmp_path / "a.csv")

    assert read(tmp_path / "a.csv").collect().equals(kept.collect())


def test_batches_are_bounded_and_counted(tmp_path):
    rows = "".join(f"{number},x\n" for number in range(1_000))
    batches = read_batches(written(tmp_path / "a.csv", f"uid,text\n{rows}"), batch_rows=300)

    frames = list(batches)

    assert [len(frame) for frame in frames] == [300, 300, 300, 100]
    assert (batches.n_rows, batches.n_refused) == (1_000, 0)
    assert all(frame.schema == batches.schema for frame in frames)
    assert [len(frame) for frame in batches] == [300, 300, 300, 100]


def test_repeated_ids_of_medquad_are_named(tmp_path):
    path = dataset("qa_medquad") / "qa.parquet"

    with pytest.raises(IngestError, match=r"column `id`: found the uid `\S+`, which row \d+ has too"):
        read(path, uid="id")
    with pytest.warns(UserWarning, match="rows were refused"):
        assert len(read(path, uid="id", refused=tmp_path / "refused.jsonl")) == 12_133
    assert len(read(path)) == 16_407


def test_question_marks_of_the_census_are_missing(tmp_path):
    frame = pl.read_parquet(dataset("tab_adult_census") / "data.parquet")
    frame.write_csv(tmp_path / "a.csv")

    for source in (dataset("tab_adult_census"), tmp_path / "a.csv"):
        data = read(source, nulls=("?",))
        assert data.collect(["workclass"]).to_series().null_count() == 1_836
        assert {data.schema[name] for name in ("age", "hours_per_week", "label")} == {pl.Int64()}


def test_contracts_survive_csv_and_jsonl(tmp_path):
    frame = pl.read_parquet(dataset("doc_cuad_clauses") / "contracts_text.parquet")
    frame.write_csv(tmp_path / "a.csv")
    frame.write_ndjson(tmp_path / "a.jsonl")

    assert read(tmp_path / "a.csv", uid="file").collect(["file", "text"]).equals(frame)
    assert read(tmp_path / "a.jsonl", uid="file").collect(["file", "text"]).equals(frame)


def test_the_splits_of_a_folder_are_read_together():
    folder = dataset("ws_sms")

    data = read(folder, format="parquet")

    assert len(data) == 5_502
    assert sorted(data.collect(["split"]).to_series().unique()) == ["test", "train", "valid"]
    with pytest.raises(IngestError, match="several formats: csv, json, parquet"):
        read(folder)
