"""Every promise of `ports.Truth`, for each adapter; and both adapters agree on any history."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from fraud_guard.adapters.memory_truth import MemoryTruth
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.dispatch.order import Clock
from fraud_guard.errors import FencedError
from fraud_guard.ports import CLOCK_LEASE_MS, OutboxItem, Truth
from fraud_guard.tags.control import Control
from tests.histories import (
    CHANNELS,
    DAYS,
    DESK,
    PARTITION,
    POLICY,
    T0,
    TOKENS,
    Act,
    Day,
    closure,
    effect,
    seen,
    views,
    whole,
)
from tests.servers import SQL, empty_truth


@pytest.fixture(params=["memory", *SQL])
def truth(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Truth]:
    """An empty truth that also serves a webhook."""
    if request.param == "memory":
        yield MemoryTruth(DESK, webhook=True)
        return
    opened = SqlTruth.open(empty_truth(request, request.param, tmp_path), DESK, webhook=True)
    yield opened
    opened.close()


@pytest.fixture
def epoch(truth: Truth) -> int:
    return truth.take_epoch(PARTITION)


def claim(truth: Truth, *channels: str, now_ms: int = T0) -> list[OutboxItem]:
    return truth.claim(channels or CHANNELS, now_ms, 1_000)


def test_a_new_truth_is_empty(truth: Truth) -> None:
    """Nothing has happened: no progress, no rows, nothing to deliver, nothing due."""
    assert truth.progress(PARTITION) == -1
    assert truth.generation_at(PARTITION, 5) == ""
    assert (truth.orders(), truth.alerts(), claim(truth), truth.due_clocks(T0), dict(truth.counts())) == ([], [], [], [], {})


def test_apply_tells_everybody(truth: Truth, epoch: int) -> None:
    """A raise stores alert, change and order, and tells topic, station and webhook, each once."""
    (outcome,) = truth.apply(PARTITION, epoch, 7, [seen(position=7)])
    assert truth.alerts("open") == [outcome.alert]
    assert truth.orders("north", "issued") == list(outcome.orders)
    assert list(truth.changes()) == list(outcome.changes)
    assert truth.progress(PARTITION) == 7
    items = claim(truth)
    assert [(i.channel, i.key) for i in items] == [
        ("alerts", TOKENS[0].hex()), ("orders", "north"), ("inbox", "north"), ("webhook", "north"),
    ]  # fmt: skip
    assert len({i.message_id for i in items}) == 4


def test_the_stations_message_names_nobody(truth: Truth, epoch: int) -> None:
    """What a station or webhook gets holds the order and reasons in Chinese, but no token."""
    truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    for item in claim(truth, "inbox", "webhook"):
        said = msgspec.json.decode(item.payload)
        assert (said["type"], said["order"]["station_id"], said["reasons_zh"]) == ("order.issued", "north", ["线索bb", "线索a"])
        assert TOKENS[0].hex().encode() not in item.payload


def test_without_a_webhook_none_is_told(tmp_path: Path) -> None:
    """A site without a webhook gets no webhook messages."""
    for truth in (MemoryTruth(DESK), SqlTruth.open(tmp_path / "truth.db", DESK)):
        truth.apply(PARTITION, truth.take_epoch(PARTITION), 1, [seen(position=1)])
        assert "webhook" not in {i.channel for i in claim(truth)}
        truth.close()


def test_effects_are_taken_once(truth: Truth, epoch: int) -> None:
    """Effects at or below the progress are skipped, so a replay after a crash changes nothing."""
    effects = [seen(position=3), seen("escalated", 1, position=4, ts_ms=T0 + 1)]
    truth.apply(PARTITION, epoch, 4, effects)
    before = whole(truth)
    epoch = truth.take_epoch(PARTITION)
    assert truth.apply(PARTITION, epoch, 4, effects) == []
    assert whole(truth) == before


def test_empty_effects_move_the_progress(truth: Truth, epoch: int) -> None:
    """A chunk without effects only moves the position, and never back."""
    truth.apply(PARTITION, epoch, 9, [])
    truth.apply(PARTITION, epoch, 5, [])
    assert (truth.progress(PARTITION), truth.progress("tags-1")) == (9, -1)


def test_modes_are_noted(truth: Truth, epoch: int) -> None:
    """What is left out from a position on is kept in order; the last word on a position holds, an old epoch has none."""
    for position, mode in ((20, 2), (10, 1), (20, 0)):
        truth.journal_mode(PARTITION, epoch, position, mode)
    assert truth.modes(PARTITION) == [(10, 1), (20, 0)]
    assert truth.modes("tags-1") == []
    truth.take_epoch(PARTITION)
    with pytest.raises(FencedError):
        truth.journal_mode(PARTITION, epoch, 30, 1)


def test_an_old_epoch_is_refused(truth: Truth, epoch: int) -> None:
    """After another scorer took the partition over, the old one stores nothing; other partitions are free."""
    other = truth.take_epoch("tags-1")
    truth.take_epoch(PARTITION)
    with pytest.raises(FencedError, match="took this partition over"):
        truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    assert truth.alerts() == []
    truth.apply("tags-1", other, 1, [seen(position=1)])


def test_a_partition_nobody_took_is_refused(truth: Truth) -> None:
    """Without an epoch nothing is stored."""
    with pytest.raises(FencedError):
        truth.apply("tags-5", 0, 1, [])


def test_several_changes_in_one_chunk(truth: Truth, epoch: int) -> None:
    """Raise, rise and expiry of one alert and the raise of the next fit into one transaction."""
    outcomes = truth.apply(PARTITION, epoch, 4, [
        seen(level=3, position=1), seen("escalated", 1, position=2), seen("expired", 1, position=3),
        seen(level=3, position=4, n=2),
    ])  # fmt: skip
    assert [c.change for o in outcomes for c in o.changes] == ["raised", "escalated", "expired", "raised"]
    assert [(a.n, a.state) for a in truth.alerts()] in ([(1, "expired"), (2, "open")], [(2, "open"), (1, "expired")])
    assert sorted((o.level, o.state) for o in truth.orders()) == [(1, "closed"), (3, "issued"), (3, "superseded")]


def test_a_second_open_alert_joins(truth: Truth, epoch: int) -> None:
    """A raise of a subject that has an open alert under another number joins that one."""
    truth.apply(PARTITION, epoch, 1, [seen(level=3, position=1)])
    (joined,) = truth.apply(PARTITION, epoch, 2, [seen(level=1, position=2, n=4)])
    assert joined.changes[0].change == "escalated"
    assert [a.n for a in truth.alerts("open")] == [4]


def test_the_generation_is_journaled(truth: Truth, epoch: int) -> None:
    """For each position it is known which generation of rules decided there."""
    for position, generation in ((3, "one"), (5, "one"), (8, "two"), (9, "one")):
        truth.apply(PARTITION, epoch, position, [], generation)
    named = [truth.generation_at(PARTITION, p) for p in range(11)]
    assert named == ["one"] * 6 + ["two"] * 3 + ["one"] * 2
    assert truth.generation_at("tags-1", 3) == ""


def test_a_clock_strikes_once(truth: Truth, epoch: int) -> None:
    """A due clock is handed out once a lease, strikes once, and raises an unanswered order."""
    truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    due_ms = T0 + 300_000
    assert truth.due_clocks(due_ms - 1) == []
    (clock,) = truth.due_clocks(due_ms)
    assert truth.due_clocks(due_ms) == []
    assert truth.due_clocks(due_ms + CLOCK_LEASE_MS) == [clock]
    outcome = truth.strike(clock, due_ms)
    assert outcome is not None and outcome.alert.level == 1
    assert truth.strike(clock, due_ms) is None
    assert clock not in truth.due_clocks(due_ms + 10 * CLOCK_LEASE_MS)


def test_a_clock_strikes_once_also_while_silence_lasts(truth: Truth, epoch: int) -> None:
    """An order that stays unanswered calls its parent once, however often its clock is struck."""
    truth.apply(PARTITION, epoch, 1, [seen(level=1, position=1)])
    (clock,) = truth.due_clocks(T0 + 120_000)
    outcomes = [truth.strike(clock, T0 + 120_000) for _ in range(3)]
    assert [o.station_id for outcome in outcomes if outcome for o in outcome.orders] == ["county"]
    assert len(truth.orders()) == 2


def test_a_clock_does_not_strike_early(truth: Truth, epoch: int) -> None:
    """Before its time, and for an unknown order, a clock does nothing."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    clock = Clock(order_id=outcome.orders[0].order_id, kind="accept", due_ms=T0 + 300_000)
    assert truth.strike(clock, T0) is None
    assert truth.strike(clock.model_copy(update={"order_id": "nobody"}), T0 + 300_000) is None
    assert truth.strike(clock, T0 + 300_000) is not None


