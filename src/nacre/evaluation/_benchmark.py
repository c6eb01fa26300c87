"""Benchmarks: what a system is asked, and how its responses are judged; versioned by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import polars as pl

from nacre._hashing import hash_frame, hash_json
from nacre.data import Dataset, to_polars
from nacre.engine import split_name
from nacre.errors import NacreError, SchemaError, SpecError, UnknownFieldError, UnknownNameError
from nacre.evaluation._benchmark_file import check_files, read_benchmark_file, write_benchmark_file
from nacre.evaluation._criterion import Criterion, criterion_from_spec
from nacre.evaluation._evaluator import Evaluator, evaluator_from_spec
from nacre.evaluation._gaps import Gap
from nacre.evaluation._responses import PYTHON_NAMES, read_responses, renamed
from nacre.functions import Context, Slice, condition_from_spec
from nacre.labeling import slice_members
from nacre.metrics import MIN_N

OF_RESPONSES = ("row_id", "uid", "response", "system", "repeat")
OWN_FIRST = ("contexts", "metadata")  # what was retrieved for a response is what the response rests on

T = TypeVar("T")


class MatchedResponses(NamedTuple):
    """Responses beside the reference prompts that they answer.

    Args:
        data: The responses that answer a prompt of the benchmark, with all that it knows of the prompt.
        missing: `prompt_id` and `prompt` of the prompts without a response.
        unknown: The responses to prompts that the benchmark does not have.
    """

    data: Dataset
    missing: pl.DataFrame
    unknown: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Reference prompts with the slices, criteria and evaluators by which responses to them are judged.

    Args:
        name: What it is called.
        prompts: A frame with `prompt` and where known `prompt_id` (by default a hash of the prompt), `reference`,
            `contexts`, `metadata` and fields that slices read.
        slices: Parts to look at by themselves.
        criteria: What good means; those of the evaluators need not be repeated.
        evaluators: What scores.
        context: What names in slices and evaluators stand for, and where their files are.

    Examples:
        >>> from nacre.evaluation import catalogue_evaluator
        >>> from nacre.functions import Pattern
        >>> asked = pl.DataFrame({"prompt": ["What is 2 + 2?", "Who are you?"], "reference": ["4", None]})
        >>> sums = Slice("sums", Pattern("prompt", "[0-9]"))
        >>> exam = Benchmark("exam", asked, [sums], evaluators=[catalogue_evaluator("contains_reference")])
        >>> exam
        Benchmark('exam', 2 prompts, 1 slice, 1 criterion, 1 evaluator)
        >>> answers = pl.DataFrame({"prompt": ["What is 2 + 2?"], "response": ["It is 4."]})
        >>> exam.responses_of(answers).missing.get_column("prompt").to_list()
        ['Who are you?']
    """

    name: str
    prompts: pl.DataFrame
    slices: Sequence[Slice] = ()
    criteria: Sequence[Criterion] = ()
    evaluators: Sequence[Evaluator] = ()
    context: Context = field(default_factory=Context, repr=False)
    recorded: Mapping[str, str] | None = field(default=None, repr=False)
    """Fingerprints of slices and evaluators as they were when the benchmark was saved; None for as they are."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise SpecError(f"A benchmark needs a name; found {self.name!r}.")
        set_value = object.__setattr__
        set_value(self, "prompts", _prompts(self.prompts))
        set_value(self, "slices", _several(Slice, "slices", self.slices))
        set_value(self, "evaluators", _several(Evaluator, "evaluators", self.evaluators))
        criteria = {criterion.name: criterion for criterion in _several(Criterion, "criteria", self.criteria)}
        for evaluator in self.evaluators:
            if criteria.setdefault(evaluator.criterion.name, evaluator.criterion) != evaluator.criterion:
                raise SpecError(f"Two criteria are called `{evaluator.criterion.name}`; give one another name.")
        set_value(self, "criteria", tuple(criteria.values()))
        if self.recorded is None:
            set_value(self, "recorded", self._fingerprints())

    @cached_property
    def version(self) -> str:
        """Hash of all that scores depend on beside the responses, and of how they are shown: but for its name."""
        criteria = {criterion.name: [criterion.fingerprint, criterion.target] for criterion in self.criteria}
        return hash_json([_hash(self.prompts), criteria, self.recorded])[:16]

    def changed(self) -> tuple[str, ...]:
        """Return slices and evaluators that are not what they were when the benchmark was saved.

        An edited or missing code file, another model under the same name, or an entry of the catalogue that another
        version of Nacre scores otherwise. Their scores are not to be compared with earlier ones.
        """
        now = self._fingerprints()
        return tuple(name for name, fingerprint in (self.recorded or {}).items() if now.get(name) != fingerprint)

    def responses_of(self, responses: Dataset | Any, *, fields: Mapping[str, str] | None = None) -> MatchedResponses:
        """Return responses beside the prompts that they answer, and the prompts that none answers.

        Responses name their prompt by `prompt_id`, or else by its text. What the benchmark knows of a prompt joins the
        response; the contexts that came with a response stay, and other fields where the benchmark has none.

        Args:
            responses: A dataset or frame with `response`, `prompt_id` or `prompt`, and where known `system`, `repeat`.
            fields: Where the data calls these fields otherwise: `{"response": "answer"}`.

        Raises:
            SchemaError: A response gives another text for its `prompt_id` than the benchmark.
        """
        table = renamed(responses.collect() if isinstance(responses, Dataset) else to_polars(responses), fields or {})
        key = next((name for name in ("prompt_id", "prompt") if name in table.columns), "prompt_id")
        for name in (key, "response"):
            if name not in table.columns:
                raise UnknownFieldError(name, available=table.columns, reader="the benchmark")
        if key == "prompt" and self.prompts.get_column("prompt").is_duplicated().any():
            raise SchemaError(
                f"Several prompts of `{self.name}` have the same text. Responses must name theirs by `prompt_id`."
            )
        table = table.with_columns(pl.col(key).cast(pl.String)).drop("row_id", "uid", strict=False)
        unknown = table.join(self.prompts, on=key, how="anti")
        known = table.join(self.prompts, on=key, how="semi", maintain_order="left")
        joined = self._joined(known, key)
        missing = self.prompts.join(joined, on="prompt_id", how="anti").select("prompt_id", "prompt")
        return MatchedResponses(read_responses(joined), missing, unknown)

    def gaps(self) -> tuple[Gap, ...]:
        """Return the slices with no or fewer than 30 prompts; those that read responses are told by the matrix."""
        names = set(self.prompts.columns)
        readable = [part for part in self.slices if {split_name(name)[0] for name in part.when.reads} <= names]
        members = slice_members(readable, self.prompts, context=self.context)
        counts = {part.name: int(members.get_column(part.name).sum()) for part in readable}
        return tuple(
            Gap(name, "thin" if n else "empty", n, MIN_N - n)
            for name, n in {"all": len(self.prompts), **counts}.items()
            if n < MIN_N
        )

    def save(self, path: Path | str) -> None:
        """Write the benchmark as one file: prompts with all settings; Python functions are named, not contained.

        Raises:
            SpecError: A function was defined in a notebook, or code or a list is outside the folder of the context.
        """
        evaluators = {part.name: _named_code(part, self.context.folder) for part in self.evaluators}
        slices = {part.name: part.when.spec() for part in self.slices}
        for name, spec in (*slices.items(), *evaluators.items()):
            check_files(name, spec)
        content = {
            "name": self.name,
            "version": self.version,
            "slices": slices,
            "criteria": {criterion.name: criterion.spec() for criterion in self.criteria},
            "evaluators": evaluators,
            "recorded": dict(self.recorded or {}),
        }
        write_benchmark_file(Path(path), content, self.prompts)

    @classmethod
    def load(cls, path: Path | str, *, context: Context | None = None) -> Benchmark:
        """Read a benchmark that `save` wrote; code that it names is not run, and need not be there.

        Args:
            path: The file.
            context: What names stand for; by default, code and lists are looked for beside the file.

        Raises:
            WorkspaceError: The file is damaged, or no benchmark.
            SpecError: It names code or a list outside the folder of the context.
        """
        content, prompts = read_benchmark_file(Path(path))
        for name, spec in (*content["slices"].items(), *content["evaluators"].items()):
            check_files(name, spec)
        criteria = {name: criterion_from_spec(name, spec) for name, spec in content["criteria"].items()}
        benchmark = cls(
            content["name"],
            prompts,
            [Slice(name, condition_from_spec(spec)) for name, spec in content["slices"].items()],
            tuple(criteria.values()),
            [evaluator_from_spec(name, spec, criteria) for name, spec in content["evaluators"].items()],
            context or Context(folder=Path(path).parent),
            content["recorded"],
        )
        if benchmark.version != content["version"]:
            raise SchemaError(
                f"{path} says that it is version {content['version']}, but its content is {benchmark.version}. It was "
                "written by another version of Nacre, or changed by hand: save it again from its source."
            )
        return benchmark

    def _joined(self, table: pl.DataFrame, key: str) -> pl.DataFrame:
        both = [name for name in self.prompts.columns if name in table.columns and name != key]
        joined = table.join(self.prompts, on=key, how="left", suffix="@benchmark", maintain_order="left")
        if "prompt" in both:
            other = joined.filter(pl.col("prompt").cast(pl.String) != pl.col("prompt@benchmark"))
            if len(other):
                raise SchemaError(
                    f"{len(other)} responses give another prompt than the benchmark for their `prompt_id`, first "
                    f"`{other.item(0, 'prompt_id')}`. Leave `prompt` out if a template wraps it; otherwise the "
                    "responses belong to another benchmark."
                )
        for name in both:
            merged = _merged(joined.get_column(name), joined.get_column(f"{name}@benchmark"))
            joined = joined.with_columns(merged.alias(name)).drop(f"{name}@benchmark")
        return joined

    def _fingerprints(self) -> dict[str, str]:
        slices = {f"slice {part.name}": _fingerprint(part.when, self.context) for part in self.slices}
        return {**slices, **{part.name: _fingerprint(part, self.context) for part in self.evaluators}}

    def __repr__(self) -> str:
        counts = {
            "prompt": len(self.prompts),
            "slice": len(self.slices),
            "criterion": len(self.criteria),
            "evaluator": len(self.evaluators),
        }
        plural = {"criterion": "criteria"}
        shown = (f"{n:,} {name if n == 1 else plural.get(name, name + 's')}" for name, n in counts.items())
        return f"Benchmark({self.name!r}, {', '.join(shown)})"


def _prompts(prompts: Any) -> pl.DataFrame:
    table = prompts.collect() if isinstance(prompts, Dataset) else to_polars(prompts)
    taken = [name for name in ("response", "system", "repeat", *PYTHON_NAMES) if name in table.columns]
    if taken:
        raise SchemaError(f"Reference prompts have no `{taken[0]}`, which responses have. Leave the field out.")
    read = read_responses(table.with_columns(response=pl.lit(None, dtype=pl.String))).collect()
    read = read.drop(OF_RESPONSES, strict=False)
    repeated = read.get_column("prompt_id").is_duplicated()
    if repeated.any():
        raise SchemaError(
            f"The prompt `{read.filter(repeated).item(0, 'prompt_id')}` is there more than once. Keep one, or "
            "give each a `prompt_id` of its own."
        )
    return read


def _merged(own: pl.Series, of_prompt: pl.Series) -> pl.Series:
    """Return what the benchmark knows of a field, and what came with the response where it knows nothing."""
    if own.name in OWN_FIRST:
        return pl.select(pl.coalesce(own, of_prompt)).to_series()
    if own.dtype != of_prompt.dtype and (own.dtype.is_nested() or of_prompt.dtype.is_nested()):
        return of_prompt
    return pl.select(pl.coalesce(of_prompt, own.cast(of_prompt.dtype, strict=False))).to_series()


def _several(kind: type[T], name: str, values: Iterable[T]) -> tuple[T, ...]:
    found = tuple(values)
    for value in found:
        if not isinstance(value, kind):
            raise SpecError(f"`{name}` of a benchmark are `{kind.__name__}`; found {value!r}.")
    names = [str(getattr(value, "name", "")) for value in found]
    if repeated := sorted({each for each in names if names.count(each) > 1}):
        raise SpecError(f"Two {name} are called `{repeated[0]}`; give one another name.")
    return found


def _hash(prompts: pl.DataFrame) -> str:
    """Return the hash of prompts, in whatever order their rows and columns are."""
    return hash_frame(prompts.sort("prompt_id"), sorted(prompts.columns))


def _fingerprint(part: Any, context: Context) -> str:
    """Return what a slice or evaluator depends on; what its names stand for too, as far as the context knows."""
    try:
        return str(part.resolve(context).fingerprint)
    except UnknownNameError:  # a model or an embedding that only the one who runs the benchmark has
        return str(part.fingerprint)
    except (NacreError, OSError):
        return "missing"


def _named_code(evaluator: Evaluator, folder: Path) -> dict[str, Any]:
    """Return the spec of an evaluator, with the path of its code starting at the folder."""
    spec = evaluator.spec()
    if "code" not in spec:
        return spec
    path, _, name = spec["code"].rpartition(":")
    if not Path(path).is_absolute():
        return spec
    try:
        inside = Path(path).resolve().relative_to(folder.resolve())
    except ValueError as error:
        raise SpecError(
            f"The code of `{evaluator.name}` is in {path}, outside {folder.resolve()}. Move it there, or give the "
            "benchmark a context with the folder of the code: `context=Context(folder=...)`."
        ) from error
    return {**spec, "code": f"{inside.as_posix()}:{name}"}
