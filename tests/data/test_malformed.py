"""A corpus of malformed inputs: each error says where it is, what was found and expected, and what to do."""

import contextlib
import gzip
import json
import os
import warnings

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.data import read, write
from nacre.errors import IngestError, NacreError, SchemaError

DAMAGED = b"id,text\n" + b"".join(b"%d,%032x\n" % (number, number**7) for number in range(5_000))


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


def parquet(tmp_path):
    pl.DataFrame({"a": range(1_000)}).write_parquet(tmp_path / "whole.parquet")
    return (tmp_path / "whole.parquet").read_bytes()


CSV = [
    pytest.param(
        b"a,b\n1,x\n2,caf\xe9\n", r"line 3, column `b`: found the byte 0xE9 .* pass `encoding=\"cp1252\"`", id="latin-1"
    ),
    pytest.param(b"a,caf\xe9\n1,x\n", r"line 1, .*: found the byte 0xE9", id="latin-1 header"),
    pytest.param(
        "a,b\n1,x\n".encode("utf-16-le"), r"line 1, .*NUL byte .* pass|needs `encoding=\"utf-16-le\"`", id="utf-16"
    ),
    pytest.param(b"a,b\n1,x\n2,y\0z\n", r"line 3, column `b`: found a NUL byte in `y<NUL>z`", id="NUL"),
    pytest.param(
        'a,b\n1,x\n2,"y\n3,z\n', r"line 3: a quote is opened and never closed, so lines 3 to 4", id="open quote"
    ),
    pytest.param('a,b\n1,x\n2,"y"z\n3,z\n', r"line 3: the quotes are broken", id="text after a quote"),
    pytest.param("a,b\n1,x\n2\n", r"line 3: found 1 columns, expected 2 .* Quote cells that contain `,`", id="too few"),
    pytest.param("a,b\n1,x\n2,y,z\n", r"line 3: found 3 columns, expected 2", id="too many"),
    pytest.param('a,b\n1,"x\ny"\n2,y,z\n', r"line 4: found 3 columns", id="lines inside a cell are counted"),
    pytest.param("a,b,a\n1,2,3\n", r"columns 1 and 3 have the same name, `a`", id="same names"),
    pytest.param("", r"is empty\. Check that it was written completely", id="empty file"),
    pytest.param("\n\n", r"is empty", id="blank lines only"),
    pytest.param("1,Free cash\n2,Lunch\n", r"no header: .*`1` where the name .*`header=False`", id="no header"),
    pytest.param(
        "a;b\n1;x\n", r"one column, `a;b`; .*a semicolon, not by a comma\. Pass `separator=\";\"`", id="semicolon"
    ),
    pytest.param("a\tb\n1\tx\n", r"separated by a tab.*Pass `separator=\"\\t\"`", id="tab"),
    pytest.param("a,\n1,x\n", r"column 2 has no name.*`rename=\{\"\": \"\.\.\.\"\}`", id="name missing"),
    pytest.param("a, \n1,x\n", r"column 2 has no name", id="name of spaces"),
    pytest.param("a,^x$\n1,x\n", r"the name of column 2, `\^x\$`, is not allowed", id="name of a pattern"),
    pytest.param("a,x@y\n1,x\n", r"the name of column 2, `x@y`, is not allowed", id="name with @"),
    pytest.param(
        "n\n1\n2\nN/A\n",
        r"line 4, column `n`: found `N/A`, .*whole number.*nulls=\('N/A',\).*\"text\"",
        id="word in numbers",
    ),
    pytest.param("n\n1\n2.5\nx\n", r"line 4, column `n`: found `x`, expected a finite number", id="word in decimals"),
    pytest.param(
        "n\n1\n99999999999999999999\n3\n", r"line 3, column `n`: found `9{20}`, .*fits Int64.*\"text\"", id="overflow"
    ),
    pytest.param(
        "n\n1.5\nNaN\n2\n", r"line 3, column `n`: found `NaN`, expected a finite number.*nulls=\('NaN',\)", id="nan"
    ),
    pytest.param("n\n1.5\n-inf\n2\n", r"line 3, column `n`: found `-inf`, expected a finite number", id="infinity"),
    pytest.param("n\n1.5\n1e999\n2\n", r"line 3, column `n`: found `1e999`, expected a finite", id="number too large"),
    pytest.param("d\n2026-01-31\n2026-02-30\n", r"line 3, column `d`: found `2026-02-30`, expected a date", id="date"),
    pytest.param("d\n2026-01-31T25:00\n2026-01-31T10:00\n", r"line 2, column `d`: .*expected a time such", id="time"),
    pytest.param(
        "d\n2026-01-31T10:00Z\n2026-01-31T10:00Z\n2026-01-31T10:00\n", r"line 4, .*\+00:00", id="time without its zone"
    ),
    pytest.param("uid,a\nx,1\n,2\n", r"line 3, column `uid`: the uid is missing", id="uid missing"),
    pytest.param(
        "uid,a\nx,1\ny,2\nx,3\n", r"line 4, column `uid`: found the uid `x`, which line 2 has too", id="uid twice"
    ),
    pytest.param("row_id,a\nx,1\n", r"`row_id` holds String, expected whole numbers.*rename", id="row ids of text"),
    pytest.param(
        "row_id,a\n3,1\n2,1\n", r"line 3, column `row_id`: found `2`, expected a number above 3", id="row ids fall"
    ),
    pytest.param(
        'messages\n"[{""role"":""user""}]"\n', r"line 2, column `messages`: message 1 has no content", id="conversation"
    ),
]


