"""What a report is about: a run that went all the way to its analysis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nacre.analysis import Outcomes
from nacre.errors import WorkspaceError
from nacre.loop import SPLIT, Analysis, Labels, Recipe, Trained, Turn
from nacre.metrics import Difference, Metric
from nacre.workspace import Iteration, Project


@dataclass(frozen=True, eq=False)
class Subject:
    """What a report is about; made by `Subject.of`.

    Args:
        project: Where iterations and events are.
        recipe: What was run.
        labels: Votes and probabilities of the label model.
        trained: The end model.
        iteration: The iteration that the metrics belong to.
        analysis: What is wrong, what caused it, what to do next.
        notes: What the reader should know.
    """

    project: Project
    recipe: Recipe
    labels: Labels
    trained: Trained
    iteration: Iteration
    analysis: Analysis
    notes: tuple[str, ...]

    @classmethod
    def of(cls, project: Project, recipe: Recipe, turn: Turn) -> Subject:
        """Take a run apart.

        Raises:
            WorkspaceError: The run stopped before the analysis.
        """
        parts = (turn.labels, turn.trained, turn.iteration, turn.analysis)
        labels, trained, iteration, analysis = parts
        if labels is None or trained is None or iteration is None or analysis is None:
            raise WorkspaceError(
                "The run stopped before the analysis, so there is nothing to report. Run it again without `--until`."
            )
        return cls(project, recipe, labels, trained, iteration, analysis, turn.notes)

    @property
    def outcomes(self) -> Outcomes:
        """Votes, probabilities and truth of valid."""
        return self.analysis.outcomes

    @property
    def unit(self) -> str:
        """What is counted: data points, tokens, or pairs of a data point and a class."""
        return self.analysis.quality.unit

    @property
    def is_measured(self) -> bool:
        """Whether the truth of anything in valid is known."""
        return self.analysis.causes.n_units > 0

    @cached_property
    def measured(self) -> tuple[Iteration, ...]:
        """The iterations up to this one that have metrics."""
        return tuple(
            iteration
            for iteration in self.project.iterations
            if iteration.number <= self.iteration.number and SPLIT in iteration.metrics
        )

    @property
    def before(self) -> Iteration | None:
        """The iteration that this one is compared with."""
        earlier = [iteration for iteration in self.measured if iteration.number == self.iteration.number - 1]
        return earlier[0] if earlier and self.analysis.comparison is not None else None

    @property
    def change(self) -> Difference | None:
        """The paired change of accuracy since the iteration before; None for the first."""
        comparison = self.analysis.comparison
        return None if comparison is None else comparison.slices["all"]

    def earlier(self, metric: str) -> dict[str, Metric]:
        """Return a metric of the iteration before by slice."""
        slices = {} if self.before is None else self.before.metrics[SPLIT]
        return {name: metrics[metric] for name, metrics in slices.items() if metric in metrics}
