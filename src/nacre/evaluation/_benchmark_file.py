"""A benchmark as one file: a ZIP of what people can read and a table; never pickle, nothing that runs."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PureWindowsPath
from typing import Any

import orjson
import polars as pl

from nacre._hashing import hash_json, hash_series
from nacre.data import written_aside
from nacre.errors import SpecError, WorkspaceError

FORMAT = 1
ABOUT, PROMPTS = "benchmark.json", "prompts.arrow"
MAX_ABOUT = 64 << 20
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # equal benchmarks give equal files
TYPES = {"name": str, "version": str, "slices": dict, "criteria": dict, "evaluators": dict, "recorded": dict}


def check_files(part: str, spec: Any) -> None:
    """Refuse a spec that names code or lists outside the folder of the benchmark: whoever shares one could run them.

    Args:
        part: The slice or evaluator.
        spec: What the file says of it.
    """
    for name in _files(spec):
        windows = PureWindowsPath(name)  # which knows both separators
        if windows.anchor or ".." in windows.parts:
            raise SpecError(
                f"`{part}` of the benchmark names `{name}`, which is outside its folder. Copy the file beside the "
                "benchmark, and name it relative to that folder."
            )


def _files(spec: Any) -> Iterator[str]:
    """Yield the files that a spec names, however deep."""
    if isinstance(spec, list | tuple):
        for part in spec:
            yield from _files(part)
    elif isinstance(spec, dict):
        for key, part in spec.items():
            if key in ("code", "file") and isinstance(part, str):
                yield part.rpartition(":")[0] if key == "code" else part
            else:
                yield from _files(part)


def write_benchmark_file(path: Path, content: dict[str, Any], prompts: pl.DataFrame) -> None:
    """Write a benchmark; a reader sees the whole file or the one before."""
    buffer = BytesIO()
    prompts.write_ipc_stream(buffer, compression="uncompressed")
    table = buffer.getvalue()
    about = {"format": FORMAT, **content, "prompts": _digest(table)}
    about["hash"] = hash_json(about)
    parts = {ABOUT: orjson.dumps(about, option=orjson.OPT_INDENT_2), PROMPTS: table}
    try:
        with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
            for name, data in parts.items():
                archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), data)
    except OSError as error:
        reason = error.strerror or error
        raise WorkspaceError(
            f"Could not write {path}: {reason}. Check the folder and the space on the disk."
        ) from error


def read_benchmark_file(path: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return what `write_benchmark_file` wrote; nothing is unpacked to disk, and nothing runs."""
    try:
        with zipfile.ZipFile(path) as archive:
            about, table = _parts(archive, path)
    except OSError as error:
        if isinstance(error, WorkspaceError):
            raise
        raise WorkspaceError(f"Could not read {path}: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WorkspaceError(f"{path} is no benchmark, or damaged ({error}). Save or copy it again.") from error
    content = _content(about, path)
    if content["prompts"] != _digest(table):
        raise WorkspaceError(f"The prompts in {path} are damaged: they are not those that were saved. Copy it again.")
    try:
        if not _is_plain(table):
            raise WorkspaceError(f"{path} was not written by Nacre: its prompts are compressed. Save it again.")
        return content, pl.read_ipc_stream(BytesIO(table))
    except (ValueError, struct.error, IndexError, pl.exceptions.PolarsError, OSError) as error:
        raise WorkspaceError(f"The prompts in {path} cannot be read ({error}). Save or copy it again.") from error


def _parts(archive: zipfile.ZipFile, path: Path) -> tuple[bytes, bytes]:
    names = [part.filename for part in archive.infolist()]
    if sorted(names) != [ABOUT, PROMPTS]:
        shown = ", ".join(names[:5]) or "nothing"
        raise WorkspaceError(f"{path} is no benchmark: it holds {shown} instead of {ABOUT} and {PROMPTS}.")
    size = path.stat().st_size
    for part in archive.infolist():  # stored as they are: what is read takes no more memory than the file
        if part.compress_type != zipfile.ZIP_STORED or part.file_size > size or part.flag_bits & 1:
            raise WorkspaceError(f"{path} was not written by Nacre: its parts are compressed. Save it again.")
    if archive.getinfo(ABOUT).file_size > MAX_ABOUT:
        raise WorkspaceError(f"{ABOUT} in {path} has more than {MAX_ABOUT >> 20} MB, the limit.")
    return archive.read(ABOUT), archive.read(PROMPTS)


def _content(about: bytes, path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(about)
    except orjson.JSONDecodeError as error:
        raise WorkspaceError(f"{ABOUT} in {path} is damaged ({error}). Save or copy it again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise WorkspaceError(f"{path} has the format {found!r}; this version of Nacre reads {FORMAT}. Update Nacre.")
    written = content.pop("hash", None)
    if written != hash_json(content) or not all(isinstance(content.get(key), kind) for key, kind in TYPES.items()):
        raise WorkspaceError(f"{ABOUT} in {path} is not as it was saved. Change the benchmark in its source instead.")
    return content


def _is_plain(table: bytes) -> bool:
    """Return whether the batches of an Arrow stream hold their buffers as they are, and no rows without bytes.

    Readers unpack compressed buffers, and repeat null, without asking how much memory that takes. `compression` and
    `length` are the fourth and first field of `RecordBatch` in Message.fbs, the format of Arrow's messages.
    """
    from pyarrow import ArrowInvalid, ipc, py_buffer

    try:
        messages = [(part.type, part.metadata.to_pybytes()) for part in ipc.MessageReader.open_stream(py_buffer(table))]
    except ArrowInvalid as error:
        raise ValueError(str(error)) from error
    for kind, data in messages:
        if kind == "schema":
            continue
        batch = _field(data, int.from_bytes(data[:4], "little"), 2, is_table=True)
        if kind == "dictionary":
            batch = _field(data, batch or 0, 1, is_table=True)
        length = batch and _field(data, batch, 0)
        if not batch or _field(data, batch, 3) or (length and struct.unpack_from("<q", data, length)[0] > len(table)):
            return False
    return True


def _field(data: bytes, place: int, number: int, *, is_table: bool = False) -> int | None:
    """Return where a field of a FlatBuffers table stands, or None where it was left out."""
    start = place - int(struct.unpack_from("<i", data, place)[0])
    (size,) = struct.unpack_from("<H", data, start)
    entry = 4 + 2 * number
    offset = int(struct.unpack_from("<H", data, start + entry)[0]) if entry < size else 0
    if not offset:
        return None
    there = place + offset
    return there + int(struct.unpack_from("<I", data, there)[0]) if is_table else there


def _digest(table: bytes) -> str:
    return hash_series(pl.Series([table], dtype=pl.Binary))
