"""Outbox and relay with real databases, files and receivers: at least once, told once."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from signal import SIGKILL

import msgspec
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError as Conflict

from fraud_guard import failpoints
from fraud_guard.adapters.relay import BATCH_LEASE_MS, SEND_LEASE_MS, Relay
from fraud_guard.adapters.senders import Batch, NotDelivered, Sender
from fraud_guard.adapters.sql.inbox import Inbox
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.errors import DependencyError
from fraud_guard.ports import CLOCK_LEASE_MS, OutboxItem
from tests.histories import DESK, PARTITION, T0, TOKENS, closure, seen, whole
from tests.integration.receiver import Receiver
from tests.integration.test_webhook import hook
from tests.servers import SQL, empty_truth

FORK = multiprocessing.get_context("fork")
POINTS = [
    "truth-before-transaction", "truth-after-alerts", "truth-after-orders", "truth-after-outbox", "truth-before-commit",
    "truth-after-commit", "clock-after-lease", "clock-before-commit", "clock-after-commit", "accept-before-commit",
    "accept-after-commit", "closure-before-commit", "closure-after-commit", "relay-after-claim", "relay-after-send",
    "relay-after-mark",
]  # fmt: skip


@pytest.fixture
def truth(tmp_path: Path) -> Iterator[SqlTruth]:
    opened = SqlTruth.open(tmp_path / "truth.db", DESK, webhook=True)
    yield opened
    opened.close()


def fill(truth: SqlTruth, subjects: int = 1) -> None:
    epoch = truth.take_epoch(PARTITION)
    tokens = [bytes([i]) * 16 for i in range(subjects)]
    truth.apply(PARTITION, epoch, subjects, [seen(position=i + 1, token=t) for i, t in enumerate(tokens)])


def relay(truth: SqlTruth, **senders: Sender | Batch) -> Relay:
    return Relay(truth, senders, lambda: T0)


class Answering:
    """A sender that fails as told, by message key."""

    most = 4

    def __init__(self, answer: Callable[[OutboxItem], None]) -> None:
        self.answer, self.sent = answer, list[str]()

    async def send(self, item: OutboxItem) -> None:
        self.sent.append(item.message_id)
        self.answer(item)


def test_orders_reach_the_stations_inbox(truth: SqlTruth) -> None:
    """Each issued order lies in its station's inbox once, in order, with its reasons."""
    fill(truth, 3)
    inbox = Inbox(truth.database, lambda: T0)
    assert relay(truth, inbox=inbox).drain(T0) == 3
    rows = inbox.of("north")
    assert [msgspec.json.decode(p)["reasons_zh"] for _, p in rows] == [["线索bb", "线索a"]] * 3
    assert inbox.of("north", after=rows[0][0]) == rows[1:]
    assert inbox.of("south") == []


def test_the_inbox_keeps_an_order_once(truth: SqlTruth) -> None:
    """The same order delivered again, as after a crash before the mark, is one row."""
    fill(truth)
    inbox = Inbox(truth.database, lambda: T0)
    (item,) = truth.claim(["inbox"], T0, 1_000)
    inbox.deliver([item, item])
    inbox.deliver([item])
    assert len(inbox.of("north")) == 1


def test_orders_reach_the_webhook(truth: SqlTruth) -> None:
    """Each issued order is posted once, and the message id stays the same at every attempt."""
    fill(truth, 3)
    with Receiver().running() as receiver:
        receiver.answers["/ok"] = (500, {}, b"")
        posting = relay(truth, webhook=hook(receiver.url("/ok")))
        assert posting.drain(T0) == 0
        first = {p.headers["webhook-id"] for p in receiver.posted}
        receiver.answers["/ok"] = (200, {}, b"")
        assert posting.drain(T0 + 4_999) == 0
        assert posting.drain(T0 + 5_000) == 3
        again = {p.headers["webhook-id"] for p in receiver.posted[3:]}
    assert len(first) == 3 and first == again
    assert truth.counts()["outbox.waiting"] == 9  # the other channels' messages


def test_a_dead_endpoint_is_set_aside(truth: SqlTruth) -> None:
    """What a receiver refuses for good is set aside, counted, and can be sent later."""
    fill(truth)

    def gone(_: OutboxItem) -> None:
        raise NotDelivered("gone", for_good=True)

    refusing = relay(truth, webhook=Answering(gone))
    assert refusing.drain(T0) == 0 and refusing.counts["set_aside"] == 1
    assert truth.counts()["outbox.failed"] == 1
    assert [(one.channel, one.attempts, one.error) for one in truth.set_aside()] == [("webhook", 1, "gone")]
    truth.requeue("webhook", T0)
    assert relay(truth, webhook=Answering(lambda _: None)).drain(T0) == 1


