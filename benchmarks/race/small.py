"""The small job: per subject 15 counts in three windows, and 10 rules after each tag. Written twice, with equal effects.

A tag falls into one of five kinds (incoming call begun, call of ten minutes or more ended, incoming text, page visited, file or app loaded)
or none. Of each kind the subject's tags are counted in the running 10 minutes, hour and day of event time (tumbling; a late tag counts in
the running one). Then ten conditions over the counts are asked; what hits is the effect. Nothing is normalised, tokenised or looked up.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

SPANS_MS = (600_000, 3_600_000, 86_400_000)
CALL, LONG, TEXT, VISIT, LOAD = range(5)
COUNTS = 5 * len(SPANS_MS)
PRIME = 1_000_003
State = list[int]
"""Three window numbers, then the counts, kind by kind in each window."""


class Tag(msgspec.Struct, gc=False):
    """The fields that matter here."""

    subject: str
    ts_ms: int
    channel: str
    direction: str = ""
    phase: str = ""
    duration_s: int = 0
    kind: str = ""


_KIND = {("call", "in", "start", False): CALL, ("sms", "in", "", False): TEXT} | {
    ("call", way, "end", True): LONG for way in ("in", "out")
}  # fmt: skip
_NET = {"visit": VISIT, "download": LOAD, "app_install": LOAD}
_decode = msgspec.json.Decoder(Tag).decode
_decode_list = msgspec.json.Decoder(list[Tag]).decode


def kind_of(tag: Tag) -> int:
    """Which of the five, or -1."""
    if tag.channel == "net":
        return _NET.get(tag.kind, -1)
    return _KIND.get((tag.channel, tag.direction, tag.phase, tag.duration_s >= 600), -1)


def blank() -> State:
    """Of a subject that nobody knows."""
    return [0] * (len(SPANS_MS) + COUNTS)


def count(state: State, ts_ms: int, kind: int) -> None:
    """Let one tag into the windows."""
    for w, span_ms in enumerate(SPANS_MS):
        number, first = ts_ms // span_ms, len(SPANS_MS) + 5 * w
        if number > state[w]:
            state[w] = number
            state[first : first + 5] = [0] * 5
        if kind >= 0:
            state[first + kind] += 1


def rules(s: State) -> int:
    """The ten conditions as bits."""
    _, _, _, c10, l10, t10, v10, d10, c60, l60, _, v60, d60, c24, l24, t24, _, d24 = s
    return (
        (c10 >= 3) | (c60 >= 5) << 1 | (t10 >= 2 and c60 >= 1) << 2 | (d10 >= 1 and t24 >= 1) << 3 | (l60 >= 1 and d60 >= 1) << 4
        | (v10 >= 3 and c10 >= 1) << 5 | (d24 >= 2) << 6 | (l24 >= 2) << 7 | (c24 + t24 >= 8) << 8 | (v60 >= 4 and l10 + d10 >= 1) << 9
    )  # fmt: skip


class SmallEvents:
    """One event at a time. `step` is for who keeps the state elsewhere; `event` keeps it in a dict."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._sum = self._hits = 0

    def chunk(self, lines: Sequence[bytes]) -> None:
        """One after the other."""
        for line in lines:
            self.event(line)

    def event(self, line: bytes) -> None:
        """Decode, count, ask."""
        tag = _decode(line)
        state = self._states.get(tag.subject)
        if state is None:
            state = self._states[tag.subject] = blank()
        self._judge(tag, state)

    def step(self, line: bytes, state: State | None) -> State:
        """The same with a state from outside; gives the new one."""
        state = state or blank()
        self._judge(_decode(line), state)
        return state

    def subject_of(self, line: bytes) -> str:
        """Whose state it is."""
        return _decode(line).subject

    def _judge(self, tag: Tag, state: State) -> None:
        count(state, tag.ts_ms, kind_of(tag))
        mask = rules(state)
        self._hits += mask > 0
        self._sum += (mask + 1) * (tag.ts_ms % PRIME)

    def effects(self) -> str:
        """Tags with a hit, and a sum over what hit at each tag."""
        return f"{self._hits} hits, {self._sum}"


class SmallColumns:
    """The same in columns: in round k the k-th tag of every subject of the chunk."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._numbers = np.zeros((0, len(SPANS_MS)), np.int64)
        self._counts = np.zeros((0, len(SPANS_MS), 5), np.int32)
        self._sum = self._hits = 0

    def event(self, line: bytes) -> None:
        """A chunk of one."""
        self.chunk([line])

    def chunk(self, lines: Sequence[bytes]) -> None:
        """Decode at once, then round by round."""
        tags = _decode_list(b"[" + b",".join(lines) + b"]")
        slots = np.fromiter((self._slots.setdefault(t.subject, len(self._slots)) for t in tags), np.intp, len(tags))
        ts_ms = np.fromiter((t.ts_ms for t in tags), np.int64, len(tags))
        kinds = np.fromiter(map(kind_of, tags), np.intp, len(tags))
        self._grow()
        order = np.argsort(slots, kind="stable")
        first = np.flatnonzero(np.diff(slots[order], prepend=-1))
        turn = np.arange(len(tags)) - np.repeat(first, np.diff(first, append=len(tags)))
        for k in range(int(turn.max()) + 1):
            some = order[turn == k]
            self._round(slots[some], ts_ms[some], kinds[some])

    def _round(self, slots: np.ndarray, ts_ms: np.ndarray, kinds: np.ndarray) -> None:
        numbers = ts_ms[:, None] // np.array(SPANS_MS)
        known, counts = self._numbers[slots], self._counts[slots]
        counts[numbers > known] = 0
        counted = np.flatnonzero(kinds >= 0)
        counts[counted, :, kinds[counted]] += 1
        self._numbers[slots], self._counts[slots] = np.maximum(known, numbers), counts
        masks = _rules(counts)
        self._hits += int((masks > 0).sum())
        self._sum += int(((masks + 1) * (ts_ms % PRIME)).sum())

    def _grow(self) -> None:
        missing = len(self._slots) - len(self._numbers)
        if missing > 0:
            more = max(missing, 65_536)
            self._numbers = np.concatenate([self._numbers, np.zeros((more, *self._numbers.shape[1:]), np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros((more, *self._counts.shape[1:]), np.int32)])

    effects = SmallEvents.effects


def _rules(counts: np.ndarray) -> np.ndarray:
    c10, l10, t10, v10, d10, c60, l60, _, v60, d60, c24, l24, t24, _, d24 = counts.reshape(len(counts), -1).T
    hits = (
        c10 >= 3, c60 >= 5, (t10 >= 2) & (c60 >= 1), (d10 >= 1) & (t24 >= 1), (l60 >= 1) & (d60 >= 1),
        (v10 >= 3) & (c10 >= 1), d24 >= 2, l24 >= 2, c24 + t24 >= 8, (v60 >= 4) & (l10 + d10 >= 1),
    )  # fmt: skip
    return sum(hit.astype(np.int64) << bit for bit, hit in enumerate(hits))
