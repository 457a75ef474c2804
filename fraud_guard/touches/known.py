"""What a partition knows of bad hosts and apps: notices, and the hunts for earlier touches that still go on.

A notice enters through the log, so it has a place in the order of tags: tags behind it are met by its marks when they are
decided, those before it by its hunt. A hunt ends by the log, too; until then it knows whom it has found, so a hunt that is
done twice, because a worker died over it, finds nobody twice.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.tags.kinds import Kind
from fraud_guard.touches.notice import VALID_MS, Mark, Notice

_DOWNLOAD = int(Kind.DOWNLOAD)


class Hunt(msgspec.Struct):
    """Looks for touches of `keys` below the log position `position`; `found` are the tokens it has met."""

    position: int
    keys: tuple[int, ...]
    found: set[bytes] = msgspec.field(default_factory=set)


class Found(msgspec.Struct, frozen=True, array_like=True):
    """The body of an `indicator` control: by which hunt (APK and position) which key was found."""

    sha256: str
    hunt: int
    key: int

    def text(self) -> str:
        """As the body of a control."""
        return f"{self.sha256} {self.hunt} {self.key}"

    @classmethod
    def read(cls, body: str) -> Found:
        """Back from `text`. Raises ValueError."""
        sha256, hunt, key = body.split(" ")
        return cls(sha256, int(hunt), int(key))


class Bad(NamedTuple):
    """The strongest word on a key."""

    notice: Notice
    mark: Mark


class _Stored(msgspec.Struct, array_like=True):
    notices: list[Notice]
    hunts: dict[str, Hunt]


class Known:
    """Of one partition; stored with its checkpoint. `dirty`: it changed since."""

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}
        self.hunts: dict[str, Hunt] = {}
        self.dirty = False
        self._bad: dict[int, Bad] = {}
        self._keys = np.zeros(0, np.uint64)

    def hear(self, notice: Notice, position: int) -> str:
        """Take a notice in; returns the evidence id that no longer holds, "" if none. The same notice again changes nothing."""
        before = self.notices.get(notice.sha256)
        if before == notice or (before is None and not notice.weight):
            return ""
        self._let_go_older(notice.ts_ms)
        self.hunts.pop(notice.sha256, None)
        self.notices[notice.sha256] = notice
        if keys := self._to_hunt(before, notice):
            self.hunts[notice.sha256] = Hunt(position, keys)
        self._index()
        return notice.id if not notice.weight else ""

    def close(self, found: Found) -> None:
        """A hunt has told of everybody it found."""
        if self.is_open(found):
            del self.hunts[found.sha256]
            self.dirty = True

    def meet(self, found: Found, token: bytes) -> bool:
        """Whether a hunt meets the subject for the first time."""
        if not self.is_open(found) or token in self.hunts[found.sha256].found:
            return False
        self.hunts[found.sha256].found.add(token)
        self.dirty = True
        return True

    def is_open(self, found: Found) -> bool:
        """Whether this hunt still goes on."""
        hunt = self.hunts.get(found.sha256)
        return hunt is not None and hunt.position == found.hunt

    def touching(self, rows: np.ndarray) -> npt.NDArray[np.bool_] | None:
        """Which rows of the log touch something bad; None: none does."""
        if not len(self._keys):
            return None
        mask = self._among(rows["peer"])
        files = np.flatnonzero(rows["kind"] == _DOWNLOAD)
        mask[files] |= self._among(rows["call"][files])
        return mask if mask.any() else None

    def met(self, row: np.void, now_ms: int) -> Bad | None:
        """The strongest word on what a row touches."""
        keys = (int(row["peer"]), int(row["call"]) if row["kind"] == _DOWNLOAD else 0)
        found = [bad for key in keys if (bad := self.bad(key, now_ms))]
        return max(found, key=lambda bad: bad.notice.weight * bad.mark.confidence, default=None)

    def bad(self, key: int, now_ms: int) -> Bad | None:
        """The strongest word on a key that is still valid."""
        found = self._bad.get(key)
        return found if found is not None and now_ms < found.notice.ts_ms + VALID_MS else None

    def _among(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        mask: npt.NDArray[np.bool_] = self._keys[np.searchsorted(self._keys[:-1], keys)] == keys
        return mask

    def packed(self) -> bytes:
        """For a checkpoint."""
        return msgspec.msgpack.encode(_Stored(list(self.notices.values()), self.hunts))

    def restore(self, blob: bytes) -> None:
        """From a checkpoint. Raises msgspec.DecodeError."""
        stored = msgspec.msgpack.decode(blob, type=_Stored)
        self.notices, self.hunts = {n.sha256: n for n in stored.notices}, stored.hunts
        self._index()
        self.dirty = False

    def _to_hunt(self, before: Notice | None, notice: Notice) -> tuple[int, ...]:
        """Keys whose earlier touches must be looked for: all of a heavier notice, else the new ones."""
        if not notice.weight:
            return ()
        known = {m.key for m in before.marks} if before is not None and before.weight >= notice.weight else set()
        return tuple(sorted({m.key for m in notice.marks} - known))

    def _let_go_older(self, now_ms: int) -> None:
        for old in [n for n in self.notices.values() if n.ts_ms + VALID_MS <= now_ms]:
            del self.notices[old.sha256]
            self.hunts.pop(old.sha256, None)

    def _index(self) -> None:
        self._bad = {}
        strongest_last = sorted(self.notices.values(), key=lambda n: (n.weight, n.ts_ms, n.sha256))
        for notice in strongest_last:
            if notice.weight:
                self._bad |= {m.key: Bad(notice, m) for m in notice.marks}
        self._keys = np.array(sorted(self._bad), np.uint64)
        self.dirty = True
