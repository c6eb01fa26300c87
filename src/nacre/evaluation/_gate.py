"""What a run must reach before it may pass."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeAlias
from xml.etree import ElementTree

from nacre.errors import SpecError
from nacre.evaluation._cells import Cell
from nacre.evaluation._columns import ALL
from nacre.evaluation._matrix import EvaluationMatrix
from nacre.evaluation._text_table import counted
from nacre.metrics import Metric

_CONDITION = re.compile(r"(?P<criterion>[^\[\]<>=]+)(?:\[(?P<slice>[^\]]+)\])?\s*(?P<sign>>=|<=)\s*(?P<bound>\S+)")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

MOST_MISSING = 0.1
"""Share of the responses without a score, for whatever reason, above which a gate does not decide: who is missing is
seldom chance. Where an evaluator may abstain, ask for a slice in which it does not."""

CheckStatus: TypeAlias = Literal["passed", "missed", "too few", "not scored", "refused"]
_UNDECIDED = ("too few", "not scored", "refused")


@dataclass(frozen=True)
class GateCondition:
    """What the mean of a cell must reach, with the whole of its interval.

    Args:
        criterion: The column.
        slice: The row.
        sign: `>=`: the lower bound must reach the bound; `<=`: the upper bound must stay below it.
        bound: The number.

    Examples:
        >>> GateCondition.parse("correct[es] >= 0.8")
        GateCondition(criterion='correct', slice='es', sign='>=', bound=0.8)
        >>> print(GateCondition.parse("cost<=2"))
        cost[all] <= 2
    """

    criterion: str
    slice: str
    sign: Literal[">=", "<="]
    bound: float

    @classmethod
    def parse(cls, text: str) -> GateCondition:
        """Return the condition that a text states: `criterion >= number`, or `criterion[slice] <= number`."""
        found = _CONDITION.fullmatch(text.strip())
        if found is None:
            raise SpecError(
                f"A condition of a gate is written `criterion >= 0.8` or `criterion[slice] <= 2`; found {text!r}."
            )
        sign: Literal[">=", "<="] = ">=" if found["sign"] == ">=" else "<="
        try:
            bound = float(found["bound"])
        except ValueError:
            bound = float("nan")
        if not isfinite(bound):
            raise SpecError(f"The bound of a gate is a number, as in `polite >= 0.8`; found {found['bound']!r}.")
        return cls(found["criterion"].strip(), (found["slice"] or ALL).strip(), sign, bound)

    def __str__(self) -> str:
        return f"{self.criterion}[{self.slice}] {self.sign} {self.bound:g}"


@dataclass(frozen=True)
class GateCheck:
    """One condition of a gate, and whether it holds.

    Args:
        condition: What must be reached.
        slice: The slice it is about.
        criterion: The criterion it is about.
        mean: What was measured; the mean corrected by experts where they labelled at least 30 prompts.
        is_corrected: Whether it is the corrected mean.
        status: `passed` and `missed` by the bound of the interval, `too few` prompts to tell, `not scored` where more
            than a tenth of the responses have no score, or `refused` because an evaluator is stale or not aligned.
        message: In one sentence, what was found.
    """

    condition: str
    slice: str
    criterion: str
    mean: Metric
    is_corrected: bool
    status: CheckStatus
    message: str

    def __str__(self) -> str:
        return self.message

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON."""
        return {**vars(self), "mean": self.mean.to_dict()}


