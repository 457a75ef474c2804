"""The touch index: who touched what and where in the log, as sorted segments. No names and no times, 32 bytes a touch."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fraud_guard.errors import IntegrityError
from fraud_guard.tags.kinds import Category, Kind

TOUCH = np.dtype([("key", "u8"), ("token", "V16"), ("position", "i8")])
KEPT_MS = 14 * 86_400_000
"""A touch older than this is forgotten."""
_SEGMENT = b"1"
_codec = pa.Codec("lz4_raw")
_VISIT, _DOWNLOAD, _ACTIVE, _OTHER = int(Kind.VISIT), int(Kind.DOWNLOAD), int(Kind.APP_ACTIVE), int(Category.OTHER)

Touches = npt.NDArray[np.void]


def _touching(rows: np.ndarray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows that touch a host off the top list, an app by its install or an unknown app by its use; and downloads of known files."""
    kind = rows["kind"]
    some = np.flatnonzero((kind >= _VISIT) & (kind <= _ACTIVE))
    kind, peer, category = kind[some], rows["peer"][some], rows["category"][some]
    files = some[kind == _DOWNLOAD]
    return some[(peer != 0) & ((kind != _ACTIVE) | (category == _OTHER))], files[rows["call"][files] != 0]


def touches_of(rows: np.ndarray) -> Touches:
    """The touches among rows of the log."""
    some, files = _touching(rows)
    at = np.concatenate([some, files]) if len(files) else some
    found = np.zeros(len(at), TOUCH)
    found["key"][: len(some)], found["key"][len(some) :] = rows["peer"][some], rows["call"][files]
    found["token"], found["position"] = rows["token"][at], rows["position"][at]
    return found


def merged(parts: Sequence[Touches]) -> Touches:
    """All touches, sorted by key, the first of each (key, token) alone."""
    every = np.concatenate([np.zeros(0, TOUCH), *parts])
    halves = np.ascontiguousarray(every["token"]).view("u8").reshape(-1, 2)
    subject, key = halves[:, 0] ^ halves[:, 1], np.ascontiguousarray(every["key"])  # of tokens, which are random, 64 bits tell as much
    order = np.lexsort((subject, key))
    subject, key = subject[order], key[order]
    new = np.ones(len(every), np.bool_)
    new[1:] = (key[1:] != key[:-1]) | (subject[1:] != subject[:-1])
    starts = np.flatnonzero(new)
    first = every[order[starts]]
    if len(starts):
        first["position"] = np.minimum.reduceat(every["position"][order], starts)
    return first


def of_keys(touches: Touches, keys: Iterable[int], below: int) -> Touches:
    """Of sorted touches those of some keys at positions below."""
    wanted = np.array(sorted(keys), np.uint64)
    starts, ends = (np.searchsorted(touches["key"], wanted, side) for side in ("left", "right"))
    found = [touches[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True) if a < b]
    every = np.concatenate([np.zeros(0, TOUCH), *found])
    earlier: npt.NDArray[np.bool_] = every["position"] < below
    return every[earlier]


def without(touches: Touches, token: bytes) -> Touches:
    """The touches of everybody else."""
    others: npt.NDArray[np.bool_] = touches["token"] != np.void(token)
    return touches[others]


def pack(touches: Touches) -> bytes:
    """A segment to be stored: column by column, which packs better."""
    raw = b"".join(np.ascontiguousarray(touches[name]).tobytes() for name in TOUCH.names or ())
    packed: bytes = _codec.compress(raw, asbytes=True)
    body = len(touches).to_bytes(4, "little") + packed
    return _SEGMENT + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(blob: bytes) -> Touches:
    """Back from `pack`. Raises IntegrityError."""
    if blob[:1] != _SEGMENT:
        raise IntegrityError("a segment of the touch index is of an unknown kind; was it written by a newer version?")
    if zlib.crc32(blob[5:]) != int.from_bytes(blob[1:5], "little"):
        raise IntegrityError("a segment of the touch index is damaged; restore the last backup, or empty the table touch_segment: then older touches are not found")
    count = int.from_bytes(blob[5:9], "little")
    raw = _codec.decompress(blob[9:], count * TOUCH.itemsize, asbytes=True)
    touches, at = np.zeros(count, TOUCH), 0
    for name in TOUCH.names or ():
        of = TOUCH[name]
        touches[name] = np.frombuffer(raw, of, count, at)
        at += count * of.itemsize
    return touches
