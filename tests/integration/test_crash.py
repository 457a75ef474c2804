"""Kill -9 at every named point of a chunk's life: the result is that of a run nobody disturbed."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import sqlite3
import traceback
from collections import Counter
from pathlib import Path

import pytest

from fraud_guard import failpoints
from fraud_guard.app.golden import golden_day
from fraud_guard.app.settings import read
from fraud_guard.app.topics import MIXED
from fraud_guard.feedback.closure import Closure, ClosureOutcome, Contact, Truth
from fraud_guard.shipped import shipped
from fraud_guard.testing import Driver, ToldClock, lines_of

PRODUCT = Path(failpoints.__file__).parent
NAMES = sorted({
    name
    for path in PRODUCT.rglob("*.py")
    for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text(encoding="utf-8"))
})  # fmt: skip
ELSEWHERE = {
    "level-before-commit", "reload-before-announce",
    *(name for name in NAMES if name.startswith(("apk-", "history-", "verdict-", "hunt-", "repartition-"))),
}  # fmt: skip
"""Points that this day does not pass; `test_history.py`, `test_verdicts.py` and `test_repartition.py` die at theirs."""
DAY = golden_day()
NIGHT_MS = 1_773_690_000_000
CHUNK = 60
LATE = {"ts_ms", "issued_ms", "accept_by_ms", "contact_by_ms", "visit_by_ms"}
"""What a clock causes has the time of its striking, and a killed run strikes later."""


def rules_copy(folder: Path) -> Path:
    """A rules folder of its own, so that a run can change it."""
    target = folder / "rules"
    if not target.exists():
        shutil.copytree(shipped("rules"), target)
    return target


def driver(folder: Path) -> Driver:
    settings = read(
        data_dir=folder / "data", site_key="crash tests: a key that is no secret at all", rules_dir=rules_copy(folder),
        subjects=DAY / "subjects.csv", stations=DAY / "stations.csv", checkpoint_tags=100, slack_ms=0,
    )  # fmt: skip
    return Driver(settings, ToldClock(NIGHT_MS))


def work(folder: Path, *, until: int | None = None) -> None:
    """The day, in phases that go on where a killed run stopped."""
    lines = lines_of(DAY / "tags.ndjson")
    half = len(lines) // 2
    run = driver(folder)
    feed(run, lines, half)
    if until == 1:
        return run.close()
    answer(run)
    run.settle()
    feed(run, lines, len(lines))
    run.clock.advance(24 * 3_600_000)
    for _ in range(6):  # a clock leased by a killed run is free again after its lease
        run.clock.advance(120_000)
        run.site.strike_clocks()
        run.settle()
    run.close()
    return None


def feed(run: Driver, lines: list[bytes], up_to: int) -> None:
    run.settle()
    while (start := run.site.log.end(MIXED, 0)) < up_to:
        run.feed(lines[start : min(start + CHUNK, up_to)])
        run.settle()


def answer(run: Driver) -> None:
    """The station takes its first order and closes it."""
    order = min(run.site.truth.orders(limit=1_000), key=lambda o: (o.issued_ms, o.order_id))
    if order.state == "issued":
        order = run.site.truth.accept(order.order_id, "王警官", NIGHT_MS)
    if order.state == "accepted":
        run.site.truth.close_order(Closure(
            order_id=order.order_id, ts_ms=order.issued_ms + 600_000, truth=Truth.CONTACTED,
            contact=Contact.IN_PERSON_VERIFIED, outcome=ClosureOutcome.DISSUADED, officer="王警官",
        ))  # fmt: skip


def result(folder: Path) -> dict[str, object]:
    """Everything the outside world was told."""
    run = driver(folder)
    run.settle()
    truth = run.site.truth
    facts = {
        "changes": sorted(c.model_dump_json(exclude=LATE if c.cause == "clock" else None) for c in truth.changes()),
        "orders": sorted(o.model_dump_json(exclude=LATE if o.issued_ms > NIGHT_MS else None) for o in truth.orders(limit=10_000)),
        "inbox": sorted(inbox_of(folder)),
        "letters": dict(run.site.letters.counts()),
        "audit": sorted((a.what, a.target) for a in truth.audit_log()),
    }
    run.close()
    return facts


def inbox_of(folder: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(folder / "data" / "truth.db") as db:
        return db.execute("SELECT station_id, order_id FROM station_inbox").fetchall()


def in_child(act: functools.partial[None]) -> int:
    """Run in a forked child; returns its exit status (negative: the signal that killed it)."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # noqa: BLE001  the child must not return into pytest
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(folder: Path) -> None:
    passed = failpoints.count()
    work(folder)
    (folder / "passed").write_text("\n".join(f"{n} {k}" for n, k in passed.items()), encoding="utf-8")


