"""Charts of what an evaluation found, from its JSON: for notebooks, reports and terminals alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from nacre.displays import (
    AgreementRow,
    Chart,
    DifferenceRow,
    MatrixCell,
    MatrixColumn,
    Measured,
    WinRateRow,
    agreement,
    differences,
    evaluation_matrix,
    win_rate,
)
from nacre.evaluation._columns import ALL, ALL_CRITERIA

Document = Mapping[str, Any]
Place = tuple[str, str]


def matrix_chart(
    matrix: Document,
    *,
    title: str = "",
    links: Mapping[Place, str] | None = None,
    notes: Mapping[str, str] | None = None,
    column_links: Mapping[str, str] | None = None,
) -> Chart:
    """Return an evaluation matrix as a chart.

    Args:
        matrix: What `EvaluationMatrix.to_dict` returned.
        title: What it is about; how many responses there are when empty.
        links: The anchor of each cell, by slice and criterion.
        notes: A few words for the header of a criterion.
        column_links: The anchor that the name of a criterion leads to.
    """
    columns = [_column(name, matrix, notes or {}, column_links or {}) for name in matrix["criteria"]]
    anchors = links or {}
    cells = {}
    for cell in matrix["cells"]:
        place = (cell["slice"], cell["criterion"])
        cells[place] = MatrixCell(
            _metric(cell["mean"]),
            n_missing=cell["n_missing"],
            change=_optional(cell["change"]),
            is_better=cell["is_better"],
            corrected=_optional(cell["corrected"]),
            target=cell["target"],
            status=cell["status"],
            link=anchors.get(place),
        )
    n_responses = matrix["n_responses"]
    told = title or f"{n_responses.get(ALL, 0):,} responses"
    return evaluation_matrix(cells, slices=n_responses, columns=columns, title=told, note=_note(matrix))


def _note(matrix: Document) -> str:
    repeats = any(cell["n_scored"] > cell["mean"]["n"] for cell in matrix["cells"])
    told = "n counts prompts: responses to the same prompt are one observation." if repeats else ""
    return " ".join(filter(None, (matrix["verdict"], told)))


def _column(name: str, matrix: Document, notes: Mapping[str, str], column_links: Mapping[str, str]) -> MatrixColumn:
    flags = [f"{flag['evaluator']} {flag['meaning']}" for flag in matrix["rigid"] if flag["criterion"] == name]
    is_overall = name == ALL_CRITERIA
    return MatrixColumn(
        name,
        evaluator="" if is_overall else ", ".join(matrix["evaluators"].get(name, ())),
        note=notes.get(name, ""),
        flags=flags,
        format="share" if matrix["is_rate"][name] else "number",
        is_overall=is_overall,
        link=column_links.get(name),
    )


def agreement_chart(
    lines: Iterable[Document],
    *,
    title: str,
    status: Mapping[str, tuple[str, str]] | None = None,
    links: Mapping[str, str] | None = None,
    label: Literal["evaluator", "slice"] = "evaluator",
    note: str = "",
) -> Chart:
    """Return how far evaluators agree with experts as a chart.

    Args:
        lines: What `Agreement.to_dict` returned.
        title: What it is about.
        status: The verdict on each evaluator (`aligned`, `not aligned`, `stale`, `too few`) and its reason.
        links: The anchor of each evaluator.
        label: What tells the rows apart: `evaluator` or `slice`.
        note: What a reader should know.
    """
    verdicts, anchors = status or {}, links or {}
    rows = []
    for line in lines:
        verdict, reason = verdicts.get(line["evaluator"], ("", ""))
        ceiling, accept = line["ceiling"], line["accept"]
        rows.append(
            AgreementRow(
                line["evaluator"],
                _metric(line["raw"]),
                slice="" if line["slice"] == ALL else line["slice"],
                criterion=line["criterion"],
                kappa=_metric(line["kappa"]),
                ac1=_metric(line["ac1"]),
                baseline=line["baseline"],
                ceiling=None if ceiling is None else _metric(ceiling["agreement"]),
                accept_gap=None if accept is None else _metric(accept["gap"]),
                status=verdict,
                reason=reason,
                link=anchors.get(line["evaluator"]),
            )
        )
    return agreement(rows, title=title, label=label, note=note)


def win_rates_chart(
    rates: Iterable[Document], *, title: str, by: Literal["system", "slice"] = "system", note: str = ""
) -> Chart:
    """Return win rates as a chart.

    Args:
        rates: What `WinRate.to_dict` returned.
        title: What they are about.
        by: What tells the rows apart.
        note: What a reader should know.
    """
    rows = (
        WinRateRow(
            rate[by] or ALL,
            rate["won"],
            rate["tied"],
            rate["lost"],
            _metric(rate["raw"]),
            length_controlled=_optional(rate["length_controlled"]),
        )
        for rate in rates
    )
    return win_rate(rows, title=title, note=note)


def changes_chart(
    changes: Iterable[Document],
    *,
    title: str,
    names: tuple[str, str] = ("before", "after"),
    label: Literal["criterion", "slice"] = "criterion",
    is_number: bool = False,
    links: Mapping[str, str] | None = None,
    note: str = "",
) -> Chart:
    """Return paired changes as a chart.

    Args:
        changes: What `Change.to_dict` returned, all of shares or all of one number.
        title: What they are about.
        names: What the runs are called, the earlier first.
        label: What tells the rows apart: `criterion` or `slice`.
        is_number: Whether the means are numbers rather than shares.
        links: The anchor that each row leads to.
        note: What a reader should know.
    """
    rows = (
        DifferenceRow(
            change[label],
            _metric(change["difference"]),
            gained=change["n_gained"],
            lost=change["n_lost"],
            p=change["p_adjusted"],
            is_better=change["is_better"],
            link=(links or {}).get(change[label]),
        )
        for change in changes
    )
    heads = ("went up", "went down") if is_number else (f"pass only in {names[1]}", f"pass only in {names[0]}")
    return differences(rows, title=title, heads=heads, format="number" if is_number else "share", note=note)


def _metric(metric: Document) -> Measured:
    value = float("nan") if metric["value"] is None else metric["value"]
    return (value, metric["low"], metric["high"], metric["n"])


def _optional(metric: Document | None) -> Measured | None:
    return None if metric is None else _metric(metric)
