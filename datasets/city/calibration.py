"""The figures of the simulated city, read from `calibration.yaml` and checked.

The file names the source of every figure. Shapes: hour tables have 24 entries; the shares
of a table are normalised when they are drawn from, so they need not add up to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parent


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lognormal: `median` in the unit of its name, `sigma` of its logarithm, cut at `least` and `most`."""

    median: float
    sigma: float
    least: float = 0.0
    most: float = float("inf")


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share that differs between people: mean and standard deviation."""

    mean: float
    spread: float


class Folk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who lives in the city."""

    age_bands: list[str]
    age_shares: list[float]
    households: list[str]
    household_shares: list[list[float]]
    works: list[str]
    work_shares: list[list[float]]
    night_share: float
    commuter_share: float
    abroad_share: float
    unknown_share: float
    chattiness_sigma: float
    contacts: Spread
    share_out: Share
    talk_s: Spread
    answered_share: float


class Feeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sources see of a person."""

    telecom: dict[str, float]
    silent_text_share: float
    net: dict[str, float]
    area_share: float
    lost_share: float
    late_share: float
    late_share_evasion: float
    doubled_share: float
    doubled_share_evasion: float


class Volumes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean number of calls, texts and net tags a person and day."""

    calls: float
    texts: float
    visits: float
    active: float
    installs: float


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone who calls many people: `rate` calls a person and day, `agents` numbers for 10,000 people."""

    rate: float
    agents: float
    numbers: dict[str, float]
    answered: float
    talk_median_s: float
    sigma: float
    hours: tuple[int, int]
    returned: float


class Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Episodes a day and 10,000 people, by how they end."""

    loss: float
    aborted: float
    ignored: float


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    hours: dict[str, list[float]]
    people: Folk
    feeds: Feeds
    volumes: Volumes
    text_senders: dict[str, float]
    text_kinds: dict[str, float]
    agents: dict[str, Agent]
    priors: dict[str, Prior]
    type_mix: dict[str, float]
    type_mix_drift: dict[str, float]
    campaigns: float
    campaign_share: dict[str, float]
    number_life_days: int
    numbers_per_gang: int
    domain_life_days: int


_HERE: ContextVar[Calibration | None] = ContextVar("figures of this town", default=None)


def calibration() -> Calibration:
    """The figures that hold here: the shipped ones, or those of the town that is being simulated."""
    return _HERE.get() or shipped_figures()


@contextmanager
def holding(figures: Calibration) -> Iterator[None]:
    """Within it, `calibration()` gives these figures."""
    before = _HERE.set(figures)
    try:
        yield
    finally:
        _HERE.reset(before)


@lru_cache(maxsize=1)
def shipped_figures() -> Calibration:
    """The calibrated city. Raises ValueError naming the file and what is wrong with it."""
    read_in: Calibration = read(FOLDER / "calibration.yaml", Calibration)
    return read_in


def read(path: Path, kind: Any) -> Any:
    """The YAML file at `path` as a `kind`. Raises ValueError naming file, place and remedy."""
    try:
        return msgspec.convert(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader), kind)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ValueError(
            f"{path.name}: {error} — correct the file; datasets/city/README.md shows its shape"
        ) from error
