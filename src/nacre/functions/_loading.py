"""Import code files by the texts that were hashed, so that no other file and no older text runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import RLock
from types import CodeType, FunctionType, ModuleType
from typing import Any

from nacre.errors import SpecError, UnknownNameError
from nacre.functions._answers import message_of
from nacre.functions._source import CodeFile, Sources, package_root, read_sources

_IMPORTING = RLock()  # one file at a time has its modules in `sys.modules`


class LoadedFile:
    """A code file as a module, with modules beside it that no other code sees: two projects may each have a `helper`.

    Args:
        sources: The texts that run.
        number: A number that no other loaded file has.
    """

    def __init__(self, sources: Sources, number: int) -> None:
        self.sources = sources
        self._root = package_root(sources.path)
        folder = sources.path.parent
        tops = {path.relative_to(self._root).parts[0] for path in sources.texts if path.is_relative_to(self._root)}
        tops |= {path.relative_to(folder).parts[0] for path in sources.texts if path.is_relative_to(folder)}
        self._names = {top.removesuffix(".py") for top in tops} - set(sys.builtin_module_names)
        self._private: dict[str, ModuleType] = {}
        self.module = self._run(f"_nacre_code_{number}")

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let imports find what lies beside the file, also those that run when a function is called."""
        finders = [_Beside(self, is_first=True), _Beside(self, is_first=False)]
        with _IMPORTING:
            hidden = self._take()
            sys.modules.update(self._private)
            sys.meta_path[:] = [finders[0], *sys.meta_path, finders[1]]
            try:
                yield
            finally:
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in finders]
                self._private = self._take()
                sys.modules.update(hidden)

    def find(self, name: str, path: Sequence[str] | None, *, is_first: bool) -> ModuleSpec | None:
        """Return the module of this name beside the file, or in a package beside it."""
        top = name.partition(".")[0]
        if path is not None:
            folders = list(path) if top in self._names else []
        elif self._root == self.sources.path.parent or not is_first:
            folders = [str(self.sources.path.parent)]
        else:  # in a package its own name comes first, and what lies beside the file last
            folders = [str(self._root)] if top == self.sources.path.relative_to(self._root).parts[0] else []
        for folder in folders:
            found = FileFinder(folder, (_Loader, [".py"])).find_spec(name)
            if found is not None and (found.loader is not None or not is_first):
                self._names.add(top)
                if isinstance(found.loader, _Loader):
                    found.loader.texts = self.sources.texts
                return found
        return None

    def _take(self) -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in self._names]
        return {name: sys.modules.pop(name) for name in names}

    def _run(self, name: str) -> ModuleType:
        path = self.sources.path
        parts = path.relative_to(self._root).with_suffix("").parts
        try:
            with self.active():
                if len(parts) > 1:
                    return import_module(".".join(parts))
                loader = _Loader(name, str(path))
                loader.texts = self.sources.texts
                spec = spec_from_file_location(name, path, loader=loader)
                if spec is None:
                    raise SpecError(f"`{path}` is not a Python file.")
                self._names.add(name)
                module = sys.modules[name] = module_from_spec(spec)
                loader.exec_module(module)
                return module
        except (Exception, SystemExit) as error:  # the edge of user code
            raise SpecError(f"Importing the code file `{path}` failed: {message_of(error)}") from error


class _Beside:
    """Finds the modules of a loaded file: before all other finders, or where these find nothing."""

    def __init__(self, file: LoadedFile, *, is_first: bool) -> None:
        self._file = file
        self._is_first = is_first

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        return self._file.find(name, path, is_first=self._is_first)


class _Loader(SourceFileLoader):
    """Runs the text that was hashed; compiled files are passed over, as they may be a second behind the text."""

    texts: Mapping[Path, str] = {}

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        text: Any = self.texts.get(Path(path).resolve())
        return self.source_to_code(self.get_data(path) if text is None else text, path)


def load_file(sources: Sources) -> LoadedFile:
    """Import a file, once for the same texts."""
    with _IMPORTING:
        if sources.key not in _LOADED:
            _LOADED[sources.key] = LoadedFile(sources, len(_LOADED))
        return _LOADED[sources.key]


def load_function(file: CodeFile, sources: Sources | None = None) -> Callable[..., Any]:
    """Import the file and return the Python function."""
    loaded = load_file(sources or read_sources(file.path))
    found = getattr(loaded.module, file.name, None)
    function: Callable[..., Any] | None = getattr(found, "function", found)  # a decorated one is a `Code`
    if not callable(function):
        raise UnknownNameError("function", file.name, available=loaded.sources.definitions)
    return function


def loaded_file(function: FunctionType) -> LoadedFile | None:
    """Return the file that a function was loaded from by `load_function`."""
    return next((file for file in _LOADED.values() if vars(file.module) is function.__globals__), None)


_LOADED: dict[str, LoadedFile] = {}  # by the texts, so that a pass of many chunks imports each once
