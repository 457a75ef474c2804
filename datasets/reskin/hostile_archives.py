"""Archives that lie, hide or swell: every one is made here, byte by byte, around a small base app."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from datasets.reskin.archives import Member, archive, deflate, end_record
from datasets.reskin.packing import Members

MANIFEST, CODE = "AndroidManifest.xml", "classes.dex"
BOMB_MIB = 600
_MANY = 65_000


def _members(base: Members) -> list[Member]:
    return [Member(name.encode(), content) for name, content in base.items()]


def _with(base: Members, **changes: object) -> bytes:
    """All members with these fields changed."""
    members = _members(base)
    for member in members:
        for name, value in changes.items():
            setattr(member, name, value)
    return archive(*members)


def _and(base: Members, *more: Member, first: bool = False) -> bytes:
    return archive(*more, *_members(base)) if first else archive(*_members(base), *more)


def _fake_end(base: Members) -> bytes:
    return archive(*_members(base), comment=end_record(1, 46, 0, b"x" * 20))


def _cut(base: Members, share: float) -> bytes:
    whole = archive(*_members(base))
    return whole[: int(len(whole) * share)]


def _moved_end(base: Members, start: int) -> bytes:
    whole = bytearray(archive(*_members(base)))
    struct.pack_into("<I", whole, whole.rindex(b"PK\5\6") + 16, start)
    return bytes(whole)


def swollen(name: str, mebibytes: int) -> Member:
    """A member of so many MiB of zeros, which takes about a thousandth of that."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return Member(name.encode(), packed=block * mebibytes + b"\x03\x00", size=mebibytes << 20, crc=0)


def _overlapping(base: Members) -> bytes:
    """A thousand entries that all unpack the same 50 MiB."""
    shared = swollen("bomb0", 50)
    more = [Member(f"bomb{number}".encode(), packed=b"", packed_size=len(shared.packed or b""), size=50 << 20, offset=0, crc=0) for number in range(1, 1000)]
    return archive(shared, *_members(base), *more)


def _quine_like(base: Members) -> bytes:
    """Archives in archives, eight deep."""
    inner = archive(*_members(base))
    for depth in range(8):
        inner = archive(*_members(base), Member(f"assets/inner{depth}.apk".encode(), inner))
    return inner


Maker = Callable[[Members], bytes]
ARCHIVES: Mapping[str, Maker] = MappingProxyType({
    "zip-encryption-flag": lambda base: _with(base, flags=1),
    "zip-encryption-flag-local": lambda base: _with(base, local_flags=1),
    "zip-unknown-method": lambda base: _with(base, method=0x2A6B),
    "zip-method-differs": lambda base: _with(base, local_method=12),
    "zip-local-names": lambda base: _with(base, local_name=b"x"),
    "zip-size-small": lambda base: _with(base, size=1),
    "zip-size-huge": lambda base: _with(base, size=0xFFFFFFF0),
    "zip-packed-size-huge": lambda base: _with(base, packed_size=0xFFFFFFF0),
    "zip-packed-size-zero": lambda base: _with(base, packed_size=0),
    "zip-crc": lambda base: _with(base, crc=1),
    "zip-descriptor": lambda base: _with(base, descriptor=True),
    "zip64": lambda base: _with(base, zip64=True),
    "zip-extra-long": lambda base: _with(base, extra=b"\xff" * 60_000),
    "zip-offset-outside": lambda base: _with(base, offset=0x7FFFFFFF),
    "zip-offset-same": lambda base: _with(base, offset=0),
    "zip-duplicate-manifest": lambda base: _and(base, Member(MANIFEST.encode(), b"decoy"), first=True),
    "zip-duplicate-code": lambda base: _and(base, Member(CODE.encode(), b"decoy")),
    "zip-prefix": lambda base: archive(*_members(base), prefix=b"#!/bin/sh\n" * 40),
    "zip-prefix-unadjusted": lambda base: archive(*_members(base), prefix=b"MZ" * 999, adjust=False),
    "zip-code-prefix": lambda base: archive(*_members(base), prefix=base[CODE]),
    "zip-tail": lambda base: archive(*_members(base), tail=b"\0" * 70_000),
    "zip-comment": lambda base: archive(*_members(base), comment=b"c" * 65_535),
    "zip-fake-end": _fake_end,
    "zip-count-large": lambda base: archive(*_members(base), count=60_000),
    "zip-count-zero": lambda base: archive(*_members(base), count=0),
    "zip-directory-outside": lambda base: _moved_end(base, 0xFFFFFF00),
    "zip-directory-is-end": lambda base: _moved_end(base, 0),
    "zip-cut-directory": lambda base: _cut(base, 0.97),
    "zip-cut-half": lambda base: _cut(base, 0.5),
    "zip-empty": lambda _: end_record(0, 0, 0),
    "zip-nothing": lambda _: b"",
    "zip-no-archive": lambda _: b"\x7fELF" + bytes(5_000),
    "zip-signatures-only": lambda _: b"PK\1\2PK\3\4PK\5\6" * 3_000,
    "zip-traversal": lambda base: _and(base, Member(b"../../../../tmp/evil.sh", b"x"), Member(b"..\\..\\evil.exe", b"x")),
    "zip-absolute": lambda base: _and(base, Member(b"/etc/cron.d/evil", b"x"), Member(b"C:\\evil", b"x")),
    "zip-name-long": lambda base: _and(base, Member(b"assets/" + b"n" * 60_000, b"x")),
    "zip-name-deep": lambda base: _and(base, Member(b"d/" * 20_000 + b"x", b"x")),
    "zip-name-control": lambda base: _and(base, Member(b"a\r\n\x1b[2Jb\0c", b"x")),
    "zip-name-not-utf8": lambda base: _and(base, Member(b"\xff\xfe\xc0\x80", b"x")),
    "zip-name-empty": lambda base: _and(base, Member(b"", b"x")),
    "zip-directory-decoy": lambda base: _and(base, Member(b"AndroidManifest.xml/", b""), Member(b"classes.dex/x", b"")),
    "zip-many-entries": lambda base: _and(base, *(Member(b"a/%d" % number, b"", method=0) for number in range(_MANY))),
    "zip-stream-garbage": lambda base: _with(base, packed=b"\xff" * 500),
    "zip-stream-endless": lambda base: _and(base, Member(b"res/x", packed=deflate(b"x" * 1000)[:-4], size=1000)),
    "zip-nested": _quine_like,
    "bomb-overlap": _overlapping,
    "bomb-resources": lambda base: archive(*_members({k: v for k, v in base.items() if k != "resources.arsc"}), swollen("resources.arsc", BOMB_MIB)),
    "bomb-manifest": lambda base: archive(swollen(MANIFEST, 250), *_members({k: v for k, v in base.items() if k != MANIFEST})),
    "bomb-code": lambda base: archive(*_members(base), swollen("classes2.dex", 190), swollen("assets/a.js", 190)),
})  # fmt: skip
