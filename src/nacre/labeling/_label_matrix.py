"""The label matrix: every vote on every unit, sparse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from nacre.data import Classes, MultiLabel, VoteSchema
from nacre.errors import SchemaError, UnknownNameError
from nacre.labeling._summary import LabelSummary, summarize

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ERRORS = pl.Schema({"function": pl.String, "row_id": pl.Int64, "message": pl.String})
PATTERN_SAMPLE = 10_000
DENSE_LIMIT = 2 << 30  # bytes of a dense array that is refused, with the alternative named


class Symbol(NamedTuple):
    """One kind of vote of one function: a column of the matrix."""

    function: int
    code: int


class Patterns(NamedTuple):
    """Units with the same votes, found once: `label_matrix.where(first)` holds each pattern once.

    `inverse` [n_units] leads from a unit to its pattern, `counts` [n_patterns] says how often each occurs.
    """

    first: NDArray[np.int64]
    inverse: NDArray[np.int64]
    counts: NDArray[np.int64]


def _no_errors() -> pl.DataFrame:
    return pl.DataFrame(schema=ERRORS)


@dataclass(frozen=True, eq=False)
class LabelMatrix:
    """Votes of functions on units: data points, or tokens where the schema is `Spans`.

    Only symbols that occur are columns, and an abstention is no entry at all.

    Args:
        schema: What is voted on.
        functions: Names of the functions.
        symbols: What each column stands for, ordered by function and code.
        votes: Boolean `csr_array` [n_units, n_symbols].
        units: `row_id` of each unit; for tokens also `start` and `end`.
        errors: Rows on which a function failed: `function`, `row_id`, `message`. Neither vote nor abstention.

    Examples:
        >>> matrix = LabelMatrix.from_dense([[0, 1], [1, -1]], Classes(("ham", "spam")), functions=["a", "b"])
        >>> matrix.symbols
        (Symbol(function=0, code=0), Symbol(function=0, code=1), Symbol(function=1, code=1))
        >>> matrix.to_dense()
        array([[ 0,  1],
               [ 1, -1]], dtype=int16)
    """

    schema: VoteSchema
    functions: tuple[str, ...]
    symbols: tuple[Symbol, ...]
    votes: csr_array
    units: pl.DataFrame
    errors: pl.DataFrame = field(default_factory=_no_errors)

    @classmethod
    def from_dense(cls, votes: ArrayLike, schema: VoteSchema, *, functions: Sequence[str] | None = None) -> LabelMatrix:
        """Make a label matrix of an array [n_units, n_functions] of codes, -1 where a function abstains."""
        dense = np.asarray(votes)
        if dense.ndim != 2 or not np.issubdtype(dense.dtype, np.integer):
            raise SchemaError(f"Expected integer codes [n_units, n_functions], found {dense.dtype} {dense.shape}.")
        names = tuple(functions) if functions is not None else tuple(f"f{j}" for j in range(dense.shape[1]))
        if len(names) != dense.shape[1]:
            raise SchemaError(f"The votes have {dense.shape[1]} columns, but there are {len(names)} function names.")
        units = pl.DataFrame({"row_id": np.arange(len(dense), dtype=np.int64)})
        return _assemble(schema, names, VoteEntries.from_dense(dense), units)

    @classmethod
    def from_long(cls, votes: pl.DataFrame, schema: VoteSchema, *, row_ids: Iterable[int] | None = None) -> LabelMatrix:
        """Make a label matrix of a frame `row_id, function, vote`, where `vote` is a class name or code.

        Args:
            votes: One row a vote. A null vote abstains.
            schema: What is voted on.
            row_ids: The data points, covered or not; None takes those that occur, in order.
        """
        votes = votes.drop_nulls("vote")
        repeated = votes.select("row_id", "function").is_duplicated()
        if repeated.any():
            first = votes.filter(repeated).row(0, named=True)
            raise SchemaError(
                f"`{first['function']}` votes more than once on row {first['row_id']}. A label matrix holds one vote "
                "per function and row; fit `DawidSkene` on the long form instead, or keep one vote."
            )
        names = tuple(votes.get_column("function").unique(maintain_order=True).cast(pl.String).to_list())
        known = votes.get_column("row_id").unique().sort() if row_ids is None else pl.Series(list(row_ids))
        units = pl.DataFrame({"row_id": known.cast(pl.Int64)})
        rows = _positions(votes.get_column("row_id").cast(pl.Int64), units.get_column("row_id"), "row_id")
        known_names = pl.Series(names, dtype=pl.String)
        columns = _positions(votes.get_column("function").cast(pl.String), known_names, "function")
        codes = _codes(votes.get_column("vote"), schema)
        return _assemble(schema, names, VoteEntries.from_any_order(rows, columns, codes, len(units)), units)

    @property
    def n_units(self) -> int:
        """How many units there are, covered or not."""
        return len(self.units)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a unit."""
        return self.schema.classes

    @cached_property
    def class_shares(self) -> NDArray[np.float64]:
        """How a vote of each symbol is shared among the classes: [n_symbols, n_classes], rows sum to 1."""
        shares = [self.schema.shares(code) for _, code in self.symbols]
        return np.array(shares).reshape(len(shares), len(self.classes))

    @cached_property
    def symbol_functions(self) -> NDArray[np.int64]:
        """The function of each symbol: [n_symbols]."""
        return np.array([symbol.function for symbol in self.symbols], dtype=np.int64)

    @cached_property
    def symbol_codes(self) -> NDArray[np.int16]:
        """The code of each symbol: [n_symbols]."""
        return np.array([symbol.code for symbol in self.symbols], dtype=np.int16)

    @cached_property
    def is_covered(self) -> NDArray[np.bool_]:
        """Whether any function votes on a unit: [n_units]."""
        return np.diff(self.votes.indptr) > 0

    def second_moments(self, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return how often two symbols occur together: [n_symbols, n_symbols], weighted shares of all units."""
        size = len(self.symbols) ** 2 * 8
        if size > DENSE_LIMIT:
            raise SchemaError(
                f"Second moments of {len(self.symbols)} symbols need {size / 2**30:.1f} GiB. Use a label model that "
                "works on votes (`ClassConditional`, `MajorityVote`), or select fewer functions."
            )
        # Products of Boolean matrices are Boolean and saturate silently, hence the cast.
        votes = self.votes.astype(np.float64)
        weighted = votes if weights is None else votes.multiply(weights[:, None]).tocsr()
        total = self.n_units if weights is None else weights.sum()
        moments: NDArray[np.float64] = (votes.T @ weighted).toarray() / max(total, 1)
        return moments

    def to_dense(self) -> NDArray[np.int16]:
        """Return codes [n_units, n_functions], -1 where a function abstains."""
        if isinstance(self.schema, MultiLabel):
            raise SchemaError("Votes on several labels have no dense form. Use `votes` and `symbols`.")
        dense = np.full((self.n_units, len(self.functions)), -1, dtype=np.int16)
        rows = np.repeat(np.arange(self.n_units), np.diff(self.votes.indptr))
        dense[rows, self.symbol_functions[self.votes.indices]] = self.symbol_codes[self.votes.indices]
        return dense

    def select(self, functions: Iterable[str]) -> LabelMatrix:
        """Keep some functions, in the order given; units stay."""
        names = tuple(functions)
        for name in names:
            if name not in self.functions:
                raise UnknownNameError("function", name, available=self.functions)
        place = {self.functions.index(name): position for position, name in enumerate(names)}
        kept = [s for s, symbol in enumerate(self.symbols) if symbol.function in place]
        kept.sort(key=lambda s: (place[self.symbols[s].function], _code_order(self.symbols[s].code)))
        symbols = tuple(Symbol(place[self.symbols[s].function], self.symbols[s].code) for s in kept)
        errors = self.errors.filter(pl.col("function").is_in(names))
        return replace(self, functions=names, symbols=symbols, votes=self.votes[:, kept].tocsr(), errors=errors)

    def where(self, rows: NDArray[Any]) -> LabelMatrix:
        """Keep some units: a Boolean mask [n_units] or positions. All symbols stay columns."""
        positions = np.flatnonzero(rows) if np.asarray(rows).dtype == np.bool_ else np.asarray(rows)
        units = self.units[positions]
        errors = self.errors.join(units.select("row_id").unique(), on="row_id", how="semi")
        return replace(self, votes=self.votes[positions], units=units, errors=errors)

    @cached_property
    def patterns(self) -> Patterns:
        """The units with equal votes, found without comparing them pair by pair."""
        units = pl.DataFrame({"hash": self._vote_hashes}).with_row_index("first")
        found = units.group_by("hash", maintain_order=True).agg(pl.first("first"), count=pl.len())
        found = found.with_row_index("pattern")
        inverse = units.join(found, on="hash", how="left", maintain_order="left").get_column("pattern")
        first, counts = (found.get_column(name).to_numpy().astype(np.int64) for name in ("first", "count"))
        return Patterns(first, inverse.to_numpy().astype(np.int64), counts)

    @cached_property
    def patterns_repeat(self) -> bool:
        """Whether a sample of the units has half as many patterns: then it pays to compute something once for each."""
        sample = self._vote_hashes[:: max(1, self.n_units // PATTERN_SAMPLE)]
        return len(np.unique(sample)) <= len(sample) / 2

    @cached_property
    def _vote_hashes(self) -> NDArray[np.uint64]:
        """A number for each unit that is the same for the same votes: [n_units]."""
        keys = np.random.default_rng(0).integers(0, 2**64, size=len(self.symbols), dtype=np.uint64)
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys[self.votes.indices], dtype=np.uint64)])
        hashes: NDArray[np.uint64] = sums[self.votes.indptr[1:]] - sums[self.votes.indptr[:-1]]  # modulo 2**64
        return hashes

    def summary(self, truth: ArrayLike | pl.Series | None = None) -> LabelSummary:
        """Return coverage, overlap and conflict of each function, and its accuracy where ground truth is known.

        Args:
            truth: Ground truth of each unit: codes (-1 unknown) or class names (null unknown).
        """
        return summarize(self, truth)

    def __repr__(self) -> str:
        return f"LabelMatrix({self.n_units:,} units, {len(self.functions)} functions, {self.votes.nnz:,} votes)"


class VoteEntries(NamedTuple):
    """Votes on consecutive units, one unit after the other.

    `counts` [n_units] says how many votes a unit has; `functions` and `codes` [n_votes] are their functions and codes.
    """

    counts: NDArray[np.int64]
    functions: NDArray[np.int32]
    codes: NDArray[Any]

    @classmethod
    def from_dense(cls, dense: NDArray[Any]) -> VoteEntries:
        """Find the votes among codes [n_units, n_functions], -1 where a function abstains."""
        flat = np.ascontiguousarray(dense).ravel()  # six times as fast as two axes, which numpy walks row by row
        cells, n_functions = np.flatnonzero(flat != -1), max(dense.shape[1], 1)
        counts = np.bincount(cells // n_functions, minlength=len(dense))
        return cls(counts, (cells % n_functions).astype(np.int32), flat[cells])

    @classmethod
    def from_any_order(cls, units: NDArray[Any], functions: NDArray[Any], codes: NDArray[Any], n: int) -> VoteEntries:
        """Put votes in the order of their units, which are positions below `n`."""
        order = np.argsort(units, kind="stable")
        return cls(np.bincount(units, minlength=n), functions[order].astype(np.int32), codes[order])


def assemble_votes(parts: Sequence[VoteEntries]) -> tuple[tuple[Symbol, ...], csr_array]:
    """Return the symbols that occur, in order, and the votes on the units of all parts.

    A table of all possible symbols is faster than sorting votes.
    """
    from scipy.sparse import csr_array

    lowest = min((int(part.codes.min(initial=0)) for part in parts), default=0)
    n_codes = max((int(part.codes.max(initial=0)) for part in parts), default=0) - lowest + 1
    n_functions = 1 + max((int(part.functions.max(initial=-1)) for part in parts), default=-1)
    cells = [_cells(part, lowest, n_codes) for part in parts]
    occurs = np.zeros(n_functions * n_codes, dtype=np.bool_)
    for part in cells:
        occurs[part] = True
    found = np.flatnonzero(occurs)
    function, code = found // n_codes, found % n_codes + lowest
    # Codes from 0 up come first, then -2, -3, ...
    order = np.lexsort((np.abs(code), code < 0, function))
    places = np.zeros(len(occurs), dtype=np.int32)
    places[found[order]] = np.arange(len(found))
    indices = np.concatenate([np.zeros(0, np.int32), *(places[part] for part in cells)])
    indptr = np.cumsum(np.concatenate([np.zeros(1, np.int64), *(part.counts for part in parts)]))
    votes = csr_array((np.ones(len(indices), np.bool_), indices, indptr), shape=(len(indptr) - 1, len(found)))
    votes.sort_indices()
    return tuple(Symbol(*symbol) for symbol in zip(function[order].tolist(), code[order].tolist(), strict=True)), votes


def _cells(votes: VoteEntries, lowest: int, n_codes: int) -> NDArray[np.int64]:
    """Return the place of each vote in the table of all possible symbols."""
    cells = votes.functions.astype(np.int64) * n_codes
    cells += votes.codes
    cells -= lowest
    return cells


def _assemble(
    schema: VoteSchema,
    functions: tuple[str, ...],
    votes: VoteEntries,
    units: pl.DataFrame,
) -> LabelMatrix:
    _check_codes(votes.codes, schema)
    symbols, matrix = assemble_votes([votes])
    return LabelMatrix(schema, functions, symbols, matrix, units)


def _check_codes(codes: NDArray[Any], schema: VoteSchema) -> None:
    highest = len(schema.classes) - 1
    lowest = -1 - len(schema.groups) if isinstance(schema, Classes) else 0
    if isinstance(schema, MultiLabel):
        lowest = -1 - len(schema.names)
    wrong = codes[(codes > highest) | (codes < lowest) | (codes == -1)]
    if len(wrong):
        raise SchemaError(
            f"Found the code {wrong[0]}, but the classes {', '.join(schema.classes)} have the codes 0 to {highest}"
            + (f", and groups -2 to {lowest}." if lowest < 0 else ".")
        )


def _positions(values: pl.Series, known: pl.Series, what: str) -> NDArray[np.int64]:
    index = pl.DataFrame({"key": known, "position": np.arange(len(known))})
    positions = pl.DataFrame({"key": values}).join(index, on="key", how="left", maintain_order="left")["position"]
    if positions.null_count():
        missing = values.filter(positions.is_null())[0]
        raise SchemaError(f"The votes name the {what} {missing!r}, which is not among the {len(known)} given.")
    return positions.to_numpy()


def _codes(votes: pl.Series, schema: VoteSchema) -> NDArray[np.int64]:
    if votes.dtype.is_integer():
        return votes.to_numpy().astype(np.int64)
    names = votes.cast(pl.String)
    codes = {name: schema.code(name) for name in names.unique().to_list()}
    return names.replace_strict(codes, return_dtype=pl.Int64).to_numpy()


def _code_order(code: int) -> int:
    return code if code >= 0 else (1 << 20) - code
