"""Projects, versions, artifacts and events on disk."""

from nacre.workspace._artifacts import Artifacts
from nacre.workspace._collections import Collection, Functions
from nacre.workspace._columns import DirectoryStore
from nacre.workspace._data import Imported, ProjectData
from nacre.workspace._differences import Difference, differences
from nacre.workspace._document import read_document
from nacre.workspace._events import Event, Events
from nacre.workspace._export import export_frame, export_recipe
from nacre.workspace._iterations import Iteration, Iterations, Metrics
from nacre.workspace._notes import Comment, Comments, Tags
from nacre.workspace._prediction import predict_source
from nacre.workspace._project import Project
from nacre.workspace._recipe import Recipe, read_recipe
from nacre.workspace._report import report_page, write_report
from nacre.workspace._sync import Synced, import_source
from nacre.workspace._training import Models, TrainedModel, TrainingSet, TrainingSets
from nacre.workspace._truth import Truth
from nacre.workspace._turn import STAGES, Analysis, Turn, check_stage
from nacre.workspace._turn import run as run_project
from nacre.workspace._workspace import Workspace, open

__all__ = [
    "STAGES",
    "Analysis",
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
    "Recipe",
    "Synced",
    "Tags",
    "TrainedModel",
    "TrainingSet",
    "TrainingSets",
    "Truth",
    "Turn",
    "Workspace",
    "check_stage",
    "differences",
    "export_frame",
    "export_recipe",
    "import_source",
    "open",
    "predict_source",
    "read_document",
    "read_recipe",
    "report_page",
    "run_project",
    "write_report",
]
