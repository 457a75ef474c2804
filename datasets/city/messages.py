"""Ordinary texts: hand-written templates of `datasets.wording`, filled a template at a time.

Every sender has its number: a company's port, a bank's code, a friend. A few templates of each
sender make most of the texts, as in life. Texts that speak of what scams speak of (police, loans,
codes, money between friends) are look-alikes in the truth.
"""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Ints, Rng, below, mixed, stream
from datasets.city.contacts import SPECIAL, contact, slots, special
from datasets.city.feeds import PREFIXES, Heads, Lines, Shares, kept
from datasets.city.hours import Activity, Block, working
from datasets.city.people import People
from datasets.hosts import SHORT_LINK_HOSTS, TOP_HOSTS, tail_host
from datasets.wording.fill import fill_many
from datasets.wording.templates import Template, benign

_MOBILE = 10**10
PERSONAL = "personal"
LOOKALIKES = {
    "police_notice": "police_text", "lender": "lender_text", "recruiting": "recruiting_text",
    "court": "court_text", "broker": "broker_text", "chat_money": "chat_about_money",
    "chat_code": "chat_about_codes", "game_service": "game_text",
}  # fmt: skip
"""Kinds of templates that speak of what scams speak of, and their names in the truth."""

OFFICES = {"police_notice": ("96110", "12381"), "court": ("12368",)}
"""Numbers of the offices whose texts come from nowhere else."""

Labels = list[tuple[str, int, int]]
"""(what, person, time in ms) of innocent look-alikes."""


@lru_cache(maxsize=1)
def escaped_benign() -> tuple[Template, ...]:
    """The genuine templates, their texts ready to stand in a JSON string."""
    return tuple(t._replace(text=json.dumps(t.text, ensure_ascii=False)[1:-1]) for t in benign())


@lru_cache(maxsize=1)
def ordinary_links() -> tuple[str, ...]:
    """Links as companies send them: household names, small sites, short links."""
    short = [f"{SHORT_LINK_HOSTS[n % 4]}/{mixed(n, 3).item() % 36**6:x}" for n in range(150)]
    large = [f"https://{TOP_HOSTS[n * 7 % 300]}/s/{mixed(n, 4).item() % 10**6}" for n in range(150)]
    return (*short, *large, *(f"https://{tail_host(n * 13)}/a/{n}" for n in range(100)))


class OrdinaryTexts:
    """Texts that people get and write."""

    def __init__(self, people: People, seed: int) -> None:
        self._people = people
        self._activity = Activity(0.4 + 0.6 * people.chattiness, people.rhythm)
        self._templates = escaped_benign()
        self._cdf = self._shares(seed)

    def lines(self, rng: Rng, heads: Heads, block: Block, shares: Shares) -> tuple[Lines, Labels]:
        """The texts of `block` and which of them are look-alikes."""
        person, ts_ms = self._activity.draw(rng, block, calibration().volumes.texts)
        some = kept(rng, len(person))
        person, ts_ms = person[some], ts_ms[some]
        which = np.searchsorted(self._cdf[:-1], rng.random(len(person)) * self._cdf[-1], "right")
        order = np.argsort(which, kind="stable")
        person, ts_ms, which = person[order], ts_ms[order], which[order]
        texts = self._texts(rng, which)
        peer, out = self._peers(rng, person, which)
        written = self._written(heads, block, person, ts_ms, peer, out, texts)
        return (ts_ms + shares.delays_ms(rng, len(ts_ms)), written), self._labels(person, ts_ms, which)

    def _shares(self, seed: int) -> np.ndarray:
        """Cumulative weights of the templates: Zipf within each sender, in an order of this city."""
        rng, weights = stream(seed, "templates"), np.zeros(len(self._templates))
        for sender, share in calibration().text_senders.items():
            rows = [i for i, t in enumerate(self._templates) if t.sender == sender]
            ranks = rng.permutation(len(rows)) + 1.0
            weights[rows] = share * ranks**-0.7 / (ranks**-0.7).sum()
        return np.cumsum(weights)

    def _texts(self, rng: Rng, which: Ints) -> list[str]:
        """Texts of the templates `which`, which are sorted."""
        texts: list[str] = []
        for index, count in zip(*np.unique(which, return_counts=True), strict=True):
            template = self._templates[int(index)]
            texts += fill_many(template, rng, int(count), ordinary_links() if template.link else None)
        return texts

    def _peers(self, rng: Rng, person: Ints, which: Ints) -> tuple[Ints, Ints]:
        """(peer codes, whether the person wrote the text)."""
        size = len(which)
        chat = _is_chat()[which]
        peer = np.where(
            chat,
            contact(self._people, person, slots(self._people, person, rng.random(size))),
            _ports()[which],
        )
        return peer, (chat & (rng.random(size) < 0.48)).astype(np.int64)

    def _written(
        self, heads: Heads, block: Block, person: Ints, ts_ms: Ints, peer: Ints, out: Ints, texts: list[str]
    ) -> list[str]:
        place = person + heads.size * working(ts_ms)
        silent = self._people.silent_texts[person].tolist()
        feed = self._people.telecom[person]
        columns = (c.tolist() for c in (place, feed, peer, out, ts_ms))
        head, special_, of = heads.telecom, SPECIAL, ("in", "out")
        bodies = ["" if s else f',"text":"{t}"' for s, t in zip(silent, texts, strict=True)]
        return [
            f'{{"id":"s{block.number}-{i}","channel":"sms",{head[w]}'
            f',"peer":"{special_[p] if p < _MOBILE else PREFIXES[f] + str(p)}","direction":"{of[o]}"{body},"ts_ms":{ts}}}'
            for i, (w, f, p, o, ts, body) in enumerate(zip(*columns, bodies, strict=True))
        ]

    def _labels(self, person: Ints, ts_ms: Ints, which: Ints) -> Labels:
        names = [LOOKALIKES.get(t.kind, "") for t in self._templates]
        marked = np.flatnonzero(np.array([bool(n) for n in names])[which])
        columns = (c[marked].tolist() for c in (which, person, ts_ms))
        return [(names[w], p, ts) for w, p, ts in zip(*columns, strict=True)]


@lru_cache(maxsize=1)
def _is_chat() -> np.ndarray:
    return np.array([t.sender == PERSONAL for t in escaped_benign()])


@lru_cache(maxsize=1)
def _ports() -> Ints:
    """The number that each template is sent from; a company keeps its own."""
    return np.array([_port(template, n) for n, template in enumerate(escaped_benign())], np.int64)


def _port(template: Template, n: int) -> int:
    if template.sender == PERSONAL:
        return 0
    if template.kind in OFFICES:
        return SPECIAL.index(OFFICES[template.kind][n % len(OFFICES[template.kind])])
    kinds = {"port106": "port", "overseas": "relative_abroad"}
    return int(special(kinds.get(template.sender, template.sender), below(mixed(n, 11), 10**6)))
