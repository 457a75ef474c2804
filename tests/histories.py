"""Histories of alerts for tests: a desk of four stations, effects by hand, and random days driven into a truth."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import yaml
from hypothesis import strategies as st

from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.dispatch.stations import Station, Stations
from fraud_guard.escalation.alert import EvidenceView
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.feedback.closure import Closure
from fraud_guard.ports import SeenEffect, Truth
from fraud_guard.shipped import shipped
from fraud_guard.tags.control import Control

T0 = 1_773_619_200_000
PARTITION = "tags-0"
TOKENS = [bytes([i]) * 16 for i in range(1, 4)]
AREAS = ("329981001", "329981002", "329999", "")
CHANNELS = ("alerts", "orders", "inbox", "webhook", "control")
STATIONS = Stations(
    [
        Station("city", "市反诈中心", "", ("3299",)),
        Station("county", "县局", "city", ("329981",)),
        Station("north", "城北派出所", "county", ("329981001",)),
        Station("south", "城南派出所", "county", ("329981002",)),
    ]
)
POLICY = EscalationPolicy.model_validate(
    yaml.safe_load((shipped("rules") / "policy" / "escalation.yaml").read_text("utf-8"))
)
DESK = Desk(uuid.UUID(int=7), STATIONS, POLICY)


def views(*ids: str) -> tuple[EvidenceView, ...]:
    return tuple(
        EvidenceView(kind="rule", id=i, version=1, weight=1.0 + len(i), summary_zh=f"线索{i}", summary_en=i, tag_ids=(f"t-{i}",))
        for i in ids
    )  # fmt: skip


def effect(change: str = "raised", level: int = 2, **given: Any) -> AlertEffect:
    """An effect of the first subject's first alert unless told otherwise."""
    known: dict[str, Any] = {
        "position": 0, "ts_ms": T0, "token": TOKENS[0], "n": 1, "probability": 0.6,
        "types": {"fake_police": 0.8, "unknown": 0.2}, "evidence": (), "weights": (), "area": AREAS[0],
    }  # fmt: skip
    return AlertEffect(change=change, level=level, **(known | given))


def seen(change: str = "raised", level: int = 2, *, rules: Sequence[str] = ("a", "bb"), **given: Any) -> SeenEffect:
    return SeenEffect(effect(change, level, **given), views(*rules))


def closure(order_id: str, ts_ms: int = T0 + 60_000, truth: str = "true_contacted_no_loss", **given: Any) -> Closure:
    return Closure(
        order_id=order_id, ts_ms=ts_ms, truth=truth, contact="phone_verified",
        outcome="no_action" if truth.startswith("false") else "dissuaded", **({"officer": "李警官"} | given),
    )  # fmt: skip


class Act(NamedTuple):
    """One thing that happens; `pick` chooses a subject or order, `level` a level, after `dt_s`."""

    what: str
    pick: int
    level: int
    dt_s: int


ACTS = st.builds(
    Act,
    st.sampled_from(["evidence"] * 7 + ["person"] + ["stray", "expire", "clocks", "clocks", "accept", "close", "person", "again", "deliver"]),
    st.integers(0, 5),
    st.integers(1, 4),
    st.sampled_from([0, 1, 60, 130, 400, 2_000, 90_000]),
)
DAYS = st.integers(0, 30).flatmap(lambda n: st.lists(ACTS, min_size=n, max_size=n + 5))


