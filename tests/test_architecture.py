import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "nacre"
LAYERS = [
    {"errors"},
    {"_lazy", "_hashing", "_progress"},
    {"data", "metrics", "displays"},
    {"engine", "llm", "embeddings"},
    {"functions"},
    {"labeling"},
    {"label_models", "models", "curation", "annotation"},
    {"evaluation"},
    {"analysis", "tuning", "exchange"},
    {"workspace"},
    {"loop"},
    {"report"},
    {"server"},
    {"cli"},
    {"__main__"},
]
HEAVY = "sklearn scipy pandas sqlalchemy jinja2 pydantic typer rich sqlglot onnxruntime torch".split()  # noqa: SIM905


def imported_units(path):
    """Yield the unit of Nacre that each import in `path` reaches."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("nacre."))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    unit = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if unit == "__init__":
        return
    level = next(number for number, layer in enumerate(LAYERS) if unit in layer)

    assert set(imported_units(path)) <= {unit}.union(*LAYERS[:level])


@pytest.mark.parametrize("folder", sorted(p.parent for p in PACKAGE.glob("*/__init__.py")), ids=lambda path: path.name)
def test_modules_inside_a_package_are_private(folder):
    public = [path.name for path in folder.glob("*.py") if not path.name.startswith("_")]

    assert public == []


def test_importing_nacre_loads_nothing_heavy():
    code = f"import sys, nacre; print([name for name in {HEAVY} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_every_public_name_is_found_on_first_use():
    import nacre

    assert sorted(nacre.__all__) == sorted({*nacre._PACKAGES, *nacre._HOME_OF})
    assert all(getattr(nacre, name) is not None for name in nacre.__all__)
    assert dir(nacre) == nacre.__all__
