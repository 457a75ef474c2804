"""Two cards side by side: what changed, with an interval; paired where both judged the same city."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from fraud_guard.errors import ConfigurationError
from fraud_guard.evaluation.card import Card
from fraud_guard.evaluation.intervals import Estimate, difference, paired_difference

_DECODER = msgspec.json.Decoder(Card)


class Difference(msgspec.Struct, frozen=True):
    """`now` - `before` of one figure; `surely` when the interval leaves out 0.

    `paired`: from the discordance of the same episodes, of which `gained` are seen only now and
    `lost` only before.
    """

    key: str
    now: Estimate
    before: Estimate
    change: Estimate
    paired: bool = False
    gained: int = 0
    lost: int = 0

    @property
    def surely(self) -> bool:
        """Whether chance alone is an unlikely cause."""
        return (
            self.change.low is not None
            and self.change.high is not None
            and not self.change.low <= 0 <= self.change.high
        )


def read_card(text: bytes, name: str) -> Card:
    """A card that was written as JSON. Raises ConfigurationError."""
    try:
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{name}:1: {error} — give a card that `evaluate --json` of this version wrote"
        ) from None


def compare(now: Card, before: Card) -> list[Difference]:
    """The main figures of two runs and their differences, in the order of the card."""
    old = dict(_figures(before))
    return [_recall(now, before, n) for n in range(len(now.levels))] + [
        Difference(key, figure, old[key], difference(figure, old[key]))
        for key, figure in _figures(now)
        if key in old
    ]


def _recall(now: Card, before: Card, row: int) -> Difference:
    level, a, b = now.levels[row].level, now.levels[row].recall, before.levels[row].recall
    key = f"recall level<={level}"
    if now.truth != before.truth or now.reached.keys() != before.reached.keys():
        return Difference(key, a, b, difference(a, b))
    gained, lost = _discordance(now.reached, before.reached, level)
    return Difference(
        key, a, b, paired_difference(gained, lost, len(now.reached)), paired=True, gained=gained, lost=lost
    )


def _discordance(now: Mapping[str, int], before: Mapping[str, int], level: int) -> tuple[int, int]:
    pairs = [(0 < best <= level, 0 < before[key] <= level) for key, best in now.items()]
    return sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)


def _figures(card: Card) -> Iterator[tuple[str, Estimate]]:
    for row in card.levels:
        at = f"level<={row.level}"
        yield f"lead_min {at}", row.lead_min
        yield f"precision {at}", row.precision
        yield f"precision_inside {at}", row.precision_inside
        yield f"alerts_per_10k_days {at}", row.alerts_per_10k_days
        yield f"false_per_1e6_tags {at}", row.false_per_1e6_tags
        yield f"false_per_1e6_person_days {at}", row.false_per_1e6_person_days
    yield from ((f"precision budget={row.what}", row.precision) for row in card.budget)
    yield "type accuracy", card.typing.accuracy
    yield "type macro_f1", card.typing.macro_f1
    yield "alerts_per_episode", card.alerts_per_episode
    yield "ece", card.calibration.ece
    yield "ece_inside", card.calibration.ece_inside
    yield from (
        (f"recall {row.key} level<={n}", r) for row in card.paces[1:] for n, r in enumerate(row.recall, 1)
    )
    yield from ((f"false ratio {row.by}", row.ratio) for row in card.fairness)