@pytest.mark.parametrize(("content", "message"), CSV)
def test_csv(tmp_path, content, message):
    with pytest.raises(IngestError, match=message) as caught:
        read(written(tmp_path / "bad.csv", content))

    assert "bad.csv" in str(caught.value) or "row_id" in str(caught.value)


JSON = [
    pytest.param(
        '{"a":1}\n{"a":2\n', r"line 2: found `\{\"a\":2`, which is no JSON \(unexpected end", id="broken line"
    ),
    pytest.param('{"a":1}\n{"a":2,}\n', r"line 2: .*trailing comma", id="trailing comma"),
    pytest.param('{"a":1},\n{"a":2}\n', r"line 1: .*no JSON", id="comma after the line"),
    pytest.param('{"a":1}\n[1]\n', r"line 2: found an array, `\[1\]`, expected a JSON object", id="array"),
    pytest.param('{"a":1}\n"x"\n', r"line 2: found text", id="text"),
    pytest.param('{"a":1}\nnull\n', r"line 2: found null", id="null"),
    pytest.param('{"a":1}\n{"a":2,"a":3}\n', r"line 2, column `a`: the key occurs twice", id="same keys"),
    pytest.param(
        '{"a":{"b":1}}\n{"a":{"c":2,"c":3}}\n', r"line 2, column `c`: the key occurs twice", id="same keys inside"
    ),
    pytest.param(
        '{"a":1}\n{"a":2}\n{"a":"x"}\n', r"line 3, column `a`: found `x`, expected a whole number.*\"text\"", id="types"
    ),
    pytest.param('{"a":{"b":[1]}}\n{"a":{"b":["x"]}}\n', r"line 2, column `a\.b\[\]`: found `x`", id="types inside"),
    pytest.param('{"a":[1]}\n{"a":{"b":1}}\n', r"line 2, column `a`: found `\{\"b\":1\}`, expected a list", id="kinds"),
    pytest.param('{"a":1}\n{"a":99999999999999999999}\n', r"line 2, column `a`: .*fits 64 bits", id="overflow"),
    pytest.param('{"a":1}\n{"a":9223372036854775808}\n', r"line 2, column `a`: .*fits 64 bits", id="overflow by one"),
    pytest.param('{"a":1.5}\n{"a":NaN}\n', r"line 2: .*JSON has no NaN", id="NaN"),
    pytest.param(b'{"a":"x"}\n{"a":"caf\xe9"}\n', r"line 2: found the byte 0xE9 .*cp1252", id="latin-1"),
    pytest.param(b'{"a":"x"}\n{"a":"\0"}\n', r"line 2: found a NUL byte", id="NUL"),
    pytest.param('{"a":"\\ud800"}\n', r"line 1: .*surrogate", id="half of a character"),
    pytest.param('[\n{"a":1}\n]\n', r"line 1: .*pass `format=\"json\"`", id="an array over lines"),
    pytest.param("", r"is empty", id="empty file"),
    pytest.param("{}\n{}\n", r"holds no object with a key", id="objects without keys"),
    pytest.param('{"": 1}\n', r"column 1 has no name", id="empty key"),
    pytest.param('{"uid":"x"}\n{"a":1}\n', r"line 2, column `uid`: the uid is missing", id="uid missing"),
    pytest.param('{"uid":1}\n{"uid":"1"}\n', r"line 2, column `uid`: found the uid `1`", id="uid twice, in two types"),
    pytest.param("[" * 5_000 + "]" * 5_000, r"line 1: .*no JSON", id="five thousand levels"),
    pytest.param('{"a":' + "[" * 300 + "]" * 300 + "}", r"line 1: .*nested", id="three hundred levels"),
    pytest.param(
        '{"messages":[{"role":"user","content":"x"}]}\n{"messages":[{"role":"user","content":"x"},{"content":"y"}]}\n',
        r"line 2, column `messages`: message 2 has no role",
        id="message without role",
    ),
]


