"""The block: up to BLOCK_MAX tags of one partition as columns; the unit of work and of position.

In the log a block is one Arrow IPC stream; in memory its numbers are one NumPy structured
array (`rows`) and its strings stay Arrow arrays that are read only when an alert needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fraud_guard.errors import IntegrityError
from fraud_guard.tags.control import Control

BLOCK_MAX = 1_000
"""Tags in a block at most."""
POSITIONS_PER_RECORD = 1_024
"""A tag's position is record offset * 1,024 + row, so BLOCK_MAX must stay below it."""
SHARDS = 512
"""Memory is keyed by shard; the number of partitions divides it."""

Rows = npt.NDArray[np.void]
ROW = np.dtype(
    [
        ("token", "V16"),  # keyed HMAC of the subject
        ("shard", "u2"),
        ("ts_ms", "i8"),  # event time, clamped to arrival when dated ahead
        ("watermark_ms", "i8"),  # of the partition when this tag was appended; never falls
        ("ahead_ms", "i8"),  # how much further the tag's own inlet partition was; 0 where one door reads one
        ("kind", "u1"),  # tags.kinds.Kind
        ("category", "u1"),  # app category, or index + 1 of the lowest lure of a text
        ("flags", "u4"),  # tags.kinds.Flag
        ("lures", "u4"),  # tags.kinds.Lure
        ("peer", "u8"),  # hash of the peer or of the host; 0 = none
        ("call", "u8"),  # hash of the call id, of a download that of the file; 0 = none
        ("value", "i4"),  # seconds of a call
        ("fingerprint", "u8"),  # of (source, id) in 48 bits, of ts_ms in 16
        ("area", "i8"),  # pack_area: where the subject is, or minus where it lives; 0 = unknown
        ("age", "u1"),  # lower bound of the age band in years; 0 = unknown
        ("household", "u1"),  # 1 = alone, 2 = with others, 0 = unknown
        ("text_score", "u1"),  # tags.quantised weight of the text model; 0 = no text, no model
        ("host_score", "u1"),  # the same of the host model
        ("inlet", "i8"),  # where the raw record lies; see `inlet_position`
        ("position", "i8"),  # set when read; not stored
        ("reputation", "f4"),  # of the caller in log-odds, 0 = nothing known; set by the peer stage; not stored
    ]
)
STORED = tuple(n for n in ROW.names or () if n not in ("token", "position", "reputation"))
_SCHEMA = pa.schema(
    [pa.field("token", pa.binary(16))]
    + [pa.field(n, pa.from_numpy_dtype(ROW[n])) for n in STORED]
    + [pa.field("id", pa.string()), pa.field("source", pa.dictionary(pa.int16(), pa.string())),
       pa.field("host", pa.dictionary(pa.int16(), pa.string()))]
)  # fmt: skip
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
_BLOCK, _CONTROLS = b"B", b"C"


class Block(msgspec.Struct):
    """Tags in log order. `rows` has dtype ROW; strings have one value a row."""

    rows: Rows
    ids: Any  # pa.Array or list of str
    sources: Any
    hosts: Any

    def __len__(self) -> int:
        return len(self.rows)

    def __add__(self, other: Block) -> Block:
        return join([b for b in (self, other) if len(b)] or [self])

    def cut(self, most: int = BLOCK_MAX) -> Iterator[Block]:
        """The same rows in blocks of at most `most`."""
        for i in range(0, len(self), most):
            yield self.slice(i, i + most)

    def number(self, offset: int) -> None:
        """Give the rows the positions of the record `offset` of the log."""
        self.rows["position"] = offset * POSITIONS_PER_RECORD + np.arange(len(self))

    def slice(self, start: int, end: int) -> Block:
        """The rows from `start` up to `end`."""
        return Block(*(column[start:end] for column in (self.rows, self.ids, self.sources, self.hosts)))

    def take(self, index: npt.NDArray[np.intp]) -> Block:
        """The rows at `index`, in that order."""
        where = index.tolist()
        return Block(self.rows[index], *(_taken(c, where) for c in (self.ids, self.sources, self.hosts)))


EMPTY = Block(np.zeros(0, ROW), [], [], [])
"""No tags; adding it to a block gives that block."""


