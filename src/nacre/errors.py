"""Every error that users of Nacre are meant to catch.

NacreError
    SchemaError             (ValueError)        data does not fit what was promised about it
        UnknownFieldError   (KeyError)          a function reads a field that the dataset lacks
        SpecError                               a spec (YAML, JSON, arguments) is not of the grammar
        IngestError                             a file or frame cannot be imported as it is
    NotFittedError          (ValueError)        asked to predict before `fit`
    UnknownNameError        (KeyError)          a name that nothing carries: a class, a model, a project, a version
    MissingExtraError       (ImportError)       an optional dependency is not installed
    MissingModelError       (FileNotFoundError) model weights are not in the model cache
    WorkspaceError          (OSError)           the workspace on disk is missing, damaged or locked
    CancelledError                              the user stopped the work; what was finished is kept
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NacreError(Exception):
    """Base class of all errors raised on purpose."""

    code = "error"


class SchemaError(NacreError, ValueError):
    """Data does not fit what was promised about it."""

    code = "schema"


class UnknownFieldError(SchemaError, KeyError):
    """A function reads a field that the dataset lacks."""

    code = "unknown_field"

    def __init__(self, field: str, *, available: Iterable[str], reader: str | None = None) -> None:
        names = sorted(available)
        begin = (
            f"`{reader}` reads the field `{field}`, which is not there" if reader else f"There is no field `{field}`"
        )
        super().__init__(f"{begin}; the dataset has {', '.join(names)}.{did_you_mean(field, names)}")

    __str__ = Exception.__str__  # KeyError would show the message in quotes


class SpecError(SchemaError):
    """A spec is not of the grammar."""

    code = "spec"


class IngestError(SchemaError):
    """A file or frame cannot be imported as it is; nothing of it was."""

    code = "ingest"


class NotFittedError(NacreError, ValueError):
    """Asked to predict before `fit`."""

    code = "not_fitted"

    def __init__(self, model: object) -> None:
        super().__init__(f"`{type(model).__name__}` is not fitted. Call `fit` first.")


class UnknownNameError(NacreError, KeyError):
    """A name that nothing carries."""

    code = "unknown_name"

    def __init__(self, kind: str, name: str, *, available: Iterable[str]) -> None:
        names = sorted(available)
        known = f"there are {', '.join(names)}" if names else "there is none yet"
        super().__init__(f"There is no {kind} `{name}`; {known}.{did_you_mean(name, names)}")

    __str__ = Exception.__str__


class MissingExtraError(NacreError, ImportError):
    """An optional dependency is not installed."""

    code = "missing_extra"

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(f"This needs the package `{package}`. Install it with `pip install 'nacre[{extra}]'`.")


class MissingModelError(NacreError, FileNotFoundError):
    """Model weights are not in the model cache."""

    code = "missing_model"


class WorkspaceError(NacreError, OSError):
    """The workspace on disk is missing, damaged or locked."""

    code = "workspace"


class CancelledError(NacreError):
    """The user stopped the work; what was finished is kept."""

    code = "cancelled"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a hint that starts with a space, or nothing when no name is close."""
    close = get_close_matches(name, list(names), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
