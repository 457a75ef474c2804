"""The people of the city as columns: who they are, how they live, and what the feeds see of them.

A person is an index 0 ≤ p < size; the phone number follows from it. Categories are indices into
the lists of `calibration.yaml` (`AGE_BANDS`, `WORKS`, …).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.city.calibration import calibration
from datasets.city.chance import Floats, Ints, Rng, picks, stream
from datasets.demo_city import AREAS
from datasets.numbers import subject_number

AGE_BANDS = tuple(calibration().people.age_bands)
HOUSEHOLDS = tuple(calibration().people.households)
WORKS = tuple(calibration().people.works)
TELECOM = tuple(calibration().feeds.telecom)
NET = tuple(calibration().feeds.net)
EARLY_AGE = AGE_BANDS.index("65-74")
DAY, EARLY, NIGHT = 0, 1, 2
"""Rhythms: which hour table a person lives by."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class People:
    """Columns of one length; `awareness` is 0 (believes anybody) … 1 (wary)."""

    age: Ints
    household: Ints
    work: Ints
    rhythm: Ints
    home: Ints
    office: Ints
    awareness: Floats
    chattiness: Floats
    share_out: Floats
    contacts: Ints
    abroad: Bools
    unknown: Bools
    telecom: Ints
    net: Ints
    silent_texts: Bools
    with_area: Bools

    @property
    def size(self) -> int:
        """How many people."""
        return len(self.age)

    def area(self, person: int, *, working: bool) -> str:
        """Area code of where the person is, or "" when the feed does not say."""
        if not self.with_area[person]:
            return ""
        return AREAS[int(self.office[person] if working else self.home[person])]


def populate(seed: int, size: int) -> People:
    """`size` people, the same for the same seed."""
    rng, folk, feeds = stream(seed, "people"), calibration().people, calibration().feeds
    age = picks(rng, folk.age_shares, size)
    work = _within(rng, age, folk.work_shares)
    home = rng.integers(0, len(AREAS), size)
    commutes = rng.random(size) < np.where(np.isin(work, (1, 2, 3)), folk.commuter_share, 0.05)
    old = age >= EARLY_AGE
    return People(
        age=age,
        household=_within(rng, age, folk.household_shares),
        work=work,
        rhythm=_rhythm(rng, age, work),
        home=home,
        office=np.where(commutes, rng.integers(0, len(AREAS), size), home),
        awareness=np.clip(rng.beta(3.0, 3.0, size) - 0.12 * old - 0.1 * (age <= 1), 0.02, 0.98),
        chattiness=_chattiness(rng, age, work),
        share_out=np.clip(rng.normal(folk.share_out.mean, folk.share_out.spread, size), 0.08, 0.96),
        contacts=_contacts(rng, size),
        abroad=rng.random(size) < folk.abroad_share,
        unknown=rng.random(size) < folk.unknown_share,
        telecom=picks(rng, list(feeds.telecom.values()), size),
        net=_net(rng, old),
        silent_texts=rng.random(size) < feeds.silent_text_share,
        with_area=rng.random(size) < feeds.area_share,
    )


def number(person: int) -> str:
    """The person's normalised number, +86…"""
    return f"+86{subject_number(person)}"


def _within(rng: Rng, group: Ints, shares: list[list[float]]) -> Ints:
    """Category of each by the shares of its group (a row each)."""
    edges = np.cumsum(np.array(shares), axis=1)
    edges /= edges[:, -1:]
    draws = rng.random(len(group))
    return np.asarray((draws[:, None] >= edges[group][:, :-1]).sum(axis=1), np.int64)


def _rhythm(rng: Rng, age: Ints, work: Ints) -> Ints:
    shift = np.isin(work, (WORKS.index("factory"), WORKS.index("rider")))
    night = shift & (rng.random(len(age)) < calibration().people.night_share)
    return np.where(night, NIGHT, np.where(age >= EARLY_AGE, EARLY, DAY))


def _chattiness(rng: Rng, age: Ints, work: Ints) -> Floats:
    """Activity relative to the mean, which is 1: riders and shopkeepers phone most."""
    factor = np.ones(len(WORKS))
    for name, value in (("rider", 2.6), ("shop", 1.7), ("student", 0.6), ("retired", 0.6)):
        factor[WORKS.index(name)] = value
    raw = rng.lognormal(0.0, calibration().people.chattiness_sigma, len(age)) * factor[work]
    return np.asarray(raw / raw.mean(), np.float64)


def _contacts(rng: Rng, size: int) -> Ints:
    spread = calibration().people.contacts
    drawn = rng.lognormal(np.log(spread.median), spread.sigma, size)
    return drawn.clip(spread.least, spread.most).astype(np.int64)


def _net(rng: Rng, old: Bools) -> Ints:
    """Network feed of each person: the old are seen less often."""
    feed = picks(rng, list(calibration().feeds.net.values()), len(old))
    return np.where(old & (rng.random(len(old)) < 0.3), NET.index("none"), feed)
