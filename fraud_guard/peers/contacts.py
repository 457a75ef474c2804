"""Contacts: what of the rows of the log concerns callers, and how the `peers` log carries it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fraud_guard.errors import IntegrityError
from fraud_guard.peers.layout import CONTACT
from fraud_guard.tags.kinds import Flag, Kind

_NOT_A_CALLER = np.uint32(Flag.SHORT_CODE | Flag.OFFICIAL | Flag.NO_PEER)
"""Service numbers meet everybody; that tells nothing."""
_VERSION = b"\x01"
_HEAD_BYTES = 17
_codec = pa.Codec("lz4_raw")


def contacts_of(rows: np.ndarray) -> np.ndarray:
    """The contacts among rows of dtype ROW, in their order."""
    kind = rows["kind"]
    call = (kind == Kind.CALL_START) | (kind == Kind.CALL_END)
    some = rows[np.flatnonzero(call & (rows["peer"] != 0) & ((rows["flags"] & _NOT_A_CALLER) == 0))]
    contacts = np.zeros(len(some), CONTACT)
    for name in ("peer", "ts_ms", "watermark_ms", "fingerprint", "value"):
        contacts[name] = some[name]
    contacts["subject"] = np.frombuffer(np.ascontiguousarray(some["token"]).tobytes(), "<u8")[::2]
    contacts["ended"] = some["kind"] == Kind.CALL_END
    contacts["outgoing"] = (some["flags"] & np.uint32(Flag.OUTGOING)) != 0
    return contacts


def encode_contacts(contacts: np.ndarray, watermark_ms: int) -> bytes:
    """A record of the `peers` log: contacts, and the watermark that the partition has reached with them."""
    raw = contacts.tobytes()
    head = _VERSION + watermark_ms.to_bytes(8, "little") + len(raw).to_bytes(8, "little")
    return head + (_codec.compress(raw, asbytes=True) if raw else b"")


def decode_contacts(data: bytes) -> tuple[np.ndarray, int]:
    """The contacts and the watermark of a record. Raises IntegrityError for anything else."""
    if data[:1] != _VERSION or len(data) < _HEAD_BYTES:
        raise IntegrityError("a record of `peers` is of an unknown kind; was it written by a newer version?")
    watermark_ms, size = (int.from_bytes(data[i : i + 8], "little") for i in (1, 9))
    try:
        raw = _codec.decompress(data[_HEAD_BYTES:], size, asbytes=True) if size else b""
    except (OSError, ValueError) as broken:
        raise IntegrityError("a record of `peers` is damaged") from broken
    return np.frombuffer(raw, CONTACT), watermark_ms