@dataclass(frozen=True)
class GateResult:
    """All conditions of a gate.

    Args:
        checks: A check per condition, in order.
    """

    checks: tuple[GateCheck, ...]

    @property
    def exit_code(self) -> int:
        """0 when all passed, 1 when a bound misses, 2 when scores are too few or missing or an evaluator refused."""
        statuses = {check.status for check in self.checks}
        return 1 if "missed" in statuses else 2 if statuses & {*_UNDECIDED} else 0

    def __repr__(self) -> str:
        statuses = Counter(check.status for check in self.checks)
        shown = ", ".join(f"{n} {status}" for status, n in statuses.items())
        return f"GateResult({counted(len(self.checks), 'check')}: {shown})"

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON."""
        return {"exit_code": self.exit_code, "checks": [check.to_dict() for check in self.checks]}

    def to_junit(self, *, name: str = "nacre gate") -> str:
        """Return the result as JUnit XML: a bound that misses is a failure, data that cannot tell are an error.

        Args:
            name: What the test suite is called.
        """
        n_failures = sum(check.status == "missed" for check in self.checks)
        n_errors = sum(check.status in _UNDECIDED for check in self.checks)
        counts = {"tests": str(len(self.checks)), "failures": str(n_failures), "errors": str(n_errors)}
        suites = ElementTree.Element("testsuites", {"name": _xml(name), **counts})
        suite = ElementTree.SubElement(suites, "testsuite", {"name": _xml(name), **counts, "skipped": "0", "time": "0"})
        for check in self.checks:
            place = {"classname": _xml(f"{name}.{check.slice}"), "name": _xml(check.condition)}
            case = ElementTree.SubElement(suite, "testcase", {**place, "time": "0"})
            if check.status == "passed":
                ElementTree.SubElement(case, "system-out").text = _xml(check.message)
                continue
            kind = "failure" if check.status == "missed" else "error"
            found = {"message": _xml(check.message), "type": check.status}
            ElementTree.SubElement(case, kind, found).text = _xml(check.message)
        ElementTree.indent(suites)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def gate(
    matrix: EvaluationMatrix,
    conditions: Sequence[str | GateCondition],
    *,
    refused: Mapping[str, str] | None = None,
) -> GateResult:
    """Return whether a run reaches what is asked of it: with the bound of the interval, never with the mean alone.

    Nothing is decided below 30 prompts, where more than a tenth of the responses have no score (`MOST_MISSING`), and
    by evaluators that are not to be believed.

    Args:
        matrix: The run.
        conditions: Such as `correct[es] >= 0.8`, `polite >= 0.9`, `cost <= 2`, `all criteria >= 0.5`.
        refused: Evaluators that are not to be believed, and why, such as `stale since its prompt changed`.

    Raises:
        SpecError: A condition cannot be read, or there is none.
        UnknownNameError: A condition names a criterion or slice that the matrix lacks.

    Examples:
        >>> from nacre.evaluation import Criterion, Evaluator, evaluate, evaluation_matrix
        >>> from nacre.functions import Keyword
        >>> import polars as pl
        >>> please = Evaluator("please", Criterion("polite"), Keyword("response", ("please",)))
        >>> prompts, answers = [f"{n}?" for n in range(90)], ["Please", "No", "Please"] * 30
        >>> answers = pl.DataFrame({"prompt": prompts, "response": answers})
        >>> result = gate(evaluation_matrix(evaluate([please], answers)), ["polite >= 0.5", "polite >= 0.6"])
        >>> print(result)
        polite[all] >= 0.5 holds: .67 [.56-.76] n=90.
        polite[all] >= 0.6 misses: .67 [.56-.76] n=90, the lower bound is .036 short.
        >>> result.exit_code
        1
    """
    if isinstance(conditions, str) or not conditions:
        raise SpecError('A gate takes a list of conditions, such as `["correct >= 0.8"]`.')
    parsed = [GateCondition.parse(part) if isinstance(part, str) else part for part in conditions]
    return GateResult(tuple(_check(matrix, condition, refused or {}) for condition in parsed))


def _check(matrix: EvaluationMatrix, condition: GateCondition, refused: Mapping[str, str]) -> GateCheck:
    cell = matrix.cell(condition.slice, condition.criterion)
    if matrix.is_rate[condition.criterion] and not 0 <= condition.bound <= 1:
        raise SpecError(f"`{condition.criterion}` is a share between 0 and 1; the gate asks for {condition.bound:g}.")
    is_corrected = cell.corrected is not None and not cell.corrected.is_too_few
    mean = cell.corrected if is_corrected and cell.corrected is not None else cell.mean
    reasons = [f"`{name}` is {refused[name]}" for name in matrix.evaluators[condition.criterion] if name in refused]
    status = "refused" if reasons else _decided(condition, cell, mean)
    found = ", ".join(reasons) or f"{mean}{' corrected by experts' * is_corrected}{_missing(cell)}"
    if status == "not scored":
        found += f", more than {MOST_MISSING:.0%} of the responses have no score"
    words = {"passed": "holds", "missed": "misses"}
    message = f"{condition} {words.get(status, 'is not decided')}: {found}{_short_of(condition, mean, status)}."
    return GateCheck(str(condition), condition.slice, condition.criterion, mean, is_corrected, status, message)


def _decided(condition: GateCondition, cell: Cell, mean: Metric) -> CheckStatus:
    if cell.n_missing > MOST_MISSING * (cell.n_scored + cell.n_missing):
        return "not scored"
    if mean.is_too_few:
        return "too few"
    holds = mean.low >= condition.bound if condition.sign == ">=" else mean.high <= condition.bound
    return "passed" if holds else "missed"


def _short_of(condition: GateCondition, mean: Metric, status: CheckStatus) -> str:
    if status != "missed":
        return ""
    if condition.sign == ">=":
        return f", the lower bound is {_number(condition.bound - mean.low)} short"
    return f", the upper bound is {_number(mean.high - condition.bound)} above"


def _missing(cell: Cell) -> str:
    shown = ", ".join(f"{n:,} {why}" for why, n in cell.missing.items())
    return f" ({shown})" if shown else ""


def _number(value: float) -> str:
    text = f"{value:.2g}"
    return text.removeprefix("0") if text.startswith("0.") else text


def _xml(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
