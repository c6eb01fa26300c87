"""Projects, versions, artifacts and events on disk."""

from nacre.workspace._artifacts import Artifacts
from nacre.workspace._collections import Collection, Functions
from nacre.workspace._columns import DirectoryStore
from nacre.workspace._data import Imported, ProjectData
from nacre.workspace._differences import Difference, differences
from nacre.workspace._events import Event, Events
from nacre.workspace._files import explained
from nacre.workspace._iterations import Iteration, Iterations, Metrics
from nacre.workspace._names import check_project_name
from nacre.workspace._notes import Comment, Comments, Tags
from nacre.workspace._project import Project
from nacre.workspace._runs import Run, RunContent, Runs
from nacre.workspace._source_tables import Table, Tables
from nacre.workspace._training import Models, TrainedModel, TrainingSet, TrainingSets
from nacre.workspace._truth import Truth
from nacre.workspace._workspace import Workspace, open

__all__ = [
    "Artifacts",
    "Collection",
    "Comment",
    "Comments",
    "Difference",
    "DirectoryStore",
    "Event",
    "Events",
    "Functions",
    "Imported",
    "Iteration",
    "Iterations",
    "Metrics",
    "Models",
    "Project",
    "ProjectData",
    "Run",
    "RunContent",
    "Runs",
    "Table",
    "Tables",
    "Tags",
    "TrainedModel",
    "TrainingSet",
    "TrainingSets",
    "Truth",
    "Workspace",
    "check_project_name",
    "differences",
    "explained",
    "open",
]
