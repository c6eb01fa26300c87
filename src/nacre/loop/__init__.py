"""The labeling loop of a project: from its recipe to an iteration with its analysis."""

from nacre.loop._alignments import alignment_verdicts, alignments, distrusted, record_alignments
from nacre.loop._document import read_document
from nacre.loop._evaluated_rows import evaluated_rows, readable_labels, readable_scores
from nacre.loop._evaluation import Evaluated, run_benchmark
from nacre.loop._evaluation_benchmark import export_benchmark
from nacre.loop._evaluation_export import export_responses, export_sample, export_scores
from nacre.loop._evaluation_next import NextStep, next_steps
from nacre.loop._evaluation_notes import evaluation_notes, unscored_criteria, without_answer
from nacre.loop._evaluation_recipe import EvaluationRecipe
from nacre.loop._evaluation_responses import Responses, recipe_responses
from nacre.loop._evaluation_sync import expert_labels, import_experts, import_scores
from nacre.loop._export import export_frame, export_project, export_recipe
from nacre.loop._prediction import predict_source
from nacre.loop._project_evaluation import (
    ProjectEvaluation,
    compare_runs,
    evaluated_dataset,
    project_evaluation,
    run_scores,
    run_trend,
)
from nacre.loop._project_recipe import ProjectRecipe, read_evaluation_recipe, read_project, read_recipe
from nacre.loop._recipe import SPLITS, HashSplit, Recipe, recipe_from_spec
from nacre.loop._spec_text import entries, recipe_text
from nacre.loop._stages import Labels, Trained, apply_functions, fit_label_model, split_outcomes, train_model
from nacre.loop._sync import Synced, import_source, sync
from nacre.loop._turn import SPLIT, STAGES, Analysis, Stage, Turn, analyse, check_stage, run

__all__ = [
    "SPLIT",
    "SPLITS",
    "STAGES",
    "Analysis",
    "Evaluated",
    "EvaluationRecipe",
    "HashSplit",
    "Labels",
    "NextStep",
    "ProjectEvaluation",
    "ProjectRecipe",
    "Recipe",
    "Responses",
    "Stage",
    "Synced",
    "Trained",
    "Turn",
    "alignment_verdicts",
    "alignments",
    "analyse",
    "apply_functions",
    "check_stage",
    "compare_runs",
    "distrusted",
    "entries",
    "evaluated_dataset",
    "evaluated_rows",
    "evaluation_notes",
    "expert_labels",
    "export_benchmark",
    "export_frame",
    "export_project",
    "export_recipe",
    "export_responses",
    "export_sample",
    "export_scores",
    "fit_label_model",
    "import_experts",
    "import_scores",
    "import_source",
    "next_steps",
    "predict_source",
    "project_evaluation",
    "read_document",
    "read_evaluation_recipe",
    "read_project",
    "read_recipe",
    "readable_labels",
    "readable_scores",
    "recipe_from_spec",
    "recipe_responses",
    "recipe_text",
    "record_alignments",
    "run",
    "run_benchmark",
    "run_scores",
    "run_trend",
    "split_outcomes",
    "sync",
    "train_model",
    "unscored_criteria",
    "without_answer",
]
