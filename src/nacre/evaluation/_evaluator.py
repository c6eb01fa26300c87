"""Evaluators: a criterion and the function that scores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import polars as pl

from nacre._hashing import hash_json
from nacre.data import Classes, Number
from nacre.errors import SpecError, UnknownNameError
from nacre.evaluation._answers import scores_of_votes, to_scores
from nacre.evaluation._catalogue import from_catalogue, to_json
from nacre.evaluation._criterion import PASS_FAIL, Criterion
from nacre.functions import (
    Code,
    Condition,
    Context,
    Existing,
    Function,
    PythonFields,
    Rule,
    condition_from_spec,
    function_from_spec,
)


@dataclass(frozen=True)
class Evaluator:
    """Scores responses on a criterion.

    Args:
        name: What it is called; several evaluators may score one criterion.
        criterion: What it scores.
        function: What gives the score: a condition (a response passes where it holds), a rule, a Python function whose
            arguments are `inputs`, `outputs`, `reference`, `contexts`, `metadata` or fields of the responses, a model,
            or the field of an imported score.
        entry: The entry of the catalogue that it comes from, with its settings, as it is written in a spec.

    Examples:
        >>> from nacre.functions import Keyword
        >>> thanks = Evaluator("thanks", Criterion("polite"), Keyword("response", ("thank you", "please")))
        >>> thanks.reads
        ('response',)
    """

    name: str
    criterion: Criterion
    function: Function | Condition
    entry: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise SpecError(f"An evaluator needs a name; found {self.name!r}.")
        if not isinstance(self.criterion, Criterion):
            raise SpecError(f"`{self.name}` scores a `Criterion`; found {self.criterion!r}.")
        if isinstance(self.function, Condition):
            if self.criterion.scale != PASS_FAIL:
                raise SpecError(
                    f"A condition says pass or fail, but `{self.criterion.name}` is scored on {self.criterion.scale}. "
                    "Use a rule, which names its answer, or a Python function."
                )
        elif not hasattr(self.function, "resolve"):
            raise SpecError(
                f"`{self.name}` needs a condition or a function; found {self.function!r}. Decorate a Python function "
                "with `@labeling_function`, or name it in `nacre.yaml` as `code: functions.py:name`."
            )
        elif isinstance(self.criterion.scale, Number) and not isinstance(self.function, Code | Existing):
            raise SpecError(
                f"`{self.function.name}` answers with classes, but `{self.criterion.name}` is scored by numbers. Use a "
                "Python function, or the field of an imported score."
            )

    @property
    def voter(self) -> Function:
        """The function that scores; a condition is a rule that passes where it holds and fails elsewhere."""
        if isinstance(self.function, Condition):
            return cast("Function", Rule(self.name, self.function, label="pass", otherwise="fail"))
        return self.function

    @property
    def reads(self) -> tuple[str, ...]:
        """The fields of responses and derived columns that a score depends on."""
        return self.voter.reads

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that a score depends on beside the response; what is known of its agreement is bound to it."""
        return hash_json([self.criterion.fingerprint, self.voter.fingerprint])

    def resolve(self, context: Context) -> Evaluator:
        """Return the evaluator with names replaced by what they stand for."""
        return replace(self, function=self.voter.resolve(context))

    def score(self, responses: pl.DataFrame, fields: PythonFields) -> pl.DataFrame:
        """Return `value`, `status`, `rationale` and `message` for each response. Only a resolved evaluator can."""
        function, scale = self.voter, self.criterion.scale
        if isinstance(function, Code):
            return to_scores(*function.answers(responses, fields=fields), self.criterion)
        if isinstance(function, Existing):
            column = responses.get_column(function.column)
            if isinstance(scale, Number) or column.dtype == pl.Boolean:
                return to_scores(column.to_list(), None, self.criterion)
            if scale != PASS_FAIL and column.dtype.is_numeric():
                responses = responses.with_columns(_as_names(column))
            return scores_of_votes(function.vote(responses, scale), not_scored="unparsable")
        return scores_of_votes(function.vote(responses, cast("Classes", scale)), not_scored="failed")

    def spec(self) -> dict[str, Any]:
        """Return the evaluator as JSON, without its name; the criterion is named."""
        if self.entry is not None:
            return {"criterion": self.criterion.name, **self.entry}
        if isinstance(self.function, Condition):
            return {"criterion": self.criterion.name, "passes": self.function.spec()}
        return {"criterion": self.criterion.name, **self.function.spec()}


