"""Indicators: whom an app talks to and how its makers can be reached, as frozen types."""

from __future__ import annotations

import msgspec

from apk_analysis.evidence import Evidence


class Indicator(msgspec.Struct, frozen=True):
    """One of them. `confidence` (0 to 1): that it belongs to the app and not to a library.

    `type`: `url`, `domain`, `ip` (with `:port` where there is one), `bucket`, `email`, `phone`, `wallet-btc`,
    `wallet-eth`, `wallet-tron`, `chat`, `app-key`. `where`: the first places.
    """

    type: str
    value: str
    confidence: float
    where: tuple[str, ...] = ()


class Indicators(msgspec.Struct, frozen=True):
    """All that were found, those of most confidence first."""

    found: tuple[Indicator, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    limits_hit: tuple[str, ...] = ()

    def of(self, *types: str) -> tuple[str, ...]:
        """The values of these types."""
        return tuple(one.value for one in self.found if one.type in types)
