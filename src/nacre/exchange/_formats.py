"""All formats, in the order in which a file is asked for its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nacre.exchange._alpaca_eval import ALPACA_EVAL, ALPACA_EVAL_ANNOTATIONS
from nacre.exchange._deepeval_run import DEEPEVAL_RUN
from nacre.exchange._field_names import DEEPEVAL, RAGAS
from nacre.exchange._format import Format
from nacre.exchange._inspect import INSPECT
from nacre.exchange._mlflow import MLFLOW
from nacre.exchange._openai import OPENAI_BATCH, OPENAI_CHAT
from nacre.exchange._promptfoo import PROMPTFOO
from nacre.exchange._promptfoo_results import PROMPTFOO_RESULTS
from nacre.exchange._table import TABLE

_IN_ORDER = (
    INSPECT,
    PROMPTFOO_RESULTS,
    PROMPTFOO,
    DEEPEVAL_RUN,
    OPENAI_BATCH,
    OPENAI_CHAT,
    ALPACA_EVAL_ANNOTATIONS,
    DEEPEVAL,
    RAGAS,
    MLFLOW,
    TABLE,
    ALPACA_EVAL,
)
FORMATS: Mapping[str, Format] = MappingProxyType({format.name: format for format in _IN_ORDER})
