"""The topic `rules`: whole generations, published by people and read by every worker of a site.

A generation lies there in parts under its content id; a manifest says how many, and the record `newest`, written last, which
one is in force. So a reader sees the old one or the new one, never a mixture, and the topic can be compacted by key.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fraud_guard.app.topics import RULES
from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.generation import build, content_id
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


def publish(log: Log, files: Mapping[str, str]) -> Published:
    """Put a generation into force for all workers that read the topic. Raises RuleError before anything is written."""
    name = build(files).id
    packed = zlib.compress(msgspec.json.encode(dict(sorted(files.items()))), 9)
    parts = [packed[i : i + PART_BYTES] for i in range(0, len(packed), PART_BYTES)]
    log.declare(RULES, 1)
    for number, part in enumerate(parts):
        log.append(RULES, 0, [Record(_part(name, number), part)])
    log.append(RULES, 0, [Record(_manifest(name), str(len(parts)).encode()), Record(_NEWEST, name.encode())])
    return Published(name, len(parts), len(packed))


class RuleTopic:
    """Reads it alone, without a group. Not safe for threads. Raises DependencyError when the log is away: call again."""

    def __init__(self, log: Log) -> None:
        self._log, self._next = log, 0
        self._records: dict[bytes, bytes] = {}
        self._good, self._bad = "", ""

    def newest(self) -> dict[str, str]:
        """The texts of the generation in force, of the one before while that is damaged, which is said once.

        Raises ConfigurationError when nothing was published, IntegrityError for a damaged generation.
        """
        self._catch_up()
        name = self._records.get(_NEWEST, b"").decode("ascii", "replace")
        if not name:
            raise ConfigurationError(f"no rules in the topic {RULES}; run `fraud-guard rules publish FOLDER`, or set FG_RULES_FROM=folder")
        if name != self._bad:
            self._bad = name  # unless it turns out to be good
            files = self._texts(name)
            self._good, self._bad = name, ""
            return files
        if not self._good:
            raise IntegrityError(_DAMAGED.format(name))
        return self._texts(self._good)

    def texts_of(self, name: str) -> dict[str, str] | None:
        """The texts of any generation that was ever published; None when it was not. Raises IntegrityError."""
        if _manifest(name) not in self._records:
            self._catch_up()
        return self._texts(name) if _manifest(name) in self._records else None

    def _catch_up(self) -> None:
        end = self._log.end(RULES, 0)
        while self._next < end:
            found = self._log.read(RULES, 0, self._next, READ_AT_ONCE)
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
            raise IntegrityError(_DAMAGED.format(name)) from broken
        if content_id(texts) != name:
            raise IntegrityError(_DAMAGED.format(name))
        return texts


_DAMAGED = f"generation {{}} in the topic {RULES} is damaged or not whole; publish it again"


def _part(name: str, number: int) -> bytes:
    return f"part/{name}/{number}".encode()


def _manifest(name: str) -> bytes:
    return f"manifest/{name}".encode()
