"""Python functions of the user."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

import polars as pl

from nacre._hashing import hash_json
from nacre.data import VoteSchema
from nacre.errors import SpecError, UnknownNameError
from nacre.functions._answers import message_of, to_votes
from nacre.functions._function import Votes
from nacre.functions._source import (
    CodeFile,
    definition_in_file,
    definition_of_function,
    definitions,
    plain_function,
    read_code,
    running_differs,
    source_of_file,
    source_of_function,
)

if TYPE_CHECKING:
    from nacre.functions._context import Context


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

    @cached_property
    def reads(self) -> tuple[str, ...]:
        arguments = self._syntax.args
        if arguments.vararg or arguments.kwarg:
            raise SpecError(f"`{self.name}` takes * or ** arguments. Name the fields that it reads as arguments.")
        positional = [*arguments.posonlyargs, *arguments.args]
        needed = positional[: len(positional) - len(arguments.defaults)]
        named = [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
        if not needed and not named:
            raise SpecError(f"`{self.name}` has no arguments. Name the fields that it reads as arguments.")
        return tuple(argument.arg for argument in (*needed, *named))

    @cached_property
    def fingerprint(self) -> str:
        file = self.file
        if file is None:
            return hash_json({self.kind: [source_of_function(cast("FunctionType", self.function)), self.version]})
        used = source_of_file(file)
        if not isinstance(self.function, str) and running_differs(cast("FunctionType", self.function), file):
            # Votes of code that the file no longer holds must not be taken for those of the file.
            used.append(inspect.unwrap(self.function).__code__.co_code.hex())
        return hash_json({self.kind: [used, self.version]})

    def resolve(self, context: Context) -> Code:
        return replace(self, folder=context.folder) if isinstance(self.function, str) else self

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
        is_importable = file.name.isidentifier() and file.path.is_file() and file.name in definitions(file.path)
        return file if is_importable else None

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        answers, errors = self.answers(chunk)
        return to_votes(answers, schema, errors)

    def answers(self, chunk: pl.DataFrame) -> tuple[list[Any], list[str | None]]:
        """Call the function on each row; an exception is the message of its row."""
        calls = map(self._call(), *(chunk.get_column(name).to_list() for name in self.reads))
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
        call = self.function if not isinstance(self.function, str) else load_function(cast("CodeFile", self.file))
        arguments = self._syntax.args
        n_positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
        named = self.reads[n_positional:]
        if not named:
            return call
        return lambda *values: call(*values[:n_positional], **dict(zip(named, values[n_positional:], strict=True)))

    @cached_property
    def _syntax(self) -> ast.FunctionDef:
        if (file := self.file) is not None:
            definition = definition_in_file(file)
        else:
            definition = definition_of_function(cast("FunctionType", self.function))
        return plain_function(definition, self.name)


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
        return Code(name or function.__name__, function, version)

    return decorate if function is None else decorate(function)


def code_fingerprint(function: Callable[..., Any]) -> str:
    """Return the hash of a Python function's text and of what it uses; where there is no text, of its name."""
    if not inspect.isfunction(function) or function.__name__ == "<lambda>":
        kind = function if hasattr(function, "__qualname__") else type(function)
        compiled = getattr(getattr(function, "__code__", None), "co_code", b"").hex()
        return hash_json([kind.__module__, kind.__qualname__, compiled, getattr(function, "fingerprint", "")])
    return Code(function.__name__, function).fingerprint


def load_function(file: CodeFile) -> Callable[..., Any]:
    """Import the file and return the Python function."""
    read_code(file.path)
    key = (str(file.path.resolve()), file.path.stat().st_mtime_ns)
    if key not in _LOADED:
        _LOADED[key] = _import(file.path)
    found = getattr(_LOADED[key], file.name, None)
    function: Callable[..., Any] | None = getattr(found, "function", found)  # a decorated one is a `Code`
    if not callable(function):
        raise UnknownNameError("function", file.name, available=definitions(file.path))
    return function


_LOADED: dict[tuple[str, int], ModuleType] = {}  # imported files, so that a pass of many chunks imports each once


def _import(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"_nacre_code_{len(_LOADED)}", path)
    if spec is None or spec.loader is None:
        raise SpecError(f"`{path}` is not a Python file.")
    module = module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # the file may import what lies beside it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the edge of user code
        raise SpecError(f"Importing the code file `{path}` failed: {message_of(error)}") from error
    finally:
        sys.path.remove(folder)
    return module
