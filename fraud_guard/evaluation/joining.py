"""Which alert belongs to which episode, and when each episode reached which level.

An alert belongs to an episode of its subject when new evidence of it lies in
[t_first, t_last + slack]. From that change on, everything the alert says counts for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.intervals import Bools, Floats, Ints
from fraud_guard.evaluation.truth import Episode, Lookalike, Truth

NEVER = np.iinfo(np.int64).max
LEVELS = (1, 2, 3, 4)
FALSE, IGNORED, ABORTED, LOSS = range(4)
OUTCOMES = {"ignored": IGNORED, "aborted": ABORTED, "loss": LOSS}


@dataclass(frozen=True)
class Joined:
    """Alerts and truth, side by side.

    Of length episodes: `counted` (loss with a point of no return: the base of recall),
    `limit_ms` (that point, NEVER without one), `reached_ms` (4 × episodes: first time at level ≤ L
    before the limit, or NEVER), `detected` (4 × episodes: the same without limit), `best_before`
    and `best_ever` (probability, before the limit and at all; 0 without an alert), `alerts_of`.
    Of length alerts: `verdict` (FALSE … LOSS), `episode` (the gravest, then latest; -1),
    `said` (row of the change that named the type in time; -1), `lookalike` (the one begun last; -1).
    `opened_before` counts alerts that were open before their episode began.
    """

    counted: Bools
    limit_ms: Ints
    reached_ms: Ints
    detected: Bools
    best_before: Floats
    best_ever: Floats
    alerts_of: Ints
    verdict: Ints
    episode: Ints
    said: Ints
    lookalike: Ints
    opened_before: int


def join(truth: Truth, alerts: Alerts, slack_ms: int) -> Joined:
    """Join alerts to episodes and look-alikes of the same subject."""
    episodes = truth.episodes
    window, change = _belonging(episodes, alerts, slack_ms)
    limit_ms = np.array(
        [NEVER if (t := e.t_point_of_no_return_ms) is None else t for e in episodes], np.int64
    )
    rank = np.array([OUTCOMES[e.outcome] for e in episodes], np.int64)
    first_ms = np.array([e.t_first_ms for e in episodes], np.int64)
    early = alerts.ts_ms[change] < limit_ms[window]
    pairs = np.unique(window * max(len(alerts), 1) + alerts.alert[change])
    pair_window, pair_alert = np.divmod(pairs, max(len(alerts), 1))
    episode = _chosen(len(alerts), pair_alert, pair_window, (first_ms, rank))
    return Joined(
        counted=(rank == LOSS) & (limit_ms != NEVER),
        limit_ms=limit_ms,
        reached_ms=_reached(len(episodes), alerts, window[early], change[early]),
        detected=_reached(len(episodes), alerts, window, change) != NEVER,
        best_before=_best(len(episodes), alerts, window[early], change[early]),
        best_ever=_best(len(episodes), alerts, window, change),
        alerts_of=np.bincount(pair_window, minlength=len(episodes)),
        verdict=np.append(rank, FALSE)[episode],  # -1 takes the last
        episode=episode,
        said=_said(alerts, window, change, episode, early),
        lookalike=_lookalike(truth.lookalikes, alerts, slack_ms),
        opened_before=int((alerts.first_ms[pair_alert] < first_ms[pair_window]).sum()),
    )


def _belonging(episodes: Sequence[Episode], alerts: Alerts, slack_ms: int) -> tuple[Ints, Ints]:
    """(episode, change) of every alert that belongs, from its first new evidence inside the window on."""
    window, change = _inside(episodes, alerts, slack_ms)
    order = np.lexsort((change, window))  # changes are sorted by alert, so this groups by (window, alert)
    window, change = window[order], change[order]
    group = window * max(len(alerts), 1) + alerts.alert[change]
    place = np.arange(len(group))
    fresh = alerts.new_evidence[change]
    keys, first = np.unique(group[fresh], return_index=True)
    at = np.searchsorted(keys, group)
    known = at < len(keys)
    known[known] = keys[at[known]] == group[known]
    known[known] = place[known] >= place[fresh][first][at[known]]
    return window[known], change[known]


def _inside(
    spans: Sequence[Episode] | Sequence[Lookalike], alerts: Alerts, slack_ms: int
) -> tuple[Ints, Ints]:
    """(span, change) for every change inside a span of its subject, both ends included."""
    number: dict[str, int] = {}
    alert_subject = np.array([number.setdefault(s, len(number)) for s in alerts.subjects], np.int64)
    subject = np.array([number.get(s.subject, -1) for s in spans], np.int64)
    first_ms = np.array([s.t_first_ms for s in spans], np.int64)
    last_ms = np.array([s.t_last_ms + slack_ms for s in spans], np.int64)
    times = np.unique(alerts.ts_ms)  # ranks instead of times keep the key below 2**63
    base = len(times) + 1
    key = alert_subject[alerts.alert] * base + np.searchsorted(times, alerts.ts_ms)
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], subject * base + np.searchsorted(times, first_ms))
    high = np.searchsorted(key[order], subject * base + np.searchsorted(times, last_ms, side="right"))
    count = high - low
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(np.arange(len(spans)), count), order[np.repeat(low, count) + offset]


def _reached(n: int, alerts: Alerts, window: Ints, change: Ints) -> Ints:
    reached = np.full((len(LEVELS), n), NEVER, np.int64)
    for row, level in enumerate(LEVELS):
        grave = alerts.level[change] <= level
        np.minimum.at(reached[row], window[grave], alerts.ts_ms[change[grave]])
    return reached


def _best(n: int, alerts: Alerts, window: Ints, change: Ints) -> Floats:
    best = np.zeros(n)
    np.maximum.at(best, window, alerts.probability[change])
    return best


def _chosen(n: int, alert: Ints, window: Ints, by: tuple[Ints, ...]) -> Ints:
    """For each alert the window that is greatest in the last of `by`, then in the one before; -1 without any."""
    chosen = np.full(n, -1, np.int64)
    order = np.lexsort((window, *(key[window] for key in by)))
    chosen[alert[order]] = window[order]  # of several the last one stays
    return chosen


def _said(alerts: Alerts, window: Ints, change: Ints, episode: Ints, early: Bools) -> Ints:
    """The last change before the point of no return, else the first one after it."""
    alert = alerts.alert[change]
    mine = episode[alert] == window
    said = np.full(len(alerts), NEVER, np.int64)
    np.minimum.at(said, alert[mine], change[mine])
    said[said == NEVER] = -1
    np.maximum.at(said, alert[mine & early], change[mine & early])
    return said


def _lookalike(lookalikes: Sequence[Lookalike], alerts: Alerts, slack_ms: int) -> Ints:
    window, change = _inside(lookalikes, alerts, slack_ms)
    fresh = alerts.new_evidence[change]
    first_ms = np.array([s.t_first_ms for s in lookalikes], np.int64)
    return _chosen(len(alerts), alerts.alert[change[fresh]], window[fresh], (first_ms,))
