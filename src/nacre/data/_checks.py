"""What every row must fulfil, whatever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from nacre.data._blocks import Block
from nacre.data._conversations import faulty_conversations, is_conversation
from nacre.data._refusals import Fault, Refusals, shown
from nacre.data._unique import SeenUids

_LINES = 1 << 40  # a place is source * 2^40 + number


@dataclass
class RowChecks:
    """Sorts out the bad rows of one block after the other.

    Args:
        uid: The column that identifies a data point, if any.
        refusals: Where bad rows go.
        required: Columns that must have a value in every row.
    """

    uid: str | None
    refusals: Refusals
    required: tuple[str, ...] = ()
    _seen: SeenUids = field(default_factory=SeenUids)
    _sources: list[str] = field(default_factory=list)
    _largest_row_id: int = -1

    def good_rows(self, block: Block) -> pl.DataFrame:
        """Return the rows of a block that can be imported, with `uid` where there is one; refuse the others."""
        faults = {fault.index if fault.index >= 0 else ~position: fault for position, fault in _ranked(block.faults)}
        for fault in self._found(block):
            faults.setdefault(fault.index, fault)
        faults.update(self._repeated(block, faults))
        for index, fault in sorted(faults.items(), key=lambda item: (item[1].number, item[0])):
            raw = fault.raw or (block.raw(index) if index >= 0 else "")
            self.refusals.add(block.source, block.unit, replace(fault, raw=raw))
        frame = block.frame
        if self.uid is not None:
            frame = frame.with_columns(pl.col(self.uid).cast(pl.String).alias("uid"))
        bad = [index for index in faults if index >= 0]
        return frame.filter(~pl.int_range(pl.len()).is_in(bad)) if bad else frame

    def _found(self, block: Block) -> list[Fault]:
        faults = []
        for column in block.frame.iter_columns():
            if is_conversation(column.name, column.dtype):
                for index, problem in faulty_conversations(column):
                    advice = "Write a conversation as a list of objects with `role` and `content`."
                    faults.append(Fault(index, int(block.numbers[index]), column.name, problem, advice))
        for name in self.required if self.uid is None else (self.uid, *self.required):
            values = block.frame.get_column(name).cast(pl.String)
            for index in (values.is_null() | (values.str.strip_chars() == "")).arg_true().to_list():
                uid = name == self.uid
                advice = "Fill it" + (
                    ", or import without `uid`: then the position identifies a data point." if uid else "."
                )
                problem = f"the {'uid' if uid else 'value'} is missing, expected one in every row."
                faults.append(Fault(index, int(block.numbers[index]), name, problem, advice))
        return faults + self._row_id_faults(block) if "row_id" in block.frame.columns else faults

    def _row_id_faults(self, block: Block) -> list[Fault]:
        row_ids = block.frame.get_column("row_id").cast(pl.Int64, strict=False)
        before = row_ids.cum_max().forward_fill().shift(1).fill_null(-1).clip(lower_bound=self._largest_row_id)
        self._largest_row_id = max(self._largest_row_id, int(np.max(row_ids.drop_nulls().to_numpy(), initial=-1)))
        bad = row_ids.is_null() | (row_ids <= before)
        advice = 'Leave `row_id` out, or pass `rename={"row_id": "..."}`: Nacre numbers the data points itself.'
        return [
            Fault(
                index,
                int(block.numbers[index]),
                "row_id",
                f"found {shown(row_ids[index])}, expected a number above {before[index]}: row ids increase.",
                advice,
            )
            for index in bad.arg_true().to_list()
        ]

    def _repeated(self, block: Block, faults: dict[int, Fault]) -> dict[int, Fault]:
        if self.uid is None:
            return {}
        if block.source not in self._sources:
            self._sources.append(block.source)
        good = np.setdiff1d(np.arange(len(block.frame)), [index for index in faults if index >= 0])
        uids = block.frame.get_column(self.uid).cast(pl.String).gather(good)
        base = self._sources.index(block.source) * _LINES
        first = self._seen.add(uids, base + block.numbers[good])
        repeated = {}
        for position in np.flatnonzero(first >= 0).tolist():
            index, (source, number) = int(good[position]), divmod(int(first[position]), _LINES)
            where = f"{block.unit} {number}" + (
                f" of {self._sources[source]}" if self._sources[source] != block.source else ""
            )
            problem = f"found the uid {shown(uids[position])}, which {where} has too, expected it once."
            advice = "Remove the repeated row, or name another column as `uid`."
            repeated[index] = Fault(index, int(block.numbers[index]), self.uid, problem, advice)
        return repeated


def _ranked(faults: list[Fault]) -> list[tuple[int, Fault]]:
    """Return faults with their position, later ones first, so that a dict keeps the first of each row."""
    return list(enumerate(faults))[::-1]
