"""A worker that is behind leaves out what can wait, catches up, and loses nothing; a crash decides the same again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.observer import Observer
from fraud_guard.app.scorer import steps
from fraud_guard.app.topics import LOG
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
DAY = lines_of(live.DAY / "tags.ndjson")
HOUR_MS = 3_600_000
PARTITION = "tags-0"
METRIC = "fraud_guard_degraded_mode"


def driver(folder: Path, **more: Any) -> Driver:
    folder.mkdir(exist_ok=True)
    return Driver(live.settings_of(folder, **{"degrade_ms": 2 * HOUR_MS, "checkpoint_ms": HOUR_MS, **more}), ToldClock(NIGHT_MS))


def fall_behind(run: Driver) -> None:
    """The day lies in the log, and nothing is scored."""
    run.feed(DAY)
    while run.admit(40):
        pass
    run.site.door.flush()


def catch_up(run: Driver) -> Iterator[int]:
    """Score record after record; the mode after each."""
    one = run.site.scorers[0]
    while one.next_offset < run.site.log.end(LOG, 0):
        for step in steps((r.offset, r.value) for r in run.site.log.read(LOG, 0, one.next_offset, 1)):
            one.handle(step)
        yield one.memory.journal.mode


def metric(run: Driver) -> float:
    observer = Observer(run.site)
    observer.observe()
    return observer.figures[METRIC]["0",]


def test_a_backlog_is_worked_off_degraded(tmp_path: Path) -> None:
    """Behind by hours it leaves out both, then one, then nothing; it says so, and counts and alerts are those of a calm day."""
    calm = driver(tmp_path / "calm", degrade_ms=0)
    calm.feed(DAY)
    calm.settle(40)
    run = driver(tmp_path / "busy")
    fall_behind(run)
    with capture_logs() as logs:
        modes = [(mode, metric(run)) for mode in catch_up(run)]
    assert [int(shown) for _, shown in modes] == [mode for mode, _ in modes]
    steps_taken = [entry["step"] for entry in logs if entry["event"].startswith("degraded")]
    assert steps_taken == [2, 1, 0]
    assert modes[-1][0] == 0
    run.settle()
    assert [run.site.counts_of(name) for name in ("scored", "duplicate")] == [calm.site.counts_of(name) for name in ("scored", "duplicate")]
    raised = [{(c.alert_id, c.level) for c in one.site.truth.changes() if c.change == "raised" and rules_alone(c)} for one in (calm, run)]
    assert raised[0] <= raised[1]
    for one in (calm, run):
        one.close()


def rules_alone(change: Any) -> bool:
    return not any(e.kind == "behaviour" for e in change.evidence)


def test_a_crash_in_the_middle_decides_the_same(tmp_path: Path) -> None:
    """Killed while degraded, without a checkpoint and read again in other steps, the day is told as without the crash."""
    told, seen = [], []
    for crash in (None, 4, 9):
        folder = tmp_path / str(crash)
        run = driver(folder)
        fall_behind(run)
        modes = list[int]()
        if crash is not None:
            modes = list(islice(catch_up(run), crash))
            reached, noted = run.site.scorers[0].next_offset, run.site.truth.modes(PARTITION)
            close_log(folder / "data" / "log.db")
            run = driver(folder)
            for step in steps((r.offset, r.value) for r in run.site.log.read(LOG, 0, 0, reached)):
                run.site.scorers[0].handle(step)
            assert run.site.scorers[0].memory.journal.mode == modes[-1]
            assert run.site.truth.modes(PARTITION) == noted
        seen.append([*modes, *catch_up(run)])
        run.settle()
        told.append([c.model_dump_json() for c in run.site.truth.changes()])
        assert run.site.counts_of("failed") == 0
        run.close()
    assert len(told[0]) > 10
    assert told[0] == told[1] == told[2]
    assert seen[0] == seen[1][:-1] == seen[2][:-1], "the last is the restart's own announcement"
