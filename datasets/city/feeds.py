"""What the feeds see: three telecom sources and three network sources with their own gaps.

`telecom-a` writes numbers with +86 and says on every call whether forwarding is set, `telecom-b`
writes national numbers and names forwarding only when it is set, `telecom-c` sends nothing but the
end of a call with its length. `net-a` sees everything, `net-b` neither app categories nor URLs,
`net-c` only the names that are looked up. Some tags are lost, late or doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Ints, Rng
from datasets.city.people import NET, TELECOM, People, number
from datasets.demo_city import AREAS
from datasets.numbers import subject_number

ENDS_ONLY = TELECOM.index("telecom-c")
TELLS_FORWARDING = TELECOM.index("telecom-a")
NO_NET = NET.index("none")
NO_DETAILS = NET.index("net-b")
NAMES_ONLY = NET.index("net-c")
PREFIXES = ("+86", "", "")
"""How each telecom source writes mobile numbers."""
MAX_DELAY_MS = 600_000

Lines = tuple[Ints, list[str]]
"""(arrival in ms, JSON lines without line end), unsorted."""
Fields = dict[str, object]


@dataclass(frozen=True)
class Shares:
    """How often tags are late or doubled in this run."""

    late: float
    doubled: float

    @classmethod
    def of(cls, *, evasion: bool) -> Shares:
        """The shares of a plain run or of one where gangs evade."""
        feeds = calibration().feeds
        if evasion:
            return cls(feeds.late_share_evasion, feeds.doubled_share_evasion)
        return cls(feeds.late_share, feeds.doubled_share)

    def delays_ms(self, rng: Rng, size: int) -> Ints:
        """0 for most tags, up to ten minutes for the late ones."""
        late = rng.random(size) < self.late
        return np.where(late, rng.integers(1, MAX_DELAY_MS + 1, size), 0)


class Heads:
    """Source, subject and area of every person as JSON, ready to be put into a line.

    `telecom[p]` is for when the person is at home, `telecom[p + size]` for when at work.
    """

    def __init__(self, people: People) -> None:
        self.size = people.size
        sources = [f'"source":"{name}"' for name in TELECOM]
        numbers = [subject_number(p) for p in range(people.size)]
        heads = [
            f'{sources[s]},"subject":"{PREFIXES[s]}{n}"'
            for s, n in zip(people.telecom.tolist(), numbers, strict=True)
        ]
        places = [f',"area":"{area}"' for area in AREAS]
        shown = people.with_area.tolist()
        self.telecom = [
            f"{head}{places[a]}" if show else head
            for areas in (people.home, people.office)
            for head, a, show in zip(heads, areas.tolist(), shown, strict=True)
        ]
        self.net = [
            f'"source":"{NET[s]}","subject":"{n}"' for s, n in zip(people.net.tolist(), numbers, strict=True)
        ]


def kept(rng: Rng, size: int) -> np.ndarray:
    """Which tags come at all."""
    return np.asarray(rng.random(size) >= calibration().feeds.lost_share)


def with_doubles(rng: Rng, lines: Lines, share: float) -> Lines:
    """The lines and, for a few, the same line again up to ten minutes later."""
    arrival_ms, texts = lines
    again = np.flatnonzero(rng.random(len(texts)) < share)
    if not len(again):
        return lines
    later = arrival_ms[again] + rng.integers(1, MAX_DELAY_MS, len(again))
    return np.concatenate([arrival_ms, later]), [*texts, *(texts[i] for i in again.tolist())]


def seen(people: People, person: int, tag: Fields) -> Fields | None:
    """What the person's feeds make of a tag without `source` and `subject`; None when they see nothing."""
    if tag["channel"] == "net":
        return _seen_on_net(int(people.net[person]), person, tag)
    feed = int(people.telecom[person])
    head: Fields = {"source": TELECOM[feed], "subject": f"{PREFIXES[feed]}{number(person)[3:]}"}
    tag = {**head, **tag, "peer": _peer(str(tag["peer"]), feed)}
    if tag["channel"] == "sms":
        return {k: v for k, v in tag.items() if k != "text" or not people.silent_texts[person]}
    if feed == ENDS_ONLY:
        return {k: v for k, v in tag.items() if k not in _ONLY_LIVE} if tag["phase"] == "end" else None
    if feed == TELLS_FORWARDING and tag["phase"] == "start":
        return {"forwarded": False, **tag}
    return tag


_ONLY_LIVE = ("call_id", "forwarded")
_DETAILS = ("app_category", "url")


def _seen_on_net(feed: int, person: int, tag: Fields) -> Fields | None:
    if feed == NO_NET or (feed == NAMES_ONLY and tag["kind"] not in ("visit", "download")):
        return None
    tag = {"source": NET[feed], "subject": number(person)[3:], **tag}
    if feed == NAMES_ONLY:
        tag["kind"] = "visit"
    hidden = _DETAILS if feed in (NO_DETAILS, NAMES_ONLY) else ()
    return {k: v for k, v in tag.items() if k not in hidden}


def _peer(peer: str, feed: int) -> str:
    return f"{PREFIXES[feed]}{peer}" if len(peer) == 11 and peer[0] == "1" and peer[1] != "0" else peer
