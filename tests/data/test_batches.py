"""Laws of reading in batches: any size gives the same data points and the same refused rows."""

import json
import tracemalloc

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import read_batches
from nacre.errors import IngestError

CSV_LINES = [
    "{n},text,1",
    '{n},"two\nlines",2',
    "{n},x,three",
    "{n},y",
    "{n},z,4,5",
    ",w,6",
    "1,again,7",
    '{n},"q"r,8',
    "",
]
JSON_LINES = [
    '{{"uid":{n},"text":"x","n":1}}',
    '{{"uid":{n},"n":2.5}}',
    '{{"uid":{n},"n":"x"}}',
    '{{"uid":1}}',
    '{{"n":1}}',
    '{{"uid":{n},"m":{{"k":[1,null]}}}}',
    '{{"uid":{n},"m":{{"k":["x"]}}}}',
    "[1]",
    '{{"uid":{n},}}',
    "",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("batches")


def outcome(path, batch_rows):
    refused = path.with_suffix(".refused")
    batches = read_batches(path, refused=refused, batch_rows=batch_rows)
    frames = [pl.DataFrame(schema=batches.schema), *batches]
    assert all(len(frame) <= batch_rows for frame in frames)
    lines = [json.loads(line) for line in refused.read_text(encoding="utf-8").splitlines()]
    assert (batches.n_rows, batches.n_refused) == (sum(map(len, frames)), len(lines))
    return pl.concat(frames), lines


def assert_same_for_any_batch_size(path, batch_rows):
    whole, refused = outcome(path, 1_000)
    frame, refused_in_parts = outcome(path, batch_rows)

    assert frame.equals(whole)
    assert refused_in_parts == refused


@given(lines=st.lists(st.sampled_from(CSV_LINES), min_size=1, max_size=25), batch_rows=st.integers(1, 9))
def test_csv(folder, lines, batch_rows):
    path = folder / "a.csv"
    text = "".join(line.format(n=number) + "\n" for number, line in enumerate(lines))
    path.write_text(f"uid,text,n\n0,first,1\n00,second,1\n{text}", encoding="utf-8")

    assert_same_for_any_batch_size(path, batch_rows)


@given(lines=st.lists(st.sampled_from(JSON_LINES), max_size=25), batch_rows=st.integers(1, 9))
def test_json_lines(folder, lines, batch_rows):
    path = folder / "a.jsonl"
    text = "".join(line.format(n=number) + "\n" for number, line in enumerate(lines))
    path.write_text('{"uid":"first","n":1}\n' + text, encoding="utf-8")

    assert_same_for_any_batch_size(path, batch_rows)


uids = st.none() | st.integers(0, 15)


@given(
    rows=st.lists(st.tuples(uids, st.sampled_from([1.5, None, float("inf")])), max_size=25),
    batch_rows=st.integers(1, 9),
)
def test_parquet(folder, rows, batch_rows):
    path = folder / "a.parquet"
    pl.DataFrame(rows, schema={"uid": pl.Int64, "n": pl.Float64}, orient="row").write_parquet(path, row_group_size=4)

    assert_same_for_any_batch_size(path, batch_rows)


def test_the_first_error_is_the_same_for_any_batch_size(tmp_path):
    rows = "".join(f"{number},{'x' if number in (77, 90) else number}\n" for number in range(100))
    (tmp_path / "a.csv").write_text(f"uid,n\n{rows}")

    for batch_rows in (1, 7, 1_000):
        with pytest.raises(IngestError, match=r"line 79, column `n`: found `x`"):
            list(read_batches(tmp_path / "a.csv", batch_rows=batch_rows))


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_memory_stays_bounded(tmp_path, suffix):
    path, size = tmp_path / f"a.{suffix}", 70_000_000
    row = ("x" * 1_000, '{"text":"' + "x" * 1_000 + '"}')[suffix == "jsonl"] + "\n"
    with path.open("w") as stream:
        stream.write("text\n" if suffix == "csv" else "")
        stream.writelines(row for _ in range(size // len(row)))

    tracemalloc.start()
    n_rows = sum(map(len, read_batches(path, batch_rows=2_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert n_rows == size // len(row)
    assert peak < size
