"""Python functions of the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

import polars as pl

from nacre._hashing import hash_json
from nacre.data import VoteSchema
from nacre.errors import SpecError
from nacre.functions._answers import message_of, to_votes
from nacre.functions._function import Votes
from nacre.functions._loading import load_file, load_function, loaded_file
from nacre.functions._running import fields_of_function, is_unedited, note_definition, running_source
from nacre.functions._source import CodeFile, Sources, fields_of_definition, read_sources

if TYPE_CHECKING:
    from nacre.functions._context import Context


class PythonFields:
    """Fields of the latest chunk as Python lists, made once for all functions that read them."""

    def __init__(self) -> None:
        self._chunk: pl.DataFrame | None = None
        self._lists: dict[str, list[Any]] = {}

    def values(self, chunk: pl.DataFrame, name: str) -> list[Any]:
        """Return the values of one field; what a function could change for the next one is not shared."""
        column = chunk.get_column(name)
        if column.dtype.is_nested() or column.dtype == pl.Object:
            return column.to_list()
        if chunk is not self._chunk:
            self._chunk, self._lists = chunk, {}
        if name not in self._lists:
            self._lists[name] = column.to_list()
        return self._lists[name]


@dataclass(frozen=True)
class Code:
    """Vote with a Python function: its argument names are the fields that it reads, its result a class name or None.

    An argument with a default is a setting, not a field.

    Args:
        name: The name of the labeling function.
        function: The function, or where it lives: `functions.py:airport`, relative to the folder of the context.
            Naming a file runs nothing: it is read for the arguments, and imported when the function is applied.
        version: Change it when something changes that the function uses and Nacre cannot see, such as a file or an
            installed package. Its own text, and what it uses of its file and of files beside it, are noticed.

    Examples:
        >>> @labeling_function
        ... def short(body):
        ...     return "ham" if len(body) < 10 else None
        >>> from nacre.data import Classes
        >>> mail = pl.DataFrame({"body": ["See you", "Win a free holiday", None]})
        >>> votes = short.vote(mail, Classes(("ham", "spam")))
        >>> votes.values.to_list(), votes.errors.to_list()[2]
        ([0, None, None], "TypeError: object of type 'NoneType' has no len()")
    """

    name: str
    function: Callable[..., Any] | str
    version: str = ""
    folder: Path = field(default_factory=Path, repr=False, compare=False)

    kind: ClassVar[str] = "code"

    def __post_init__(self) -> None:
        if isinstance(self.function, str):
            path, _, name = self.function.rpartition(":")
            if not path or not name.isidentifier():
                raise SpecError(f"`code` is written `functions.py:name`; found `{self.function}`.")
        elif not inspect.isfunction(self.function):
            raise SpecError(
                f"`{self.name}` must be a Python function made with `def`; found {type(self.function).__name__}."
            )

    @property
    def reads(self) -> tuple[str, ...]:
        return self._fields[0]

    @cached_property
    def fingerprint(self) -> str:
        if self.is_as_in_file:
            file = cast("CodeFile", self.file)
            return hash_json({self.kind: [cast("Sources", self._sources).used_by(file.name), self.version]})
        running = running_source(cast("FunctionType", self.function), is_versioned=bool(self.version))
        return hash_json({self.kind: [running, self.version]})

    def resolve(self, context: Context) -> Code:
        """Return the function as it is now: files are read again."""
        return replace(self, folder=context.folder) if isinstance(self.function, str) else replace(self)

    def spec(self) -> dict[str, Any]:
        """Return the function as JSON; one that lives in no importable file has none."""
        if isinstance(self.function, str):
            where = self.function
        elif (file := self.file) is not None:
            where = f"{file.path}:{file.name}"
        else:
            raise SpecError(
                f"`{self.name}` was defined in a notebook or shell. Move it to a file to save it in a spec."
            )
        return {self.kind: where, "version": self.version} if self.version else {self.kind: where}

    @cached_property
    def file(self) -> CodeFile | None:
        """Where the function can be imported from, or None: a notebook, a shell, a function inside a function."""
        if isinstance(self.function, str):
            path, _, name = self.function.rpartition(":")
            return CodeFile(self.folder / path, name)
        function = inspect.unwrap(self.function)
        file = CodeFile(Path(function.__code__.co_filename), function.__qualname__)
        if not (file.name.isidentifier() and file.path.is_file()):
            return None
        return file if file.name in read_sources(file.path).definitions else None

    @cached_property
    def is_as_in_file(self) -> bool:
        """Whether importing the file gives this function: not if one of its files was edited after its import."""
        if isinstance(self.function, str):
            return True
        if self._sources is None:
            return False
        function = cast("FunctionType", inspect.unwrap(self.function))
        if (loaded := loaded_file(function)) is not None:
            return loaded.sources.key == self._sources.key
        return is_unedited(function, self._sources)

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema, *, fields: PythonFields | None = None) -> Votes:
        answers, errors = self.answers(chunk, fields=fields)
        return to_votes(answers, schema, errors)

    def answers(self, chunk: pl.DataFrame, *, fields: PythonFields | None = None) -> tuple[list[Any], list[str | None]]:
        """Call the function on each row; an exception is the message of its row.

        Args:
            chunk: The rows.
            fields: Fields of the chunk as lists, where several functions read the same.
        """
        with self._imports():
            return self._answers(chunk, fields or PythonFields())

    def _answers(self, chunk: pl.DataFrame, fields: PythonFields) -> tuple[list[Any], list[str | None]]:
        calls = map(self._call(), *(fields.values(chunk, name) for name in self.reads))
        answers: list[Any] = []
        errors: list[str | None] = [None] * len(chunk)
        while len(answers) < len(chunk):
            error: BaseException = StopIteration()  # which user code may raise too: it ends the loop silently
            try:
                answers.extend(calls)  # a loop in C, three times as fast; it keeps what came before an exception
            except (Exception, SystemExit) as raised:  # the edge of user code
                error = raised
            if len(answers) < len(chunk):
                errors[len(answers)] = message_of(error)
                answers.append(None)
        return answers, errors

    def _call(self) -> Callable[..., Any]:
        """Return the function as one of the values of `reads`, in that order."""
        call = self.function
        if isinstance(call, str):
            call = load_function(cast("CodeFile", self.file), self._sources)
        names, n_positional = self._fields
        named = names[n_positional:]
        if not named:
            return call
        return lambda *values: call(*values[:n_positional], **dict(zip(named, values[n_positional:], strict=True)))

    def _imports(self) -> AbstractContextManager[None]:
        """Return a context in which the function can import what lies beside its file."""
        if isinstance(self.function, str):
            return load_file(cast("Sources", self._sources)).active()
        loaded = loaded_file(cast("FunctionType", inspect.unwrap(self.function)))
        return loaded.active() if loaded is not None else nullcontext()

    @cached_property
    def _sources(self) -> Sources | None:
        """What the file and those that it imports hold; read once, so that what runs is what was hashed."""
        return read_sources(self.file.path) if self.file is not None else None

    @cached_property
    def _fields(self) -> tuple[tuple[str, ...], int]:
        """The names of the fields, and how many of them are given by position."""
        if isinstance(self.function, str):
            file = cast("CodeFile", self.file)
            found = fields_of_definition(cast("Sources", self._sources).definition(file.name), self.name)
        else:
            found = fields_of_function(cast("FunctionType", self.function), self.name)
        if not found[0]:
            raise SpecError(f"`{self.name}` has no arguments. Name the fields that it reads as arguments.")
        return found


@overload
def labeling_function(function: Callable[..., Any], /) -> Code: ...


@overload
def labeling_function(*, name: str | None = None, version: str = "") -> Callable[[Callable[..., Any]], Code]: ...


def labeling_function(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, version: str = ""
) -> Code | Callable[[Callable[..., Any]], Code]:
    """Make a labeling function of a Python function; its argument names are the fields that it reads.

    Args:
        function: What is decorated.
        name: Another name than that of the Python function.
        version: Change it when something changes that the function calls.
    """

    def decorate(function: Callable[..., Any]) -> Code:
        if inspect.isfunction(function):
            note_definition(inspect.unwrap(function))
        return Code(name or function.__name__, function, version)

    return decorate if function is None else decorate(function)


def code_fingerprint(function: Callable[..., Any]) -> str:
    """Return the hash of a callable: of its attribute `fingerprint`, or else of its code and the values that it uses.

    Raises:
        SpecError: It uses a value that cannot be told from others of its type.
    """
    if isinstance(fingerprint := getattr(function, "fingerprint", None), str):
        return hash_json([function.__module__, fingerprint])
    return hash_json(running_source(function))
