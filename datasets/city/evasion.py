"""How gangs dodge rules in runs with `--evasion`, and what they do without.

Disguised or pictured texts, short links, look-alike letters in domains, local mobile numbers,
calls that warm a number up, and long calls cut into short ones. Shares are assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass

from datasets.city.chance import Rng
from datasets.city.gangs import homoglyph
from datasets.hosts import SHORT_LINK_HOSTS
from datasets.wording.obfuscation import HOWS, obfuscate


@dataclass(frozen=True)
class Evasion:
    """Shares of what gangs disguise; all small in a plain run."""

    disguised: float
    pictured: float
    shortened: float
    lookalike_letters: float
    local_number: float
    warmed_up: float
    dripped: float

    def text(self, rng: Rng, text: str) -> str:
        """The text as it is sent; "" for a picture."""
        if rng.random() < self.pictured:
            return ""
        if rng.random() >= self.disguised:
            return text
        return obfuscate(text, rng, HOWS[int(rng.integers(len(HOWS)))], float(rng.uniform(0.15, 0.4)))

    def link(self, rng: Rng, host: str) -> str:
        """A link to `host`, often a short one."""
        if rng.random() < self.shortened:
            return f"{SHORT_LINK_HOSTS[int(rng.integers(4))]}/{int(rng.integers(36**5, 36**6)):x}"
        return f"{('http://', 'https://', '')[int(rng.integers(3))]}{host}/{int(rng.integers(1_000)):x}"

    def host(self, rng: Rng, host: str) -> str:
        """The gang's domain, now and then with a foreign letter that looks the same."""
        return homoglyph(host) if rng.random() < self.lookalike_letters else host

    def number_kind(self, draw: float, kind: str) -> str:
        """What the gang calls from: a local mobile instead of a number that stands out; 0 ≤ draw < 1."""
        return "mobile" if draw < self.local_number else kind


PLAIN = Evasion(0.10, 0.02, 0.35, 0.02, 0.0, 0.02, 0.03)
HARD = Evasion(0.60, 0.15, 0.65, 0.35, 0.50, 0.40, 0.40)