def test_accept(truth: Truth, epoch: int) -> None:
    """Accepting stops the accept clock, tells the topic, and is noted with the officer's name."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    order_id = outcome.orders[0].order_id
    accepted = truth.accept(order_id, "王警官", T0 + 5)
    assert truth.order(order_id) == accepted and accepted.state == "accepted"
    (clock,) = truth.due_clocks(T0 + 300_000)
    assert truth.strike(clock, T0 + 300_000) is None
    assert [(e.who, e.what, e.at_ms) for e in truth.audit_log(order_id)] == [("王警官", "accept", T0 + 5)]
    with pytest.raises(ValueError, match="was accepted before"):
        truth.accept(order_id, "李警官", T0 + 6)
    with pytest.raises(LookupError):
        truth.accept("nobody", "李警官", T0)
    assert len(list(truth.audit_log())) == 1


def test_close_sends_a_control_record(truth: Truth, epoch: int) -> None:
    """A closure closes its order, and goes to the subject's log as a control record with its answers."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    stored = truth.close_order(closure(outcome.orders[0].order_id))
    assert stored.closure_id
    assert truth.order(stored.order_id).state == "closed"
    (item,) = claim(truth, "control")
    control = msgspec.msgpack.decode(item.payload, type=Control)
    assert (control.kind, control.token, control.n, control.truth) == ("closure", TOKENS[0], 1, "true_contacted_no_loss")
    assert type(stored).model_validate_json(control.body) == stored
    assert [(c, o.order_id, a.n) for c, o, a in truth.closures()] == [(stored, stored.order_id, 1)]
    assert [e.who for e in truth.audit_log(stored.order_id)] == ["李警官"]


