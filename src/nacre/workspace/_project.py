"""A project: one problem, with everything that was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacre.data import LabelSchema, schema_from_spec
from nacre.errors import SchemaError
from nacre.evaluation import Criterion, criterion_from_spec
from nacre.functions import Slice, condition_from_spec
from nacre.workspace._artifacts import Artifacts
from nacre.workspace._collections import Collection, Functions, specs
from nacre.workspace._data import ProjectData
from nacre.workspace._differences import Difference, differences
from nacre.workspace._events import Event, Events
from nacre.workspace._iterations import Iteration, Iterations
from nacre.workspace._notes import Comments, Tags
from nacre.workspace._runs import Runs
from nacre.workspace._source_tables import Tables
from nacre.workspace._training import Models, TrainingSets
from nacre.workspace._truth import Truth, truth_from_spec, truth_to_spec

if TYPE_CHECKING:
    from nacre.workspace._columns import DirectoryStore
    from nacre.workspace._journal import Journal


class Project:
    """One problem inside a workspace; `Workspace.project` makes it.

    Every change is an event that can be undone, and opening a project runs none of its code.

    Args:
        name: What it is called.
        journal: Where names, versions and events are kept.
        folder: Where the chunks of its data are.
        artifacts: Where frames and models are kept.
        columns: Where computed columns are kept; all projects of a workspace share them.

    Attributes:
        data: The data points.
        functions: Labeling functions by name, also those that are Python code: as specs, which run only when applied.
        slices: Slices by name.
        settings: Other specs by name, as JSON: `label_model`, `model`.
        training_sets: Frozen training sets by name.
        models: Fitted models by name.
        criteria: What good responses are, by name.
        evaluators: What scores responses, by name, as specs: whoever applies them knows the criteria.
        evaluation_slices: Slices of responses by name.
        experts: Labels of experts by where they come from, each a table of its own.
        scores: Scores that were imported, by where they come from.
        samples: Responses that experts were asked to label, with their weights and which of them were the pilot.
        alignments: How far evaluators agreed with experts, by evaluator.
        runs: Executions of the benchmark, with their responses and scores.
        iterations: The turns of the loop, with their metrics.
        events: All that happened.
        tags: Short marks on data points.
        comments: Free notes on data points.
    """

    def __init__(
        self, name: str, journal: Journal, *, folder: Path, artifacts: Artifacts, columns: DirectoryStore
    ) -> None:
        self.name = name
        self.artifacts = artifacts
        self.columns = columns
        self._journal = journal
        self.data = ProjectData(journal, folder, name)
        self.functions = Functions(journal)
        self.slices = _slices(journal, "slice")
        self.settings = specs(journal, "settings")
        self.training_sets = TrainingSets(journal, artifacts)
        self.models = Models(journal, artifacts)
        self.criteria: Collection[Criterion] = Collection(
            journal, "criterion", encode=lambda criterion: criterion.spec(), decode=criterion_from_spec
        )
        self.evaluators = specs(journal, "evaluator")
        self.evaluation_slices = _slices(journal, "evaluation_slice")
        self.experts = Tables(journal, "experts", artifacts)
        self.scores = Tables(journal, "scores", artifacts)
        self.samples = Tables(journal, "sample", artifacts)
        self.alignments = specs(journal, "alignment")
        self.runs = Runs(journal)
        self.iterations = Iterations(journal)
        self.events = Events(journal)

    @cached_property
    def tags(self) -> Tags:
        return Tags(self._journal, self.data.require)

    @cached_property
    def comments(self) -> Comments:
        return Comments(self._journal, self.data.require)

    @property
    def schema(self) -> LabelSchema:
        """What data points are labeled with.

        Classes may be added at the end. Once there is ground truth they keep their order, because votes are stored as
        positions.
        """
        if (spec := self._get("schema")) is None:
            raise SchemaError(f"The project `{self.name}` has no label schema yet. Set `project.schema` first.")
        return schema_from_spec(spec)

    @schema.setter
    def schema(self, schema: LabelSchema) -> None:
        if (spec := self._get("truth")) is not None:
            _check_extends(schema_from_spec(spec["schema"]), schema)
        self._put("schema", schema.spec())

    @property
    def truth(self) -> Truth | None:
        """Ground truth, or None where there is none."""
        spec = self._get("truth")
        return None if spec is None else truth_from_spec(spec, self.artifacts)

    @truth.setter
    def truth(self, truth: Truth) -> None:
        _check_extends(truth.schema, self.schema)
        self._put("truth", truth_to_spec(truth, self.artifacts))

    def define(self, schema: LabelSchema, truth: Truth | None) -> None:
        """Set schema and ground truth at once, so that both may change in a way that neither could alone."""
        if truth is not None:
            _check_extends(truth.schema, schema)
        spec = None if truth is None else truth_to_spec(truth, self.artifacts)
        with self._journal.write() as entry:
            entry.put("schema", "schema", schema.spec())
            if spec is not None:
                entry.put("truth", "truth", spec)
            elif entry.head("truth", "truth") is not None:
                entry.move("truth", "truth", None, action="delete")

    def define_evaluation(
        self,
        criteria: Mapping[str, Criterion],
        evaluators: Mapping[str, Any],
        slices: Mapping[str, Slice],
        *,
        code: Mapping[str, str],
    ) -> None:
        """Make these the criteria, evaluators and slices of responses: all of it, or after an error nothing.

        Args:
            criteria: Criteria by name.
            evaluators: Specs of evaluators by name.
            slices: Slices by name.
            code: What evaluators that are Python code depend on, by name, as a hash.
        """
        with self._journal.write() as entry:
            self.criteria.replace_in(entry, criteria)
            self.evaluators.replace_in(entry, evaluators, code=code)
            self.evaluation_slices.replace_in(entry, slices)

    def iterate(self, note: str) -> Iteration:
        """Begin an iteration."""
        return self.iterations.open(note)

    def undo(self, event_id: int) -> Event:
        """Take back what an event did; undoing that brings it back."""
        with self._journal.write() as entry:
            return entry.undo(event_id)

    def restore(self, event_id: int) -> Event:
        """Bring an object back to what it was right after an event."""
        with self._journal.write() as entry:
            return entry.restore(event_id)

    def diff(self, event_id: int) -> tuple[Difference, ...]:
        """Return what an event changed."""
        with self._journal.read() as snapshot:
            event = snapshot.event(event_id)
            old, new = (
                None if version is None else snapshot.spec(event.kind, version)
                for version in (event.before, event.after)
            )
        return differences(old, new)

    def look_at_test(self, reason: str) -> Event:
        """Record that the test split, which is sealed while iterating, is looked at.

        Args:
            reason: What for. Each look makes the test split a little less of a test.
        """
        with self._journal.write() as entry:
            return entry.record("test", "test", "look", detail={"reason": reason})

    @property
    def test_looks(self) -> tuple[Event, ...]:
        """Every look at the test split."""
        return self.events.where(kind="test")

    def problems(self) -> list[str]:
        """Return what is missing or damaged on disk, in any version: nothing, when all is well."""
        with self._journal.read() as snapshot:
            kinds = ("truth", "training_set", "experts", "scores", "sample")
            frames = {spec["frame"] for kind in kinds for spec in snapshot.versions(kind).values()}
            folders = {spec["folder"] for spec in snapshot.versions("model").values()}
        return [*self.data.problems(), *self.artifacts.problems(frames | self.runs.frames(), folders)]

    def _get(self, kind: str) -> Any:
        with self._journal.read() as snapshot:
            version = snapshot.head(kind, kind)
            return None if version is None else snapshot.spec(kind, version)

    def _put(self, kind: str, spec: Any) -> None:
        with self._journal.write() as entry:
            entry.put(kind, kind, spec)


def _slices(journal: Journal, kind: str) -> Collection[Slice]:
    return Collection(
        journal,
        kind,
        encode=lambda part: part.when.spec(),
        decode=lambda name, spec: Slice(name, condition_from_spec(spec)),
    )


def _check_extends(old: LabelSchema, new: LabelSchema) -> None:
    """Raise unless every vote of the old schema means the same in the new one."""
    if type(old) is type(new):
        before, after = (getattr(schema, "names", ()) for schema in (old, new))
        if after[: len(before)] == before:
            return
    raise SchemaError(
        f"The ground truth was given for {old}; {new} would change what its stored votes mean. Add classes at the end, "
        "or begin a new project."
    )
