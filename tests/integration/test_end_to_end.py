"""One tag in, one order out: the way of an order to a station and of the officer's answer back."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import standardwebhooks
from typer.testing import CliRunner

from datasets import numbers
from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.main import app as cli
from fraud_guard.app.topics import ALERTS, LOG, MIXED, ORDERS
from fraud_guard.dispatch.order import Order
from fraud_guard.log import Record
from fraud_guard.tags.block import Controls, decode_record
from tests.integration import live
from tests.integration.receiver import Posted, Receiver

SECRET = "whsec_" + base64.b64encode(b"a made-up key of 32 bytes, as is").decode()
T0 = wall_clock_ms() - 600_000
VICTIM = numbers.subject_number(1)
BAD = b'{"id": "late", "source": "telecom-a", "channel": "call"'


class Site(NamedTuple):
    """A running site and the receiver of its webhook."""

    worker: live.Worker
    receiver: Receiver
    folder: Path

    def feed(self, *lines: bytes) -> None:
        """Write into the inlet from another process than the worker, and wait until all is done."""
        with closing(live.open_log(self.folder)) as log:
            if lines:
                log.append(MIXED, 0, [Record(None, line) for line in lines])
            self.worker.until(lambda: live.all_done(self.folder, log))

    def topic(self, name: str) -> list[dict[str, Any]]:
        with closing(live.open_log(self.folder)) as log:
            return [json.loads(record.value) for record in log.read(name, 0, 0, 1_000)]

    def controls(self, kind: str) -> list[Any]:
        """Control records of the log."""
        with closing(live.open_log(self.folder)) as log:
            records = [decode_record(r.value, r.offset) for r in log.read(LOG, 0, 0, 10_000)]
        return [c for record in records if isinstance(record, Controls) for c in record.items if c.kind == kind]

    def command(self, *words: str) -> str:
        """A command of another process on the same folder; what it says."""
        where = {f"FG_{name.upper()}": str(value) for name, value in live.given(self.folder).items()}
        result = CliRunner().invoke(cli, words, env=where)
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real worker with a webhook."""
    folder = tmp_path_factory.mktemp("site")
    with Receiver().running() as receiver:
        hook: dict[str, Any] = {"webhook_url": receiver.url(), "webhook_secrets": json.dumps([SECRET]), "webhook_allow_private": True}
        worker = live.Worker(folder, **hook, idle_ms=600_000, rules_poll_ms=100)
        worker.until((folder / "data" / "log.db").exists)
        with closing(live.open_log(folder)) as log:
            worker.until(lambda: live.acknowledged(log, LOG) > 0)
        yield Site(worker, receiver, folder)
        assert worker.stop() == 0, worker.words()[-3_000:]


def tag(n: int, at_s: int, subject: str = VICTIM, **more: Any) -> bytes:
    known = {"id": f"{subject}-{n}", "source": "telecom-a", "ts_ms": T0 + at_s * 1_000, "subject": subject, "area": "329981001"}
    return json.dumps(known | more).encode()


def call(n: int, at_s: int, phase: str, subject: str = VICTIM) -> bytes:
    more = {"channel": "call", "peer": "0085253000123", "direction": "in", "phase": phase, "call_id": "c"}
    return tag(n, at_s, subject, **more)


def scam(subject: str = VICTIM) -> tuple[bytes, ...]:
    """A call from abroad, and then call forwarding is set on the line."""
    more = {"channel": "call", "peer": numbers.contact_number(1), "direction": "in", "phase": "start", "call_id": "d"}
    return call(1, 0, "start", subject), call(2, 5, "answer", subject), tag(3, 300, subject, forwarded=True, **more)


@pytest.fixture(scope="module")
def ordered(site: Site) -> Order:
    """The order that the last tag of the scam, and nothing before it, led to."""
    *before, last = scam()
    site.feed(*before)
    assert site.topic(ORDERS) == []
    site.feed(last)
    with closing(live.open_truth(site.folder)) as truth:
        (order,) = truth.orders()
    assert order.state == "issued"
    return order


