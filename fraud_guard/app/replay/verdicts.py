"""Verdicts of a file, and the touches that their retro-hunts will ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from fraud_guard.errors import ConfigurationError
from fraud_guard.tags.block import Block, Controls
from fraud_guard.tags.control import Control
from fraud_guard.tags.verdict import ApkVerdict, decode_verdict
from fraud_guard.touches.index import TOUCH, Touches, merged, of_keys, touches_of
from fraud_guard.touches.known import Hunt
from fraud_guard.touches.notice import Notice

ALL = np.iinfo(np.int64).max


def read_verdicts(path: Path) -> list[ApkVerdict]:
    """Verdicts of an NDJSON file, in its order. Raises ConfigurationError that names file and line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; give a readable file of verdicts") from None
    return [_verdict(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _verdict(line: bytes, place: str) -> ApkVerdict:
    try:
        return decode_verdict(line)
    except (msgspec.DecodeError, UnicodeError) as bad:
        raise ConfigurationError(f"{place}: {bad}; mend the verdict") from None


def verdict_control(notice: Notice) -> Control:
    """The record that puts a notice into force."""
    return Control(kind="verdict", token=b"", ts_ms=notice.ts_ms, body=msgspec.json.encode(notice).decode())


class Schedule:
    """When which notice comes: before the first tag whose watermark has reached its time. Those without a time come first."""

    def __init__(self, verdicts: Iterable[ApkVerdict], notice_of: Callable[[ApkVerdict, int], Notice]) -> None:
        self._waiting = sorted(verdicts, key=lambda v: v.known_ms or 0)
        self._notice_of = notice_of

    def cut(self, block: Block) -> Iterator[Block | Notice]:
        """The block in parts, with notices where they are due."""
        marks, start = block.rows["watermark_ms"], 0
        while self._waiting and len(block) and (self._waiting[0].known_ms or 0) <= int(marks[-1]):
            verdict = self._waiting.pop(0)
            end = int(np.searchsorted(marks, verdict.known_ms or 0))
            if end > start:
                yield block.slice(start, end)
            yield self._notice_of(verdict, int(marks[0]))
            start = max(start, end)
        yield block.slice(start, len(block)) if start else block

    def rest(self, watermark_ms: int) -> Iterator[Notice]:
        """Those that come after the last tag."""
        while self._waiting:
            yield self._notice_of(self._waiting.pop(0), watermark_ms)


class KeptTouches:
    """Touches of the keys that verdicts of the file will name: nobody will ask for others."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = np.array(sorted(set(keys)), np.uint64)
        self._parts: list[Touches] = [np.zeros(0, TOUCH)]

    def note(self, block: Block) -> None:
        """Keep those among the rows."""
        if len(self._keys):
            touches = touches_of(block.rows)
            self._parts.append(touches[np.isin(touches["key"], self._keys)])

    def find(self, hunt: Hunt) -> Touches:
        """Everybody a hunt looks for; all tags so far came before it."""
        self._parts = [merged(self._parts)]
        return of_keys(self._parts[0], hunt.keys, ALL)


def one_control(control: Control, position: int, watermark_ms: int) -> Controls:
    """A record of one control."""
    return Controls((control,), (position,), watermark_ms)
