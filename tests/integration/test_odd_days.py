"""Days on which something is odd: the clock jumps, one subject has half of the tags, a build of another layout, a full disk."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.topics import LOG
from fraud_guard.errors import IntegrityError
from fraud_guard.memory import memory, older_layouts, pages
from fraud_guard.memory.layout import EVENTS, HEAD
from fraud_guard.tags.block import decode_record
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live
from tests.integration.history import complaints

NIGHT_MS = 1_773_690_000_000
HOUR_MS = 3_600_000
DAY = lines_of(live.DAY / "tags.ndjson")
HALF = len(DAY) // 2


def driver(folder: Path, **more: Any) -> Driver:
    return Driver(live.settings_of(folder, checkpoint_tags=100, **more), ToldClock(NIGHT_MS))


def feed(run: Driver, lines: list[bytes], chunk: int = 60) -> None:
    for start in range(0, len(lines), chunk):
        run.feed(lines[start : start + chunk])
        run.settle()
        run.clock.advance(1_000)


def day(folder: Path, lines: list[bytes], chunk: int = 60, **more: Any) -> dict[str, list[str]]:
    run = driver(folder, **more)
    feed(run, lines, chunk)
    run.close()
    return live.told(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return day(tmp_path_factory.mktemp("undisturbed"), DAY)


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_the_clock_jumps(undisturbed: dict[str, list[str]], tmp_path: Path, jump_ms: int) -> None:
    """The machine's clock is an hour off from the middle of the day on: the same is told, and checkpoints go on."""
    run = driver(tmp_path)
    feed(run, DAY[:HALF])
    run.clock.now_ms += jump_ms
    checkpoints = run.site.counts_of("checkpoints")
    feed(run, DAY[HALF:])
    assert run.site.counts_of("checkpoints") > checkpoints + 1
    run.close()
    assert complaints(live.told(tmp_path), undisturbed) == []


def test_a_quiet_door_after_the_clock_was_set_back(tmp_path: Path) -> None:
    """A clock that is set back by an hour does not hold the watermark of a quiet door for that hour: timers strike in time."""
    run = driver(tmp_path, idle_ms=5_000)
    feed(run, DAY)
    before_ms = watermark_ms(run)
    run.clock.now_ms -= HOUR_MS
    run.site.door_tick()
    run.clock.advance(60_000)
    run.site.door_tick()
    assert watermark_ms(run) - before_ms == pytest.approx(60_000, abs=5_000)
    run.close()


def watermark_ms(run: Driver) -> int:
    last = run.site.log.end(LOG, 0) - 1
    record = decode_record(run.site.log.read(LOG, 0, last, 1)[0].value, last)
    return int(record.watermark_ms if hasattr(record, "watermark_ms") else record.rows["watermark_ms"][-1])


def readable(line: bytes) -> dict[str, Any] | None:
    """The tag; the day has a few lines that are none."""
    try:
        tag = json.loads(line)
    except ValueError:
        return None
    return tag if isinstance(tag, dict) and "subject" in tag else None


def test_a_hot_subject(tmp_path: Path) -> None:
    """One subject with half of all tags is scored the same in any number of partitions and any chunks."""
    tags = list(filter(None, map(readable, DAY)))
    hot = tags[0]["subject"]
    lines = [json.dumps(tag | {"subject": hot} if n % 2 else tag, ensure_ascii=False).encode() for n, tag in enumerate(tags)]
    one, four = day(tmp_path / "one", lines), day(tmp_path / "four", lines, 25, tags_partitions=4)
    assert one["orders"]
    assert complaints(four, one) == []


def test_a_build_of_another_layout(
    undisturbed: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a rolling upgrade the old build refuses what the new one wrote, in clear words; the new one goes on, and nothing is told twice."""
    monkeypatch.setattr(pages, "LAYOUT", pages.LAYOUT + 1)
    run = driver(tmp_path)
    feed(run, DAY[:HALF])
    run.close()
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match=r"layout \d+, this build reads \d+; run the version that wrote it"):
        driver(tmp_path)
    close_log(tmp_path / "data" / "log.db")
    monkeypatch.setattr(pages, "LAYOUT", pages.LAYOUT + 1)
    run = driver(tmp_path)
    feed(run, DAY[HALF:])
    run.close()
    assert complaints(live.told(tmp_path), undisturbed) == []


def test_a_build_of_a_newer_layout_takes_over(
    undisturbed: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a rolling upgrade the new build reads the records of the old one, and the day is told as by one build."""
    run = driver(tmp_path)
    feed(run, DAY[:HALF])
    run.close()
    wider = np.dtype([*HEAD.descr, ("added", "u4")])
    before = older_layouts.Older(HEAD, EVENTS, lambda records: (older_layouts.same_names(records[0], wider), records[1]))
    monkeypatch.setattr(older_layouts, "OLDER", {pages.LAYOUT: before})
    for module in (pages, memory):
        monkeypatch.setattr(module, "LAYOUT", module.LAYOUT + 1)
        monkeypatch.setattr(module, "HEAD", wider)
    monkeypatch.setattr(pages, "_HEAD_BYTES", pages.PAGE * wider.itemsize)
    run = driver(tmp_path)
    assert run.site.scorers[0].memory.head.dtype == wider
    feed(run, DAY[HALF:])
    run.close()
    assert complaints(live.told(tmp_path), undisturbed) == []


def test_a_full_disk(undisturbed: dict[str, list[str]], tmp_path: Path) -> None:
    """A worker whose files may not grow any more waits and says so; with room again it goes on, and tells the same."""
    tags = tmp_path / "tags.ndjson"
    tags.write_bytes(b"\n".join(DAY) + b"\n")
    worker = live.Worker(tmp_path, [*live.RUN, "--tags", str(tags), "--until-idle", "--rate", "60"], idle_ms=600_000)
    data = tmp_path / "data"
    worker.until(lambda: (data / "memory.db").exists() and (data / "log.db-wal").exists() and (data / "log.db-wal").stat().st_size > 0)
    room_bytes = (data / "log.db-wal").stat().st_size
    unlimited = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (room_bytes, resource.RLIM_INFINITY))
    worker.until(lambda: '"waiting"' in worker.words())
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert worker.ended() == 0, worker.words()[-2_000:]
    assert complaints(live.told(tmp_path), undisturbed) == []
