"""The text of Python functions, and of what they use: so that a change of either is noticed."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from nacre.errors import SpecError, UnknownNameError

Definition = ast.FunctionDef | ast.AsyncFunctionDef
CONSTANTS = (str, bytes, int, float, complex, bool, type(None))


class CodeFile(NamedTuple):
    """Where a Python function lives, so that a worker process can import it."""

    path: Path
    name: str


def read_code(path: Path) -> str:
    """Return the text of a code file."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"The code file `{path}` cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"The code file `{path}` is not UTF-8 text: {error}.") from error


def definitions(path: Path) -> dict[str, Definition]:
    """Return the functions that a file defines at its top level."""
    return _functions(_parse(read_code(path), str(path)))


def definition_in_file(file: CodeFile) -> Definition:
    """Return the syntax tree of a function in a file; nothing is run."""
    found = definitions(file.path)
    if file.name not in found:
        raise UnknownNameError("function", file.name, available=found)
    return _without_labeling_function(found[file.name])


def definition_of_function(function: FunctionType) -> Definition:
    """Return the syntax tree of a function that lives in a notebook, a shell, or another function."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError) as error:
        raise SpecError(
            f"The text of `{function.__name__}` cannot be read. Define it with `def` in a file or cell."
        ) from error
    found = _functions(_parse(source, function.__name__)) if function.__name__ != "<lambda>" else {}
    if function.__name__ not in found:
        raise SpecError(f"`{function.__qualname__}` is not a plain function. Define it with `def` in a file or cell.")
    return _without_labeling_function(found[function.__name__])


def plain_function(definition: Definition, name: str) -> ast.FunctionDef:
    """Return the definition, refusing functions whose call gives no answer yet: coroutines and generators."""
    if isinstance(definition, ast.AsyncFunctionDef):
        raise SpecError(f"`{name}` is defined with `async`. A labeling function returns its answer: use plain `def`.")
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(definition)):
        raise SpecError(f"`{name}` uses `yield`. A labeling function returns one answer per call: use `return`.")
    return definition


def source_of_file(file: CodeFile) -> list[str]:
    """Return the syntax of a function and of all that it uses from its file and from files beside it.

    Comments, layout, `@labeling_function` and the function's name are left out: changing them changes no vote.
    """
    tree = _parse(read_code(file.path), str(file.path))
    definition = definition_in_file(file)
    top = _names_at_top(tree)
    waiting, used = _names_in(definition), {file.name}
    texts: list[str] = []
    while waiting:
        name = waiting.pop()
        if name in used or name not in top:
            continue
        used.add(name)
        for node in top[name]:
            waiting |= _names_in(node)
            texts.append(f"{name}: {_dump(node)}")
            texts.extend(_beside(node, file.path.parent))
    return [*_body(definition), *sorted(set(texts))]


def running_differs(function: FunctionType, file: CodeFile) -> bool:
    """Return whether the file was edited after the function was imported from it."""
    running = inspect.unwrap(function).__code__
    compiled = compile(read_code(file.path), str(file.path), "exec").co_consts
    found = [code for code in compiled if isinstance(code, CodeType) and code.co_name == file.name]
    return not any(_bytecode(code) == _bytecode(running) for code in found)


def _bytecode(code: CodeType) -> tuple[Any, ...]:
    inner = tuple(_bytecode(part) if isinstance(part, CodeType) else repr(part) for part in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, inner


def source_of_function(function: FunctionType) -> list[str]:
    """Return the syntax of a function that lives in no file, and what it uses: functions and constant values."""
    return _source_of_function(function, seen=set())


def _source_of_function(function: FunctionType, seen: set[int]) -> list[str]:
    seen.add(id(function))
    variables = inspect.getclosurevars(function)
    values: dict[str, Any] = {**variables.globals, **variables.nonlocals}
    values |= {f"default {i}": value for i, value in enumerate(function.__defaults__ or ())}
    values |= {f"default {name}": value for name, value in (function.__kwdefaults__ or {}).items()}
    texts = [f"{name}: {_value(value, seen)}" for name, value in sorted(values.items())]
    return [*_body(definition_of_function(function)), *texts]


def _value(value: Any, seen: set[int]) -> Any:
    """Return what a value that a function uses is, as far as it can be told."""
    if isinstance(value, CONSTANTS):
        return repr(value)
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    if id(value) in seen:
        return "above"
    seen = {*seen, id(value)}
    if isinstance(value, FunctionType):
        try:
            return _source_of_function(value, seen)
        except SpecError:
            return f"function {value.__qualname__}"
    if isinstance(value, list | tuple):
        return [_value(item, seen) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(_value(item, seen)) for item in value)
    if isinstance(value, dict):
        return [[_value(key, seen), _value(item, seen)] for key, item in value.items()]
    if hasattr(value, "pattern") and hasattr(value, "flags"):
        return f"pattern {value.pattern!r} {value.flags}"
    if inspect.isclass(value):
        return f"class {value.__module__}.{value.__qualname__}"
    return f"object {type(value).__module__}.{type(value).__qualname__}"


def _beside(node: ast.AST, folder: Path) -> list[str]:
    """Return the syntax of the files of a folder that an import statement reaches."""
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        modules = [node.module]
    else:
        return []
    paths = {path for module in modules if (path := folder / f"{module.split('.')[0]}.py").is_file()}
    return [ast.dump(tree) for path in sorted(paths) for tree in _with_imports(path, folder, set())]


def _with_imports(path: Path, folder: Path, seen: set[Path]) -> list[ast.Module]:
    """Return the tree of a file and of those beside it that it imports."""
    if path in seen:
        return []
    seen.add(path)
    tree = _parse(read_code(path), str(path))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    others = sorted({other for module in modules if (other := folder / f"{module.split('.')[0]}.py").is_file()})
    return [tree, *(found for other in others for found in _with_imports(other, folder, seen))]


def _parse(source: str, where: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise SpecError(f"`{where}` is not valid Python: {reason}{line}.") from error


def _functions(tree: ast.Module) -> dict[str, Definition]:
    return {node.name: node for node in tree.body if isinstance(node, Definition)}


def _names_at_top(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Return the statements at the top level of a file that give each name its value."""
    top: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        for name in names:
            top.setdefault(name, []).append(node)
    return top


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


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
