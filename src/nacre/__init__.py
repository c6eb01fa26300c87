"""Nacre: data development, from raw data and rules to a model and the cause of every error.

The usual import is `import nacre as nc`. Everything here is also in the package that it comes from; a package is
imported when it is first used, so that `import nacre` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nacre import (
        analysis,
        data,
        displays,
        embeddings,
        errors,
        evaluation,
        exchange,
        functions,
        label_models,
        labeling,
        loop,
        metrics,
        models,
        report,
        workspace,
    )
    from nacre.data import Classes, Dataset, MultiLabel, Number, Spans, read, read_votes, write
    from nacre.errors import NacreError
    from nacre.evaluation import Criterion, Evaluator, evaluate, evaluation_matrix, read_responses
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
    from nacre.loop import read_recipe, run
    from nacre.metrics import Metric, accuracy
    from nacre.models import EmbeddingLinear, TabularLinear, TextLinear, TokenTagger
    from nacre.workspace import open

_HOMES = {
    "data": ("Classes", "Dataset", "MultiLabel", "Number", "Spans", "read", "read_votes", "write"),
    "errors": ("NacreError",),
    "evaluation": ("Criterion", "Evaluator", "evaluate", "evaluation_matrix", "read_responses"),
    "functions": (
        "Code",
        "Context",
        "Existing",
        "Expression",
        "Keyword",
        "Mapping",
        "Member",
        "Model",
        "Near",
        "Pattern",
        "Rule",
        "Says",
        "Slice",
        "labeling_function",
    ),
    "label_models": (
        "ClassConditional",
        "DawidSkene",
        "MajorityVote",
        "MatrixCompletion",
        "OneVsRest",
        "TokenWise",
        "WeightedVote",
    ),
    "labeling": ("LabelMatrix", "apply"),
    "loop": ("read_recipe", "run"),
    "metrics": ("Metric", "accuracy"),
    "models": ("EmbeddingLinear", "TabularLinear", "TextLinear", "TokenTagger"),
    "workspace": ("open",),
}
_PACKAGES = (
    "analysis",
    "data",
    "displays",
    "embeddings",
    "errors",
    "evaluation",
    "exchange",
    "functions",
    "label_models",
    "labeling",
    "loop",
    "metrics",
    "models",
    "report",
    "workspace",
)
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ClassConditional",
    "Classes",
    "Code",
    "Context",
    "Criterion",
    "Dataset",
    "DawidSkene",
    "EmbeddingLinear",
    "Evaluator",
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
    "errors",
    "evaluate",
    "evaluation",
    "evaluation_matrix",
    "exchange",
    "functions",
    "label_models",
    "labeling",
    "labeling_function",
    "loop",
    "metrics",
    "models",
    "open",
    "read",
    "read_recipe",
    "read_responses",
    "read_votes",
    "report",
    "run",
    "workspace",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"nacre.{name}")
    if name in _HOME_OF:
        return getattr(import_module(f"nacre.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module `nacre` has no attribute `{name}`")


def __dir__() -> list[str]:
    return __all__
