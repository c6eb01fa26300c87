"""`nacre init`: a folder with a recipe that runs."""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nacre.cli._init_evaluation import evaluation_recipe
from nacre.cli._output import print_text
from nacre.cli._yaml import quoted, written
from nacre.errors import WorkspaceError

if TYPE_CHECKING:
    import polars as pl

MAX_CLASSES = 100
TRUTH = ("label", "truth", "class", "target")
UIDS = ("id", "uid", "key")

_CODE = '''"""Labeling functions in Python: arguments are the fields they read, the result is a class or None."""


def short(FIELD):
    return "CLASS" if FIELD is not None and len(FIELD) < 40 else None
'''


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.")] = Path(),
    data: Annotated[Path | None, typer.Option(help="A file to start from: its fields fill in the recipe.")] = None,
    evaluation: Annotated[bool, typer.Option("--evaluation", help="Judge responses of a system.")] = False,
) -> None:
    """Write a `nacre.yaml` to start from, with the fields of your data where a file is given.

    With --evaluation the file holds prompts and responses: a table, or results of promptfoo, inspect_ai, deepeval,
    ragas, MLflow or alpaca_eval.
    """
    recipe = folder / "nacre.yaml"
    if recipe.exists():
        raise WorkspaceError(f"{recipe} is there already. Edit it, or choose another folder.")
    if evaluation:
        text = evaluation_recipe(_project_name(folder), data, folder)
        folder.mkdir(parents=True, exist_ok=True)
    else:
        fields = Fields() if data is None else _look(data, folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = _recipe(_project_name(folder), fields)
        if fields.is_argument:
            code = _CODE.replace("FIELD", fields.text or "").replace('"CLASS"', repr(fields.classes[0]))
            _write_new(folder / "functions.py", code)
    recipe.write_text(text, encoding="utf-8")
    _write_new(folder / ".gitignore", ".nacre/\nreport.html\nevaluation.html\n")
    there = "" if folder == Path() else f"`cd {folder}` and "
    print_text(f"{recipe}\nEdit it, then {there}type `nacre run`.")


@dataclass(frozen=True)
class Fields:
    """What a recipe needs to know about the data; the defaults are examples.

    Args:
        source: The file.
        uid: The field that identifies a data point.
        truth: The field with ground truth.
        split: The field with the splits.
        text: The field with the longest texts, which rules and end model read; None where there is no text.
        numbers: Fields with numbers and their medians.
        classes: The answers.
    """

    source: str = "data.csv"
    uid: str | None = "id"
    truth: str | None = "label"
    split: str | None = None
    text: str | None = "text"
    numbers: dict[str, float] = field(default_factory=dict)
    classes: tuple[str, ...] = ("ham", "spam")

    @property
    def is_argument(self) -> bool:
        """Whether the text can be the argument of a Python function."""
        return self.text is not None and self.text.isidentifier() and not keyword.iskeyword(self.text)


def _look(path: Path, folder: Path) -> Fields:
    """Look at a file and guess; each guess is a line that the user can read and change."""
    import polars as pl

    from nacre.data import field_types, read

    dataset = read(path)
    frame, types = dataset.collect(), field_types(dataset)
    uid = next((name for name in UIDS if name in dataset.fields and frame[name].is_unique().all()), None)
    texts = [name for name, kind in types.items() if kind == "text" and name not in (uid, "uid", "split")]
    truth, classes = _truth(frame, [name for name in TRUTH if name in texts])
    longest = {name: frame[name].str.len_chars().mean() or 0 for name in texts if name != truth}
    numbers = {
        name: float(frame.select(pl.col(name).median().fill_null(0)).item())
        for name, kind in types.items()
        if kind == "number" and name != uid
    }
    if not longest and not numbers:
        raise WorkspaceError(f"{path} has neither text nor numbers, so there is nothing to write rules on.")
    return Fields(
        source=os.path.relpath(path.resolve(), folder.resolve()),
        uid=uid,
        truth=truth,
        split="split" if "split" in frame.columns else None,
        text=max(longest, key=lambda name: longest[name]) if longest else None,
        numbers=numbers,
        classes=classes,
    )


def _truth(frame: pl.DataFrame, names: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the field that looks like ground truth, and its classes."""
    for name in names:
        values = frame[name].drop_nulls().unique()
        if 2 <= len(values) <= MAX_CLASSES:
            return name, tuple(values.sort().to_list())
    return None, ("no", "yes")


def _project_name(folder: Path) -> str:
    """Return the name of the folder as far as it can be the name of a project."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("._-")[:100].rstrip("._-") or "project"


def _recipe(project: str, fields: Fields) -> str:
    data: dict[str, Any] = {"source": fields.source}
    if fields.uid is not None:
        data["uid"] = fields.uid
    data["split"] = fields.split or {"by": "hash", "train": 0.7, "valid": 0.1, "test": 0.2}
    if fields.truth is not None:
        data["truth"] = fields.truth
    functions = "\n".join(f"  {name}: {written(spec)}" for name, spec in _functions(fields).items())
    slices = "\n".join(f"  {name}: {written(spec)}" for name, spec in _slices(fields).items())
    text_model, table_model = (
        {"text_linear": {"fields": [fields.text]}},
        {"tabular_linear": {"fields": [*fields.numbers]}},
    )
    model = table_model if fields.text is None else text_model
    return f"""# What this project does. `nacre run` goes once round the loop.
project: {written(project)}
data: {written(data)}
schema: {written({"classes": list(fields.classes)})}

# What an expert knows, one rule each. Conditions: keyword, pattern, expression, member, near, says; all, any, not.
functions:
{functions}

# Parts of the data that are looked at by themselves.
slices:
{slices}

label_model: class_conditional
model: {written(model)}
"""


def _functions(fields: Fields) -> dict[str, Any]:
    first, last = fields.classes[0], fields.classes[-1]
    if fields.text is None:
        return {
            f"high_{place}": {
                "label": last,
                "when": {"expression": f"{quoted(name)} > {median:g}"},
                "otherwise": first,
            }
            for place, (name, median) in enumerate(fields.numbers.items(), start=1)
        }
    code = {"short": {"code": "functions.py:short"}} if fields.is_argument else {}
    return {
        "first_words": {"label": last, "when": {"keyword": [fields.text, ["free cash", "act now"]]}},
        "long_text": {"label": first, "when": {"expression": f"LENGTH({quoted(fields.text)}) > 400"}},
        **code,
    }


def _slices(fields: Fields) -> dict[str, Any]:
    if fields.text is not None:
        return {"short": {"expression": f"LENGTH({quoted(fields.text)}) < 80"}}
    name, median = next(iter(fields.numbers.items()))
    return {"low": {"expression": f"{quoted(name)} <= {median:g}"}}


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")
