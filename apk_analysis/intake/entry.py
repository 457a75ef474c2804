"""One member of an archive, as the central directory tells it."""

from __future__ import annotations

import msgspec

STORED = 0
DEFLATED = 8


class Entry(msgspec.Struct, frozen=True):
    """A member; sizes in bytes and `header_offset` in bytes from the start of the file.

    Nothing here is trusted when reading. `name` is for people and look-ups; the raw bytes are kept.
    """

    name: str
    raw_name: bytes
    method: int
    flags: int
    crc32: int
    compressed_bytes: int
    size_bytes: int
    header_offset: int
    index: int

    @property
    def is_directory(self) -> bool:
        """Whether the name says that it holds no data."""
        return self.raw_name.endswith(b"/")


def decoded(raw: bytes) -> str:
    """A name as text; what is no UTF-8 is written as escapes, so that every name can be printed as JSON."""
    return raw.decode("utf-8", "backslashreplace")
