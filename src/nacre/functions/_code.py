"""Python functions of the user."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, overload

import polars as pl

from nacre._hashing import hash_json
from nacre.data import VoteSchema
from nacre.errors import SpecError, UnknownNameError
from nacre.functions._answers import to_votes
from nacre.functions._function import Votes

if TYPE_CHECKING:
    from nacre.functions._context import Context


class CodeFile(NamedTuple):
    """Where a Python function lives, so that a worker process can import it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Code:
    """Vote with a Python function: its argument names are the fields that it reads, its result a class name or None.

    Args:
        name: The name of the labeling function.
        function: The function, or where it lives: `functions.py:airport`, relative to the folder of the context.
            Naming a file runs nothing: it is read for the arguments, and imported when the function is applied.
        version: Change it when something changes that the function calls; its own text is noticed by itself.

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
        if isinstance(self.function, str) and self.function.count(":") < 1:
            raise SpecError(f"`code` is written `functions.py:name`; found `{self.function}`.")

    @cached_property
    def reads(self) -> tuple[str, ...]:
        arguments = self._syntax.args
        if arguments.vararg or arguments.kwarg:
            raise SpecError(f"`{self.name}` takes * or ** arguments. Name the fields that it reads as arguments.")
        return tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))

    @cached_property
    def fingerprint(self) -> str:
        # Comments, layout and decorators are not part of the tree; a docstring is, and is worth no special case.
        body = [ast.dump(node) for node in self._syntax.body]
        return hash_json({self.kind: [ast.dump(self._syntax.args), body, self.version]})

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

    @property
    def file(self) -> CodeFile | None:
        """Where the function can be imported from, or None: a notebook, a shell, a function inside a function."""
        if isinstance(self.function, str):
            return self._code_file()
        path_text = getattr(inspect.getmodule(self.function), "__file__", None)
        name = self.function.__qualname__
        return CodeFile(Path(path_text), name) if path_text and name.isidentifier() else None

    def vote(self, chunk: pl.DataFrame, schema: VoteSchema) -> Votes:
        answers, errors = self.answers(chunk)
        return to_votes(answers, schema, errors)

    def answers(self, chunk: pl.DataFrame) -> tuple[list[Any], list[str | None]]:
        """Call the function on each row; an exception is the message of its row."""
        call = self._callable()
        columns = [chunk.get_column(name).to_list() for name in self.reads]
        answers: list[Any] = []
        errors: list[str | None] = [None] * len(chunk)
        for row, arguments in enumerate(zip(*columns, strict=True)):
            try:
                answers.append(call(*arguments))
            except Exception as error:  # the edge of user code
                answers.append(None)
                errors[row] = f"{type(error).__name__}: {error}"
        return answers, errors

    def _callable(self) -> Callable[..., Any]:
        if not isinstance(self.function, str):
            return self.function
        return load_function(self._code_file())

    def _code_file(self) -> CodeFile:
        path, _, name = str(self.function).rpartition(":")
        return CodeFile(self.folder / path, name)

    @cached_property
    def _syntax(self) -> ast.FunctionDef:
        if isinstance(self.function, str):
            file = self.file
            assert file is not None
            return _definition(_read(file.path), file.name, str(file.path))
        try:
            source = textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError) as error:
            raise SpecError(
                f"The text of `{self.name}` cannot be read. Define it with `def` in a file or cell."
            ) from error
        return _definition(source, self.function.__name__, self.name)


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


def load_function(file: CodeFile) -> Callable[..., Any]:
    """Import the file and return the Python function."""
    key = (str(file.path.resolve()), file.path.stat().st_mtime_ns if file.path.is_file() else 0)
    if key not in _LOADED:
        _read(file.path)
        spec = spec_from_file_location(f"_nacre_code_{len(_LOADED)}", file.path)
        if spec is None or spec.loader is None:
            raise SpecError(f"`{file.path}` is not a Python file.")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        _LOADED[key] = module
    found = getattr(_LOADED[key], file.name)
    function: Callable[..., Any] = getattr(found, "function", found)  # a decorated one is a `Code`
    return function


_LOADED: dict[tuple[str, int], Any] = {}  # imported files, so that a pass of many chunks imports each once


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"The code file `{path}` cannot be read: {error.strerror}.") from error


def _definition(source: str, name: str, where: str) -> ast.FunctionDef:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SpecError(f"`{where}` is not valid Python: {error.msg}, line {error.lineno}.") from error
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in found:
        raise UnknownNameError("function", name, available=found)
    return found[name]
