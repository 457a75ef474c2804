"""Digests over the whole file but the signing block: in chunks of 1 MiB, or as fs-verity's hash tree.

The end record is digested as if the directory started where the signing block does.
"""

from __future__ import annotations

import hashlib
import struct
from functools import cached_property

from apk_analysis.certificate.signing_block import SigningBlock
from apk_analysis.intake.archive import Archive

CHUNK_BYTES = 1 << 20
PAGE_BYTES = 4_096
_SALT = bytes(8)
_START_FIELD = 16       # of the end record: where the directory starts


class ContentDigests:
    """The digests of one archive; each is computed once, when it is asked for."""

    def __init__(self, archive: Archive, block: SigningBlock) -> None:
        end = archive.end
        assert end is not None  # noqa: S101  a block is only found before a directory
        record = bytearray(archive.data[end.offset :])
        record[_START_FIELD : _START_FIELD + 4] = struct.pack("<I", block.start & 0xFFFF_FFFF)
        self._data = archive.data
        self._spans = ((0, block.start), (block.end, end.offset))
        self._end = bytes(record)

    def digest(self, kind: str) -> bytes:
        """The digest of this kind: "sha256", "sha512" or "verity"."""
        return {"sha256": self._sha256, "sha512": self._sha512, "verity": self._verity}[kind]()

    def _sha256(self) -> bytes:
        return self._chunked_256

    def _sha512(self) -> bytes:
        return self._chunked_512

    @cached_property
    def _chunked_256(self) -> bytes:
        return self._chunked("sha256")

    @cached_property
    def _chunked_512(self) -> bytes:
        return self._chunked("sha512")

    def _chunked(self, name: str) -> bytes:
        sections = [*((self._data, start, stop) for start, stop in self._spans), (self._end, 0, len(self._end))]
        count = sum(-(-(stop - start) // CHUNK_BYTES) for _, start, stop in sections)
        top = hashlib.new(name, struct.pack("<BI", 0x5A, count))
        for data, start, stop in sections:
            for at in range(start, stop, CHUNK_BYTES):
                chunk = data[at : min(at + CHUNK_BYTES, stop)]
                one = hashlib.new(name, struct.pack("<BI", 0xA5, len(chunk)))
                one.update(chunk)
                top.update(one.digest())
        return top.digest()

    def _verity(self) -> bytes:
        """Root of the tree over all sections in a row, and how many bytes they have."""
        content = b"".join(bytes(self._data[start:stop]) for start, stop in self._spans) + self._end
        level = _hash_pages(content)
        while len(level) > PAGE_BYTES:
            level = _hash_pages(level)
        root = hashlib.sha256(_SALT + level.ljust(PAGE_BYTES, b"\0")).digest()
        return root + struct.pack("<Q", len(content))


def _hash_pages(data: bytes) -> bytes:
    return b"".join(
        hashlib.sha256(_SALT + data[at : at + PAGE_BYTES].ljust(PAGE_BYTES, b"\0")).digest()
        for at in range(0, len(data), PAGE_BYTES)
    )
