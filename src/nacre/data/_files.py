"""Find the files that a source names, and open them whatever their compression and encoding."""

from __future__ import annotations

import codecs
import glob
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Literal, cast, get_args

from nacre.data._refusals import printable
from nacre.errors import IngestError

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "arrow"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


@dataclass(frozen=True)
class DataFile:
    """A file and the format it is read as."""

    path: Path
    format: Format

    @property
    def name(self) -> str:
        """The path as messages show it."""
        return printable(str(self.path))


def format_of(path: Path) -> Format | None:
    """Return the format that the suffix of a file names; `.gz` may follow the suffix of a text format."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        found = _SUFFIXES.get(suffixes[-2]) if len(suffixes) > 1 else None
        return None if found in ("parquet", "arrow") else found
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def find_files(source: str | Path | Sequence[str | Path], format: Format | None = None) -> list[DataFile]:
    """Return the files of one format that a path, a folder, a glob or a list of paths names, in the order of names."""
    if format is not None and format not in FORMATS:
        raise IngestError(f"There is no format `{format}`; Nacre reads {', '.join(FORMATS)}.")
    if not isinstance(source, (str, Path)):
        if not source:
            raise IngestError("The list of files is empty: name at least one.")
        return _one_format([file for part in source for file in find_files(part, format)], "The list of files")
    path = Path(source)
    try:
        return _find(path, format)
    except IngestError:
        raise
    except PermissionError as error:
        raise IngestError(f"{path} cannot be read: permission denied. Allow reading it, or copy it.") from error
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links; ValueError: a NUL byte
        raise IngestError(f"{path!s} cannot be opened: {error}. Check the path for typing errors and links.") from error


def _find(path: Path, format: Format | None) -> list[DataFile]:
    if path.is_symlink():
        path.resolve(strict=True)  # a loop or a dangling link raises
    if path.is_dir():
        return _in_folder(path, format)
    if path.exists():
        return [DataFile(path, format or _required_format(path))]
    if glob.has_magic(str(path)):
        return _in_glob(path, format)
    raise IngestError(f"There is no file `{path}` (searched from {Path.cwd()}). Check the path.")


def _in_folder(folder: Path, format: Format | None) -> list[DataFile]:
    visible = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    files = [DataFile(path, found) for path in visible if (found := format_of(path)) and path.is_file()]
    if format is not None:
        files = [DataFile(file.path, format) for file in files if _same_kind(file.format, format)]
    if not files:
        raise IngestError(
            f"The folder `{folder}` holds no file that can be imported. Nacre looks for {', '.join(_SUFFIXES)} "
            "directly in it; name a file, or a glob such as `folder/*.csv`."
        )
    return _one_format(files, f"The folder `{folder}`")


def _in_glob(pattern: Path, format: Format | None) -> list[DataFile]:
    # Links may lead round in a circle: the same file counts once.
    places = {Path(name).resolve(): Path(name) for name in sorted(glob.glob(str(pattern), recursive=True))}  # noqa: PTH207
    paths = sorted(path for path in places.values() if path.is_file())
    if not paths:
        raise IngestError(f"No file matches `{pattern}`. Check the path and the pattern.")
    return _one_format([DataFile(path, format or _required_format(path)) for path in paths], f"`{pattern}`")


def _one_format(files: list[DataFile], place: str) -> list[DataFile]:
    formats = sorted({file.format for file in files})
    if len(formats) > 1:
        raise IngestError(
            f"{place} holds files of several formats: {', '.join(formats)}. Import one at a time: pass "
            f'`format="{formats[0]}"` or a glob such as `*.{formats[0]}`.'
        )
    return files


def _same_kind(found: Format, wanted: Format) -> bool:
    return found == wanted or {found, wanted} == {"csv", "tsv"}


def _required_format(path: Path) -> Format:
    found = format_of(path)
    if found is None:
        raise IngestError(
            f"The name of `{path}` does not say what it holds. Nacre reads {', '.join(_SUFFIXES)}; pass "
            f"`format=` with one of {', '.join(FORMATS)}."
        )
    return found


@contextmanager
def reading(file: DataFile) -> Iterator[None]:
    """Turn what goes wrong below into an error that names the file and what to do."""
    try:
        yield
    except PermissionError as error:
        raise IngestError(f"{file.name} cannot be read: permission denied. Allow reading it, or copy it.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise IngestError(
            f"{file.name} is no complete gzip file ({error}). It was probably cut off: fetch it again."
        ) from error
    except UnicodeError as error:
        raise IngestError(
            f"{file.name} is not written in the expected encoding ({error}). Name it, such as "
            '`encoding="utf-16-le"`, or save the file as UTF-8.'
        ) from error
    except OSError as error:
        raise IngestError(f"{file.name} cannot be read: {error}. Check the file and its disk.") from error


def open_bytes(file: DataFile) -> IO[bytes]:
    """Open a file, decompressing it when it is gzip, whatever its name."""
    stream = file.path.open("rb")
    magic = stream.read(2)
    stream.seek(0)
    if magic == b"\x1f\x8b":
        stream.close()
        return cast("IO[bytes]", gzip.open(file.path, "rb"))
    return stream


def encoding_of(file: DataFile) -> str:
    """Return the encoding that the first bytes of a text file announce: UTF-8 unless marked otherwise."""
    with open_bytes(file) as stream:
        start = stream.read(3)
    if not start:
        raise IngestError(f"{file.name} is empty. Check that it was written completely.")
    return next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")


def open_text(file: DataFile, encoding: str | None) -> TextIOWrapper:
    """Open a text file; bytes that are no UTF-8 become surrogates, so that they can be found in their row."""
    chosen = encoding or encoding_of(file)
    errors = "surrogateescape" if chosen.lower().startswith(("utf-8", "utf8", "ascii")) else "strict"
    try:
        codecs.lookup(chosen)
    except LookupError as error:
        raise IngestError(f"There is no encoding `{chosen}`. Name one such as `utf-8` or `cp1252`.") from error
    return TextIOWrapper(open_bytes(file), encoding=chosen, errors=errors, newline="")
