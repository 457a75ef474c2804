"""Signing blocks that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from datasets.reskin.signing import SCHEME_IDS, Key, insert_block, prefixed, sign

_MAGIC = b"APK Sig Block 42"


def _field(offset: int, value: int) -> Callable[[bytes, Key], bytes]:
    """A number of eight bytes written so far before the end of a good block."""

    def change(apk: bytes, key: Key) -> bytes:
        out = bytearray(sign(apk, key, schemes=("v2",)))
        struct.pack_into("<Q", out, out.rindex(_MAGIC) - offset, value)
        return bytes(out)

    return change


def _tampered(apk: bytes, key: Key) -> bytes:
    out = bytearray(sign(apk, key, schemes=("v1", "v2", "v3")))
    out[200] ^= 1
    return bytes(out)


def _pairs(*pairs: tuple[int, bytes]) -> Callable[[bytes, Key], bytes]:
    return lambda apk, _: insert_block(apk, pairs)


def _deep() -> bytes:
    """Lengths in lengths, a thousand deep."""
    value = b""
    for _ in range(1_000):
        value = prefixed(value)
    return value


SIGNATURES: Mapping[str, Callable[[bytes, Key], bytes]] = MappingProxyType({
    "sig-size-huge": _field(8, 0xFFFFFFFFFFFFFFF0),
    "sig-size-zero": _field(8, 0),
    "sig-no-pairs": _pairs(),
    "sig-empty-scheme": _pairs((SCHEME_IDS["v2"], b"")),
    "sig-garbage": _pairs((SCHEME_IDS["v2"], b"\xff" * 5_000), (SCHEME_IDS["v3"], b"\xff" * 5_000)),
    "sig-deep": _pairs((SCHEME_IDS["v2"], _deep())),
    "sig-many-pairs": _pairs(*((number, b"x") for number in range(50_000))),
    "sig-many-signers": _pairs((SCHEME_IDS["v2"], prefixed(prefixed(b"") * 100_000))),
    "sig-twice": lambda apk, key: sign(sign(apk, key, schemes=("v2",)), key, schemes=("v2",)),
    "sig-tampered": _tampered,
})  # fmt: skip
