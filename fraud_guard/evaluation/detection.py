"""Seen in time, or not: recall, lead time, precision, false alerts, by level, by kind of episode and within a budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import BudgetRow, EpisodeRow, LevelRow
from fraud_guard.evaluation.intervals import Bools, Estimate, Floats, Ints, mean, quantile, rate, share
from fraud_guard.evaluation.joining import ABORTED, FALSE, LEVELS, NEVER, Joined
from fraud_guard.evaluation.truth import City, Truth

MINUTE_MS = 60_000
BUDGET_SIMS = 2_180_000
BUDGETS = {"high": 40, "all": 1_600}
"""Alerts a day that the centre of a city of BUDGET_SIMS people can work off."""


def by_level(city: City, alerts: Alerts, joined: Joined) -> tuple[LevelRow, ...]:
    """One row for each level <= 1 … 4."""
    return tuple(_level_row(level, city, alerts, joined) for level in LEVELS)


def lead_min(joined: Joined, level: int, of: Bools) -> Floats:
    """Minutes from level <= `level` to the point of no return, of those episodes of `of` that reached it."""
    reached = joined.reached_ms[level - 1]
    seen = of & joined.counted & (reached != NEVER)
    leads: Floats = (joined.limit_ms[seen] - reached[seen]) / MINUTE_MS
    return leads


def episode_row(key: str, joined: Joined, of: Bools) -> EpisodeRow:
    """Recall before the point of no return, lead time and alerts of the episodes of `of`."""
    counted = of & joined.counted
    seen = [int((joined.reached_ms[level - 1, counted] != NEVER).sum()) for level in LEVELS]
    n = int(counted.sum())
    return EpisodeRow(
        key=key, episodes=n,
        recall=tuple(share(k, n) for k in seen),
        lead_min=tuple(quantile(lead_min(joined, level, of), 0.5) for level in LEVELS),
        alerts_per_episode=mean(joined.alerts_of[of & (joined.alerts_of > 0)]),
    )  # fmt: skip


def by_kind(keys: Sequence[str], joined: Joined) -> tuple[EpisodeRow, ...]:
    """One row for each kind of episode, the most frequent first."""
    column = np.array(keys, np.str_)
    found, count = np.unique(column[joined.counted], return_counts=True)
    order = sorted(range(len(found)), key=lambda i: (-count[i], found[i]))
    return tuple(episode_row(str(found[i]), joined, column == found[i]) for i in order)


def paces(truth: Truth, joined: Joined) -> tuple[EpisodeRow, ...]:
    """All episodes; slow scams, which run for weeks; the others."""
    slow = np.array([e.slow for e in truth.episodes], np.bool_)
    rows = {"all": np.ones(len(slow), np.bool_), "slow": slow, "fast": ~slow}
    return tuple(episode_row(key, joined, of) for key, of in rows.items())


def by_budget(city: City, alerts: Alerts, joined: Joined) -> tuple[BudgetRow, ...]:
    """Precision of the best alerts, by highest probability, as many as each budget allows."""
    probability = alerts.best_probability
    ranking = np.lexsort((np.arange(len(alerts)), -probability))
    return tuple(
        _budget_row(what, n, probability[ranking], joined.verdict[ranking]) for what, n in _budgets(city)
    )


def _budgets(city: City) -> Iterator[tuple[str, int | None]]:
    for what, a_day in BUDGETS.items():
        yield what, max(1, round(a_day * city.person_days / BUDGET_SIMS))
    yield "issued", None


def _budget_row(what: str, budget: int | None, probability: Floats, verdict: Ints) -> BudgetRow:
    taken = verdict[:budget]
    precision, inside = _precisions(taken)
    least = float(probability[len(taken) - 1]) if len(taken) else None
    return BudgetRow(what, budget, len(taken), least, precision, inside)


def _level_row(level: int, city: City, alerts: Alerts, joined: Joined) -> LevelRow:
    counted = joined.counted
    verdict = joined.verdict[alerts.best_level <= level]
    false = int((verdict == FALSE).sum())
    leads = lead_min(joined, level, counted)
    precision, inside = _precisions(verdict)
    return LevelRow(
        level=level,
        recall=share(len(leads), int(counted.sum())),
        lead_min=quantile(leads, 0.5), lead_q1_min=quantile(leads, 0.25), lead_q3_min=quantile(leads, 0.75),
        precision=precision, precision_inside=inside,
        alerts_per_10k_days=rate(len(verdict), city.person_days / 1e4),
        false_per_1e6_tags=rate(false, (city.tags or 0) / 1e6),
        false_per_1e6_person_days=rate(false, city.person_days / 1e6),
    )  # fmt: skip


def _precisions(verdict: Ints) -> tuple[Estimate, Estimate]:
    """Contact counted as true; and only losses and aborted attempts."""
    return share(int((verdict > FALSE).sum()), len(verdict)), share(
        int((verdict >= ABORTED).sum()), len(verdict)
    )
