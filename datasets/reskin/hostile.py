"""Hostile samples, all made in code: what must end in a verdict within limits, whatever it tries. Nothing of it is malware."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.hostile_archives import ARCHIVES
from datasets.reskin.hostile_members import MEMBERS
from datasets.reskin.hostile_signatures import SIGNATURES
from datasets.reskin.packing import pack
from datasets.reskin.signing import make_key

_PLAN = AppPlan(404, classes=6, images=1)
_LONGEST_CUT = 2_000


def hostile_samples() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each class of hostile sample; names that begin with "bomb" swell. One is made at a time."""
    base = make_members(_PLAN)
    for name, make in ARCHIVES.items():
        yield name, make(base)
    for name, change in MEMBERS.items():
        yield name, pack(change(base))
    key = make_key()
    for name, break_ in SIGNATURES.items():
        yield name, break_(pack(base), key)


def mutants(base: bytes, count: int, seed: int) -> Iterator[bytes]:
    """So many damaged copies of `base`: bytes changed, pieces cut out, doubled or blanked; often near the directory."""
    chance = Random(seed)
    for _ in range(count):
        data = bytearray(base)
        for _ in range(chance.randrange(1, 12)):
            _damage(data, chance)
        yield bytes(data)


def _damage(data: bytearray, chance: Random) -> None:
    """One change to `data`."""
    if not data:
        return
    near_end = chance.random() < 0.4
    at = max(len(data) - 1 - chance.randrange(4_000), 0) if near_end else chance.randrange(len(data))
    size = chance.randrange(1, _LONGEST_CUT)
    kind = chance.randrange(6)
    if kind <= 2:
        data[at] = chance.randrange(256)
    elif kind == 3:
        data[at : at + size // 20 + 1] = chance.randbytes(size // 20 + 1)
    elif kind == 4:
        del data[at : at + size]
    else:
        data[at:at] = data[at : at + size]
