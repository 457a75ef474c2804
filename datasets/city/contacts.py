"""Who talks to whom: a symmetric graph of family, friends and colleagues, and the numbers around it.

A peer is a code: 10¹⁰ and above is a mobile number itself, below is an index into `SPECIAL`,
the numbers that are no ordinary mobiles. Contact slot k of person p is computed, not stored:
slots 0 and 1 are the family, about a third of the others are people of the same city, whose slot
k points back.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from datasets.city.chance import Ints, below, mixed
from datasets.city.people import People
from datasets.numbers import (
    CONTACT_BASE,
    SERVICE_CODES,
    SUBJECT_BASE,
    hotline_number,
    irregular_number,
    landline_number,
    overseas_number,
    sms_port,
    virtual_number,
)

MOBILE = 10**10
SLOTS = 256
OUTSIDERS = 4_000_000
AGENT_BASE = CONTACT_BASE + 6_000_000
GANG_BASE = CONTACT_BASE + 8_000_000
ORDINARY_VIRTUAL = 30_000
_FAMILY_MASKS = (1, 2)

BANK_CODES = SERVICE_CODES[:12]
OPERATOR_CODES = ("10086", "10010", "10000", "10099")
COURIER_CODES = ("11183", "95311", "95338", "95546", "95554")
OFFICIAL_CODES = ("12306", "12333", "12345", "12329", "12348", "12366", "12123", "12368")
POLICE_CODES = ("96110", "12381", "110")

_BLOCKS: dict[str, list[str]] = {
    "service": list(SERVICE_CODES),
    "bank": list(BANK_CODES),
    "operator": list(OPERATOR_CODES),
    "courier": list(COURIER_CODES),
    "official": list(OFFICIAL_CODES),
    "police": list(POLICE_CODES),
    "port": [sms_port(n) for n in range(2_000)],
    "landline": [landline_number(n) for n in range(4_000)],
    "hotline": [hotline_number(n) for n in range(600)],
    "virtual": [virtual_number(n) for n in range(ORDINARY_VIRTUAL)],
    "relative_abroad": [overseas_number(6 * rest + country) for rest in range(50) for country in range(6)],
    "irregular": [irregular_number(n) for n in range(8)],
}
SPECIAL = [number for block in _BLOCKS.values() for number in block]
"""Every number that is no ordinary mobile, as signalled."""
FIRST = dict(zip(_BLOCKS, accumulate((len(b) for b in _BLOCKS.values()), initial=0), strict=False))
SIZE = {name: len(block) for name, block in _BLOCKS.items()}


def special(kind: str, index: Ints) -> Ints:
    """Codes of the `index`-th numbers of a kind, e.g. `landline`; the index wraps."""
    return FIRST[kind] + index % SIZE[kind]


def contact(people: People, person: Ints, slot: Ints) -> Ints:
    """Peer codes of contact `slot` of each `person`."""
    partner = person ^ _mask(slot)
    hashes = mixed(person // 3, slot)
    inside = (partner < people.size) & (partner != person) & (below(mixed(slot, 7), 100) < 34) | (slot < 2)
    inside &= partner < people.size
    codes = np.where(inside, SUBJECT_BASE + partner, CONTACT_BASE + below(hashes, OUTSIDERS))
    kind = below(hashes, 1_000)
    outside = ~inside
    codes = np.where(outside & (kind < 60), special("landline", below(hashes, 3_000)), codes)
    codes = np.where(outside & (kind >= 980), special("virtual", below(hashes, ORDINARY_VIRTUAL)), codes)
    relative = people.abroad[person] & (slot == 3)
    return np.where(relative, special("relative_abroad", below(hashes, 300)), codes)


def slots(people: People, person: Ints, draws: np.ndarray) -> Ints:
    """Which contact each call is with: a few are called often, the last ones hardly ever."""
    return (people.contacts[person] * draws**2.4).astype(np.int64)


def is_inside(people: People, codes: Ints) -> np.ndarray:
    """Whether a peer is one of the people."""
    return (codes >= SUBJECT_BASE) & (codes < SUBJECT_BASE + people.size)


def written(code: int, prefix: str = "") -> str:
    """The number of a peer code as a feed writes it: mobiles get `prefix`, others stay as signalled."""
    return f"{prefix}{code}" if code >= MOBILE else SPECIAL[code]


def _mask(slot: Ints) -> Ints:
    """The same mask for everybody makes contacts mutual: p ^ mask ^ mask = p."""
    masks = 3 + below(mixed(np.arange(SLOTS), 1), 1_021)
    masks[: len(_FAMILY_MASKS)] = _FAMILY_MASKS
    return np.asarray(masks[slot], np.int64)
