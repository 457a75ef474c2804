"""Whom a script meets, and how much each script is worked."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Floats, below, mixed
from datasets.city.people import AGE_BANDS, HOUSEHOLDS, WORKS, People
from datasets.city.script import Script


def mix(some: list[Script], *, drift: bool) -> Floats:
    """Share of each script; those of a type share the type's part by weight."""
    calibrated, total = calibration(), dict[str, float]()
    for script in some:
        total[script.scam_type] = total.get(script.scam_type, 0.0) + script.weight
    factors = calibrated.type_mix_drift if drift else {}
    weights = [
        calibrated.type_mix[s.scam_type] * factors.get(s.scam_type, 1.0) * s.weight / total[s.scam_type]
        for s in some
    ]
    return np.array(weights) / sum(weights)


def liking(people: People, script: Script) -> Floats:
    """How likely each person is the script's target; the wary fall for scams less often."""
    factor = 1.3 - people.awareness if script.scam_type else _habit(people, script)
    for names, column, key in (
        (AGE_BANDS, people.age, "age"), (HOUSEHOLDS, people.household, "household"), (WORKS, people.work, "work"),
        (("no", "yes"), people.abroad.astype(np.int64), "abroad"),
    ):  # fmt: skip
        factors = script.target.get(key, {})
        factor = factor * np.array([factors.get(name, 1.0) for name in names])[column]
    return factor if factor.any() else np.ones(people.size)


def _habit(people: People, script: Script) -> Floats:
    """1 for the few whose life a scene belongs to, the same in every run; else 0."""
    draws = below(mixed(np.arange(people.size), crc32(script.script.encode())), 10**6)
    return (draws < script.habit * 10**6).astype(np.float64)
