"""Tokens: what a number or id becomes before it may enter the log."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import blake2b as _blake2b

from fraud_guard.tags.block import SHARDS

TOKEN_BYTES = 16


class Tokeniser:
    """Keyed, irreversible names. The key lives at the door and nowhere else."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the token key has 32 bytes")
        self._key = key

    def token(self, canonical: str) -> bytes:
        """The 16-byte token of a normalised number or opaque id (HMAC-SHA-256, truncated)."""
        return hmac.digest(self._key, canonical.encode("utf-8", "surrogatepass"), "sha256")[:TOKEN_BYTES]

    def hash64(self, value: str) -> int:
        """A keyed 64-bit hash, never 0, for peers, calls and hosts."""
        digest = _blake2b(value.encode(), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little") or 1


def peer_of(token: bytes) -> int:
    """The 64 bits of a token by which rows name a peer."""
    return int.from_bytes(token[:8], "little")


def shard_of(token: bytes) -> int:
    """The shard (0..511) of a token; memory and partitions follow from it."""
    return int.from_bytes(token[:2], "big") % SHARDS


def names_of(sources: Sequence[str], ids: Sequence[str]) -> list[bytes]:
    """Eight bytes a tag that stand for (source, id): a 48-bit hash and two zeros above it."""
    return [
        _blake2b(f"{source}\0{tag_id}".encode(), digest_size=6).digest() + b"\0\0"
        for source, tag_id in zip(sources, ids, strict=True)
    ]
