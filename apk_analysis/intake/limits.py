"""Limits of what a sample may cost; all are counted while reading, never taken from what the sample says."""

from __future__ import annotations

import msgspec

MIB = 1 << 20


class Limits(msgspec.Struct, frozen=True):
    """How large an upload, its members and their sum may be."""

    upload_bytes: int = 200 * MIB
    entry_bytes: int = 200 * MIB
    total_bytes: int = 1024 * MIB
    ratio: int = 100
    ratio_floor_bytes: int = 25 * MIB
    entries: int = 65_535

    def unpacked_bytes(self, upload_bytes: int) -> int:
        """The most that all members of an upload of this size may unpack to."""
        return min(self.total_bytes, max(self.ratio_floor_bytes, self.ratio * upload_bytes))
