"""The evaluation part of `nacre.yaml`: responses, criteria, evaluators and slices, checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.errors import SpecError, did_you_mean
from nacre.evaluation import Criterion, Evaluator, criterion_from_spec, evaluator_from_spec
from nacre.functions import Slice, condition_from_spec
from nacre.loop._recipe_file import READER_KEYS, check_keys, check_texts, named_parts, reader_options, within

KEYS = ("responses", "benchmark", "criteria", "evaluators", "slices", "experts", "scores", "baseline", "gate")
RESPONSE_FIELDS = ("uid", "prompt", "response", "reference", "contexts", "metadata", "system", "prompt_id", "repeat")
KEY_FIELDS = ("key", "uid", "prompt_id", "repeat", "prompt", "response", "row", "criterion", "score")
EXPERT_FIELDS = (*KEY_FIELDS, "annotator", "explanation", "golden", "at", "weight")
WAYS = ("passes", "fails", "catalogue", "code", "when", "mapping", "existing", "model")
SCORE_FIELDS = (*KEY_FIELDS, "evaluator", "rationale")
OF_LABELS = {*EXPERT_FIELDS, *SCORE_FIELDS, *RESPONSE_FIELDS}  # in a file of labels a criterion is a column beside them
OF_MEMBERS = ("row_id", "all")


@dataclass(frozen=True)
class TableRecipe:
    """Where a table comes from.

    Args:
        source: File, folder or glob, relative to the folder of the recipe.
        fields: What its columns are, where they are called otherwise: `{"prompt": "question"}`.
        options: Further arguments of the reader, `format` among them.
        values: Scores by what the file says instead: `{"1": "won"}`; None is no score.
    """

    source: str
    fields: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationRecipe:
    """How responses are judged.

    Args:
        project: The name of the project.
        responses: Where the responses come from.
        benchmark: A file with prompts, criteria, evaluators and slices, relative to the folder of the recipe.
        criteria: What good means.
        evaluators: What scores the responses.
        slices: The parts of the responses that are looked at by themselves.
        experts: Where labels of experts come from, beside those that were imported.
        scores: Where scores of other tools come from, beside those that were imported.
        baseline: The run that others are compared with, by number or note; None takes the one before.
        gate: What `nacre gate` asks for.
        folder: Where relative paths start.
    """

    project: str
    responses: TableRecipe
    benchmark: str | None
    criteria: tuple[Criterion, ...]
    evaluators: tuple[Evaluator, ...]
    slices: tuple[Slice, ...]
    experts: TableRecipe | None
    scores: TableRecipe | None
    baseline: str | None
    gate: tuple[str, ...]
    folder: Path


def evaluation_from_spec(project: str, spec: Any, *, folder: Path) -> EvaluationRecipe:
    """Return the evaluation part of a parsed `nacre.yaml`."""
    check_keys("evaluation", spec, allowed=KEYS, needed=("responses",))
    criteria = _criteria(spec.get("criteria") or {})
    evaluators = _evaluators(spec.get("evaluators") or {}, criteria)
    of_evaluators = {evaluator.criterion.name: evaluator.criterion for evaluator in evaluators}
    with within("evaluation"):
        check_texts(spec, ("benchmark",))
    if not criteria and not of_evaluators and "benchmark" not in spec:
        raise SpecError("`evaluation` needs `criteria`, what good means, or `evaluators` of the catalogue.")
    for name in {**criteria, **of_evaluators}:
        _check_free("criterion", name, OF_LABELS)
    return EvaluationRecipe(
        project=project,
        responses=_responses(spec["responses"]),
        benchmark=spec.get("benchmark"),
        criteria=tuple({**criteria, **of_evaluators}.values()),
        evaluators=evaluators,
        slices=_slices(spec.get("slices") or {}),
        experts=_table("experts", spec.get("experts"), EXPERT_FIELDS),
        scores=_table("scores", spec.get("scores"), SCORE_FIELDS),
        baseline=_baseline(spec.get("baseline")),
        gate=_gate(spec.get("gate") or ()),
        folder=folder,
    )


def _criteria(spec: Any) -> dict[str, Criterion]:
    found = {}
    for name, part in named_parts("criteria", spec):
        with within(f"evaluation: criteria: {name}"):
            found[name] = criterion_from_spec(name, part)
    return found


def _evaluators(spec: Any, criteria: Mapping[str, Criterion]) -> tuple[Evaluator, ...]:
    found = []
    for name, part in named_parts("evaluators", spec):
        with within(f"evaluation: evaluators: {name}"):
            _check_way(name, part)
            found.append(evaluator_from_spec(name, part, criteria))
    return tuple(found)


def _check_way(name: str, spec: Any) -> None:
    """Refuse an evaluator that is written in no way there is."""
    if isinstance(spec, Mapping) and not set(spec) & set(WAYS):
        found = [key for key in spec if key not in ("criterion", "values")]
        raise SpecError(
            f"The evaluator `{name}` needs one of {', '.join(WAYS)}; found {', '.join(map(str, found)) or 'none'}."
            f"{did_you_mean(str(found[0]), WAYS) if found else ''}"
        )


def _slices(spec: Any) -> tuple[Slice, ...]:
    found = []
    for name, part in named_parts("slices", spec):
        with within(f"evaluation: slices: {name}"):
            _check_free("slice", name, OF_MEMBERS)
            found.append(Slice(name, condition_from_spec(part)))
    return tuple(found)


def _check_free(what: str, name: str, taken: Collection[str]) -> None:
    if name in taken:
        raise SpecError(f"No {what} can be called `{name}`: tables have a column of that name. Choose another.")


def _responses(spec: Any) -> TableRecipe:
    table = _table("responses", spec, RESPONSE_FIELDS)
    if table is None:
        raise SpecError("`responses` names a file with prompts and responses; found nothing.")
    return table


def _table(what: str, spec: Any, names: tuple[str, ...]) -> TableRecipe | None:
    """Return where a table comes from; a source alone may stand for the object."""
    if spec is None:
        return None
    if isinstance(spec, str):
        spec = {"source": spec}
    with within(f"evaluation: {what}"):
        own = ("values",) if "score" in names else ()
        check_keys(what, spec, allowed=("source", *names, *own, *READER_KEYS), needed=("source",))
        check_texts(spec, ("source", *names))
        fields = {name: spec[name] for name in names if name in spec}
        return TableRecipe(spec["source"], fields, reader_options(spec), _values(spec.get("values") or {}))


def _values(spec: Any) -> dict[str, str | None]:
    parts = [part for pair in spec.items() for part in pair] if isinstance(spec, Mapping) else [spec]
    if not isinstance(spec, Mapping) or not all(_is_plain(part) for part in parts):
        raise SpecError(
            "`values` holds a score for what the file says instead, such as `{1: won, 2: lost}`; yes, no, true and "
            f"false stand in quotes. Found {spec!r}."
        )
    return {_text(key): None if value is None else _text(value) for key, value in spec.items()}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | None) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _baseline(spec: Any) -> str | None:
    if spec is None or (isinstance(spec, str | int) and not isinstance(spec, bool)):
        return None if spec is None else str(spec)
    raise SpecError(f"`baseline` is the number or the note of a run; found {spec!r}.")


def _gate(spec: Any) -> tuple[str, ...]:
    conditions = [spec] if isinstance(spec, str) else spec
    if not isinstance(conditions, list | tuple) or not all(isinstance(part, str) for part in conditions):
        raise SpecError(f"`gate` is a list of conditions such as 'correct[spanish]>=0.8'; found {spec!r}.")
    return tuple(conditions)