def test_a_closure_is_stored_once(truth: Truth, epoch: int) -> None:
    """The same closure again is no change; other answers are refused in a sentence that says why."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    first = closure(outcome.orders[0].order_id)
    stored = truth.close_order(first)
    before = whole(truth)
    assert truth.close_order(first) == stored == truth.close_order(stored)
    with pytest.raises(ValueError, match="closed before with other answers"):
        truth.close_order(closure(first.order_id, truth="false_stale"))
    with pytest.raises(LookupError):
        truth.close_order(closure("nobody"))
    assert whole(truth) == before
    assert len(claim(truth, "control")) == 1


def test_a_closure_id_belongs_to_one_order(truth: Truth, epoch: int) -> None:
    """An id that another order's closure has is refused."""
    one, two = truth.apply(PARTITION, epoch, 2, [seen(position=1), seen(position=2, token=TOKENS[1])])
    truth.close_order(closure(one.orders[0].order_id, closure_id="c-1"))
    with pytest.raises(ValueError, match="give this one its own id"):
        truth.close_order(closure(two.orders[0].order_id, closure_id="c-1"))


def test_only_a_live_order_can_be_closed(truth: Truth, epoch: int) -> None:
    """A superseded order, and one that ended with its alert, take no closure; the refusal says which."""
    (first,) = truth.apply(PARTITION, epoch, 1, [seen(level=3, position=1)])
    (second,) = truth.apply(PARTITION, epoch, 2, [seen("escalated", 1, position=2)])
    with pytest.raises(ValueError, match="replaced by a more urgent one"):
        truth.close_order(closure(first.orders[0].order_id))
    truth.apply(PARTITION, epoch, 3, [seen("expired", 1, position=3)])
    with pytest.raises(ValueError, match="ended with its alert"):
        truth.close_order(closure(second.orders[-1].order_id))


