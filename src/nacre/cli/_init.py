"""`nacre init`: a folder with a recipe that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nacre.cli._output import print_text
from nacre.errors import WorkspaceError

_CODE = '''"""Labeling functions in Python: arguments are the fields they read, the result is a class or None."""


def short(text):
    return None if len(text) > 40 else "other"
'''


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.")] = Path(),
    data: Annotated[Path | None, typer.Option(help="A file to start from: its fields fill in the recipe.")] = None,
) -> None:
    """Write a `nacre.yaml` to start from, with the fields of your data where a file is given."""
    recipe = folder / "nacre.yaml"
    if recipe.exists():
        raise WorkspaceError(f"{recipe} is there already. Edit it, or choose another folder.")
    fields = _Fields() if data is None else _Fields.of(data)
    text = _recipe(folder.resolve().name, fields)
    folder.mkdir(parents=True, exist_ok=True)
    recipe.write_text(text, encoding="utf-8")
    _write_new(folder / "functions.py", _CODE.replace("text", fields.text).replace('"other"', f'"{fields.classes[0]}"'))
    _write_new(folder / ".gitignore", ".nacre/\nreport.html\n")
    print_text(
        f"{recipe}\nEdit it, then type `nacre run`."
        if folder == Path()
        else f"{recipe}\nEdit it, then `cd {folder}` and type `nacre run`."
    )


class _Fields:
    """What a recipe needs to know about the data; the defaults are examples."""

    def __init__(self) -> None:
        self.source = "data.csv"
        self.uid: str | None = "id"
        self.truth: str | None = "label"
        self.text = "text"
        self.classes: tuple[str, ...] = ("ham", "spam")

    @classmethod
    def of(cls, path: Path) -> _Fields:
        """Look at a file and guess; each guess is a line that the user can read and change."""
        from nacre.data import field_types, read

        dataset = read(path)
        frame, types = dataset.collect(), field_types(dataset)
        fields = cls()
        fields.source = str(path.resolve())
        texts = [name for name, kind in types.items() if kind == "text"]
        ids = [name for name in ("id", "uid", "key") if name in frame.columns and frame[name].is_unique().all()]
        fields.uid = ids[0] if ids else None
        fields.truth = next((name for name in ("label", "truth", "class", "target") if name in texts), None)
        known = [name for name in texts if name not in (fields.uid, fields.truth, "uid", "split")]
        if known:
            fields.text = max(known, key=lambda name: frame[name].str.len_chars().mean() or 0)
        if fields.truth is not None:
            fields.classes = tuple(sorted(frame[fields.truth].drop_nulls().unique().to_list()))
        return fields


def _recipe(project: str, fields: _Fields) -> str:
    import yaml

    def written(value: Any) -> str:
        return str(
            yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
        ).strip()

    data: dict[str, Any] = {"source": fields.source}
    if fields.uid is not None:
        data["uid"] = fields.uid
    data["split"] = {"by": "hash", "train": 0.7, "valid": 0.1, "test": 0.2}
    if fields.truth is not None:
        data["truth"] = fields.truth
    first, last = fields.classes[0], fields.classes[-1]
    text = fields.text
    return f"""# What this project does. `nacre run` goes once round the loop.
project: {written(project).removesuffix("...").strip()}
data: {written(data)}
schema: {written({"classes": list(fields.classes)})}

# What an expert knows, one rule each. Conditions: keyword, pattern, expression, member, near, says; all, any, not.
functions:
  first_words: {written({"label": last, "when": {"keyword": [text, ["free cash", "act now"]]}})}
  long_text: {written({"label": first, "when": {"expression": f'LENGTH("{text}") > 400'}})}
  short: {{code: functions.py:short}}

# Parts of the data that are looked at by themselves.
slices:
  short: {written({"expression": f'LENGTH("{text}") < 80'})}

label_model: class_conditional
model: {written({"text_linear": {"fields": [text]}})}
"""


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")
