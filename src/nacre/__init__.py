"""Nacre: data development, from raw data and rules to a model and the cause of every error.

The usual import is `import nacre as nc`. Everything here is also in the package that it comes from.
"""

from nacre import analysis, data, displays, embeddings, functions, label_models, labeling, metrics, models, workspace
from nacre.data import Classes, Dataset, MultiLabel, Number, Spans, read, read_votes, write
from nacre.errors import NacreError
from nacre.functions import (
    Code,
    Context,
    Existing,
    Expression,
    Keyword,
    Mapping,
    Member,
    Model,
    Near,
    Pattern,
    Rule,
    Says,
    Slice,
    labeling_function,
)
from nacre.label_models import (
    ClassConditional,
    DawidSkene,
    MajorityVote,
    MatrixCompletion,
    OneVsRest,
    TokenWise,
    WeightedVote,
)
from nacre.labeling import LabelMatrix, apply
from nacre.metrics import Metric, accuracy
from nacre.models import EmbeddingLinear, TabularLinear, TextLinear, TokenTagger
from nacre.workspace import open

__all__ = [
    "ClassConditional",
    "Classes",
    "Code",
    "Context",
    "Dataset",
    "DawidSkene",
    "EmbeddingLinear",
    "Existing",
    "Expression",
    "Keyword",
    "LabelMatrix",
    "MajorityVote",
    "Mapping",
    "MatrixCompletion",
    "Member",
    "Metric",
    "Model",
    "MultiLabel",
    "NacreError",
    "Near",
    "Number",
    "OneVsRest",
    "Pattern",
    "Rule",
    "Says",
    "Slice",
    "Spans",
    "TabularLinear",
    "TextLinear",
    "TokenTagger",
    "TokenWise",
    "WeightedVote",
    "accuracy",
    "analysis",
    "apply",
    "data",
    "displays",
    "embeddings",
    "functions",
    "label_models",
    "labeling",
    "labeling_function",
    "metrics",
    "models",
    "open",
    "read",
    "read_votes",
    "workspace",
    "write",
]
