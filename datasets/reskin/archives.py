"""Builds archives byte by byte, so that a test can lie in any field of them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field


@dataclass
class Member:
    """A member as a test wants it: what is None is filled in truthfully."""

    name: bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    local_flags: int | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    size: int | None = None
    crc: int | None = None
    offset: int | None = None
    packed: bytes | None = None
    extra: bytes = b""
    descriptor: bool = False
    zip64: bool = False
    packed_size: int | None = None
    made: dict[str, int] = field(default_factory=dict)


def deflate(content: bytes) -> bytes:
    """`content` as a raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def _header(member: Member) -> bytes:
    """Local header and data of a member."""
    if member.packed is None:
        member.packed = deflate(member.content) if member.method == 8 else member.content
    crc = zlib.crc32(member.content) if member.crc is None else member.crc
    size = len(member.content) if member.size is None else member.size
    packed_size = len(member.packed) if member.packed_size is None else member.packed_size
    member.made = {"crc": crc, "size": size, "packed": packed_size}
    name = member.name if member.local_name is None else member.local_name
    flags = member.flags if member.local_flags is None else member.local_flags
    method = member.method if member.local_method is None else member.local_method
    shown = (0, 0, 0) if member.descriptor else (crc, packed_size, size)
    flags |= 8 if member.descriptor else 0
    head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 0, *shown, len(name), len(member.extra))
    tail = struct.pack("<4s3I", b"PK\x07\x08", crc, packed_size, size) if member.descriptor else b""
    return head + name + member.extra + member.packed + tail


def _record(member: Member, offset: int) -> bytes:
    offset = offset if member.offset is None else member.offset
    made, extra = member.made, b""
    numbers = (made["packed"], made["size"], offset)
    if member.zip64:
        extra = struct.pack("<2H3Q", 1, 24, made["size"], made["packed"], offset)
        numbers = (0xFFFFFFFF,) * 3
    flags = member.flags | (8 if member.descriptor else 0)
    return struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, flags, member.method, 0, 0, made["crc"], numbers[0], numbers[1],
        len(member.name), len(extra), 0, 0, 0, 0, numbers[2],
    ) + member.name + extra  # fmt: skip


def end_record(count: int, size: int, start: int, comment: bytes = b"", disk: int = 0) -> bytes:
    """The record that ends an archive."""
    return struct.pack("<4s4H2IH", b"PK\x05\x06", disk, disk, count, count, size, start, len(comment)) + comment


def archive(
    *members: Member, prefix: bytes = b"", adjust: bool = True, comment: bytes = b"", tail: bytes = b"",
    count: int | None = None, zip64: bool = False,
) -> bytes:  # fmt: skip
    """An archive of these members; `adjust` = offsets know of the prefix."""
    body, offsets = bytearray(prefix), []
    base = 0 if adjust else len(prefix)
    for member in members:
        offsets.append(len(body) - base)
        body += _header(member)
    start = len(body) - base
    for member, offset in zip(members, offsets, strict=True):
        body += _record(member, offset)
    size = len(body) - base - start
    number = len(members) & 0xFFFF if count is None else count
    if zip64:
        at = len(body)
        body += struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, number, number, size, start)
        body += struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
        return bytes(body) + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, comment) + tail
    return bytes(body) + end_record(number, size, start, comment) + tail
