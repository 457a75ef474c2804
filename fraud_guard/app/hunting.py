"""The retro-hunt: who touched something bad before its verdict is told to the scorer, through the log.

A verdict opens a hunt in the memory of each partition. Here the touch index is asked and one control record a person is
appended, and behind the last one a record that closes the hunt. Whoever dies in between begins again: the memory knows
whom the hunt has met, and after its close it meets nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fraud_guard.app.scorer import Scorer
from fraud_guard.app.topics import LOG
from fraud_guard.app.verdict_reader import VerdictReader
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Log, Record
from fraud_guard.tags.block import encode_controls
from fraud_guard.tags.control import Control
from fraud_guard.touches.index import Touches
from fraud_guard.touches.known import Found, Hunt, Known

CONTROLS_A_RECORD = 500
RECORDS_AT_ONCE = 20


class Hunter:
    """Of one worker. Steps may be repeated after a DependencyError."""

    def __init__(self, records: Log, verdicts: VerdictReader) -> None:
        self._log, self._verdicts = records, verdicts
        self._told: dict[Scorer, set[Found]] = {}

    def step(self, scorers: Mapping[int, Scorer]) -> bool:
        """Announce new verdicts if this worker has partition 0, and tell of everybody whom open hunts find; whether there was anything."""
        self._told = {one: told for one, told in self._told.items() if one in scorers.values()}
        heard = 0 in scorers and self._verdicts.step()
        return any([heard, *[self._hunt(partition, one) for partition, one in scorers.items()]])

    def tidy(self, scorers: Mapping[int, Scorer], now_ms: int) -> None:
        """Let touches go that are too old."""
        for one in scorers.values():
            if one.touches is not None:
                one.touches.tidy(now_ms)

    def _hunt(self, partition: int, scorer: Scorer) -> bool:
        told = self._told.setdefault(scorer, set())
        hunts = [
            (sha256, hunt) for sha256, hunt in scorer.memory.known.hunts.items()
            if Found(sha256, hunt.position, 0) not in told
        ]  # fmt: skip
        for sha256, hunt in hunts:
            self._tell(partition, scorer, sha256, hunt)
            told.add(Found(sha256, hunt.position, 0))
        return bool(hunts)

    def _tell(self, partition: int, scorer: Scorer, sha256: str, hunt: Hunt) -> None:
        assert scorer.touches is not None  # noqa: S101
        failpoint("hunt-before-append")
        found = list(finding_controls(scorer.memory.known, sha256, hunt, scorer.touches.find(hunt.keys, hunt.position)))
        watermark_ms, size = scorer.memory.watermark_ms, CONTROLS_A_RECORD
        records = [Record(None, encode_controls(found[i : i + size], watermark_ms)) for i in range(0, len(found), size)]
        for i in range(0, len(records), RECORDS_AT_ONCE):
            self._log.append(LOG, partition, records[i : i + RECORDS_AT_ONCE])
            failpoint("hunt-between-appends")
        self._log.append(LOG, partition, [Record(None, encode_controls([closing_control(sha256, hunt)], watermark_ms))])
        failpoint("hunt-after-append")


def closing_control(sha256: str, hunt: Hunt) -> Control:
    """The record that ends a hunt."""
    return Control(kind="hunted", token=b"", ts_ms=0, body=Found(sha256, hunt.position, 0).text())


def finding_controls(known: Known, sha256: str, hunt: Hunt, touches: Touches) -> Iterator[Control]:
    """One control a person, about the surest of what it touched, in the order of tokens."""
    notice = known.notices[sha256]
    sureness = {m.key: m.confidence for m in notice.marks}
    best: dict[bytes, tuple[float, int, int]] = {}
    for key, token, position in zip(*_columns(touches), strict=True):
        if token not in hunt.found:
            best[token] = max(best.get(token, (-1.0, 0, 0)), (sureness.get(key, 0.0), -position, key))
    for token in sorted(best):
        _, minus, key = best[token]
        yield Control(
            kind="indicator", token=token, ts_ms=notice.ts_ms, n=-minus, body=Found(sha256, hunt.position, key).text()
        )


def _columns(touches: Touches) -> tuple[Sequence[int], Sequence[bytes], Sequence[int]]:
    return touches["key"].tolist(), [t.tobytes() for t in touches["token"]], touches["position"].tolist()
