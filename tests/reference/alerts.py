"""Evidence, probability, level and the life of an alert, in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.rulebook.rule import Rule


@dataclass(frozen=True)
class Clue:
    """One rule that hit."""

    rule: Rule
    ts_ms: int
    until_ms: int
    positions: tuple[int, ...]
    weight: float


@dataclass(frozen=True)
class Change:
    """A change of an alert, in a form that both sides can be brought to."""

    token: bytes
    n: int
    change: str
    level: int
    ts_ms: int
    position: int
    probability: float
    types: tuple[tuple[str, float], ...]
    clues: tuple[tuple[Any, ...], ...]
    area: str
    closure: str


@dataclass
class Case:
    """The evidence about one subject, before and while an alert is open (`n` > 0)."""

    n: int = 0
    level: int = 0
    ts_ms: int = 0
    expire_ms: int = 0
    area: str = ""
    clues: list[Clue] = field(default_factory=list)

    def take(self, found: list[Clue], now_ms: int) -> bool:
        """Merge evidence by rule; True if a rule is new or weighs more. Before an alert, evidence that no longer holds goes."""
        if not self.n:
            self.clues = [c for c in self.clues if c.until_ms >= now_ms]
        known = {c.rule.id: i for i, c in enumerate(self.clues)}
        fresh = False
        for clue in found:
            i = known.get(clue.rule.id)
            if i is None:
                self.clues.append(clue)
                fresh = True
                continue
            heavier = clue.weight > self.clues[i].weight
            fresh = fresh or heavier
            until_ms = max(self.clues[i].until_ms, clue.until_ms)
            self.clues[i] = replace(clue if heavier else self.clues[i], until_ms=until_ms)
        return fresh

    def weights(self) -> list[float]:
        """Of one group only the strongest counts (the first of equals)."""
        out = []
        for i, clue in enumerate(self.clues):
            rivals = [(-c.weight, k) for k, c in enumerate(self.clues) if group(c) == group(clue)]
            out.append(clue.weight if min(rivals)[1] == i else 0.0)
        return out

    def probability(self, policy: FusionPolicy) -> float:
        odds = math.log(policy.prior_probability / (1 - policy.prior_probability))
        x = policy.mixings[0].slope * (odds + sum(self.weights())) + policy.mixings[0].intercept
        return 1 / (1 + math.exp(-x))

    def types(self, policy: FusionPolicy) -> tuple[tuple[str, float], ...]:
        score: dict[str, float] = {}
        for clue in self.clues:
            for scam_type, share in clue.rule.scam_types.items():
                score[scam_type] = score.get(scam_type, 0.0) + policy.rules_on_types * clue.weight * share
        raw = {t: policy.type_prior.get(t, 1.0) * math.exp(s) for t, s in score.items()}
        return tuple(sorted((t, round(v / sum(raw.values()), 9)) for t, v in raw.items()))

    def earned_level(self, fusion: FusionPolicy, escalation: EscalationPolicy) -> int | None:
        """The most serious of what the probability and decisive rules give."""
        probability = self.probability(fusion)
        earned = [n for n in (1, 2, 3, 4) if probability >= escalation.levels[n].min_probability]
        earned += [c.rule.level_floor for c in self.clues if c.rule.decisive]
        return min(earned, default=None)


def group(clue: Clue) -> str:
    """The name of the story a clue tells."""
    return clue.rule.group or clue.rule.id
