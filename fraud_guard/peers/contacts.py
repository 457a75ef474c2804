"""Contacts: what of the rows of the log concerns callers, and how the `peers` log carries it."""

from __future__ import annotations

import numpy as np

from fraud_guard.errors import IntegrityError
from fraud_guard.peers.layout import CONTACT
from fraud_guard.peers.packing import packed, unpacked
from fraud_guard.tags.kinds import Flag, Kind

_NOT_A_CALLER = np.uint32(Flag.SHORT_CODE | Flag.OFFICIAL | Flag.NO_PEER)
"""Service numbers meet everybody; that tells nothing."""
_VERSION = b"\x01"
_HEAD_BYTES = 9


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
    return _VERSION + watermark_ms.to_bytes(8, "little") + packed(contacts)


def decode_contacts(data: bytes) -> tuple[np.ndarray, int]:
    """The contacts and the watermark of a record. Raises IntegrityError for anything else."""
    if data[:1] != _VERSION or len(data) < _HEAD_BYTES:
        raise IntegrityError("a record of `peers` is of an unknown kind; was it written by a newer version?")
    try:
        contacts = unpacked(data[_HEAD_BYTES:], CONTACT)
    except (OSError, ValueError) as broken:
        raise IntegrityError("a record of `peers` is damaged") from broken
    return contacts, int.from_bytes(data[1:_HEAD_BYTES], "little")