def killed_at(folder: Path, name: str, nth: int) -> None:
    failpoints.arm(name, nth)
    work(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Counter[str]]:
    """The result of a run nobody killed, and how often it passed each point."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert in_child(functools.partial(counted, folder)) == 0
    rows = (row.rsplit(" ", 1) for row in (folder / "passed").read_text(encoding="utf-8").splitlines())
    return result(folder), Counter({name: int(n) for name, n in rows})


def test_the_day_says_something(undisturbed: tuple[dict[str, object], Counter[str]]) -> None:
    """The crash runs are about a day with alerts of several levels, orders, a closure and dead letters."""
    facts, passed = undisturbed
    assert len(facts["changes"]) > 10
    assert len(facts["orders"]) > 3
    assert facts["letters"]
    assert len(NAMES) >= 25
    assert set(NAMES) - set(passed) <= ELSEWHERE


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ELSEWHERE])
def test_a_kill_at_this_point_changes_nothing(
    name: str, undisturbed: tuple[dict[str, object], Counter[str]], tmp_path: Path
) -> None:
    """After SIGKILL at the point and a restart, alerts and orders are those of the undisturbed run, none twice."""
    facts, passed = undisturbed
    nth = passed[name] // 2 + 1
    assert in_child(functools.partial(killed_at, tmp_path, name, nth)) == -signal.SIGKILL
    assert in_child(functools.partial(work, tmp_path)) == 0
    assert result(tmp_path) == facts


def test_rules_reloaded_between_crash_and_restart(tmp_path: Path) -> None:
    """What was in the log before the reload is decided by the rules of its time, also after a crash."""
    results = []
    for crash in (False, True):
        folder = tmp_path / str(crash)
        folder.mkdir()
        if crash:
            lines = len(lines_of(DAY / "tags.ndjson")) // 2 // CHUNK + 1
            status = in_child(functools.partial(killed_at, folder, "scorer-after-decide", 1 + lines))
            assert status == -signal.SIGKILL
        else:
            assert in_child(functools.partial(work, folder, until=1)) == 0
        for path in (folder / "rules" / "tags").rglob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"^weight: .*$", "weight: 7.3", text, flags=re.MULTILINE), encoding="utf-8")
        assert in_child(functools.partial(work, folder)) == 0
        results.append(result(folder))
    assert results[0]["changes"] == results[1]["changes"]
    assert results[0]["orders"] == results[1]["orders"]


def test_memory_set_back_to_an_older_snapshot(
    undisturbed: tuple[dict[str, object], Counter[str]], tmp_path: Path
) -> None:
    """A memory store that lost its last checkpoints is built again from the log, and nobody hears a thing twice."""
    assert in_child(functools.partial(killed_at, tmp_path, "checkpoint-done", 2)) == -signal.SIGKILL
    saved = tmp_path / "saved"
    shutil.copytree(tmp_path / "data", saved)
    assert in_child(functools.partial(work, tmp_path)) == 0
    for path in (tmp_path / "data").glob("memory.db*"):
        path.unlink()
    for path in saved.glob("memory.db*"):
        shutil.copy(path, tmp_path / "data" / path.name)
    assert result(tmp_path) == undisturbed[0]
