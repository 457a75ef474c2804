"""Rules change under a running site: between two blocks, journaled in the log, and never for the past."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.rule_files import build_from_files, read_generation_files
from fraud_guard.app.topics import LOG
from fraud_guard.tags.block import POSITIONS_PER_RECORD, Controls, decode_record
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
DAY = lines_of(live.DAY / "tags.ndjson")
NOON = len(DAY) // 2
PARTITION = "tags-0"
WEIGHT = 7.3
RULE = "tags/any/risky-call-still-up.yaml"


def driver(folder: Path, **more: Any) -> Driver:
    return Driver(live.settings_of(folder, **more), ToldClock(NIGHT_MS))


def feed(run: Driver, lines: list[bytes], chunk: int = 40) -> None:
    for start in range(0, len(lines), chunk):
        run.feed(lines[start : start + chunk])
        run.settle()


def reweigh(folder: Path) -> None:
    """Give every rule another weight."""
    for path in (folder / "rules" / "tags").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^weight: .*$", f"weight: {WEIGHT}", text, flags=re.MULTILINE), encoding="utf-8")


def spoil(folder: Path) -> int:
    """Break one rule; the line where."""
    path = folder / "rules" / RULE
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("when:"))
    lines[at] = "when: no_such_feature > 3"
    path.write_text("\n".join(lines), encoding="utf-8")
    return at + 1


def generations_in_log(run: Driver) -> list[tuple[int, str]]:
    """(offset, generation) of every announcement."""
    records = [(r.offset, decode_record(r.value, r.offset)) for r in run.site.log.read(LOG, 0, 0, 10_000)]
    return [(at, c.body) for at, r in records if isinstance(r, Controls) for c in r.items if c.kind == "generation"]


def test_changed_rules_decide_from_the_next_block_on(tmp_path: Path) -> None:
    """A changed folder is a new generation: announced in the log, used for what comes after it and for nothing before."""
    run = driver(tmp_path)
    feed(run, DAY[:NOON])
    morning = list(run.site.truth.changes())
    first, last = run.site.scorers[0].memory.generation, run.site.scorers[0].memory.position
    run.site.reload_rules()
    assert len(generations_in_log(run)) == 1, "nothing changed, nothing to announce"
    reweigh(tmp_path)
    run.site.reload_rules()
    feed(run, DAY[NOON:])
    (_, one), (at, two) = generations_in_log(run)
    assert (one, two) == (first, build_from_files(read_generation_files(tmp_path / "rules")).id)
    assert at * POSITIONS_PER_RECORD > last
    truth = run.site.truth
    assert truth.generation_at(PARTITION, last) == one
    assert truth.generation_at(PARTITION, run.site.scorers[0].memory.position) == two
    changes = list(truth.changes())
    evening = [c for c in changes if c not in morning]
    assert WEIGHT not in {e.weight for c in morning for e in c.evidence}
    assert any(e.weight == pytest.approx(WEIGHT) for c in evening for e in c.evidence)
    assert [c for c in changes if c in morning] == morning
    run.close()


def test_broken_rules_are_refused(tmp_path: Path) -> None:
    """A broken file is refused once, with file and line; the old rules go on, and the mended folder is taken."""
    run = driver(tmp_path)
    feed(run, DAY[:NOON])
    before = generations_in_log(run)
    line = spoil(tmp_path)
    with capture_logs() as logs:
        for _ in range(3):
            run.site.reload_rules()
    (refusal,) = [entry for entry in logs if entry["event"] == "rules_refused"]
    assert refusal["log_level"] == "error"
    assert f"{RULE}:{line}: " in refusal["why"]
    assert "no_such_feature" in refusal["why"]
    feed(run, DAY[NOON:])
    assert generations_in_log(run) == before
    assert {e.id for c in run.site.truth.changes() for e in c.evidence} >= {"risky-call-still-up"}
    path = tmp_path / "rules" / RULE
    path.write_text(path.read_text(encoding="utf-8").replace("no_such_feature > 3", "in_call"), encoding="utf-8")
    run.site.reload_rules()
    assert len(generations_in_log(run)) == 2
    run.close()


def test_a_crash_after_a_reload(tmp_path: Path) -> None:
    """Each block is decided again by the generation that decided it, whatever lies in the folder by then."""
    told = []
    for crash in (False, True):
        folder = tmp_path / str(crash)
        folder.mkdir()
        run = driver(folder, checkpoint_ms=3_600_000)
        feed(run, DAY[:NOON])
        reweigh(folder)
        run.site.reload_rules()
        feed(run, DAY[NOON : NOON + 80])
        if crash:  # never closed, no checkpoint: memory comes from the log alone
            close_log(folder / "data" / "log.db")
            run = driver(folder)
        feed(run, DAY[NOON + 80 :])
        run.close()
        told.append(live.told(folder))
    assert len(told[0]["changes"]) > 10
    assert told[0] == told[1]