@pytest.mark.parametrize(("content", "message"), JSON)
def test_json_lines(tmp_path, content, message):
    with pytest.raises(IngestError, match=message) as caught:
        read(written(tmp_path / "bad.jsonl", content))

    assert "bad.jsonl" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param('[{"a":1},\n{"a":2,}]', r"line 2: this is no JSON \(trailing comma", id="trailing comma"),
        pytest.param('{"data":[{"a":1}]}', r"holds an object with the keys data; expected an array", id="object"),
        pytest.param('{"a":1}\n{"a":2}\n', r"more than one JSON value: .*format=\"jsonl\"", id="json lines"),
        pytest.param('[{"a":1},3]', r"row 2: found a number, `3`, expected a JSON object", id="element"),
        pytest.param('[{"a":1},{"a":1,"a":2}]', r"row 2, column `a`: the key occurs twice", id="same keys"),
        pytest.param('[{"a":1},{"a":"x"}]', r"row 2, column `a`: found `x`", id="types"),
        pytest.param(b'[{"a":1},\n{"a":"\xe9"}]', r"line 2: found the byte 0xE9", id="latin-1"),
        pytest.param("[]", r"holds no object with a key", id="no elements"),
    ],
)
def test_json_arrays(tmp_path, content, message):
    with pytest.raises(IngestError, match=message):
        read(written(tmp_path / "bad.json", content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda data: b"", "is empty", id="empty"),
        pytest.param(lambda data: b"a,b\n1,2\n", r"is no Parquet file: it starts with b'a,b", id="csv"),
        pytest.param(lambda data: data[:-30], r"no complete Parquet file: its end is missing", id="cut off"),
        pytest.param(
            lambda data: data[:4] + bytes(400) + data[404:], r"bad.parquet cannot be read", id="damaged pages"
        ),
        pytest.param(
            lambda data: data[:-200] + bytes(192) + data[-8:], r"bad.parquet cannot be read", id="damaged end"
        ),
    ],
)
def test_parquet(tmp_path, damage, message):
    path = written(tmp_path / "bad.parquet", damage(parquet(tmp_path)))

    with pytest.raises(IngestError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"PAR1PAR1", "is no Arrow file", id="parquet"),
        pytest.param(b"ARROW1\0\0" + bytes(90), "its end is missing", id="cut off"),
        pytest.param(b"ARROW1\0\0" + bytes(90) + b"ARROW1", "cannot be read", id="damaged"),
    ],
)
def test_arrow(tmp_path, content, message):
    with pytest.raises(IngestError, match=message):
        read(written(tmp_path / "bad.arrow", content))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_truncated_gzip(tmp_path, name):
    content = DAMAGED if "csv" in name else b"".join(b'{"a":"%032x"}\n' % (number**7) for number in range(5_000))
    path = written(tmp_path / name, gzip.compress(content)[:-500])

    with pytest.raises(IngestError, match=r"no complete gzip file .*cut off"):
        read(path)


def test_missing_files_and_folders_without_data(tmp_path):
    written(tmp_path / "notes.txt", "x")

    with pytest.raises(IngestError, match=r"There is no file `\S*nowhere.csv`"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(IngestError, match=r"No file matches `\S*\*.csv`"):
        read(tmp_path / "*.csv")
    with pytest.raises(IngestError, match="holds no file that can be imported"):
        read(tmp_path)
    with pytest.raises(IngestError, match=r"does not say what it holds.*pass `format=`"):
        read(tmp_path / "notes.txt")
    with pytest.raises(IngestError, match="list of files is empty"):
        read([])
    with pytest.raises(IngestError, match="There is no file"):
        read("a\0.csv")


def test_folders_with_several_formats(tmp_path):
    written(tmp_path / "a.csv", "a\n1\n")
    written(tmp_path / "b.jsonl", '{"a":2}\n')

    with pytest.raises(IngestError, match=r"several formats: csv, jsonl.*`format=\"csv\"`"):
        read(tmp_path)
    assert read(tmp_path, format="jsonl").collect(["a"]).rows() == [(2,)]


def test_files_with_other_columns(tmp_path):
    written(tmp_path / "a.csv", "a,b\n1,2\n")
    written(tmp_path / "b.csv", "a,c\n1,2\n")

    with pytest.raises(IngestError, match=r"b.csv lacks `b` and has `c` more compared with \S*a.csv"):
        read(tmp_path)


def test_parquet_files_with_other_types(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"a": [[1]]}).write_parquet(tmp_path / "2.parquet")

    with pytest.raises(IngestError, match=r"column `a` is Int64 in \S*1.parquet and List\(Int64\) in \S*2.parquet"):
        read(tmp_path)


def test_a_uid_that_two_files_share(tmp_path):
    written(tmp_path / "a.csv", "uid\nx\ny\n")
    written(tmp_path / "b.csv", "uid\nz\ny\n")

    with pytest.raises(IngestError, match=r"b.csv, line 3, column `uid`: found the uid `y`, which line 3 of \S*a.csv"):
        read(tmp_path)