def test_the_control_record_ends_the_alert(truth: Truth, epoch: int) -> None:
    """When the scorer has read the closure, the alert and all its orders are closed."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    struck = truth.strike(truth.due_clocks(T0 + 300_000)[0], T0 + 300_000)
    assert struck is not None and len(struck.orders) == 3
    truth.close_order(closure(struck.orders[1].order_id, T0 + 400_000))
    truth.apply(PARTITION, epoch, 2, [seen("closed", 1, position=2, ts_ms=T0 + 400_000)])
    assert truth.alerts("open") == []
    assert sorted(o.state for o in truth.orders()) == ["closed", "closed", "superseded"]
    assert outcome.alert.alert_id == truth.alerts("closed")[0].alert_id


def test_set_level(truth: Truth, epoch: int) -> None:
    """A person raises and lowers with a reason that is noted; impossible levels and ids are refused."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(level=3, position=1)])
    name = outcome.alert.alert_id
    up = truth.set_level(name, 1, "值班长", "家属来电", T0 + 9)
    assert up is not None and (up.changes[0].cause, up.alert.level) == ("person", 1)
    down = truth.set_level(name, 3, "值班长", "误会", T0 + 10)
    assert down is not None and down.changes[0].change == "lowered"
    assert truth.set_level(name, 3, "值班长", "误会", T0 + 11) is None
    assert [e.reason for e in truth.audit_log(name)] == ["1: 家属来电", "3: 误会", "3: 误会"]
    with pytest.raises(LookupError):
        truth.set_level("nobody", 1, "值班长", "x", T0)
    with pytest.raises(ValueError, match="level 5 does not exist"):
        truth.set_level(name, 5, "值班长", "x", T0)


def test_a_claim_is_a_lease(truth: Truth, epoch: int) -> None:
    """A claimed message is nobody else's until its lease runs out; then the first claimer's mark is refused."""
    truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    (first,) = claim(truth, "inbox")
    assert claim(truth, "inbox", now_ms=T0 + 999) == []
    (second,) = claim(truth, "inbox", now_ms=T0 + 1_000)
    assert (second.message_id, second.fence > first.fence) == (first.message_id, True)
    assert not truth.delivered(first, T0) and not truth.failed(first, "late", T0)
    assert truth.delivered_many([first, second], T0 + 1_001) == 1
    assert claim(truth, "inbox", now_ms=T0 + 10**9) == []


def test_a_failure_waits_for_its_time(truth: Truth, epoch: int) -> None:
    """A failed message comes again when told, counting its attempts; set aside it waits for a requeue."""
    truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    (item,) = claim(truth, "webhook")
    assert truth.failed(item, "status 500", T0 + 5_000)
    assert claim(truth, "webhook", now_ms=T0 + 4_999) == []
    (item,) = claim(truth, "webhook", now_ms=T0 + 5_000)
    assert item.attempts == 1
    assert truth.failed(item, "gone", None)
    assert claim(truth, "webhook", now_ms=T0 + 10**9) == []
    assert truth.counts()["outbox.failed"] == 1
    assert (truth.requeue("webhook", T0), truth.requeue("webhook", T0)) == (1, 0)
    assert [i.attempts for i in claim(truth, "webhook", now_ms=T0)] == [0]


def test_a_lane_keeps_its_order(truth: Truth, epoch: int) -> None:
    """A later change of an alert waits for the earlier one; another alert's change does not."""
    truth.apply(PARTITION, epoch, 3, [
        seen(level=3, position=1), seen("escalated", 1, position=2), seen(position=3, token=TOKENS[1]),
    ])  # fmt: skip
    first, other = claim(truth, "alerts")
    assert (first.key, other.key) == (TOKENS[0].hex(), TOKENS[1].hex())
    assert truth.failed(first, "away", T0 + 50)
    assert claim(truth, "alerts") == []
    (again,) = claim(truth, "alerts", now_ms=T0 + 50)
    assert again.message_id == first.message_id
    assert truth.delivered(again, T0 + 51)
    (second,) = claim(truth, "alerts", now_ms=T0 + 51)
    assert msgspec.json.decode(second.payload)["seq"] == 1