class Day:
    """Drives acts into a truth as scorer, clocks, stations and relay would; `told` is all that came back."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.told = truth, list[Any]()
        self._now_ms, self._position = T0, 0
        self._epoch = truth.take_epoch(PARTITION)
        self._n = dict.fromkeys(TOKENS, 0)
        self._open: dict[bytes, int] = {}
        self._last: tuple[int, list[SeenEffect]] = (-1, [])

    def run(self, acts: Sequence[Act]) -> Day:
        for act in acts:
            self._now_ms += act.dt_s * 1000
            try:
                self.told.append((act.what, getattr(self, f"_{act.what}")(act)))
            except (LookupError, ValueError) as error:
                self.told.append((act.what, type(error).__name__, str(error)))
        return self

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """Every outcome in order."""
        for _, got, *_ in self.told:
            for one in got if isinstance(got, list) else [got]:
                if isinstance(one, Outcome):
                    yield one

    def _evidence(self, act: Act) -> list[Outcome]:
        token = TOKENS[act.pick % 3 % 2]
        if token not in self._open:
            self._n[token] += 1
            self._open[token] = act.level
            return self._apply(token, "raised", act)
        change = "escalated" if act.level < self._open[token] else "evidence"
        self._open[token] = min(act.level, self._open[token])
        return self._apply(token, change, act)

    def _stray(self, act: Act) -> list[Outcome]:
        """A raise under a number that truth does not know, as after a truth restored from a backup."""
        token = TOKENS[act.pick % 3 % 2]
        self._n[token] += 2
        self._open[token] = act.level
        return self._apply(token, "raised", act)

    def _expire(self, act: Act) -> list[Outcome]:
        token = TOKENS[act.pick % 3 % 2]
        return self._apply(token, "expired", act) if self._open.pop(token, None) else []

    def _apply(self, token: bytes, change: str, act: Act) -> list[Outcome]:
        self._position += 1
        some = seen(
            change, self._open.get(token, act.level), position=self._position, ts_ms=self._now_ms - 90_000 * (act.pick % 2),
            token=token, n=self._n[token], probability=1 / (1 + act.level), area=AREAS[act.pick % 4],
            rules=[f"r{i}" for i in range(act.level)],
        )  # fmt: skip
        self._last = (self._position, [some])
        return self.truth.apply(PARTITION, self._epoch, self._position, [some], f"rules-{self._position // 4}")

    def _again(self, _: Act) -> list[Outcome]:
        """A new worker takes over and replays what the old one did last."""
        self._epoch = self.truth.take_epoch(PARTITION)
        return self.truth.apply(PARTITION, self._epoch, *self._last)

    def _clocks(self, _: Act) -> list[Outcome | None]:
        return [self.truth.strike(clock, self._now_ms) for clock in self.truth.due_clocks(self._now_ms)]

    def _order_id(self, act: Act) -> str:
        orders = self.truth.orders()
        return orders[act.pick % len(orders)].order_id if orders else str(uuid.UUID(int=9))

    def _accept(self, act: Act) -> Any:
        return self.truth.accept(self._order_id(act), "王警官", self._now_ms)

    def _person(self, act: Act) -> Outcome | None:
        alerts = self.truth.alerts()
        chosen = alerts[act.pick % len(alerts)].alert_id if alerts else "none"
        return self.truth.set_level(chosen, act.level, "值班长", "核实", self._now_ms)

    def _close(self, act: Act) -> list[Any]:
        kind = "false_legit_activity" if act.level == 4 else "true_contacted_no_loss"
        told: list[Any] = [self.truth.close_order(closure(self._order_id(act), self._now_ms, kind))]
        for item in self.truth.claim(["control"], self._now_ms, 1_000):
            control = msgspec.msgpack.decode(item.payload, type=Control)
            told.append((item, control, self.truth.delivered(item, self._now_ms)))
            if control.token in self._open and control.n == self._n[control.token]:
                told += self._apply(control.token, "closed", act)
                del self._open[control.token]
        return told

    def _deliver(self, act: Act) -> list[Any]:
        told = []
        for item in self.truth.claim(CHANNELS[:4], self._now_ms, 1_000, limit=5):
            fine = len(item.message_id) and act.level != 1
            marked = (
                self.truth.delivered(item, self._now_ms)
                if fine
                else self.truth.failed(item, "no", self._now_ms + 5_000 if act.pick else None)
            )
            told.append((item, marked))
        return told


def whole(truth: Truth) -> dict[str, Any]:
    """All that can be read from a truth."""
    alerts = truth.alerts(limit=1_000)
    return {
        "alerts": alerts, "open": truth.alerts("open"), "orders": truth.orders(limit=1_000),
        "north": truth.orders("north", "issued"), "changes": list(truth.changes()),
        "of_one": [list(truth.changes(a.alert_id)) for a in alerts], "closures": list(truth.closures()),
        "counts": dict(truth.counts()), "audit": list(truth.audit_log()), "progress": truth.progress(PARTITION),
        "reasons": [truth.reasons(a.alert_id) for a in alerts],
        "generations": [truth.generation_at(PARTITION, p) for p in range(30)],
    }  # fmt: skip
