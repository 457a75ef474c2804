"""No phone number is anywhere but in the vault and the inlets, and there it is sealed.

10,000 synthetic numbers in every spelling go through a live site: alerts, orders, closures, a webhook,
dead letters, defects at the door and in the scorer, logs at DEBUG. The inlet topics (kept for a day) and the
vault are the only places that hold raw numbers once unsealed; on disk they show none either.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import structlog
from typer.testing import CliRunner

from datasets import numbers
from fraud_guard import pipeline
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.vault import SqlVault
from fraud_guard.adapters.sqlite_memory import SqliteMemoryStore
from fraud_guard.app import agents, scorer
from fraud_guard.app.cli.main import app as cli
from fraud_guard.app.logs import log_to_stderr
from fraud_guard.app.rule_files import read_behaviour_files
from fraud_guard.app.topics import ALERTS, LOG, MIXED, ORDERS
from fraud_guard.door.numbers import normalise
from fraud_guard.door.rows import RowMaker
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.feedback.closure import Closure
from fraud_guard.log import StoredRecord
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.pages import Pager
from fraud_guard.shipped import shipped
from fraud_guard.tags.block import ROW, Block, decode_record
from fraud_guard.testing import Driver, ToldClock
from tests.integration import live
from tests.integration.receiver import Receiver

T0 = 1_773_619_200_000
PEOPLE = 5_000
SCAMMED = 20
SECRET = "whsec_" + "QUFB" * 11
Tag = dict[str, Any]
SPELLINGS = (
    "+86{0}", "0086{0}", "{0}", "86{0}", "{1} {2} {3}", "+86 {1} {2} {3}", "{1}-{2}-{3}", " {0}",
)  # fmt: skip


def spelled(national: str, n: int) -> str:
    """A mobile number in the n-th spelling of feeds."""
    return SPELLINGS[n % len(SPELLINGS)].format(national, national[:3], national[3:7], national[7:])


def subject(n: int) -> str:
    return numbers.subject_number(n)


def peer(n: int) -> str:
    """Mobile, virtual operator's or overseas number."""
    if n % 5 == 0:
        return numbers.overseas_number(n // 5)
    return spelled(numbers.virtual_number(n) if n % 5 == 1 else numbers.contact_number(n), n)


def tags_of(n: int) -> Iterator[Tag]:
    """What is observed of the n-th person; the first ones are being cheated."""
    other, url = peer(n), f"https://p.example/{subject(n)}?tel={numbers.contact_number(n)}"
    call = {"channel": "call", "peer": other, "direction": "in", "call_id": f"leg {other} {subject(n)}"}
    yield {**call, "phase": "start", "at_s": 0}
    sender, news = ("退款中心", "快递丢失,双倍理赔") if n < SCAMMED else ("驿站", "快递已到")
    text = f"【{sender}】您尾号{subject(n)}的{news},请致电 {spelled(numbers.contact_number(n), n)} 或点击 {url}"
    yield {"channel": "sms", "peer": other, "direction": "in", "text": text, "at_s": 40}
    yield {"channel": "net", "kind": "visit", "host": "p.example", "url": url, "at_s": 60, "labels": [other]}
    if n < SCAMMED:
        yield {**call, "peer": "0085253000777", "call_id": "x", "phase": "start", "at_s": 90}
        yield {**call, "peer": "0085253000777", "call_id": "x", "phase": "answer", "at_s": 95}
        yield {"channel": "net", "kind": "download", "host": "case.example", "url": f"https://case.example/{subject(n)}.apk", "at_s": 400}
        yield {"channel": "net", "kind": "app_install", "package": f"com.{other}.x", "app_category": "remote_control", "at_s": 500}
        yield {**call, "peer": "0085253000777", "call_id": "x", "phase": "start", "forwarded": True, "at_s": 1_500}


def lines_of(people: range) -> list[bytes]:
    """Their tags in order of time, and one line that cannot be read for every fifth."""
    lines = []
    for n in people:
        who = {"source": "telecom-a", "subject": spelled(subject(n), n // 3), "area": "329981001"}
        for i, tag in enumerate(tags_of(n)):
            at_s = tag.pop("at_s")
            lines.append((at_s, json.dumps({"id": f"{n}-{i}", "ts_ms": T0 + at_s * 1_000, **who, **tag}, ensure_ascii=False)))
        if n % 5 == 0:
            lines.append((n % 60, bad(n)))
    return [line.encode() for _, line in sorted(lines, key=lambda pair: pair[0])]


def bad(n: int) -> str:
    """A line that becomes a dead letter, with numbers in all the places where an error could quote them."""
    number = subject(n)
    good: Tag = {
        "id": f"bad-{n}", "source": "s", "channel": "call", "ts_ms": T0, "subject": number, "peer": number,
        "direction": "in", "phase": "start",
    }  # fmt: skip
    spoilt: list[Tag] = [
        {"channel": number}, {"phase": number}, {"peer": int(number)}, {"subject": [number]}, {"labels": {number: 1}},
        {"area": number}, {"v": int(number)}, {"ts_ms": 7}, {"duration_s": number}, {"direction": number},
        {"labels": [number, int(number)]}, {"call_id": {number: number}}, {"forwarded": number}, {"subject": number * 9},
        {"peer": number + "\0"},
    ]  # fmt: skip
    if n % 3 == 0:
        return f"{number},{number};start" if n % 2 else json.dumps(good)[:-5]
    return json.dumps(good | spoilt[n // 5 % len(spoilt)])


class Scanner:
    """Finds known numbers in bytes: national or E.164 digits, full width too, blanks and dashes left out."""

    def __init__(self, known: set[str]) -> None:
        self._known = {number.encode() for number in known}
        self._lengths = sorted({len(number) for number in self._known})
        self._integers = np.array(sorted(int(number) for number in known))

    def hits(self, data: bytes) -> set[bytes]:
        for digit in range(10):
            data = data.replace("０１２３４５６７８９"[digit].encode(), b"%d" % digit)
        dense = re.sub(rb"[ \-.()\t]", b"", data)
        runs = [match[0] for match in re.finditer(rb"\d{%d,}" % self._lengths[0], dense)]
        windows = {run[i : i + n] for run in runs for n in self._lengths for i in range(len(run) - n + 1)}
        return windows & self._known

    def hits_in_rows(self, rows: np.ndarray) -> set[bytes]:
        """Numbers stored as integers."""
        columns = [rows[name] for name in ROW.names or () if ROW[name].kind in "iu"]
        return {b"%d" % x for c in columns for x in c[np.isin(c.astype(np.int64), self._integers)].tolist()}


class Ran(NamedTuple):
    """A site that has been through it all, and what it said."""

    folder: Path
    scanner: Scanner
    said: dict[str, bytes]


def all_numbers() -> set[str]:
    """National form of every Chinese number, E.164 digits of the others; without those that examples of rules name."""
    raw = itertools.chain.from_iterable((subject(n), peer(n), numbers.contact_number(n)) for n in range(PEOPLE))
    canonical = {normalise(number) for number in raw} | {"+85253000777"}
    examples = " ".join(path.read_text(encoding="utf-8") for path in shipped("rules").rglob("*.yaml"))
    digits = {number.removeprefix("+86").removeprefix("+") for number in canonical}
    return {number for number in digits if number not in examples}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Two thirds by a worker in this process, with defects; one third by Faust's own command at DEBUG."""
    folder = tmp_path_factory.mktemp("numbers")
    with Receiver().running() as receiver:
        with pytest.MonkeyPatch.context() as patch:
            drive(folder, receiver, patch)
        structlog.reset_defaults()
        debug(folder, receiver)
        said = {f"posted {i}": f"{p.path} {p.headers} ".encode() + p.body for i, p in enumerate(receiver.posted)}
    said |= {path.name: path.read_bytes() for path in (folder / "log.json", folder / "worker.log")}
    return Ran(folder, Scanner(all_numbers()), said | dict(commands(folder)))


def hooked(folder: Path, receiver: Receiver) -> dict[str, Any]:
    return {
        "webhook_url": receiver.url(), "webhook_secrets": f'["{SECRET}"]', "webhook_allow_private": True,
        "idle_ms": 600_000, "checkpoint_tags": 2_000,
    }  # fmt: skip


def drive(folder: Path, receiver: Receiver, patch: pytest.MonkeyPatch) -> None:
    log_to_stderr(10, folder / "log.json")
    options = hooked(folder, receiver) | {"webhook_secrets": [SECRET]}
    run = Driver(live.settings_of(folder, **options), ToldClock(T0 + 7_200_000))
    lines = lines_of(range(PEOPLE * 2 // 3))
    run.feed(lines[:5_000])
    run.settle()
    break_scorer(patch)
    break_door(run, patch, lines[0])
    run.feed(lines[5_000:])
    run.settle()
    for order in run.site.truth.orders(limit=3):
        run.site.truth.accept(order.order_id, "王警官", order.issued_ms + 1)
        run.site.truth.close_order(Closure(
            order_id=order.order_id, ts_ms=order.issued_ms + 2, truth="true_contacted_no_loss", contact="phone_verified",
            outcome="dissuaded", officer="王警官",
        ))  # fmt: skip
    run.settle()
    run.feed(lines_of(range(PEOPLE * 2 // 3, PEOPLE)))
    run.close()


def break_scorer(patch: pytest.MonkeyPatch) -> None:
    """One tag that breaks `decide`, with an error that quotes a number."""
    victim: list[int] = []

    def broken(record: Any, memory: Any, generation: Any) -> Any:
        if isinstance(record, Block) and len(record):
            if not victim:
                victim.append(int(record.rows["position"][-1]))
            if victim[0] in record.rows["position"]:
                raise ValueError(f"no room for {subject(7)}")
        return pipeline.decide(record, memory, generation)

    patch.setattr(scorer, "decide", broken)


def break_door(run: Driver, patch: pytest.MonkeyPatch, line: bytes) -> None:
    """A defect at the door, where raw records are in the variables: the record is a letter, the log says where.

    And one behind it, which stops the worker.
    """
    site, chunk = run.site, [StoredRecord(MIXED, 0, 10**9, T0, None, line)]
    with patch.context() as inner:
        inner.setattr(os, "kill", lambda *_: None)
        inner.setattr(RowMaker, "make", lambda _self, tags, _inlets: {}[tags[0].subject])
        assert asyncio.run(agents.persist(site, lambda: site.door.take(chunk)))
        assert not asyncio.run(agents.persist(site, lambda: {}[line]))
    assert site.stopping
    site.failure, site.stopping = None, False


def debug(folder: Path, receiver: Receiver) -> None:
    command = [word.replace("warn", "debug") for word in live.FAUST]
    worker = live.Worker(folder, command, **hooked(folder, receiver))
    with closing(live.open_log(folder)) as log:
        worker.until(lambda: live.all_done(folder, log))
    assert worker.stop() == 0, worker.words()[-2_000:]


def commands(folder: Path) -> Iterator[tuple[str, bytes]]:
    where = {f"FG_{k.upper()}": str(v) for k, v in live.given(folder).items()}
    for words in ("orders list --limit 1000", "orders list --json", "stats", "stats --json", "deadletters list --limit 100000"):
        result = CliRunner().invoke(cli, words.split(), env=where)
        assert result.exit_code == 0, result.output
        yield words, result.output.encode()


def test_the_run_says_something(ran: Ran) -> None:
    """The site had alerts, orders, closures, posts, letters of many reasons and both defects; else nothing is shown."""
    assert len(all_numbers()) >= 10_000
    with closing(live.open_truth(ran.folder)) as truth:
        counts = dict(truth.counts())
    assert counts["closures"] == 3
    assert sum(n for name, n in counts.items() if name.startswith("orders.level")) >= SCAMMED - 3
    assert sum(name.startswith("posted") for name in ran.said) >= SCAMMED
    letters = ran.said["deadletters list --limit 100000"].decode()
    assert {"failed", "not_json", "wrong_type", "bad_value", "absurd_time"} <= set(re.findall(r"[a-z]+_?[a-z]+", letters))
    log = ran.said["log.json"].decode()
    assert all(event in log for event in ("door_failed", "record_failed", "decide_failed", "tag_failed", '"defect"', "KeyError"))
    assert b'"level": "debug"' in ran.said["worker.log"]


def test_no_number_lies_open_in_any_file(ran: Ran) -> None:
    """Not one byte sequence in the data folder, the vault's file included, shows a number."""
    files = [path for path in (ran.folder / "data").rglob("*") if path.is_file()]
    assert {"log.db", "truth.db", "memory.db", "vault.db"} <= {path.name for path in files}
    by_chance = ran.scanner.hits(" ".join(read_behaviour_files().values()).encode())  # digits of a tree's thresholds
    found = {path.name: ran.scanner.hits(path.read_bytes()) for path in files}
    assert {name: hits - by_chance if name.endswith(".json") else hits for name, hits in found.items()} == {
        path.name: set() for path in files
    }


def test_no_number_is_said(ran: Ran) -> None:
    """Logs (Faust's at DEBUG too, with the tracebacks of defects), webhook posts and commands name no number."""
    assert {name: ran.scanner.hits(data) for name, data in ran.said.items()} == {name: set() for name in ran.said}


def test_the_unsealed_log_knows_no_number(ran: Ran) -> None:
    """Whoever holds the key of the log still finds only tokens in `tags`, `alerts` and `orders`."""
    with closing(live.open_log(ran.folder)) as log:
        records = whole(log, LOG)
        blocks = [decode_record(value, i) for i, value in enumerate(records)]
        for block in (b for b in blocks if isinstance(b, Block)):
            assert not ran.scanner.hits_in_rows(block.rows)
            texts = [text for column in (block.ids, block.sources, block.hosts) for text in column.to_pylist()]
            assert not ran.scanner.hits(block.rows.tobytes() + repr(texts).encode())
        outlets = whole(log, ALERTS) + whole(log, ORDERS)
        assert len(outlets) >= 2 * SCAMMED
        assert not ran.scanner.hits(b"\n".join(records + outlets))


def test_memory_and_truth_know_no_number(ran: Ran) -> None:
    """Unpacked memory and every cell of the truth tables, dead letters included, show none."""
    with closing(SqliteMemoryStore(ran.folder / "data" / "memory.db")) as store:
        snapshot = store.load("tags-0")
    memory = Memory()
    Pager(memory).restore(snapshot.blobs)
    assert memory.slots
    rows = [memory.head.tobytes(), memory.ring.tobytes(), *snapshot.blobs.values()]
    assert not ran.scanner.hits(b"\n".join(rows))
    with closing(sqlite3.connect(ran.folder / "data" / "truth.db")) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for table in tables for row in db.execute(f"SELECT * FROM {table}") for cell in row]
    assert len(cells) > 1_000
    assert not ran.scanner.hits(b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in cells))


def test_the_inlet_and_the_vault_are_the_only_places(ran: Ran) -> None:
    """Unsealed, the inlet holds the numbers (so the scanner sees), and the vault gives one away for a reason only."""
    with closing(live.open_log(ran.folder)) as log:
        assert len(ran.scanner.hits(b"\n".join(whole(log, MIXED)))) > 9_000
    keys = Keys.from_site_key(live.KEY)
    with closing(SqlVault(ran.folder / "data" / "vault.db", Sealer(keys.vault))) as vault:
        token = Tokeniser(keys.token).token(normalise(subject(1)))
        assert vault.reveal(token, "王警官", "指令回访", T0) == f"+86{subject(1)}"
        with pytest.raises(ValueError, match="reason"):
            vault.reveal(token, "王警官", "", T0)


def whole(log: EmbeddedLog, topic: str) -> list[bytes]:
    return [b"%s %s" % (r.key or b"", r.value) if r.key else r.value for r in log.read(topic, 0, 0, 10**6, 1 << 40)]
