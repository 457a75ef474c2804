"""Promises of the desk, by hand and over random histories."""

from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given, settings

from fraud_guard.adapters.memory_truth import MemoryTruth
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.dispatch.order import Clock, Order, clocks, is_open
from fraud_guard.escalation.alert import Alert
from tests.histories import DAYS, DESK, POLICY, T0, TOKENS, Act, Day, effect, views, whole


def raised(level: int = 2, area: str = "329981001") -> Outcome:
    outcome = DESK.on_effect(None, (), effect(level=level, area=area), views("a"))
    assert outcome is not None
    return outcome


def grown(alert: Alert, orders: tuple[Order, ...] = (), level: int = 2) -> Outcome:
    outcome = DESK.on_effect(alert, orders, effect("evidence", level, ts_ms=T0 + 5_000), views("a", "b"))
    assert outcome is not None
    return outcome


def person(alert: Alert, orders: tuple[Order, ...], level: int) -> Outcome:
    outcome = DESK.on_person(alert, orders, level, T0 + 1_000)
    assert outcome is not None
    return outcome


def strike(alert: Alert, orders: tuple[Order, ...], order: Order, kind: str = "accept") -> Outcome | None:
    clock = next(c for c in clocks(order, POLICY) if c.kind == kind)
    return DESK.on_clock(alert, orders, clock, clock.due_ms)


def test_a_raise_orders_the_nearest_station() -> None:
    """A new alert is seq 0 and brings one order to the station of the longest prefix, with its deadlines."""
    outcome = raised()
    (order,) = outcome.orders
    assert (outcome.changes[0].change, outcome.changes[0].seq, outcome.changes[0].cause) == ("raised", 0, "score")
    assert (order.station_id, order.accept_by_ms, order.visit_by_ms) == ("north", T0 + 300_000, T0 + 3_600_000)
    assert "线索a" in order.script_zh


def test_the_lowest_level_orders_nobody() -> None:
    """A blue alert is recorded, but no station is sent."""
    assert raised(level=4).orders == ()


def test_an_area_without_a_station_goes_to_the_parent() -> None:
    """Where no station is nearer, the wider prefix or the root takes the order."""
    assert [raised(area=area).orders[0].station_id for area in ("329981999", "329999", "")] == ["county", "city", "city"]


def test_a_rise_supersedes_and_orders_anew() -> None:
    """When the level rises the open orders are superseded and a new one goes out."""
    first = raised(level=3)
    outcome = grown(first.alert, first.orders, level=1)
    assert [(o.level, o.state) for o in outcome.orders] == [(3, "superseded"), (1, "issued")]
    assert (outcome.changes[0].change, outcome.changes[0].level) == ("escalated", 1)


def test_silence_on_orange_makes_red_and_calls_the_parent() -> None:
    """An orange order nobody accepts rises to red; the station and its parent both get an order."""
    first = raised(level=2)
    outcome = strike(first.alert, first.orders, first.orders[0])
    assert outcome is not None
    assert (outcome.alert.level, outcome.alert.level_score, outcome.changes[0].cause) == (1, 2, "clock")
    assert [(o.station_id, o.state) for o in outcome.orders] == [
        ("north", "superseded"), ("north", "issued"), ("county", "issued"),
    ]  # fmt: skip


def test_silence_on_red_walks_up_and_ends() -> None:
    """A red order nobody accepts goes to the parent again and again, but only max_attempts times."""
    outcome: Outcome | None = raised(level=1)
    assert outcome is not None
    alert, orders = outcome.alert, list(outcome.orders)
    stations = ["north"]
    while outcome := strike(alert, tuple(orders), orders[-1]):
        orders += outcome.orders
        stations.append(orders[-1].station_id)
    assert stations == ["north", "county", "city"]


def test_an_accepted_order_is_not_chased() -> None:
    """The accept clock of an accepted order strikes without effect."""
    first = raised(level=1)
    accepted = DESK.on_accept(first.orders[0])
    assert accepted is not None
    assert strike(first.alert, (accepted,), accepted) is None
    assert DESK.on_accept(accepted) is None


def test_a_reported_closure_stops_the_clocks() -> None:
    """Once one order of the alert is closed, silence on another does not raise the level any more."""
    first = raised(level=3)
    closed = first.orders[0].model_copy(update={"state": "closed", "order_id": "other"})
    assert strike(first.alert, first.orders, first.orders[0]) is not None
    assert strike(first.alert, (*first.orders, closed), first.orders[0]) is None


