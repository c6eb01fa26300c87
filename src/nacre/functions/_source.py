"""The text of Python files, and of what a function in them uses: so that a change of either is noticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from nacre._hashing import hash_text
from nacre.errors import SpecError, UnknownNameError

Definition = ast.FunctionDef | ast.AsyncFunctionDef
INSTALLED = ("site-packages", "dist-packages")
ASYNC = "`{}` is defined with `async`. A labeling function returns its answer: use plain `def`."
YIELD = "`{}` uses `yield`. A labeling function returns one answer per call: use `return`."
STARRED = "`{}` takes * or ** arguments. Name the fields that it reads as arguments."


class CodeFile(NamedTuple):
    """Where a Python function lives, so that a worker process can import it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Sources:
    """A code file and all files of the project that it imports, as they were when they were read.

    What is hashed and what is run both come from here, so that they cannot differ.

    Args:
        path: The code file.
        texts: The text of each file by its absolute path.
    """

    path: Path
    texts: dict[Path, str]

    @cached_property
    def key(self) -> str:
        return hash_text(
            str(self.path), *(part for path in sorted(self.texts) for part in (str(path), self.texts[path]))
        )

    @cached_property
    def tree(self) -> ast.Module:
        return _parse(self.texts[self.path], str(self.path))

    @property
    def definitions(self) -> dict[str, Definition]:
        """The functions that the file defines at its top level."""
        return {node.name: node for node in self.tree.body if isinstance(node, Definition)}

    def definition(self, name: str) -> Definition:
        """Return the syntax tree of a function of the file; nothing is run."""
        found = self.definitions
        if name not in found:
            raise UnknownNameError("function", name, available=found)
        return _without_labeling_function(found[name])

    def used_by(self, name: str) -> list[str]:
        """Return the syntax of a function, of all that it uses of its file, and of the other files.

        Comments, layout, `@labeling_function` and the function's name are left out: changing them changes no vote.
        """
        definition = self.definition(name)
        top = _names_at_top(self.tree)
        acting = _acting(self.tree)
        texts = [_dump(node) for node in acting]
        waiting, used = {part for node in (definition, *acting) for part in _names_in(node)}, {name}
        while waiting:
            other = waiting.pop()
            if other in used or other not in top:
                continue
            used.add(other)
            for node in top[other]:
                waiting |= _names_in(node)
                texts.append(f"{other}: {_dump(node)}")
        return [*_body(definition), *sorted(set(texts)), *self._others()]

    def _others(self) -> list[str]:
        root = package_root(self.path)
        others = [path for path in sorted(self.texts) if path != self.path]
        return [f"{_relative(path, root)}: {ast.dump(_parse(self.texts[path], str(path)))}" for path in others]


def read_sources(path: Path) -> Sources:
    """Read a code file and the files of its project that any import in them reaches, wherever it is written.

    A file too many costs a computation that was not needed; a file too few gives the votes of another function.
    """
    main = path.resolve()
    root = package_root(main)
    texts: dict[Path, str] = {}
    waiting = [main, *(folder / "__init__.py" for folder in main.parents if root in folder.parents)]
    while waiting:
        file = waiting.pop()
        if file not in texts:
            texts[file] = _read(path if file == main else file)
            waiting += _imported(_parse(texts[file], str(file)), file, main)
    return Sources(main, texts)


def package_root(path: Path) -> Path:
    """Return the first folder above a file that is no package."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        folder = folder.parent
    return folder


def fields_of_definition(definition: Definition, name: str) -> tuple[tuple[str, ...], int]:
    """Return the arguments without default, and how many of them may be given by position."""
    if isinstance(definition, ast.AsyncFunctionDef):
        raise SpecError(ASYNC.format(name))
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(definition)):
        raise SpecError(YIELD.format(name))
    arguments = definition.args
    if arguments.vararg or arguments.kwarg:
        raise SpecError(STARRED.format(name))
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    named = [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return tuple(argument.arg for argument in (*needed, *named)), len(needed)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"The code file `{path}` cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"The code file `{path}` is not UTF-8 text: {error}.") from error


def _imported(tree: ast.Module, file: Path, main: Path) -> Iterator[Path]:
    """Return the files of the project of `main` that the imports of a file reach."""
    root = package_root(main)
    folders = [folder for folder in {main.parent, root} if folder.name not in INSTALLED]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [(folder, alias.name.split(".")) for alias in node.names for folder in folders]
        elif isinstance(node, ast.ImportFrom):
            starts = [file.parents[node.level - 1]] if 0 < node.level <= len(file.parents) else folders
            parts = node.module.split(".") if node.module else []
            wanted = [(start, [*parts, alias.name]) for start in starts for alias in node.names]
        else:
            continue
        for start, parts in wanted:
            yield from _below(start, parts, main)


def _below(folder: Path, parts: list[str], main: Path) -> Iterator[Path]:
    """Return the files that importing a dotted name runs; of a package that `main` is not part of, all."""
    for part in parts:
        if (file := folder / f"{part}.py").is_file():
            yield file.resolve()
        folder /= part
        if (init := folder / "__init__.py").is_file():
            if folder not in main.parents:
                yield from (file.resolve() for file in folder.rglob("*.py"))
                return
            yield init


def _parse(source: str, where: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise SpecError(f"`{where}` is not valid Python: {reason}{line}.") from error


def _names_at_top(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Return the statements at the top level of a file that give each name its value."""
    top: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            changed = (part.names for part in ast.walk(node) if isinstance(part, ast.Global))
            names = {node.name, *(name for found in changed for name in found)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names = _names_in(node)
        for name in names:
            top.setdefault(name, []).append(node)
    return top


def _acting(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements at the top level that may change what any function of the file uses.

    Others give names their values: plain definitions, imports of names, assignments that call nothing of the file.
    """
    own = {node.name for node in tree.body if isinstance(node, Definition | ast.ClassDef)}
    return [node for node in tree.body if not _is_passive(node, own)]


def _is_passive(node: ast.stmt, own: set[str]) -> bool:
    if isinstance(node, Definition):
        return not _without_labeling_function(node).decorator_list
    if isinstance(node, ast.ClassDef):
        return not node.decorator_list
    if isinstance(node, ast.ImportFrom):
        return all(alias.name != "*" for alias in node.names)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(target, ast.Name) for target in targets) and not _calls(node, own)
    return isinstance(node, ast.Import | ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _calls(node: ast.AST, own: set[str]) -> bool:
    called = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return any(isinstance(function, ast.Name) and function.id in own for function in called)


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _dump(node: ast.stmt) -> str:
    return "".join(_body(node)) if isinstance(node, Definition) else ast.dump(node)


def _body(definition: Definition) -> list[str]:
    return [ast.dump(part) for part in (definition.args, *definition.decorator_list, *definition.body)]


def _without_labeling_function(definition: Definition) -> Definition:
    def name(decorator: ast.expr) -> str:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")

    definition.decorator_list = [part for part in definition.decorator_list if name(part) != "labeling_function"]
    return definition


def _own_nodes(definition: Definition) -> list[ast.AST]:
    """Return the nodes of a function without those of functions inside it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(definition.body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return found