def test_a_slow_webhook_holds_up_nobody(truth: SqlTruth) -> None:
    """While a receiver does not answer, topics and inboxes are served, and a stop does not wait for it for ever."""
    fill(truth, 2)

    async def scene(receiver: Receiver) -> tuple[list[str], int]:
        got: list[str] = []
        inbox = Inbox(truth.database, lambda: T0)
        slow = relay(truth, webhook=hook(receiver.url("/slow")), inbox=inbox, alerts=Batch(lambda items: got.extend(i.key for i in items)))
        await slow.run_once()
        await slow.run_once()
        served = len(inbox.of("north"))
        await slow.stop(wait_s=0)
        return got, served

    with Receiver().running() as receiver:
        got, served = asyncio.run(scene(receiver))
    assert (len(got), served) == (2, 2)


def test_what_a_stopped_relay_held_is_taken_over(truth: SqlTruth) -> None:
    """Messages a dead relay had claimed are delivered by another after the lease, and its late mark is refused."""
    fill(truth)
    (held,) = truth.claim(["webhook"], T0, SEND_LEASE_MS)
    other = relay(truth, webhook=Answering(lambda _: None))
    assert other.drain(T0 + SEND_LEASE_MS - 1) == 0
    assert other.drain(T0 + SEND_LEASE_MS) == 1
    assert not truth.delivered(held, T0)


def test_a_channel_that_is_away_is_tried_for_ever(truth: SqlTruth) -> None:
    """A topic that cannot be written keeps its messages, in order, until it can."""
    fill(truth)
    got: list[bytes] = []

    def away(items: Sequence[OutboxItem]) -> None:
        raise DependencyError("disk full")

    for n in range(20):
        assert relay(truth, alerts=Batch(away)).drain(T0 + n * 60_000) == 0
    assert truth.counts().get("outbox.failed", 0) == 0
    assert relay(truth, alerts=Batch(lambda items: got.extend(i.payload for i in items))).drain(T0 + 10**7) == 1
    assert msgspec.json.decode(got[0])["change"] == "raised"


def test_a_defect_in_a_sender_is_not_swallowed(truth: SqlTruth) -> None:
    """An error that is no refusal stops the relay, and the message stays."""
    fill(truth)

    def defect(_: OutboxItem) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        relay(truth, webhook=Answering(defect)).drain(T0)
    assert len(truth.claim(["webhook"], T0 + SEND_LEASE_MS, 1)) == 1


def test_two_relays_share_the_work(truth: SqlTruth) -> None:
    """Two relays on one outbox deliver every message once between them."""
    fill(truth, 9)
    one, two = Answering(lambda _: None), Answering(lambda _: None)

    async def both() -> None:
        relays = [relay(truth, webhook=one), relay(truth, webhook=two)]
        for _ in range(6):
            for each in relays:
                await each.run_once()

    asyncio.run(both())
    assert len({*one.sent, *two.sent}) == len(one.sent + two.sent) == 9
    assert one.sent and two.sent


def story(place: Path | str, topic: Path) -> None:
    """A day that can be told again from the start: whatever is done already changes nothing."""
    truth = SqlTruth.open(place, DESK)
    epoch = truth.take_epoch(PARTITION)
    truth.apply(PARTITION, epoch, 1, [seen(position=1)], "rules-1")
    truth.apply(PARTITION, epoch, 3, [seen(level=3, position=2, token=TOKENS[1]), seen(level=3, position=3, token=TOKENS[2])], "rules-1")
    strike_all(truth, T0 + 300_000)
    strike_all(truth, T0 + 300_000 + CLOCK_LEASE_MS)
    mine = sorted(o.order_id for o in truth.orders("north") if o.level == 3)
    if truth.order(mine[0]).state == "issued":
        truth.accept(mine[0], "王警官", T0 + 301_000)
    truth.close_order(closure(mine[0], T0 + 302_000))
    truth.apply(PARTITION, epoch, 4, [seen("closed", 3, position=4, token=token_of(truth, mine[0]))], "rules-2")
    telling = relay(truth, inbox=Inbox(truth.database, lambda: T0), **{c: Batch(partial(note, topic)) for c in ("alerts", "orders", "control")})
    for late_ms in (0, BATCH_LEASE_MS):
        telling.drain(T0 + 400_000 + late_ms)
    truth.close()


def strike_all(truth: SqlTruth, now_ms: int) -> None:
    for clock in truth.due_clocks(now_ms):
        truth.strike(clock, T0 + 300_000)