def join(blocks: Sequence[Block]) -> Block:
    """Consecutive blocks of one partition as one; the result of `decide` is the same."""
    if len(blocks) == 1:
        return blocks[0]
    strings = ([getattr(b, name) for b in blocks] for name in ("ids", "sources", "hosts"))
    return Block(np.concatenate([b.rows for b in blocks]), *map(_joined, strings))


class Controls(msgspec.Struct):
    """Control records of one log record, with the position of each."""

    items: tuple[Control, ...]
    positions: tuple[int, ...]
    watermark_ms: int


def text(column: Any, row: int) -> str:
    """One string of a block's column; "" for null."""
    value = column[row]
    value = value.as_py() if isinstance(value, pa.Scalar) else value
    return value or ""


def encode_block(rows: Rows, ids: Sequence[str], sources: Sequence[str], hosts: Sequence[str | None]) -> bytes:
    """A log record. `rows` may have any length up to BLOCK_MAX; a tick has none but one TICK row."""
    columns = [pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(rows), [None, pa.py_buffer(_tokens(rows))])]
    columns += [pa.array(np.ascontiguousarray(rows[name])) for name in STORED]
    columns += [pa.array(ids, pa.string()), _dictionary(sources), _dictionary(hosts)]
    sink = pa.BufferOutputStream()
    sink.write(_BLOCK)
    with pa.ipc.new_stream(sink, _SCHEMA, options=_OPTIONS) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def is_block(data: bytes) -> bool:
    """Whether a log record is a block of tags."""
    return data[:1] == _BLOCK


def encode_controls(controls: Sequence[Control], watermark_ms: int) -> bytes:
    """A log record of control records (at most POSITIONS_PER_RECORD)."""
    return _CONTROLS + msgspec.msgpack.encode((watermark_ms, list(controls)))


def decode_record(data: bytes, offset: int) -> Block | Controls:
    """Read a record of the `tags` log; `offset` is its offset in the partition.

    Raises IntegrityError when it is neither a block nor controls.
    """
    first = offset * POSITIONS_PER_RECORD
    try:
        if data[:1] == _BLOCK:
            return _decode_block(pa.py_buffer(data).slice(1), first)
        if data[:1] == _CONTROLS:
            watermark_ms, items = msgspec.msgpack.decode(data[1:], type=tuple[int, list[Control]])
            return Controls(tuple(items), tuple(range(first, first + len(items))), watermark_ms)
    except (pa.ArrowInvalid, msgspec.DecodeError, OSError) as broken:
        raise IntegrityError(f"log record at offset {offset} is damaged: {type(broken).__name__}") from broken
    raise IntegrityError(f"log record at offset {offset} is of an unknown kind; was it written by a newer version?")


def pack_area(code: str) -> int:
    """A GB/T 2260 code of 6, 9 or 12 digits as one integer; "" is 0."""
    return int(code) * 16 + len(code) if code else 0


def unpack_area(packed: int) -> str:
    """The code behind `pack_area`, whatever the sign."""
    packed = abs(packed)
    return str(packed >> 4).zfill(packed & 15) if packed else ""


def _decode_block(buffer: Any, first: int) -> Block:
    with pa.ipc.open_stream(buffer) as reader:
        if reader.schema.names != _SCHEMA.names:
            raise IntegrityError(
                f"log record at offset {first // POSITIONS_PER_RECORD} was written by a version with other columns; "
                "start with a new data_dir (the old one stays readable for the version that wrote it)"
            )
        batch = reader.read_next_batch()
    rows = np.zeros(batch.num_rows, ROW)
    rows["token"] = np.frombuffer(batch.column(0).buffers()[1], "V16", batch.num_rows, batch.column(0).offset * 16)
    for i, name in enumerate(STORED, start=1):
        rows[name] = batch.column(i).to_numpy()
    rows["position"] = np.arange(first, first + len(rows))
    n = len(STORED)
    return Block(rows, batch.column(n + 1), batch.column(n + 2), batch.column(n + 3))


def _joined(columns: Sequence[Any]) -> Any:
    return list(chain.from_iterable(columns)) if isinstance(columns[0], list) else pa.chunked_array(columns)


def _taken(column: Any, where: Sequence[int]) -> list[Any]:
    return [column[i] for i in where] if isinstance(column, list) else [text(column, i) for i in where]


def _tokens(rows: Rows) -> bytes:
    return np.ascontiguousarray(rows["token"]).tobytes()


def _dictionary(values: Sequence[str | None]) -> Any:
    return pa.array(values, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string()))
