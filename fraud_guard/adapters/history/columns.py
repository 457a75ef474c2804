"""Columns of the history: what a file says of a tag, and back to rows of the log."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fraud_guard.tags.block import ROW, STORED, Block
from fraud_guard.tags.kinds import Kind

NUMBERS = ("position", *(name for name in STORED if name != "inlet"))
"""Columns of numbers, as rows of the log name them; where a raw record lay is not worth keeping, it is gone in a day."""
STRINGS = ("id", "source", "host")
TOKEN = "token"  # noqa: S105  a column, no secret
DECISIVE = (TOKEN, *NUMBERS)
"""What a decision needs; strings are for people."""
SCHEMA = pa.schema(
    [pa.field(TOKEN, pa.binary(16))]
    + [pa.field(name, pa.from_numpy_dtype(ROW[name])) for name in NUMBERS]
    + [pa.field(name, pa.string()) for name in STRINGS]
)


def table_of(block: Block) -> Any:
    """The tags of a block as a table (pa.Table), a subject's tags together and in order; ticks are left out."""
    block = block.take(np.flatnonzero(block.rows["kind"] != Kind.TICK))
    rows = block.rows[order := _order(block.rows)]
    tokens = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(rows), [None, pa.py_buffer(raw_tokens(rows))])
    numbers = [pa.array(np.ascontiguousarray(rows[name])) for name in NUMBERS]
    strings = [pa.array(column, pa.string()).take(pa.array(order)) for column in (block.ids, block.sources, block.hosts)]
    return pa.Table.from_arrays([tokens, *numbers, *strings], schema=SCHEMA)


def sorted_table(tables: list[Any]) -> Any:
    """Several tables as one, a subject's tags together and in order."""
    whole = pa.concat_tables(tables)
    return whole.take(pa.array(_order(rows_of(whole))))


def rows_of(table: Any) -> npt.NDArray[np.void]:
    """The rows of a table that has the columns DECISIVE, in its order; `reputation` and `inlet` are 0."""
    rows = np.zeros(table.num_rows, ROW)
    if table.num_rows:
        tokens = table.column(TOKEN).combine_chunks()
        rows[TOKEN] = np.frombuffer(tokens.buffers()[1], "V16", len(tokens), tokens.offset * 16)
        for name in NUMBERS:
            rows[name] = table.column(name).to_numpy()
    return rows


def block_of(table: Any) -> Block:
    """A table with all columns as a block; a missing host is ""."""
    ids, sources, hosts = (table.column(name).to_pylist() for name in STRINGS)
    return Block(rows_of(table), ids, sources, hosts)


def raw_tokens(rows: npt.NDArray[np.void]) -> bytes:
    """The tokens of rows, 16 bytes each."""
    return np.ascontiguousarray(rows[TOKEN]).tobytes()


def _order(rows: npt.NDArray[np.void]) -> npt.NDArray[np.intp]:
    """By token as bytes compare, then by position."""
    halves = np.frombuffer(raw_tokens(rows), ">u8").reshape(-1, 2)
    return np.lexsort((rows["position"], halves[:, 1], halves[:, 0]))
