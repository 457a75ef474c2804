"""Sleep: nobody reads texts or opens the bank's app in the small hours of a story that takes days.

Seconds are those of the story; `clock_s` is the local time of day at which it begins. A story that
begins at night keeps its first night, as those scams happen at night.
"""

from __future__ import annotations

from dataclasses import dataclass

from datasets.city.chance import Rng

DAY_S, HOUR_S = 86_400.0, 3_600.0
_BED_H, _RISE_H = (0.5, 2.5), (6.0, 7.5)
_MORNING_S = 2 * HOUR_S


@dataclass(frozen=True)
class Nights:
    """When one person sleeps, from `bed_s` to `rise_s` after midnight."""

    rng: Rng
    clock_s: float
    bed_s: float
    rise_s: float

    @classmethod
    def of(cls, rng: Rng, clock_s: float) -> Nights:
        """The habits of one story's person (assumption)."""
        return cls(rng, clock_s, float(rng.uniform(*_BED_H)) * HOUR_S, float(rng.uniform(*_RISE_H)) * HOUR_S)

    def awake(self, at: float, latest: float = float("inf")) -> float:
        """`at`, or some time of the morning after, before `latest` if that can be."""
        asleep_s = self._rest_of_night(self.clock_s + at)
        if not asleep_s or at < self._rest_of_night(self.clock_s):
            return at
        wake = at + asleep_s
        return wake + float(self.rng.random()) * min(_MORNING_S, max(0.0, latest - wake))

    def _rest_of_night(self, clock_s: float) -> float:
        """Seconds until the person rises; 0 by day."""
        hour_s = clock_s % DAY_S
        return self.rise_s - hour_s if self.bed_s <= hour_s < self.rise_s else 0.0