def test_one_order_reaches_the_station(site: Site, ordered: Order) -> None:
    """The order stands once on the screen of the right station and once on the topic, with its deadlines."""
    assert ordered.station_id == "S-329981001"
    assert ordered.issued_ms == T0 + 300_000
    assert ordered.accept_by_ms is not None
    issued = [order for order in site.topic(ORDERS) if order["order_id"] == ordered.order_id and order["state"] == "issued"]
    assert issued == [ordered.model_dump(mode="json")]
    with closing(live.open_truth(site.folder)) as truth, truth.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT station_id, order_id FROM station_inbox").all()
    assert [tuple(row) for row in rows].count((ordered.station_id, ordered.order_id)) == 1


def test_the_webhook_is_signed_and_names_nobody(site: Site, ordered: Order) -> None:
    """One post: the signature verifies, the reasons are there in Chinese, a number or token is not."""
    (posted,) = [post for post in site.receiver.posted if ordered.order_id.encode() in post.body]
    body = verified(posted)
    assert body["type"] == "order.issued"
    assert body["reasons_zh"]
    assert all(re.search("[一-鿿]", reason) for reason in body["reasons_zh"])
    tokens = {change["subject"] for change in site.topic(ALERTS)}
    assert tokens
    assert not [name for name in (VICTIM, *tokens) if name.encode() in posted.body]


def verified(posted: Posted) -> dict[str, Any]:
    """The body, when the signature of Standard Webhooks is right. Raises WebhookVerificationError."""
    headers = {name.lower(): value for name, value in posted.headers.items()}
    body: dict[str, Any] = standardwebhooks.Webhook(SECRET).verify(posted.body, headers)
    return body


def test_broken_rules_do_not_stop_the_worker(site: Site) -> None:
    """A broken rule file under a running worker is refused in its log with file and line; the worker goes on."""
    path = site.folder / "rules" / "tags" / "any" / "risky-call-still-up.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("weight:", "wait:"), encoding="utf-8")
    site.worker.until(lambda: "rules_refused" in site.worker.words())
    assert re.search(r"risky-call-still-up\.yaml:\d+: ", site.worker.words())
    path.write_text(text + "\n", encoding="utf-8")
    site.worker.until(lambda: len(site.controls("generation")) == 2)


def test_the_answer_comes_back(site: Site, ordered: Order) -> None:
    """Accepted and closed by an officer's commands, the closure is a control record, the alert closes, statistics count."""
    site.command("orders", "accept", ordered.order_id, "--officer", "王警官")
    told = ["--truth", "true_contacted_no_loss", "--contact", "phone_verified", "--outcome", "dissuaded"]
    site.command("orders", "close", ordered.order_id, *told, "--officer", "王警官", "--saved", "3000")
    site.worker.until(lambda: bool(site.controls("closure")))
    site.feed()
    (control,) = site.controls("closure")
    assert control.truth == "true_contacted_no_loss"
    changes = [change["change"] for change in site.topic(ALERTS) if change["alert_id"] == ordered.alert_id]
    assert (changes[0], changes[-1]) == ("raised", "closed")
    states = [order["state"] for order in site.topic(ORDERS) if order["order_id"] == ordered.order_id]
    assert states == ["issued", "accepted", "closed"]
    assert "true_contacted_no_loss" in site.command("stats", "--json")
    with closing(live.open_truth(site.folder)) as truth:
        assert [a.state for a in truth.alerts() if a.alert_id == ordered.alert_id] == ["closed"]


@pytest.mark.usefixtures("ordered")
def test_letters_go_through_the_door_again(site: Site) -> None:
    """A letter sent again is scored when it has become good, and a letter again when it is still bad."""
    other = numbers.subject_number(2)
    first, second, third = scam(other)
    site.feed(first, second, call(1, 30, "start", other), third, BAD)
    with closing(live.open_letters(site.folder)) as letters:
        assert dict(letters.counts()) == {"id_reuse": 1, "not_json": 1}
        reused, broken = letters.find("id_reuse")[0], letters.find("not_json")[0]
    site.command("deadletters", "replay", broken.id, reused.id)
    site.feed()
    with closing(live.open_letters(site.folder)) as letters:
        assert dict(letters.counts()) == {"id_reuse": 1, "not_json": 1}
        assert letters.get(broken.id).replayed_ms is not None
        assert {letter.id for letter in letters.find(limit=10)} > {broken.id, reused.id}
