"""Who and what takes part in one story: the person, the gang, and everybody they meet.

Roles of scripts become numbers, sites, apps and texts here; a role keeps its number and its site
for the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from datasets.city import browsing
from datasets.city.calibration import calibration
from datasets.city.chance import Rng, below, mixed
from datasets.city.contacts import OUTSIDERS, SIZE, contact, special, written
from datasets.city.evasion import Evasion
from datasets.city.gangs import Gang
from datasets.city.messages import OFFICES, PERSONAL, ordinary_links
from datasets.city.people import People
from datasets.hosts import SHORT_LINK_HOSTS, STORE_HOSTS, TOP_HOSTS, tail_host
from datasets.numbers import CONTACT_BASE
from datasets.wording.fill import fill_many
from datasets.wording.templates import Template, benign, scam

_SLOTS = {"family": 0, "family2": 1, "friend": 4, "friend2": 5, "colleague": 7, "colleague2": 9}
_SENDER_NUMBERS = {
    "personal": "mobile", "virtual": "virtual", "overseas": "overseas", "port106": "port", "courier": "port",
    "bank": "port", "operator": "port", "official": "port",
}  # fmt: skip
_VENDORS = (
    "dl.tongchuang-meet.example",
    "download.yunting.example",
    "pkg.heyi-soft.example",
    "cdn.xinghe-app.example",
)
SITES = ("site", "site2")


@dataclass
class Cast:
    """The parts of one story; `gang` is None in innocent scenes."""

    rng: Rng
    people: People
    person: int
    day: int
    numbers: dict[str, float]
    gang: Gang | None
    generations: tuple[int, ...]
    evasion: Evasion
    _known: dict[str, str] = field(default_factory=dict)

    def peer(self, role: str) -> str:
        """The number behind a role: national mobile, or as signalled."""
        if role not in self._known:
            self._known[role] = self._number(role)
        return self._known[role]

    def host(self, role: str) -> str:
        """The site behind a role."""
        key = f"host {role}"
        if key not in self._known:
            self._known[key] = self._site(role)
        return self._known[key]

    def app(self, role: str) -> tuple[str, str, str]:
        """(package, label, category) of `gang:<category>`, `store:<category>` or `side:<category>`."""
        owner, _, category = role.partition(":")
        if owner == "gang" and self.gang:
            return (*self.gang.app(category, self.day), category)
        place = below(mixed(self.person, sum(category.encode())), len(browsing.OF_CATEGORY[category])).item()
        app = browsing.CATALOGUE[browsing.OF_CATEGORY[category][place]]
        if owner == "side":
            return f"cn.example.{category}.side{place}", f"{app.label}极速版", category
        return app.package, app.label, category

    def scam_text(self, stage: str) -> tuple[str, str]:
        """(peer, text) of a gang's text for a stage of its script."""
        assert self.gang is not None  # noqa: S101  scenes have no scam texts; checked when scripts load
        templates = _scam_templates(self.gang.scam_type, stage, self.generations)
        template = templates[int(self.rng.integers(len(templates)))]
        text = self._filled(template, self.evasion.link(self.rng, self.host("site")))
        return self._sender(template), self.evasion.text(self.rng, text)

    def genuine_text(self, kind: str, role: str) -> tuple[str, str]:
        """(peer, text) of a genuine text of a kind of `datasets/wording/benign/`."""
        templates = _genuine_templates(kind)
        template = templates[int(self.rng.integers(len(templates)))]
        links = ordinary_links()
        text = self._filled(template, links[int(self.rng.integers(len(links)))])
        if template.sender == PERSONAL:
            return self.peer(role), text
        office = OFFICES.get(kind)
        return office[int(self.rng.integers(len(office)))] if office else self.peer(template.sender), text

    def _filled(self, template: Template, link: str) -> str:
        return fill_many(template, self.rng, 1, [link])[0]

    def _sender(self, template: Template) -> str:
        assert self.gang is not None  # noqa: S101
        if (
            self._known.get("caller")
            and template.sender in ("virtual", "personal")
            and self.rng.random() < 0.5
        ):
            return self._known["caller"]
        kind = _SENDER_NUMBERS[template.sender]
        return self.gang.number(kind, self.day, int(self.rng.integers(calibration().numbers_per_gang)))

    def _number(self, role: str) -> str:
        if role.startswith("caller") and self.gang:
            return self._caller(self.gang, int(self.rng.integers(calibration().numbers_per_gang)))
        person = np.array([self.person])
        if role in _SLOTS:
            return written(int(contact(self.people, person, np.array([_SLOTS[role]]))[0]))
        draw = int(self.rng.integers(1 << 30))
        if role in ("bank", "operator"):
            draw = mixed(self.person, 5).item() >> 40
        kind = (
            "port"
            if role == "port106"
            else "relative_abroad"
            if role in ("overseas", "customer_abroad")
            else role
        )
        if kind in SIZE:
            return written(int(special(kind, np.array([draw]))[0]))
        return str(CONTACT_BASE + draw % OUTSIDERS)

    def _caller(self, gang: Gang, k: int) -> str:
        """The gang's k-th line of these days; all whom it calls see the same number."""
        draw, dodge = gang.draws(self.day, k)
        edges = np.cumsum(list(self.numbers.values()))
        kind = list(self.numbers)[int(np.searchsorted(edges[:-1], draw * edges[-1], "right"))]
        return gang.number(self.evasion.number_kind(dodge, kind), self.day, k)

    def _site(self, role: str) -> str:
        draw = int(self.rng.integers(1 << 30))
        if role in SITES and self.gang:
            host = self.gang.domain(self.day, 2 * SITES.index(role) + draw % 2)
            return self.evasion.host(self.rng, host)
        if role == "short":
            return SHORT_LINK_HOSTS[draw % len(SHORT_LINK_HOSTS)]
        if role == "top":
            return TOP_HOSTS[draw % len(TOP_HOSTS)]
        if role == "store":
            return STORE_HOSTS[draw % len(STORE_HOSTS)]
        if role == "vendor":
            return _VENDORS[draw % len(_VENDORS)]
        if role == "free":
            return f"page-{draw % 36**4:x}.{browsing.FREE_HOSTING[draw % len(browsing.FREE_HOSTING)]}"
        return tail_host(draw % browsing.TAIL)


@lru_cache(maxsize=512)
def _scam_templates(scam_type: str, stage: str, generations: tuple[int, ...]) -> tuple[Template, ...]:
    """Templates of the stage and generations; of the type alone where the stage has none."""
    every = scam(scam_type)
    fresh = tuple(t for t in every if t.generation in generations) or every
    return tuple(t for t in fresh if t.stage == stage) or fresh


@lru_cache(maxsize=64)
def _genuine_templates(kind: str) -> tuple[Template, ...]:
    found = tuple(t for t in benign() if t.kind == kind)
    if kind == "bank_notice":  # money that moved, not the bank's adverts and warnings
        found = tuple(t for t in found if {"amount", "price"} & set(t.slots))
    if not found:
        raise ValueError(
            f"sms: {kind!r} is no kind of genuine text — use one of {sorted({t.kind for t in benign()})}"
        )
    return found
