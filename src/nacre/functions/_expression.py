"""Conditions written in SQL over the fields of one row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, TypeAlias

import polars as pl

from nacre.errors import SpecError
from nacre.functions._condition import Condition, check_field
from nacre.functions._matching import check_pattern

Node: TypeAlias = Any  # of a syntax tree of sqlglot, which is imported where it is used
MAX_LENGTH = 20_000
MAX_DEPTH = 50  # of parentheses and of the tree: Polars and the SQL parsers walk it by recursion

# What reads one row and nothing else. Whatever is not here is refused: sub-selects (which open files while Polars
# parses them), aggregates and windows (which would answer per chunk), time, random numbers, unknown functions.
ALLOWED = """
Abs Add And Between Boolean Case Cast Ceil Coalesce Column Concat DPipe DataType Div EQ EndsWith
Extract Floor GT GTE Greatest ILike Identifier If In Is LT LTE Least Left Length Like Literal Lower
Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Nullif Or Paren RegexpILike RegexpLike Replace Right
Round StartsWith StrPosition Sub Substring Trim TryCast Upper Var
"""
CASTS = ("BIGINT", "DOUBLE", "FLOAT", "INT", "SMALLINT", "TEXT", "VARCHAR")
# Arguments that must be constant: Polars takes no other, or fails on a row instead of before the first.
CONSTANT = {
    "Like": ("expression",),
    "ILike": ("expression",),
    "RegexpLike": ("expression",),
    "RegexpILike": ("expression",),
    "Replace": ("expression", "replacement"),
    "Trim": ("expression",),
    "Substring": ("start", "length"),
    "Left": ("expression",),
    "Right": ("expression",),
    "Round": ("decimals",),
}


@dataclass(frozen=True)
class Expression(Condition):
    """Hold where SQL over the fields of a row is true; null counts as false, at the end.

    Comparisons, `AND OR NOT`, arithmetic, `IN`, `BETWEEN`, `LIKE`, `~`, `CASE`, functions on text and numbers such
    as `length(body)`, and casts, which give null where a value does not fit.

    Examples:
        >>> late = Expression("attempts > 3 OR status = 'failed'")
        >>> late.reads
        ('attempts', 'status')
        >>> calls = pl.DataFrame({"attempts": [5, 1, None], "status": ["ok", None, "failed"]})
        >>> calls.select(late.expr()).to_series().to_list()
        [True, False, True]
    """

    sql: str

    kind: ClassVar[str] = "expression"

    def __post_init__(self) -> None:
        _compiled(self.sql)

    @property
    def reads(self) -> tuple[str, ...]:
        return _compiled(self.sql).reads

    def expr(self) -> pl.Expr:
        return _compiled(self.sql).expr


class _Compiled(NamedTuple):
    expr: pl.Expr
    reads: tuple[str, ...]


@lru_cache(maxsize=4096)
def _compiled(sql: str) -> _Compiled:
    tree = _parse(sql)
    for node in tree.walk():
        _check_node(node, sql)
    reads = tuple(dict.fromkeys(column.name for column in tree.find_all(_exp().Column)))
    if not reads:
        raise SpecError(f"The expression `{_short(sql)}` reads no field, so it is the same on every row.")
    # What reaches Polars is written anew from the checked tree, never the text of the user.
    try:
        expr = pl.sql_expr(_rewritten(tree))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).strip().splitlines()[0]
        raise SpecError(f"The expression `{_short(sql)}` cannot be computed: {reason}") from error
    if set(expr.meta.root_names()) != set(reads):
        raise SpecError(f"The expression `{_short(sql)}` is understood in two ways. Write it more simply.")
    return _Compiled(expr.fill_null(False), reads)


def _parse(sql: object) -> Node:
    from sqlglot import parse
    from sqlglot.errors import SqlglotError

    if not isinstance(sql, str) or not sql.strip():
        raise SpecError(f"An expression is SQL over the fields of a row, such as `attempts > 3`; found {sql!r}.")
    if any(ord(character) < 32 and not character.isspace() for character in sql):
        raise SpecError(f"{sql!r} holds control characters; an expression is plain text.")
    if len(sql) > MAX_LENGTH:
        raise SpecError(f"An expression has at most {MAX_LENGTH:,} characters; this one has {len(sql):,}.")
    try:
        # As a projection: at the start of a statement, fields such as `comment` would be read as a command.
        statements = parse(f"SELECT {sql}", read="postgres")
    except (SqlglotError, RecursionError) as error:
        reason = str(error).splitlines()[0] if not isinstance(error, RecursionError) else "it is nested too deeply"
        raise SpecError(f"`{_short(sql)}` is not SQL over one row: {reason}") from error
    select = statements[0] if len(statements) == 1 else None
    parts = {name for name, value in select.args.items() if value} if isinstance(select, _exp().Select) else None
    if select is None or parts != {"expressions"} or len(select.expressions) != 1:
        raise SpecError(
            f"`{_short(sql)}` is more than one condition on a row: clauses, lists and several statements are refused."
        )
    tree: Node = select.expressions[0]
    if (depth := _depth(tree)) > MAX_DEPTH:
        raise SpecError(
            f"`{_short(sql)}` is nested {depth} deep; {MAX_DEPTH} is the limit. Split it with `any`, `all`."
        )
    return tree


def _depth(tree: Node) -> int:
    """Return how deep the tree is, without recursion."""
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        for child in node.iter_expressions():
            stack.append((child, depth + (not _is_chain(node, child))))
    return deepest


def _is_chain(node: Node, child: Node) -> bool:
    """Return whether `a AND b AND c` goes on: no deeper, however long."""
    return type(node) is type(child) and isinstance(node, _exp().Connector)


def _check_node(node: Node, sql: str) -> None:
    kind = type(node).__name__
    if kind not in ALLOWED.split():
        name = node.name if kind in ("Anonymous", "Func") else node.key
        raise SpecError(
            f"`{name}` in `{_short(sql)}` is not allowed: an expression compares and computes with the fields of one "
            "row, and reads no file, no table, no other row and no clock."
        )
    if kind == "Column":
        if any(node.args.get(part) for part in ("table", "db", "catalog", "join_mark")):
            raise SpecError(f"`{_short(node.sql())}` in `{_short(sql)}` names a table; write the field alone.")
        check_field("expression", node.name)
    elif kind in ("Cast", "TryCast"):
        _check_cast(node, sql)
    elif kind == "In" and not (node.expressions and all(map(_is_constant, node.expressions))):
        raise SpecError(f"`IN` in `{_short(sql)}` takes a list of constants.")
    for name in CONSTANT.get(kind, ()):
        if (argument := node.args.get(name)) is not None and not _is_constant(argument):
            raise SpecError(f"`{node.key}` in `{_short(sql)}` takes a constant, not `{_short(argument.sql())}`.")
    if kind in ("RegexpLike", "RegexpILike"):
        check_pattern(node.expression.name, sql)
    extra = set(node.args) - {"this", "substr"}
    if kind == "StrPosition" and any(node.args.get(name) for name in extra):
        raise SpecError(f"`{node.key}` in `{_short(sql)}` takes a text and what to look for.")


def _check_cast(node: Node, sql: str) -> None:
    target = node.to.sql()
    if target == "DATE":
        # Polars turns no text column into dates: only the dates that the expression itself names.
        try:
            date.fromisoformat(node.this.name if isinstance(node.this, _exp().Literal) else "")
        except ValueError as error:
            raise SpecError(f"In `{_short(sql)}`, a date is written `DATE '2024-12-31'`; no column is cast.") from error
    elif target not in CASTS or node.args.get("format") or node.args.get("default"):
        raise SpecError(f"`{_short(sql)}` casts to {target}; it can cast to {', '.join(CASTS)}.")


def _is_constant(node: Node) -> bool:
    inner = node.this if isinstance(node, _exp().Neg) else node
    return isinstance(inner, _exp().Literal | _exp().Boolean)


def _rewritten(tree: Node) -> str:
    """Return SQL in the words of Polars, total (casts give null, `IS TRUE` is never null) and fully parenthesised."""
    return str(tree.transform(_total).transform(_parenthesised).sql(identify=True, comments=False))


def _total(node: Node) -> Node:
    exp = _exp()
    if type(node) is exp.Cast:
        return exp.TryCast(this=node.this, to=node.to)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean):  # Polars leaves null null
        inner = node.this if node.expression.this else exp.Not(this=exp.Paren(this=node.this))
        return exp.Coalesce(this=inner, expressions=[exp.false()])
    if isinstance(node, exp.RegexpILike):
        pattern = exp.Literal.string(f"(?i){node.expression.name}")
        return exp.RegexpLike(this=node.this, expression=pattern)
    if isinstance(node, exp.StrPosition):
        return exp.Anonymous(this="STRPOS", expressions=[node.this, node.args["substr"]])
    return node


def _parenthesised(node: Node) -> Node:
    """Wrap what stands inside an operator, so that no two parsers can disagree about precedence."""
    exp = _exp()
    inside = isinstance(node.parent, exp.Binary | exp.Unary | exp.Between | exp.In) and node.arg_key == "this"
    inside = inside or isinstance(node.parent, exp.Binary)
    compound = isinstance(node, exp.Binary | exp.Not | exp.Neg | exp.Between | exp.In | exp.Case)
    if not (inside and compound) or isinstance(node.parent, exp.Paren | exp.Func) or _is_chain(node.parent, node):
        return node
    return exp.Paren(this=node)


def _exp() -> Any:
    from sqlglot import exp

    return exp


def _short(sql: str) -> str:
    return sql if len(sql) <= 120 else f"{sql[:117]}..."