def _as_names(numbers: pl.Series) -> pl.Series:
    """Return numbers as text: on a scale they are names of classes, or mapped by `values`.

    Only 0 and 1 of a pass or fail are codes. Elsewhere each tool has its own: 0, 1, 2 of a preference may be a tie, the
    first and the second, and would silently be taken for lost, tied and won.
    """
    texts = [None if number is None else f"{number:g}" for number in numbers.to_list()]
    return pl.Series(numbers.name, texts, dtype=pl.String)


def evaluator_from_spec(name: str, spec: Any, criteria: Mapping[str, Criterion]) -> Evaluator:
    """Return the evaluator that a spec describes.

    `passes: CONDITION` passes a response where the condition holds, `fails: CONDITION` where it does not; otherwise it
    is written as a function, or taken from the catalogue: `catalogue: length` with its settings beside it, or the word
    `catalogue` alone for the entry of its own name. Without `criterion` it scores the criterion of its own name; what
    comes from the catalogue brings its criterion where there is none.

    Examples:
        >>> spec = {"criterion": "polite", "passes": {"keyword": ["response", ["please"]]}}
        >>> evaluator_from_spec("please", spec, {"polite": Criterion("polite")}).function
        Keyword(field='response', keywords=('please',), match='word')
        >>> evaluator_from_spec("brief", {"catalogue": "length", "max_words": 50}, {}).criterion.name
        'brief'
    """
    if spec == "catalogue":
        spec = {"catalogue": name}
    if not isinstance(spec, Mapping):
        raise SpecError(f"The evaluator `{name}` is written as `key: value`; found {spec!r}.")
    rest = {key: value for key, value in spec.items() if key != "criterion"}
    wanted = spec.get("criterion", name)
    if "catalogue" in rest and (wanted in criteria or wanted in (name, rest["catalogue"])):
        entry = rest.pop("catalogue")
        return catalogue_evaluator(entry, name=name, criterion=criteria.get(wanted, wanted), **rest)
    if wanted not in criteria:
        raise UnknownNameError("criterion", str(wanted), available=criteria)
    criterion = criteria[wanted]
    for key in ("passes", "fails"):
        if key in rest:
            if len(rest) > 1:
                raise SpecError(f"`{name}` is written with `{key}` alone; found {', '.join(map(str, rest))}.")
            condition = condition_from_spec(rest[key])
            return Evaluator(name, criterion, condition if key == "passes" else ~condition)
    return Evaluator(name, criterion, function_from_spec(name, rest))


def catalogue_evaluator(
    entry: str, /, *, name: str | None = None, criterion: Criterion | str | None = None, **settings: Any
) -> Evaluator:
    """Return an evaluator of the catalogue, which needs no model.

    A response that is null or empty fails where there should have been something, passes where there should be
    nothing, and is not scored where there is nothing to judge; without a reference or contexts to compare with it is
    not scored either.

    Args:
        entry: What `CATALOGUE` calls it.
        name: How the evaluator is called; by default like the entry.
        criterion: What it scores, or a name for the entry's own criterion. An entry that scores a share from 0 to 1,
            such as `completeness`, passes or fails on a criterion with pass and fail.
        settings: The settings of the entry, such as `max_words=200`; for a share `at_least`, from which it passes.

    Examples:
        >>> from nacre.evaluation import evaluate
        >>> answers = pl.DataFrame({"prompt": ["Help!", "Help!"], "response": ["Write to ana@acme.io.", "Of course."]})
        >>> private = catalogue_evaluator("no_personal_data")
        >>> scores = evaluate([private, catalogue_evaluator("length", max_words=3)], answers)
        >>> scores.frame.select("evaluator", "value", "rationale").rows()[0]
        ('no_personal_data', 0.0, 'e-mail address, first at character 9')
        >>> scores.wide().select("no_personal_data", "length").rows()
        [(0.0, 0.0), (1.0, 1.0)]
    """
    settings = to_json(settings)
    scored, function = from_catalogue(entry, criterion if criterion is not None else entry, settings)
    return Evaluator(name or entry, scored, function, {"catalogue": entry, **settings})
