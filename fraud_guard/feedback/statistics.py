"""Statistics of closures: how often we were right, by truth, type, station and rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import Alert
from fraud_guard.feedback.closure import TRUE, Closure, Truth


class Tally(msgspec.Struct):
    """Closures of one kind. `unknown` is `cannot_tell`; it counts neither way."""

    true: int = 0
    false: int = 0
    unknown: int = 0

    @property
    def closures(self) -> int:
        """All of them."""
        return self.true + self.false + self.unknown

    @property
    def decided(self) -> int:
        """The n of the false-alarm ratio."""
        return self.true + self.false

    @property
    def false_alarms(self) -> float | None:
        """Share of false alarms among the decided; None without any."""
        return self.false / self.decided if self.decided else None

    def add(self, truth: Truth) -> None:
        """Count one closure."""
        if truth in TRUE:
            self.true += 1
        elif truth is Truth.CANNOT_TELL:
            self.unknown += 1
        else:
            self.false += 1

    def cells(self) -> tuple[str, ...]:
        """For a table: closures, true, false, unknown, false-alarm ratio with its n."""
        ratio = self.false_alarms
        shown = "–" if ratio is None else f"{ratio:.1%} (n={self.decided})"
        return str(self.closures), str(self.true), str(self.false), str(self.unknown), shown


class Statistics(msgspec.Struct):
    """One tally a value. A closure counts once by truth, type and station, and once for each rule behind its alert."""

    total: Tally = msgspec.field(default_factory=Tally)
    truth: dict[str, Tally] = msgspec.field(default_factory=dict)
    scam_type: dict[str, Tally] = msgspec.field(default_factory=dict)
    station: dict[str, Tally] = msgspec.field(default_factory=dict)
    rule: dict[str, Tally] = msgspec.field(default_factory=dict)

    def groups(self) -> Iterator[tuple[str, Mapping[str, Tally]]]:
        """(title, tallies), most closures first; the title's last word names the value."""
        for title, tallies in (
            ("反馈结果 closures by truth", self.truth),
            ("诈骗类型 closures by type", self.scam_type),
            ("处置单位 closures by station", self.station),
            ("命中规则 closures by rule", self.rule),
        ):
            yield title, dict(sorted(tallies.items(), key=lambda item: (-item[1].closures, item[0])))

    def to_json(self) -> str:
        """One JSON object; every tally with its n and ratio."""
        names = ("truth", "scam_type", "station", "rule")
        found: dict[str, object] = {name: {k: _plain(t) for k, t in getattr(self, name).items()} for name in names}
        return msgspec.json.encode({"v": 1, "total": _plain(self.total), **found}, order="deterministic").decode()


def count_closures(closures: Iterable[tuple[Closure, Order, Alert]]) -> Statistics:
    """Count closures with their orders and alerts; an officer's corrected type stands before ours."""
    found = Statistics()
    for closure, order, alert in closures:
        found.total.add(closure.truth)
        _tally(found.truth, closure.truth.value).add(closure.truth)
        _tally(found.scam_type, closure.scam_type_corrected or alert.scam_type).add(closure.truth)
        _tally(found.station, order.station_id).add(closure.truth)
        for rule in sorted({view.id for view in alert.evidence}):
            _tally(found.rule, rule).add(closure.truth)
    return found


def _tally(tallies: dict[str, Tally], key: str) -> Tally:
    return tallies.setdefault(key, Tally())


def _plain(tally: Tally) -> dict[str, object]:
    return {
        "closures": tally.closures, "true": tally.true, "false": tally.false, "unknown": tally.unknown,
        "false_alarm_ratio": tally.false_alarms, "n": tally.decided,
    }  # fmt: skip