def test_a_foreign_clock_is_ignored() -> None:
    """A clock of an order that the alert does not have changes nothing."""
    assert DESK.on_clock(raised().alert, (), Clock(order_id="x", kind="accept", due_ms=T0), T0) is None


def test_a_lowering_holds_until_new_evidence() -> None:
    """A person may lower the level; the next evidence brings the machine's level and an order back."""
    first = raised(level=2)
    lowered = person(first.alert, first.orders, 4)
    assert (lowered.changes[0].change, lowered.alert.level) == ("lowered", 4)
    again = grown(lowered.alert, first.orders)
    assert (again.changes[0].change, again.alert.level) == ("escalated", 2)


def test_an_order_id_never_comes_twice() -> None:
    """Back at a level it had before, an alert gets a new order under a new id, not the old one."""
    first = raised(level=2)
    again = grown(person(first.alert, first.orders, 4).alert, first.orders)
    new = [o for o in again.orders if o.state == "issued"]
    assert [o.attempt for o in new] == [2]
    assert new[0].order_id != first.orders[0].order_id
    assert strike(again.alert, again.orders, new[0]) is not None


def test_evidence_does_not_undo_a_persons_raise() -> None:
    """What a person raised stays raised when evidence of a lower level arrives."""
    raised_by_hand = person(raised(level=3).alert, (), 1)
    assert grown(raised_by_hand.alert, level=3).alert.level == 1


def test_an_unknown_raise_joins_the_open_alert() -> None:
    """A raise whose subject has another open alert joins it, which then answers to the new number."""
    first = raised(level=3)
    joined = DESK.on_effect(first.alert, first.orders, effect("raised", 2, n=2), views("c"))
    assert joined is not None
    assert (joined.alert.alert_id, joined.alert.n, joined.changes[0].change) == (first.alert.alert_id, 2, "escalated")
    assert DESK.on_effect(joined.alert, (), effect("raised", 1, n=2), views("c")) is None
    assert DESK.on_effect(joined.alert, (), effect("expired", 2, n=1), ()) is None
    ended = DESK.on_effect(joined.alert, joined.orders, effect("closed", 2, n=2), ())
    assert ended is not None and ended.alert.state == "closed"


def test_an_end_without_a_raise() -> None:
    """An expiry whose raise was lost is recorded whole; a closure of what was never known is nothing."""
    lost = DESK.on_effect(None, (), effect("expired"), views("a"))
    assert lost is not None
    assert [(c.change, c.seq) for c in lost.changes] == [("raised", 0), ("expired", 1)]
    assert (lost.alert.state, lost.alert.seq, lost.orders) == ("expired", 1, ())
    assert DESK.on_effect(None, (), effect("closed"), ()) is None
    assert DESK.on_effect(lost.alert, (), effect("evidence"), ()) is None


@given(DAYS)
def test_invariants_of_any_history(acts: list[Act]) -> None:
    """Seq grows by one, ts never goes back, and the level falls only by a person, whatever happens."""
    day = Day(MemoryTruth(DESK)).run(acts)
    changes = defaultdict(list)
    for outcome in day.outcomes:
        for change in outcome.changes:
            changes[change.alert_id].append(change)
    for of_one in changes.values():
        assert [c.seq for c in of_one] == list(range(len(of_one)))
        assert [c.ts_ms for c in of_one] == sorted(c.ts_ms for c in of_one)
        assert all(b.level <= a.level or b.change == "lowered" for a, b in itertools.pairwise(of_one))
    told = [c for of_one in changes.values() for c in of_one]
    assert sorted(told, key=lambda c: (c.ts_ms, c.alert_id, c.seq)) == list(day.truth.changes())


@given(DAYS)
def test_one_open_alert_and_no_order_without_one(acts: list[Act]) -> None:
    """A subject has at most one open alert, and an ended alert leaves no order open."""
    truth = Day(MemoryTruth(DESK)).run(acts).truth
    live = truth.alerts("open", limit=1_000)
    assert len({a.token for a in live}) == len(live) <= len(TOKENS)
    names = {a.alert_id for a in live}
    assert all(o.alert_id in names for o in truth.orders(limit=1_000) if is_open(o))


@settings(max_examples=50)
@given(DAYS)
def test_the_same_history_gives_the_same_ids(acts: list[Act]) -> None:
    """Two machines with the same site key and input agree on every id, order and change."""
    one, two = (Day(MemoryTruth(DESK)).run(acts) for _ in range(2))
    assert one.told == two.told
    assert whole(one.truth) == whole(two.truth)