def token_of(truth: SqlTruth, order_id: str) -> bytes:
    alert_id = truth.order(order_id).alert_id
    return bytes.fromhex(next(a.token for a in truth.alerts() if a.alert_id == alert_id))


def note(topic: Path, items: Sequence[OutboxItem]) -> None:
    with topic.open("ab") as file:
        for item in items:
            file.write(msgspec.json.encode((item.channel, item.message_id, item.payload)) + b"\n")


def dying(point: str, place: Path | str, topic: Path) -> None:
    failpoints._armed, failpoints._left = point, 1
    story(place, topic)


def told(place: Path | str, topic: Path) -> tuple[object, ...]:
    """What can be read afterwards: truth, each message once, inbox."""
    truth = SqlTruth.open(place, DESK)
    inbox = Inbox(truth.database, lambda: T0)
    lines = set(topic.read_bytes().splitlines())
    found = whole(truth), lines, [p for _, p in inbox.of("north") + inbox.of("county")]
    truth.close()
    return found


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    folder = tmp_path_factory.mktemp("whole")
    story(folder / "truth.db", folder / "topic")
    return told(folder / "truth.db", folder / "topic")


@pytest.fixture(params=SQL)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty truth can be opened."""
    return empty_truth(request, request.param, tmp_path)


def test_delivered_messages_are_trimmed(place: Path | str) -> None:
    """Old delivered messages are deleted, the oldest first and so many at a time; what waits stays."""
    truth = SqlTruth.open(place, DESK, webhook=True)
    fill(truth, 3)
    relay(truth, inbox=Inbox(truth.database, lambda: T0)).drain(T0)
    assert [truth.trim_outbox(before_ms, limit=2) for before_ms in (T0, T0 + 1, T0 + 1, T0 + 1)] == [0, 2, 1, 0]
    assert truth.counts()["outbox.waiting"] == 9
    truth.close()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_failpoint_and_told_again(
    point: str, place: Path | str, tmp_path: Path, uninterrupted: tuple[object, ...]
) -> None:
    """Killed at any point and started again, truth, messages and inboxes equal an uninterrupted run."""
    child = FORK.Process(target=dying, args=(point, place, tmp_path / "topic"))
    child.start()
    child.join()
    assert child.exitcode == -SIGKILL
    story(place, tmp_path / "topic")
    assert told(place, tmp_path / "topic") == uninterrupted


def test_two_processes_write_at_once(place: Path | str) -> None:
    """Worker and command line may use one truth at the same time; nothing is lost and none is refused."""
    truth = SqlTruth.open(place, DESK)
    fill(truth)
    (order,) = truth.orders()
    children = [FORK.Process(target=noting, args=(place, f"o{i}")) for i in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert len(list(truth.audit_log("shared"))) == 60
    assert truth.order(order.order_id) == order
    truth.close()


def noting(place: Path | str, officer: str) -> None:
    truth = SqlTruth.open(place, DESK)
    for n in range(20):
        truth.audit(officer, "look", "shared", str(n), n)
    truth.close()


def test_the_database_allows_one_open_alert(truth: SqlTruth, tmp_path: Path) -> None:
    """The rule of one open alert a subject is a unique index, not only code."""
    fill(truth)
    engine = create_engine(f"sqlite:///{tmp_path / 'truth.db'}")
    copy = "INSERT INTO alert SELECT 'other', token, n, '{}', seq, opened_ms, ts_ms, level, level_score, level_clock, level_person, probability, types, evidence, station_id, area FROM alert LIMIT 1"
    with engine.begin() as connection:
        connection.exec_driver_sql(copy.format("closed"))
    with pytest.raises(Conflict), engine.begin() as connection:
        connection.exec_driver_sql(copy.format("open").replace("other", "third"))
    engine.dispose()


def test_the_file_is_safe_and_private(truth: SqlTruth, tmp_path: Path) -> None:
    """The database writes ahead, waits for others, and only its owner can read it."""
    with truth.database.read() as connection:
        asked = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous", "busy_timeout")]
    assert asked == ["wal", 2, 10_000]
    assert (tmp_path / "truth.db").stat().st_mode & 0o077 == 0


def test_a_locked_database_is_a_dependency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database somebody else holds raises the error that means: try again."""
    monkeypatch.setattr("fraud_guard.adapters.sql.engine.BUSY_TIMEOUT_S", 0)
    truth = SqlTruth.open(tmp_path / "truth.db", DESK)
    holder = sqlite3.connect(tmp_path / "truth.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DependencyError, match="another process holds it"):
        truth.take_epoch(PARTITION)
    holder.close()
    assert truth.take_epoch(PARTITION) == 1
    truth.close()
