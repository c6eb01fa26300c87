import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nacre.data._plain_csv import plain_blocks

NAMES = ("a", "b")
csv_like = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "x", " ", "é", ",x\n", '"x","y"\n']), max_size=30
)


def careful(text):
    """Rows and the lines they start on, by the `csv` module; None where it finds anything odd."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows, numbers = [], []
    try:
        for row in reader:
            rows.append(tuple(cell or None for cell in row))
            numbers.append(reader.line_num)
    except csv.Error:
        return None, []
    return rows, [1, *(number + 1 for number in numbers)][: len(rows)]


@given(parts=csv_like, block_bytes=st.integers(1, 40))
@example(parts=['"', "x", '""', "\r\n", '"', ",", "y"], block_bytes=3)
@example(parts=['"', "x", '"', " ", ",", "y\n"], block_bytes=100)
@example(parts=["x", '"', "x", '"', ",", "y\n"], block_bytes=100)
def test_what_is_cut_fast_is_what_the_careful_reader_cuts(parts, block_bytes):
    text = "".join(parts)
    rows, numbers, n_lines = [], [], 0

    for block in plain_blocks(BytesIO(text.encode()), NAMES, ",", 0, block_bytes=block_bytes):
        if block is None:
            break
        rows += [tuple(cell or None for cell in row) for row in block.frame.rows()]
        numbers += block.numbers.tolist()
        n_lines = block.n_lines
    else:
        assert (rows, numbers) == careful(text)
        return
    lines = text.encode().splitlines(keepends=True) if "\r" not in text.replace("\r\n", "") else []
    if lines:
        assert (rows or []) == (careful(b"".join(lines[:n_lines]).decode())[0] or [])


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        pytest.param('x,1\r\n"y ""z"", \n",2', True, id="quotes and CRLF"),
        pytest.param("\ufeffx,1\n", True, id="mark"),
        pytest.param("x,1\n2\n", False, id="ragged"),
        pytest.param("x,1\n\n", False, id="blank line"),
        pytest.param('x"y",1\n', False, id="quote inside a cell"),
        pytest.param('"x"y,1\n', False, id="text after a quote"),
        pytest.param('"x,1\n', False, id="open quote"),
        pytest.param("x,\0\n", False, id="NUL"),
        pytest.param("x,1\rz,2\n", False, id="CR"),
        pytest.param(b"x,\xe9\n", False, id="latin-1"),
    ],
)
def test_only_plain_csv_is_cut_fast(text, is_plain):
    data = text if isinstance(text, bytes) else text.encode()

    assert (None not in list(plain_blocks(BytesIO(data), NAMES, ",", 0))) == is_plain
