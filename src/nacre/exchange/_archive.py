"""Zip archives of untrusted origin, read member by member and never unpacked to disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nacre.errors import IngestError
from nacre.exchange._source import parse_json

MAX_MEMBER = 1 << 28  # bytes of one unpacked member: one sample of a log
MAX_TOTAL = 1 << 34
MAX_MEMBERS = 1_000_000
ZSTANDARD = 93  # inspect_ai packs with it; `zipfile` reads it from Python 3.14 on


class Archive:
    """The JSON members of an open zip file."""

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self._path = path
        self._opened = opened
        self._members = {info.filename: info for info in opened.infolist()}
        self._total = 0
        if len(self._members) > MAX_MEMBERS:
            raise IngestError(f"{path} has more than {MAX_MEMBERS:,} members, the limit. Import a part of it.")

    @property
    def names(self) -> list[str]:
        """The names of the members, in order."""
        return sorted(self._members)

    def json(self, name: str) -> Any:
        """Return what a member holds."""
        info = self._members[name]
        where = f"{self._path}, `{name}`"
        if info.flag_bits & 1:
            raise IngestError(f"{where} is encrypted. Decrypt it first.")
        try:
            data = self._zstandard(info) if info.compress_type == ZSTANDARD else self._plain(info)
        except (OSError, EOFError, NotImplementedError, struct.error, zipfile.BadZipFile, zlib.error) as error:
            raise IngestError(
                f"{where} cannot be unpacked ({error}). It was probably cut off: fetch it again."
            ) from error
        self._total += len(data)
        if len(data) > MAX_MEMBER or self._total > MAX_TOTAL:
            raise IngestError(
                f"{where} unpacks to more than {MAX_MEMBER / 1e9:.2g} GB, the limit. Import a part of it."
            )
        return parse_json(data, where)

    def _plain(self, info: zipfile.ZipInfo) -> bytes:
        with self._opened.open(info) as stream:
            return stream.read(MAX_MEMBER + 1)

    def _zstandard(self, info: zipfile.ZipInfo) -> bytes:
        import pyarrow as pa

        stream: IO[bytes] = self._opened.fp  # type: ignore[assignment]
        stream.seek(info.header_offset)
        header = stream.read(30)
        if header[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile("a member does not begin with a header")
        n_name, n_extra = struct.unpack("<HH", header[26:30])
        stream.seek(n_name + n_extra, 1)
        packed = pa.BufferReader(stream.read(min(info.compress_size, MAX_MEMBER)))
        with pa.CompressedInputStream(packed, "zstd") as unpacked:
            data: bytes = unpacked.read(MAX_MEMBER + 1)  # a bomb ends here, whatever size its header claims
        if zlib.crc32(data) != info.CRC and len(data) <= MAX_MEMBER:
            raise zipfile.BadZipFile("the checksum does not fit")
        return data


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open a zip file."""
    try:
        with zipfile.ZipFile(path) as opened:
            yield Archive(path, opened)
    except zipfile.BadZipFile as error:
        raise IngestError(
            f"{path} is no complete zip archive ({error}). It was probably cut off: fetch it again."
        ) from error
