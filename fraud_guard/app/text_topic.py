"""Topics of texts (`rules`, `lists`): whole generations, published by people and read by every worker of a site.

A generation lies there in parts under its content id; a manifest says how many, and the record `newest`, written last, which
one is in force. So a reader sees the old one or the new one, never a mixture, and the topic can be compacted by key.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fraud_guard.errors import IntegrityError
from fraud_guard.generation import content_id
from fraud_guard.log import Log, Record

PART_BYTES = 1 << 20
GENERATION_BYTES_MOST = 256 << 20
"""Of texts; more is no generation."""
READ_AT_ONCE = 16
_NEWEST = b"newest"


class Published(NamedTuple):
    """What was written: the content id, in how many parts, of how many bytes together."""

    generation: str
    parts: int
    bytes: int


def publish_texts(log: Log, topic: str, files: Mapping[str, str]) -> Published:
    """Put texts into force for all workers that read the topic; the caller has checked them."""
    name = content_id(files)
    packed = zlib.compress(msgspec.json.encode(dict(sorted(files.items()))), 9)
    parts = [packed[i : i + PART_BYTES] for i in range(0, len(packed), PART_BYTES)]
    log.declare(topic, 1)
    for number, part in enumerate(parts):
        log.append(topic, 0, [Record(_part(name, number), part)])
    log.append(topic, 0, [Record(_manifest(name), str(len(parts)).encode()), Record(_NEWEST, name.encode())])
    return Published(name, len(parts), len(packed))


class TextTopic:
    """Reads it alone, without a group. Not safe for threads. Raises DependencyError when the log is away: call again."""

    def __init__(self, log: Log, topic: str) -> None:
        self._log, self._topic, self._next = log, topic, 0
        self._records: dict[bytes, bytes] = {}
        self._good, self._bad = "", ""

    def newest(self) -> dict[str, str] | None:
        """The texts of the generation in force, of the one before while that is damaged, which is said once; None before the first.

        Raises IntegrityError for a damaged generation.
        """
        self._catch_up()
        name = self._records.get(_NEWEST, b"").decode("ascii", "replace")
        if not name:
            return None
        if name != self._bad:
            self._bad = name  # unless it turns out to be good
            files = self._texts(name)
            self._good, self._bad = name, ""
            return files
        if not self._good:
            raise self._damaged(name)
        return self._texts(self._good)

    def texts_of(self, name: str) -> dict[str, str] | None:
        """The texts of any generation that was ever published; None when it was not. Raises IntegrityError."""
        if _manifest(name) not in self._records:
            self._catch_up()
        return self._texts(name) if _manifest(name) in self._records else None

    def _catch_up(self) -> None:
        end = self._log.end(self._topic, 0)
        while self._next < end:
            found = self._log.read(self._topic, 0, self._next, READ_AT_ONCE)
            for record in found:
                self._records[record.key or b""] = record.value
            self._next = found[-1].offset + 1 if found else end

    def _texts(self, name: str) -> dict[str, str]:
        try:
            count = int(self._records[_manifest(name)])
            unpacker = zlib.decompressobj()
            packed = b"".join(self._records[_part(name, number)] for number in range(count))
            texts = msgspec.json.decode(unpacker.decompress(packed, GENERATION_BYTES_MOST), type=dict[str, str])
        except (KeyError, ValueError, zlib.error, msgspec.DecodeError) as broken:
            raise self._damaged(name) from broken
        if content_id(texts) != name:
            raise self._damaged(name)
        return texts

    def _damaged(self, name: str) -> IntegrityError:
        return IntegrityError(f"generation {name} in the topic {self._topic} is damaged or not whole; publish it again")


def _part(name: str, number: int) -> bytes:
    return f"part/{name}/{number}".encode()


def _manifest(name: str) -> bytes:
    return f"manifest/{name}".encode()
