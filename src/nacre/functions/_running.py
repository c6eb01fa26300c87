"""What a Python function is that runs in this process: its compiled code and the values that it uses."""

from __future__ import annotations

import functools
import inspect
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from nacre._hashing import hash_frame, hash_series, hash_text
from nacre.errors import SpecError
from nacre.functions._source import ASYNC, INSTALLED, STARRED, YIELD, Sources

CONSTANTS = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), range, slice)
STARTED = time.time()
CLOCK = 0.05  # seconds by which the clock of a file system may be behind
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
_DEFINED: WeakKeyDictionary[FunctionType, str] = WeakKeyDictionary()


def note_definition(function: FunctionType) -> None:
    """Remember the text of a file while it is imported: called by the decorator, before the name is bound."""
    bound = function.__globals__.get(function.__name__)
    if bound is not function and getattr(bound, "function", None) is not function:
        try:
            text = Path(function.__code__.co_filename).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return
        _DEFINED[function] = hash_text(text)


def is_unedited(function: FunctionType, sources: Sources) -> bool:
    """Return whether the files surely are what a function was imported from.

    They are where they are older than this process, or where the decorator noted the text.
    """
    noted = _DEFINED.get(function) == hash_text(sources.texts[sources.path])
    return all(_is_old(path) or (noted and path == sources.path) for path in sources.texts)


def _is_old(path: Path) -> bool:
    stat = path.stat()
    return max(stat.st_mtime, stat.st_ctime) < STARTED - CLOCK


def fields_of_function(function: FunctionType, name: str) -> tuple[tuple[str, ...], int]:
    """Return the arguments without default, and how many of them may be given by position."""
    plain = inspect.unwrap(function)
    if plain.__name__ == "<lambda>":
        raise SpecError(f"`{name}` is not a plain function. Define it with `def` in a file or cell.")
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        raise SpecError(ASYNC.format(name))
    if inspect.isgeneratorfunction(plain):
        raise SpecError(YIELD.format(name))
    arguments = inspect.signature(function).parameters.values()
    if any(argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD) for argument in arguments):
        raise SpecError(STARRED.format(name))
    needed = [argument for argument in arguments if argument.default is argument.empty]
    positional = [argument for argument in needed if argument.kind is not argument.KEYWORD_ONLY]
    return tuple(argument.name for argument in needed), len(positional)


def running_source(function: Callable[..., Any], *, is_versioned: bool = False) -> Any:
    """Return what a callable is as JSON: code, constants, names, defaults and the values that it refers to.

    Args:
        function: A function, method, partial or callable object.
        is_versioned: Whether the user answers for values that cannot be told apart, by a version.

    Raises:
        SpecError: It uses a value that cannot be told from others of its type.
    """
    return _Reader(is_versioned).value(function, getattr(function, "__name__", "function"), frozenset())


