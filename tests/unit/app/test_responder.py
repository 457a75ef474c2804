"""Who answers in a replay: everything that people do follows from the order's id and the closures, never from chance."""

from __future__ import annotations

from fraud_guard.app.replay.responder import ANSWERED, PROMPT_MS, Doing, Mode, Responder
from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import Alert
from fraud_guard.feedback.closure import Closure
from tests.histories import POLICY, T0, TOKENS, closure, views

TOKEN = TOKENS[0]
FAR_MS = T0 + 30 * 86_400_000


def alert(level: int = 2, probability: float = 0.6) -> Alert:
    return Alert(
        alert_id="a-1", token=TOKEN.hex(), n=1, state="open", seq=0, opened_ms=T0, ts_ms=T0, level_score=level,
        level_clock=None, level_person=None, probability=probability, types={"fake_police": 1.0},
        evidence=views("a"), station_id="north", area="329981001",
    )  # fmt: skip


def order(order_id: str = "o-1", level: int = 2) -> Order:
    return Order(order_id=order_id, alert_id="a-1", level=level, station_id="north", attempt=1, issued_ms=T0,
                 accept_by_ms=T0 + 600_000, contact_by_ms=T0 + 900_000)  # fmt: skip


def plan(mode: Mode, *orders: Order, closures: dict[str, Closure] | None = None, probability: float = 0.6) -> list[Doing]:
    """Everything a responder would do about these orders, in its order."""
    responder = Responder(mode, closures or {}, POLICY)
    for one in orders:
        responder.hear(one, alert(one.level, probability))
    done = []
    while (doing := responder.next_of(TOKEN, FAR_MS)) is not None:
        responder.done(doing)
        done.append(doing)
    assert not responder.waiting
    return done


def test_nobody_does_nothing() -> None:
    """Without answers there is nothing to do, and the lane may skip asking."""
    assert plan("none", order()) == []
    assert Responder("none", {}, POLICY).silent
    assert not Responder("none", {"o-1": closure("o-1")}, POLICY).silent
    assert not Responder("prompt", {}, POLICY).silent


def test_prompt_accepts_every_order_in_time() -> None:
    """Each order is accepted one second after it was issued, and no clock strikes."""
    done = plan("prompt", order("o-1"), order("o-2"))
    assert [(d.accept, d.due_ms, d.clock, d.closure) for d in done] == [
        ("o-1", T0 + PROMPT_MS, None, None), ("o-2", T0 + PROMPT_MS, None, None),
    ]  # fmt: skip


def test_the_simulation_follows_from_the_order_id() -> None:
    """The same order is answered alike every time, alone or among others; another order is answered otherwise."""
    first, again = plan("simulated", order("o-1")), plan("simulated", order("o-2"), order("o-1"))
    facts = [(d.due_ms, d.accept, d.closure) for d in first]
    assert facts == [(d.due_ms, d.accept, d.closure) for d in again if _about(d) == "o-1"]
    assert facts != [(d.due_ms, d.accept, d.closure) for d in again if _about(d) == "o-2"]


def test_the_simulation_keeps_deadlines_for_most() -> None:
    """About 85 % of orders are accepted, all of them in time, and closed after that; clocks run for all."""
    orders = [order(f"o-{i}") for i in range(400)]
    done = plan("simulated", *orders)
    accepted = {d.accept: d.due_ms for d in done if d.accept}
    closed = {d.closure.order_id: d.due_ms for d in done if d.closure}
    assert abs(len(accepted) / len(orders) - ANSWERED) < 0.06
    assert all(T0 < due_ms < T0 + 600_000 for due_ms in accepted.values())
    assert closed.keys() == accepted.keys()
    assert all(closed[i] > accepted[i] for i in closed)
    assert {d.clock.order_id for d in done if d.clock} == {o.order_id for o in orders}


def test_simulated_officers_find_what_the_probability_says() -> None:
    """Alerts that are sure are found true, alerts that are hopeless false."""
    found = {
        p: {d.closure.truth.value for d in plan("simulated", *(order(f"o-{i}") for i in range(50)), probability=p) if d.closure}
        for p in (0.0, 1.0)
    }
    assert found == {0.0: {"false_legit_activity"}, 1.0: {"true_contacted_no_loss"}}


def test_a_closure_comes_at_its_time_and_never_before_its_order() -> None:
    """A closure dated before its order was issued waits for the order; one for another order is not done."""
    late, early = closure("o-1", T0 + 5_000), closure("o-2", T0 - 5_000)
    done = plan("none", order("o-1"), order("o-2"), closures={"o-1": late, "o-2": early, "o-3": closure("o-3")})
    assert [(d.closure, d.due_ms) for d in done] == [(early, T0), (late, T0 + 5_000)]


def test_a_reported_closure_stands_for_the_simulated_one() -> None:
    """What officers reported is not simulated a second time."""
    reported = {f"o-{i}": closure(f"o-{i}", T0 + 7_000) for i in range(20)}
    done = plan("simulated", *(order(i) for i in reported), closures=reported)
    assert [d.closure for d in done if d.closure] == list(reported.values())
    assert any(d.accept for d in done)


def test_due_tokens_come_in_order_of_time() -> None:
    """A subject is named once its next doing is due, and not before."""
    responder = Responder("none", {"o-1": closure("o-1", T0 + 5_000)}, POLICY)
    responder.hear(order("o-1"), alert())
    assert list(responder.due_tokens(T0 + 4_999)) == []
    assert responder.next_of(TOKEN, T0 + 4_999) is None
    assert list(responder.due_tokens(T0 + 5_000)) == [TOKEN]


def _about(doing: Doing) -> str | None:
    if doing.closure is not None:
        return doing.closure.order_id
    return doing.accept or (doing.clock.order_id if doing.clock else None)
