"""Parting: the stored memory of one partition cut into those of several, by shard."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fraud_guard.door.tokens import shard_of
from fraud_guard.errors import IntegrityError
from fraud_guard.memory.memory import Journal
from fraud_guard.memory.pages import EPISODE, JOURNAL, KNOWN, PAGE_OF_SHARD
from fraud_guard.memory.segments import PREFIX as SEGMENTS


def part(blobs: Mapping[str, bytes], partition: int, old: int, new: int) -> dict[int, dict[str, bytes]]:
    """The blobs of partition `partition` of `old` by partition of `new`, which `old` divides.

    A page belongs to one shard, an episode to its token's. Known names of tags go to all: their shard is part of the name; so does what is known of verdicts.
    The journal stays with the partition of the same number, so that every tag is counted once. Raises IntegrityError.
    """
    parts: dict[int, dict[str, bytes]] = {q: {} for q in range(partition, new, old)}
    for key, blob in blobs.items():
        kind, _, rest = key.partition("/")
        if kind == PAGE_OF_SHARD:
            parts[int(rest[:3]) % new][key] = blob
        elif kind == EPISODE:
            parts[shard_of(bytes.fromhex(rest)) % new][key] = blob
        elif key.startswith(SEGMENTS) or key == KNOWN:
            for one in parts.values():
                one[key] = blob
        elif key == JOURNAL:
            parts[partition][key] = _whole(blob)
        else:
            raise IntegrityError(f"memory holds an unknown blob {kind!r}; was it written by a newer version?")
    return parts


def _whole(journal: bytes) -> bytes:
    """The journal of a partition that is behind no more."""
    return msgspec.msgpack.encode(msgspec.structs.replace(msgspec.msgpack.decode(journal, type=Journal), mode=0))
