"""Verdicts of the topic `apk.verdicts` into every partition of the log.

At least once: a verdict that is announced twice changes nothing the second time. One worker
reads, the one that scores partition 0; how far it came is noted in the log itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import structlog

from fraud_guard.app.topics import APK_VERDICTS
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Log, StoredRecord
from fraud_guard.tags.verdict import MAX_VERDICT_BYTES, decode_verdict
from fraud_guard.touches.notice import Notice
from fraud_guard.touches.verdicts import notice_of

log = structlog.get_logger()
AT_ONCE = 50


class VerdictReader:
    """Reads alone. After a DependencyError call `step` again."""

    def __init__(
        self, records: Log, announce: Callable[[list[Notice]], object], hash64: Callable[[str], int]
    ) -> None:
        self.counts = Counter[str]()
        self._log, self._announce, self._hash64 = records, announce, hash64

    def step(self) -> bool:
        """Announce what has come since; whether there was anything."""
        start = max(self._log.committed(APK_VERDICTS, 0) or 0, self._log.start(APK_VERDICTS, 0))
        if start >= self._log.end(APK_VERDICTS, 0):
            return False
        found = self._log.read(APK_VERDICTS, 0, start, AT_ONCE)
        if notices := list(self._notices(found)):
            failpoint("verdict-before-announce")
            self._announce(notices)
            failpoint("verdict-after-announce")
        if found:
            self._log.commit({(APK_VERDICTS, 0): found[-1].offset + 1})
        return bool(found)

    def _notices(self, found: list[StoredRecord]) -> Iterator[Notice]:
        for record in found:
            try:
                if len(record.value) > MAX_VERDICT_BYTES:
                    raise msgspec.ValidationError("too long")
                notice = notice_of(decode_verdict(record.value), self._hash64, record.timestamp_ms)
            except (msgspec.DecodeError, UnicodeError) as bad:  # it stays in the topic, for whoever looks
                self.counts["refused"] += 1
                log.error("verdict_refused", offset=record.offset, why=str(bad))  # noqa: TRY400  expected: the words are enough
                continue
            self.counts["heard"] += 1
            yield notice
