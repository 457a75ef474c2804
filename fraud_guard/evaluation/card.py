"""The score card: values only, written as JSON and read back for comparison. `docs/evaluation.md` defines each figure."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from fraud_guard.evaluation.intervals import Estimate
from fraud_guard.evaluation.truth import City

Verdict = Literal["pass", "fail", "undecided", "too few"]


class Counts(msgspec.Struct, frozen=True):
    """What the card rests on. `episodes` of recall are losses with a point of no return."""

    episodes: int
    losses: int
    aborted: int
    ignored: int
    lookalikes: int
    alerts: int
    changes: int
    true: int
    contact: int
    false: int
    opened_before: int


class LevelRow(msgspec.Struct, frozen=True):
    """All figures at effective level <= `level`; lead times in minutes.

    `precision` counts contact as true, `precision_inside` only losses and aborted attempts.
    """

    level: int
    recall: Estimate
    lead_min: Estimate
    lead_q1_min: Estimate
    lead_q3_min: Estimate
    precision: Estimate
    precision_inside: Estimate
    alerts_per_10k_days: Estimate
    false_per_1e6_tags: Estimate
    false_per_1e6_person_days: Estimate


class BudgetRow(msgspec.Struct, frozen=True):
    """Precision of the `taken` best alerts when `budget` may be issued; None: as many as were."""

    what: str
    budget: int | None
    taken: int
    least_probability: float | None
    precision: Estimate
    precision_inside: Estimate


class EpisodeRow(msgspec.Struct, frozen=True):
    """Episodes of one kind: recall and median lead time (minutes) at level <= 1 … 4, alerts an episode."""

    key: str
    episodes: int
    recall: tuple[Estimate, ...]
    lead_min: tuple[Estimate, ...]
    alerts_per_episode: Estimate


class TypeRow(msgspec.Struct, frozen=True):
    """One scam type: `said` true alerts name it, `right` of the `true` ones are named so."""

    key: str
    true: int
    said: int
    right: int
    f1: float | None


class Typing(msgspec.Struct, frozen=True):
    """Scam types: over all true alerts, and over losses and aborted attempts alone."""

    accuracy: Estimate
    macro_f1: Estimate
    accuracy_inside: Estimate
    macro_f1_inside: Estimate
    rows: tuple[TypeRow, ...]


class CalibrationRow(msgspec.Struct, frozen=True):
    """Alerts whose last state has this level or lies in this bin of probability."""

    key: str
    n: int
    expected: float
    observed: int
    observed_inside: int
    ratio: Estimate
    ratio_inside: Estimate


class Calibration(msgspec.Struct, frozen=True):
    """Expected (sum of probabilities) against observed true alerts."""

    levels: tuple[CalibrationRow, ...]
    bins: tuple[CalibrationRow, ...]
    ece: Estimate
    ece_inside: Estimate
    brier: float | None


class GroupRow(msgspec.Struct, frozen=True):
    """People of one age band or area; rates at level <= 3."""

    key: str
    people: int
    episodes: EpisodeRow
    alerts_per_10k_days: Estimate
    false_per_10k_days: Estimate


class Fairness(msgspec.Struct, frozen=True):
    """Rate of false alerts at level <= 3 between groups; the gate is `ratio` <= `gate`.

    `fail`: the whole interval lies above the gate. `undecided`: only the ratio does. `too few`:
    not two groups with enough expected false alerts; `left_out` names the small ones.
    """

    by: str
    gate: float
    ratio: Estimate
    verdict: Verdict
    highest: str
    lowest: str
    left_out: tuple[str, ...]
    rows: tuple[GroupRow, ...]


class LookalikeRow(msgspec.Struct, frozen=True):
    """False alerts at level <= 1 … 4 during one kind of innocent life; `alerted`: share of its spans."""

    key: str
    spans: int
    alerted: Estimate
    false: tuple[int, ...]


class CurvePoint(msgspec.Struct, frozen=True):
    """If only alerts of `threshold` and more were issued. `precision_at`: one a prior of the card."""

    threshold: float
    alerts_per_10k_days: float
    recall: float | None
    precision: float | None
    precision_at: tuple[float | None, ...]


class PriorRow(msgspec.Struct, frozen=True):
    """Precision at level <= `level` if one person-day in 1 / prior held a loss; contact left out."""

    level: int
    precision: tuple[Estimate, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run is judged by.

    `reached`: for each episode of recall the best level before its point of no return, 0 for
    none. `truth` is the same for two runs on the same city.
    """

    v: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    truth: str
    slack_h: float
    city: City
    counts: Counts
    levels: tuple[LevelRow, ...]
    budget: tuple[BudgetRow, ...]
    alerts_per_episode: Estimate
    typing: Typing
    calibration: Calibration
    paces: tuple[EpisodeRow, ...]
    types: tuple[EpisodeRow, ...]
    fairness: tuple[Fairness, ...]
    lookalikes: tuple[LookalikeRow, ...]
    priors: tuple[float, ...]
    at_priors: tuple[PriorRow, ...]
    curve: tuple[CurvePoint, ...]
    reached: dict[str, int]
