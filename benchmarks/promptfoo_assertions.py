"""The evaluators as promptfoo calls Python: with the response and the context of the test."""

from __future__ import annotations

from typing import Any

import evaluators


def polite(output: str, _: dict[str, Any]) -> bool:
    return evaluators.polite(output)


def complete(output: str, context: dict[str, Any]) -> float:
    return evaluators.complete(output, context["vars"]["reference"])


def brief(output: str, context: dict[str, Any]) -> bool:
    return evaluators.brief(context["vars"]["prompt"], output)