def test_a_policy_in_force_decides(truth: Truth, epoch: int) -> None:
    """After `use`, new orders follow the new policy."""
    level = POLICY.levels[2].model_copy(update={"accept_s": 7})
    truth.use(POLICY.model_copy(update={"levels": {**POLICY.levels, 2: level}}))
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1)])
    assert outcome.orders[0].accept_by_ms == T0 + 7_000
    assert [c.due_ms for c in truth.due_clocks(T0 + 7_000)] == [T0 + 7_000]


def test_counts_for_the_board(truth: Truth, epoch: int) -> None:
    """The totals tell open alerts by level, orders by state, and what waits to be delivered."""
    one, _ = truth.apply(PARTITION, epoch, 2, [seen(position=1), seen(level=4, position=2, token=TOKENS[1])])
    truth.accept(one.orders[0].order_id, "王警官", T0)
    assert dict(truth.counts()) == {
        "alerts.open": 2, "alerts.level2": 1, "alerts.level4": 1, "orders.accepted": 1, "orders.level2": 1,
        "outbox.waiting": 6,
    }  # fmt: skip


def test_audit(truth: Truth) -> None:
    """Whatever somebody looked at can be noted, and read again by what it was about."""
    truth.audit("王警官", "deadletter.show", "tags.sms-0-3", "核查线路", T0)
    (entry,) = truth.audit_log("tags.sms-0-3")
    assert (entry.who, entry.what, entry.reason, entry.at_ms) == ("王警官", "deadletter.show", "核查线路", T0)
    assert list(truth.audit_log("other")) == []


def test_reasons(truth: Truth, epoch: int) -> None:
    """The strongest reasons come first, as many as asked; an unknown alert is an error."""
    (outcome,) = truth.apply(PARTITION, epoch, 1, [seen(position=1, rules=["a", "ccc", "bb", "dddd"])])
    assert truth.reasons(outcome.alert.alert_id, 2) == ["线索dddd", "线索ccc"]
    with pytest.raises(LookupError):
        truth.reasons("nobody")


@pytest.fixture(scope="module")
def fresh_sqlite() -> Iterator[Callable[[], Path]]:
    """Copies a migrated, empty file."""
    with TemporaryDirectory() as folder:
        pattern, numbers = Path(folder) / "truth.db", count()
        SqlTruth.open(pattern, DESK).close()
        yield lambda: Path(shutil.copy(pattern, pattern.with_name(f"{next(numbers)}.db")))


@pytest.fixture(params=SQL)
def fresh(request: pytest.FixtureRequest) -> Callable[[], Path | str]:
    """Makes places of empty truths quickly."""
    name = "fresh_sqlite" if request.param == "sqlite" else "new_database"
    found: Callable[[], Path | str] = request.getfixturevalue(name)
    return found


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(acts=DAYS)
def test_all_adapters_agree(fresh: Callable[[], Path | str], acts: list[Act]) -> None:
    """For any history every adapter gives the same outcomes, refusals, messages and stored rows."""
    sql = SqlTruth.open(fresh(), DESK, webhook=True)
    one, two = Day(MemoryTruth(DESK, webhook=True)).run(acts), Day(sql).run(acts)
    assert one.told == two.told
    assert whole(one.truth) == whole(two.truth)
    sql.close()


def test_a_reopened_truth_remembers_all(fresh: Callable[[], Path | str]) -> None:
    """Closing and opening it again changes nothing that can be read, and the epoch goes on."""
    acts = [Act("evidence", 0, 2, 1), Act("clocks", 0, 1, 400), Act("accept", 1, 1, 1), Act("close", 1, 2, 1), Act("evidence", 1, 3, 1)]
    at = fresh()
    first = SqlTruth.open(at, DESK, webhook=True)
    Day(first).run(acts)
    before = whole(first)
    first.close()
    again = SqlTruth.open(at, DESK, webhook=True)
    assert whole(again) == before
    assert again.take_epoch(PARTITION) == 2
    assert again.apply(PARTITION, 2, 9, [seen(position=9, token=TOKENS[2])]) == [
        DESK.on_effect(None, (), effect(position=9, token=TOKENS[2]), views("a", "bb"))
    ]
    again.close()
