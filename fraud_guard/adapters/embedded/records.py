"""Records and how a batch of them becomes bytes.

A batch is stored by column (keys, values, headers, times): columns that hold nothing cost one
byte a batch, and both directions run in C loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat
from types import NoneType

import msgspec
import pyarrow as pa

from fraud_guard.errors import IntegrityError
from fraud_guard.log import Headers, Record, StoredRecord


class Columns(msgspec.Struct, array_like=True, frozen=True):
    """A batch by column; an empty `headers` or `timestamps_ms` means that no record has any."""

    keys: tuple[bytes | None, ...]
    values: tuple[bytes, ...]
    headers: tuple[Headers, ...] = ()
    timestamps_ms: tuple[int | None, ...] = ()


_PLAIN, _PACKED = b"\x00", b"\x01"
_PACK_FROM_BYTES = 4_096
_codec = pa.Codec("lz4_raw")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Columns).decode
_stored = partial(tuple.__new__, StoredRecord)  # skips the checks of the generated __new__


def to_columns(records: Sequence[Record]) -> Columns:
    """Turn 1..N records by row into columns.

    Raises ValueError for none, TypeError for anything but bytes: what is appended can be read again.
    """
    if not records:
        raise ValueError("an append needs at least one record")
    keys, values, headers, timestamps_ms = zip(*records, strict=True)
    pairs = [pair for several in headers for pair in several] if any(headers) else []
    if not ({*map(type, values)} == {bytes} and {*map(type, keys)} <= {bytes, NoneType}):
        raise TypeError("keys and values of records are bytes")
    if not all(type(name) is str and type(value) is bytes for name, value in pairs):
        raise TypeError("headers of records are pairs of str and bytes")
    return Columns(
        keys,
        values,
        headers if pairs else (),
        timestamps_ms if timestamps_ms.count(None) < len(timestamps_ms) else (),
    )


def values_only(values: Sequence[bytes]) -> Columns:
    """Columns of 1..N records without key and headers. Raises as `to_columns`."""
    if not values:
        raise ValueError("an append needs at least one record")
    if {*map(type, values)} != {bytes}:
        raise TypeError("values of records are bytes")
    return Columns((None,) * len(values), tuple(values))


def encode(columns: Columns) -> bytes:
    """The batch as MessagePack, packed by lz4 when that is worth it: raw lines shrink to a quarter, and so does
    everything that is done to them afterwards (sealing, write-ahead log, pages).
    """
    plain = _encode(columns)
    if len(plain) < _PACK_FROM_BYTES:
        return _PLAIN + plain
    packed = _codec.compress(plain, asbytes=True)
    return _PACKED + len(plain).to_bytes(8, "little") + packed if len(packed) < len(plain) * 0.8 else _PLAIN + plain


def decode(blob: bytes, place: str) -> Columns:
    """Read a batch back. Raises IntegrityError that names `place` when the bytes are no batch."""
    try:
        if blob[:1] == _PACKED:
            return _decode(_codec.decompress(blob[9:], int.from_bytes(blob[1:9], "little"), asbytes=True))
        return _decode(blob[1:])
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        raise IntegrityError(f"{place} does not hold a batch of records ({error})") from error


def to_rows(
    columns: Columns, topic: str, partition: int, base_offset: int, appended_ms: int
) -> list[StoredRecord]:
    """The records of a batch with their offsets, in order."""
    count = len(columns.values)
    rows = zip(
        repeat(topic, count),
        repeat(partition),
        range(base_offset, base_offset + count),
        _times(columns, appended_ms),
        columns.keys,
        columns.values,
        columns.headers or repeat(()),
        strict=False,  # the endless columns end with the first one
    )
    return list(map(_stored, rows))


def _times(columns: Columns, appended_ms: int) -> Iterator[int]:
    if not columns.timestamps_ms:
        return repeat(appended_ms)
    return (appended_ms if ms is None else ms for ms in columns.timestamps_ms)