def test_a_uid_beside_a_column_named_uid(tmp_path):
    with pytest.raises(IngestError, match="has the column `uid` beside `id`"):
        read(written(tmp_path / "a.csv", "id,uid\nx,y\n"), uid="id")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_files_that_may_not_be_read(tmp_path):
    path = written(tmp_path / "a.csv", "a\n1\n")
    path.chmod(0)

    with pytest.raises(IngestError, match="permission denied"):
        read(path)


def test_links_that_lead_round_in_a_circle(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    written(tmp_path / "data" / "x.csv", "a\n1\n")

    with pytest.raises(IngestError, match=r"a.csv cannot be opened"):
        read(tmp_path / "a.csv")
    assert len(read(tmp_path / "data" / "**" / "*.csv")) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda pd: pd.DataFrame({"a": [1, 2, "x"]}),
            r"The frame, row 3, column `a`: found `x` of the type str",
            id="mixed",
        ),
        pytest.param(lambda pd: pd.DataFrame([[1, 2]], columns=["a", "a"]), "2 columns named `a`", id="same names"),
        pytest.param(
            lambda pd: pd.DataFrame({"a": [object()]}), r"row 1, column `a`: found .* of the type object", id="objects"
        ),
        pytest.param(lambda pd: pd.DataFrame({("a", "b"): [1]}), "several levels", id="levels"),
        pytest.param(
            lambda pd: pd.DataFrame({"a": [float("inf"), 1.5]}), r"row 1, column `a`: found `inf`", id="infinity"
        ),
    ],
)
def test_pandas(make, message):
    pandas = pytest.importorskip("pandas")

    with pytest.raises(IngestError, match=message):
        read(make(pandas))


def test_nothing_is_told_about_other_rows_when_one_is_refused(tmp_path):
    path = written(
        tmp_path / "a.csv",
        'uid,n,text\na,1,x\na,2,y\nb,three,z\nc,4\n,5,u\nd,6,"v"w\ne,7,caf\xe9\nf,8,ok\n'.encode("latin-1"),
    )

    with pytest.warns(UserWarning, match="6 of 8 rows were refused"):
        data = read(path, refused=tmp_path / "refused.jsonl")

    assert data.collect(["uid", "n", "text"]).rows() == [("a", 1, "x"), ("f", 8, "ok")]
    refused = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["row"], row["column"]) for row in refused] == [
        (3, "uid"),
        (4, "n"),
        (5, None),
        (6, "uid"),
        (7, None),
        (8, "text"),
    ]
    assert refused[1]["raw"] == "b,three,z"
    assert refused[4]["raw"] == 'd,6,"v"w\n'
    assert all(row["reason"] and row["source"].endswith("a.csv") for row in refused)


def test_the_file_of_refused_rows_appears_whole_or_not_at_all(tmp_path):
    path = written(tmp_path / "a.csv.gz", gzip.compress(DAMAGED + b"x\n" * 20_000)[:-9])

    with pytest.raises(IngestError, match="gzip"):
        read(path, refused=tmp_path / "refused.jsonl")

    assert [found.name for found in tmp_path.iterdir()] == ["a.csv.gz"]


def test_only_a_file_collects_refused_rows(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n1,2\n3\n")
    os.mkfifo(tmp_path / "pipe")  # stands for a device such as /dev/null, which must not be replaced

    for place, message in [("pipe", "is no file"), ("", "is no file"), ("nowhere/refused.jsonl", "There is no folder")]:
        with pytest.raises(SchemaError, match=message):
            read(path, refused=tmp_path / place)
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_to_the_file_of_refused_rows_stays_a_link(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n1,2\n3\n")
    (tmp_path / "link").symlink_to(written(tmp_path / "refused.jsonl", "old"))

    with pytest.warns(UserWarning, match="1 of 2 rows were refused"):
        read(path, refused=tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert "found 1 columns" in (tmp_path / "refused.jsonl").read_text()


edits = st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 9), st.binary(max_size=3)), min_size=1, max_size=3)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.json", "a.parquet", "a.arrow"])
@given(edits=edits)
def test_a_damaged_file_gives_no_error_but_nacres_own(folder, name, edits):
    frame = pl.DataFrame({"uid": range(60), "text": ['some "text",\nmore'] * 60, "list": [[1.5, None]] * 60})
    write(frame, folder / name)
    data = bytearray((folder / name).read_bytes())
    for place, length, inserted in edits:
        start = place % len(data)
        data[start : start + length] = inserted
    (folder / name).write_bytes(data)

    with contextlib.suppress(NacreError), warnings.catch_warnings(action="ignore"):
        read(folder / name, refused=folder / "refused.jsonl")
