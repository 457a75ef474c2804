"""Ids of the tags behind positions of the log, for the evidence of alerts.

Evidence names tags of seconds, of minutes and of weeks ago. The ids of the newest tags are kept; for older ones the log
is read again, and what was read is kept, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fraud_guard.log import Log
from fraud_guard.tags.block import POSITIONS_PER_RECORD, Block, Controls, decode_record, text

KEPT_TAGS = 200_000
"""About 5 MB."""
ReadLog = Callable[[int, int], Sequence[tuple[int, bytes]]]
"""(first offset, how many) -> (offset, value) of this partition's records; fewer at the end."""
OlderId = Callable[[bytes, int], str | None]
"""(token, position) -> the id of a tag whose record is gone from the log, where a history knows it."""


def reader_of(log: Log, topic: str, partition: int) -> ReadLog:
    """What reads one partition of the log."""
    return lambda offset, most: [(r.offset, r.value) for r in log.read(topic, partition, offset, most)]


class TagIds:
    """Of one partition. `older_id`: who knows what the log no longer holds; `kept_tags`: of how many tags the ids are kept at least; whole records go, the longest known first."""

    def __init__(self, read: ReadLog, older_id: OlderId | None = None, kept_tags: int = KEPT_TAGS) -> None:
        self._read, self._older_id, self._most, self._kept = read, older_id, kept_tags, 0
        self._of_record: dict[int, Any] = {}

    def note(self, offset: int, record: Block | Controls) -> None:
        """Keep the ids of a record of the log that was read anyway."""
        ids = record.ids if isinstance(record, Block) else []
        self._forget(offset)
        self._of_record[offset] = ids
        self._kept += 1 + len(ids)
        while self._kept - self._size(oldest := next(iter(self._of_record))) >= self._most:
            self._forget(oldest)

    def of(self, token: bytes, positions: Sequence[int]) -> Iterator[str]:
        """The ids of a subject's tags, in order; one that neither log nor history holds has none. Raises like them."""
        for position in positions:
            offset, row = divmod(position, POSITIONS_PER_RECORD)
            ids = self._ids(offset)
            known = text(ids, row) if row < len(ids) else self._older_id and self._older_id(token, position)
            if known is not None:
                yield known

    def _ids(self, offset: int) -> Any:
        if offset not in self._of_record:
            found = self._read(offset, 1)
            if not found or found[0][0] != offset:
                return []
            self.note(offset, decode_record(found[0][1], offset))
        return self._of_record[offset]

    def _size(self, offset: int) -> int:
        return 1 + len(self._of_record[offset])

    def _forget(self, offset: int) -> None:
        if offset in self._of_record:
            self._kept -= self._size(offset)
            del self._of_record[offset]
