"""Escalation: what new evidence does to an episode."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fraud_guard.escalation.escalate import Policies, Sighting, end, observe
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.fusion.policy import Mixing
from fraud_guard.memory.episode import Episode
from tests.reference.books import shipped_book

T_MS = 1_790_000_000_000
H_MS = 3_600_000
_SHIPPED = shipped_book().generation.policies
POLICIES = Policies(_SHIPPED.fusion.model_copy(update={"mixings": (Mixing(),)}), _SHIPPED.escalation)
"""Plain sums, so that a weight here means what it says."""


def found(name: str, weight: float, at_ms: int = T_MS, *, floor: int = 4, holds_h: int = 6) -> Evidence:
    return Evidence(
        "rule",
        name,
        1,
        weight,
        name,
        (("police", 1.0),),
        at_ms,
        at_ms + holds_h * H_MS,
        floor,
        (7,),
        "因",
        "why",
    )


def at(now_ms: int = T_MS, alerts: int = 0) -> Sighting:
    return Sighting(b"s" * 16, alerts, now_ms, 42, "110101")


def test_weak_evidence_is_kept_and_raises_nothing():
    """Below level 4 there is no alert, but the evidence waits for more."""
    episode = Episode()
    assert observe(episode, [found("a", 2.0)], at(), POLICIES) is None
    assert (episode.n, len(episode.evidence)) == (0, 1)


def test_evidence_adds_up_to_an_alert():
    """Two weak things together raise what neither does alone."""
    episode = Episode()
    assert observe(episode, [found("a", 4.0)], at(), POLICIES) is None
    change = observe(episode, [found("b", 4.0)], at(T_MS + 1), POLICIES)
    assert change is not None
    assert (change.change, change.n, change.level, change.ts_ms, change.position) == (
        "raised",
        1,
        3,
        T_MS + 1,
        42,
    )
    assert [e.id for e in change.evidence] == ["a", "b"]


def test_evidence_that_no_longer_holds_does_not_count():
    """Outside an open alert evidence counts for as long as its rule says."""
    episode = Episode()
    observe(episode, [found("a", 4.0)], at(), POLICIES)
    assert observe(episode, [found("b", 4.0, T_MS + 7 * H_MS)], at(T_MS + 7 * H_MS), POLICIES) is None
    assert [e.id for e in episode.evidence] == ["b"]


def test_evidence_of_an_open_alert_stays():
    """While an alert is open nothing that led to it goes, so its probability cannot fall."""
    episode = Episode()
    first = observe(episode, [found("a", 8.0)], at(), POLICIES)
    second = observe(episode, [found("b", 0.5, T_MS + 50 * H_MS)], at(T_MS + 50 * H_MS), POLICIES)
    assert first is not None and second is not None
    assert (second.change, [e.id for e in second.evidence]) == ("evidence", ["a", "b"])
    assert second.probability > first.probability


def test_a_level_only_becomes_more_serious():
    """Stronger evidence escalates; weaker new evidence leaves the level where it is."""
    episode = Episode()
    levels = [
        (change.change, change.level)
        for name, weight in (("a", 6.0), ("b", 2.0), ("c", 0.1), ("d", 6.0))
        if (change := observe(episode, [found(name, weight)], at(), POLICIES))
    ]
    assert levels == [("raised", 4), ("escalated", 3), ("evidence", 3), ("escalated", 1)]


def test_the_same_rule_again_is_no_change_but_keeps_the_alert_alive():
    """A repeated hit prolongs the evidence and moves the end of the alert."""
    episode = Episode()
    observe(episode, [found("a", 8.0)], at(), POLICIES)
    expire_ms = episode.expire_ms
    assert expire_ms == T_MS + POLICIES.escalation.expire_s * 1000
    assert observe(episode, [found("a", 8.0, T_MS + H_MS)], at(T_MS + H_MS), POLICIES) is None
    assert episode.expire_ms == expire_ms + H_MS
    assert len(episode.evidence) == 1


def test_a_decisive_rule_gives_its_level_at_least():
    """A decisive combination is level 2 even if its weight alone would not be, and does not lower a better one."""
    change = observe(Episode(), [found("a", 0.5, floor=2)], at(), POLICIES)
    assert change is not None and change.level == 2
    change = observe(Episode(), [found("a", 12.0, floor=2)], at(), POLICIES)
    assert change is not None and change.level == 1


def test_time_never_goes_back():
    """A late sighting changes the alert at the time it has reached already."""
    episode = Episode()
    observe(episode, [found("a", 8.0)], at(T_MS + 9_000), POLICIES)
    late = observe(episode, [found("b", 2.0)], at(T_MS), POLICIES)
    assert late is not None and late.ts_ms == T_MS + 9_000
    assert end(episode, at(T_MS), "closed", POLICIES, "{}").ts_ms == T_MS + 9_000


def test_numbers_go_on_from_the_alerts_so_far():
    """The next alert of a subject with two has number 3."""
    change = observe(Episode(), [found("a", 8.0)], at(alerts=2), POLICIES)
    assert change is not None and change.n == 3


def test_an_end_shows_the_whole_evidence():
    """The last change carries level, evidence and the closure."""
    episode = Episode()
    observe(episode, [found("a", 8.0), found("b", 1.0)], at(), POLICIES)
    last = end(episode, at(T_MS + 5), "closed", POLICIES, '{"truth": "true_scam"}')
    assert (last.change, last.n, last.level, last.closure) == (
        "closed",
        1,
        episode.level,
        '{"truth": "true_scam"}',
    )
    assert len(last.evidence) == len(last.weights) == 2


@pytest.mark.parametrize(
    ("probability", "level"), [(0.95, 1), (0.9, 1), (0.5, 2), (0.15, 3), (0.03, 4), (0.029, None)]
)
def test_a_probability_earns_its_level(probability, level):
    """The thresholds of the policy belong to the level they name."""
    assert POLICIES.escalation.level_of(probability) == level


def test_levels_must_be_whole_and_in_order():
    """A policy without level 3, or with thresholds out of order, is refused."""
    good = POLICIES.escalation.model_dump()
    without = good | {"levels": {k: v for k, v in good["levels"].items() if k != 3}}
    swapped = good | {"levels": good["levels"] | {3: good["levels"][3] | {"min_probability": 0.6}}}
    for wrong in (without, swapped):
        with pytest.raises(ValidationError):
            EscalationPolicy.model_validate(wrong)
