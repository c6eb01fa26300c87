"""Train end models on labels or probabilities, save them, and say what moved a prediction."""

from nacre.models._embedding_linear import EmbeddingLinear
from nacre.models._end_model import MODELS, EndModel, load_model, model_from_spec
from nacre.models._logistic import LogisticWeights, fit_sigmoid, fit_softmax
from nacre.models._prediction import predict_all
from nacre.models._prior import Prior
from nacre.models._tabular_linear import TabularLinear
from nacre.models._text_linear import TextLinear
from nacre.models._token_tagger import TokenTagger

__all__ = [
    "MODELS",
    "EmbeddingLinear",
    "EndModel",
    "LogisticWeights",
    "Prior",
    "TabularLinear",
    "TextLinear",
    "TokenTagger",
    "fit_sigmoid",
    "fit_softmax",
    "load_model",
    "model_from_spec",
    "predict_all",
]
