"""Escalate: what new evidence does to an episode, and when an alert expires. Pure but for the episode."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fraud_guard.escalation.effects import AlertEffect, Change
from fraud_guard.escalation.policy import LOWEST_LEVEL, EscalationPolicy
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.fusion.fuse import Fused, fuse
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.memory.episode import Episode
from fraud_guard.touches.policy import TouchPolicy


class Policies(msgspec.Struct, frozen=True):
    """Fusion, escalation and touch policy of one generation."""

    fusion: FusionPolicy
    escalation: EscalationPolicy
    touches: TouchPolicy = TouchPolicy()


class Sighting(msgspec.Struct, frozen=True):
    """Where and when evidence was found: subject, its alerts so far, time, log position, area."""

    token: bytes
    alerts: int
    now_ms: int
    position: int
    area: str


def observe(
    episode: Episode, found: Sequence[Evidence], at: Sighting, policies: Policies
) -> AlertEffect | None:
    """Take evidence into the episode; returns the change of an alert it causes, if any.

    The same rule again refreshes its evidence and is no change, unless it weighs more than before. An open alert's level
    only becomes more serious.
    """
    now_ms = max(at.now_ms, episode.ts_ms)
    fresh = _take_in(episode, found, now_ms)
    episode.ts_ms, episode.area = now_ms, at.area
    if episode.n:
        episode.expire_ms = now_ms + policies.escalation.expire_s * 1000
    if not fresh:
        return None
    fused = fuse(episode.evidence, policies.fusion)
    level = _level(episode, fused, policies.escalation)
    if level is None:
        return None
    change = _change(episode, level)
    if change == "raised":
        episode.n, episode.opened_ms = at.alerts + 1, now_ms
        episode.expire_ms = now_ms + policies.escalation.expire_s * 1000
    episode.level = level if change == "raised" else min(level, episode.level)
    return effect(episode, at, change, fused, now_ms)


def changes_level(episode: Episode, found: Sequence[Evidence], at: Sighting, policies: Policies) -> bool:
    """Whether `observe` would raise an alert or make one more serious; the episode stays as it is."""
    tried = msgspec.structs.replace(episode, evidence=list(episode.evidence))
    _take_in(tried, found, max(at.now_ms, episode.ts_ms))
    level = _level(tried, fuse(tried.evidence, policies.fusion), policies.escalation)
    return level is not None and (not episode.n or level < episode.level)


def end(episode: Episode, at: Sighting, change: Change, policies: Policies, closure: str = "") -> AlertEffect:
    """The effect that ends an open alert (`expired` or `closed`)."""
    return effect(episode, at, change, fuse(episode.evidence, policies.fusion), max(at.now_ms, episode.ts_ms), closure)


def effect(
    episode: Episode, at: Sighting, change: Change, fused: Fused, ts_ms: int, closure: str = ""
) -> AlertEffect:
    """An effect with the whole evidence of the episode."""
    return AlertEffect(
        position=at.position, ts_ms=ts_ms, token=at.token, n=episode.n, change=change, level=episode.level,
        probability=fused.probability, types=fused.types, evidence=tuple(episode.evidence), weights=fused.weights,
        area=at.area, closure=closure,
    )  # fmt: skip


def standing(episode: Episode, now_ms: int) -> list[Evidence]:
    """The evidence that counts at `now_ms`: all of an open alert, else what has not run out."""
    return episode.evidence if episode.n else [e for e in episode.evidence if e.until_ms >= now_ms]


def _take_in(episode: Episode, found: Sequence[Evidence], now_ms: int) -> bool:
    """Merge evidence; True if any of it was not there before or weighs more now."""
    kept = standing(episode, now_ms)
    place = {(e.kind, e.id): i for i, e in enumerate(kept)}
    fresh = False
    for item in found:
        i = place.get((item.kind, item.id))
        if i is None:
            place[(item.kind, item.id)] = len(kept)
            kept.append(item)
            fresh = True
        else:
            heavier = item.weight > kept[i].weight
            fresh = fresh or heavier
            until_ms = max(item.until_ms, kept[i].until_ms)
            kept[i] = msgspec.structs.replace(item if heavier else kept[i], until_ms=until_ms)
    episode.evidence = kept
    return fresh


def _level(episode: Episode, fused: Fused, policy: EscalationPolicy) -> int | None:
    level = policy.level_of(fused.probability)
    floor = min((e.level_floor for e in episode.evidence), default=LOWEST_LEVEL)
    if floor < LOWEST_LEVEL:
        return min(level or floor, floor)
    return level


def _change(episode: Episode, level: int) -> Change:
    if not episode.n:
        return "raised"
    return "escalated" if level < episode.level else "evidence"