class _Reader:
    """Turns values into JSON that differs where they do."""

    def __init__(self, is_versioned: bool) -> None:
        self.is_versioned = is_versioned
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # an id is that of one value only while the value lives

    def value(self, value: Any, name: str, names: frozenset[str]) -> Any:
        """Return a value; `names` are those that the code around it uses, of which a module needs no others."""
        if isinstance(value, CONSTANTS):
            return [type(value).__name__, repr(value)]
        if isinstance(value, ModuleType):
            return self._module(value, names)
        if id(value) in self.seen:
            return ["seen", self.seen[id(value)]]
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        return self._content(value, name, names)

    def _content(self, value: Any, name: str, names: frozenset[str]) -> Any:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value, names)
        if isinstance(fingerprint := getattr(value, "fingerprint", None), str):
            return [kind, fingerprint]
        if isinstance(value, functools.partial):
            return [kind, self.value([value.func, value.args, value.keywords], name, names)]
        if isinstance(value, MethodType):
            return [kind, self.value([value.__func__, value.__self__], name, names)]
        if isinstance(value, BuiltinFunctionType):
            owner = value.__self__
            return [kind, value.__qualname__, None if isinstance(owner, ModuleType) else self.value(owner, name, names)]
        if isinstance(value, list | tuple):
            return [kind, [self.value(item, name, names) for item in value]]
        if isinstance(value, set | frozenset):
            return [kind, sorted(str(_Reader(self.is_versioned).value(item, name, names)) for item in value)]
        if isinstance(value, Mapping):
            return [kind, [[self.value(item, name, names) for item in pair] for pair in value.items()]]
        return [kind, self._object(value, name, names)]

    def _object(self, value: Any, name: str, names: frozenset[str]) -> Any:
        if isinstance(value, pl.DataFrame):
            return hash_frame(value)
        if isinstance(value, pl.Series):
            return hash_series(value)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "O":
            return [str(value.dtype), list(value.shape), hash_text(value.tobytes().hex())]
        if hasattr(value, "pattern") and hasattr(value, "flags"):
            return [repr(value.pattern), value.flags]
        if isinstance(value, Path | pl.DataType):
            return repr(value)
        try:
            reduced = value.__reduce_ex__(2)  # what a copy would be made of
        except Exception as error:  # the edge of user code
            return self._opaque(value, name, error)
        if isinstance(reduced, str):
            return reduced
        parts = [list(part) if hasattr(part, "__next__") else part for part in reduced]
        return self.value(parts, name, names)

    def _opaque(self, value: Any, name: str, error: Exception) -> None:
        if self.is_versioned:
            return
        raise SpecError(
            f"Nacre cannot tell `{name}`, a `{type(value).__qualname__}`, from others of its type, so that votes of "
            "one could pass for those of another. Give it an attribute `fingerprint`, or the function a `version=`."
        ) from error

    def _function(self, function: FunctionType) -> Any:
        if _is_installed(function):
            return ["function", function.__module__, function.__qualname__]
        code = function.__code__
        names = frozenset(_names(code))
        values = {name: function.__globals__[name] for name in names if name in function.__globals__}
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                values[f"cell {name}"] = cell.cell_contents
            except ValueError:  # bound later
                continue
        values |= {f"default {i}": value for i, value in enumerate(function.__defaults__ or ())}
        values |= {f"default {name}": value for name, value in (function.__kwdefaults__ or {}).items()}
        if (wrapped := getattr(function, "__wrapped__", None)) is not None:
            values["wrapped"] = wrapped
        return [self._code(code), [[name, self.value(value, name, names)] for name, value in sorted(values.items())]]

    def _code(self, code: CodeType) -> Any:
        constants = [
            self._code(part) if isinstance(part, CodeType) else _Reader(self.is_versioned).value(part, "", frozenset())
            for part in code.co_consts
        ]
        return [code.co_code.hex(), list(code.co_names), list(code.co_varnames), constants]

    def _class(self, kind: type, names: frozenset[str]) -> Any:
        where = [kind.__module__, kind.__qualname__]
        if _is_installed(kind):
            return where
        own = {name: value for name, value in vars(kind).items() if name not in _BOOKKEEPING}
        parts = [[name, self._attribute(value, name, names)] for name, value in sorted(own.items())]
        return [where, [self.value(base, base.__name__, names) for base in kind.__bases__], parts]

    def _attribute(self, value: Any, name: str, names: frozenset[str]) -> Any:
        if isinstance(value, property):
            return [self.value(part, name, names) for part in (value.fget, value.fset, value.fdel)]
        if isinstance(value, classmethod | staticmethod):
            return self.value(value.__func__, name, names)
        return type(value).__name__ if inspect.isdatadescriptor(value) else self.value(value, name, names)

    def _module(self, module: ModuleType, names: frozenset[str]) -> Any:
        if _is_installed(module) or id(module) in self.seen:
            return ["module", module.__name__]
        self.seen[id(module)] = len(self.seen)
        used = {name: value for name, value in vars(module).items() if name in names}
        return ["module", module.__name__, [[name, self.value(used[name], name, names)] for name in sorted(used)]]


_BOOKKEEPING = (
    "__dict__",
    "__weakref__",
    "__module__",
    "__qualname__",
    "__doc__",
    "__firstlineno__",
    "__annotations__",
)


def _names(code: CodeType) -> set[str]:
    inner = (_names(part) for part in code.co_consts if isinstance(part, CodeType))
    return {*code.co_names, *(name for names in inner for name in names)}


def _is_installed(value: Any) -> bool:
    """Return whether a module, or what defines a function or class, is of an installed package."""
    if isinstance(value, FunctionType):
        where: str = value.__code__.co_filename
    else:
        name = value.__name__ if isinstance(value, ModuleType) else value.__module__
        module = value if isinstance(value, ModuleType) else sys.modules.get(name)
        if getattr(module, "__file__", None) is None:  # built in, where it is no notebook
            return module is not None and name != "__main__"
        where = str(getattr(module, "__file__", ""))
    path = Path(where)
    return any(part in INSTALLED for part in path.parts) or path.is_relative_to(STANDARD_LIBRARY)
