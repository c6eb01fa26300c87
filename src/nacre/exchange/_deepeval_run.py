"""deepeval: the test run that `evaluate` leaves in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nacre.exchange._draft import Draft
from nacre.exchange._format import Format
from nacre.exchange._shapes import check_shape
from nacre.exchange._source import Source
from nacre.exchange._values import contexts_of, text_of

_READ = {
    "input", "actualOutput", "expectedOutput", "retrievalContext", "context", "metricsData", "metadata", "name", "tags",
    "comments", "order", "success", "flaky", "runDuration", "evaluationCost",
}  # fmt: skip


_METRIC = {"name": str, "score": float, "threshold": float, "reason": str, "error": str}
_RUN = {"testCases": [{"metricsData": [_METRIC], "metadata": {}}], "conversationalTestCases": [{}]}


def _read(source: Source, draft: Draft) -> None:
    run = source.document
    check_shape(run, _RUN, source)
    for number in range(len(run.get("conversationalTestCases") or [])):
        draft.note(f"conversationalTestCases[{number}]", "a conversation", "conversations are not evaluated yet.")
    for key in ("prompts", "hyperparameters"):
        if run.get(key):
            draft.note(key, f"`{key}`", "a record of the run that no response needs.")
    cases = run.get("testCases") or []
    thresholds = _thresholds(cases)
    for number, case in enumerate(cases):
        where = f"testCases[{number}]"
        if case.get("input") is None:
            raise source.error(where, "input", "found no value, expected the prompt.", "Export the run again.")
        for key in case.keys() - _READ:
            draft.note(where, f"`{key}`", "Nacre has no place for it.")
        row_id = draft.response(
            str(text_of(case["input"])),
            text_of(case.get("actualOutput")),
            reference=text_of(case.get("expectedOutput")),
            contexts=contexts_of(case.get("retrievalContext")),
            context=contexts_of(case.get("context")),
            metadata=case.get("metadata"),
            **({"tags": case["tags"]} if case.get("tags") else {}),
        )
        for metric in case.get("metricsData") or []:
            _score(row_id, metric, draft, thresholds)


def _thresholds(cases: list[Any]) -> dict[str, float | None]:
    """Return the threshold of each metric; None where it was not the same throughout."""
    found: dict[str, set[Any]] = {}
    for case in cases:
        for metric in case.get("metricsData") or []:
            found.setdefault(str(metric.get("name")), set()).add(metric.get("threshold"))
    same = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    return {name: float(same[name]) if isinstance(same.get(name), int | float) else None for name in found}


def _score(row_id: int, metric: Mapping[str, Any], draft: Draft, thresholds: Mapping[str, float | None]) -> None:
    name = str(metric.get("name"))
    if thresholds[name] is None:
        draft.note(f"metric {name}", "thresholds that differ", "one criterion has one; scores are kept as numbers.")
    answers = draft.answers(name, passes=thresholds[name])
    score, success = metric.get("score"), metric.get("success")
    if answers.passes is not None and score is not None and score < answers.passes and success:
        answers.lower_is_better = True  # deepeval does not say so otherwise
    draft.score(row_id, name, score, rationale=metric.get("reason"), error=metric.get("error"))


DEEPEVAL_RUN = Format("deepeval_run", lambda source: {"testCases", "metricsScores"} <= source.names, _read)
