"""Tokens: what a number or id becomes before it may enter the log."""

from __future__ import annotations

import hmac
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


def shard_of(token: bytes) -> int:
    """The shard (0..511) of a token; memory and partitions follow from it."""
    return int.from_bytes(token[:2], "big") % SHARDS


def fingerprint(source: str, tag_id: str, ts_ms: int) -> int:
    """48 bits of (source, id), so that a repeat is found, and 16 bits of the time, so that reuse is noticed."""
    name = _blake2b(f"{source}\0{tag_id}".encode(), digest_size=6).digest()
    return int.from_bytes(name, "little") << 16 | (ts_ms * 40503 >> 4) & 0xFFFF
