"""Arrays as bytes, packed by lz4, for the `peers` log and for checkpoints."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_SIZE_BYTES = 8
_codec = pa.Codec("lz4_raw")


def packed(array: np.ndarray) -> bytes:
    """The array's bytes behind their number."""
    raw = array.view(np.uint8)  # no copy: it may be the records of a million callers
    body: bytes = _codec.compress(raw, asbytes=True) if len(raw) else b""
    return len(raw).to_bytes(_SIZE_BYTES, "little") + body


def unpacked(data: bytes, dtype: np.dtype[np.void]) -> np.ndarray:
    """A writable array again. Raises OSError or ValueError for damaged bytes."""
    size = int.from_bytes(data[:_SIZE_BYTES], "little")
    raw = _codec.decompress(data[_SIZE_BYTES:], size, asbytes=True) if size else b""
    return np.frombuffer(raw, dtype).copy()
