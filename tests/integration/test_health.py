"""What a worker answers at its health address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fraud_guard.app.metrics import TABLE
from fraud_guard.testing import lines_of
from scripts.servers.broker import free_port
from tests import scrape
from tests.integration import live

CALM = {"idle_ms": 600_000}
PLACES = ("accepted", "scored", "duplicate", "dead_letter")
NUMBER = re.compile(r"(?<![\d.e+-])(?:86)?1[3-9]\d{9}(?!\d)")


@pytest.fixture
def address() -> str:
    """A free address of this machine."""
    return f"127.0.0.1:{free_port()}"


def feed(folder: Path) -> tuple[Path, int]:
    """The golden day with a line that is no tag, an id used twice and one tag again; how many lines."""
    lines = lines_of(live.DAY / "tags.ndjson")
    tag = json.loads(lines[0])
    lines += [b"no tag", json.dumps(tag | {"ts_ms": tag["ts_ms"] + 1}).encode(), lines[0]]
    path = folder / f"{len(list(folder.iterdir()))}.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path, len(lines)


def places(address: str) -> list[float]:
    """How many tags went where."""
    found = scrape.metrics(address)
    return [found.get(("fraud_guard_conservation_tags", place), -1) for place in PLACES]


def conserved(address: str, accepted: int) -> Callable[[], bool]:
    """Whether so many came, and each of them is accounted for."""
    return lambda: (found := places(address))[0] == accepted and found[0] == sum(found[1:])


def test_every_tag_is_accounted_for(tmp_path: Path, address: str) -> None:
    """Accepted = scored + duplicate + dead letter at rest, and again after a kill; only documented names, and no number in them."""
    day, lines = feed(tmp_path)
    worker = live.Worker(tmp_path, [*live.RUN, "--tags", str(day)], health_address=address, **CALM)
    worker.until(conserved(address, lines))
    assert min(places(address)) > 0
    text = scrape.get(address, "/metrics").text
    assert not NUMBER.search(text)
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name, *_ in scrape.samples(text)}
    assert families <= set(TABLE)
    assert set(TABLE) - families <= {"fraud_guard_gap_records", "fraud_guard_apk_files_total"}
    worker.kill()
    again, more = feed(tmp_path)
    worker = live.Worker(tmp_path, [*live.RUN, "--tags", str(again)], health_address=address, **CALM)
    worker.until(conserved(address, lines + more))
    assert scrape.get(address, "/readyz").text == "ready"
    assert worker.stop() == 0, worker.words()


def test_under_the_command_of_faust(tmp_path: Path, address: str) -> None:
    """Ready under Faust's own command, too; every answer forbids sniffing and storing, and there is nothing else to get."""
    worker = live.Worker(tmp_path, live.FAUST, health_address=address, **CALM)
    worker.until(lambda: scrape.get(address, "/readyz").status == 200)
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/stats/", 404)):
        answer = scrape.get(address, path)
        assert answer.status == status, path
        assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert worker.stop() == 0, worker.words()
    assert scrape.get(address, "/readyz").status == 0


def test_an_address_that_is_taken(tmp_path: Path, address: str) -> None:
    """A second site at the same address is refused with the setting's name (3); the first stays as it is."""
    for name in "ab":
        (tmp_path / name).mkdir()
    first = live.Worker(tmp_path / "a", health_address=address, **CALM)
    first.until(lambda: scrape.get(address, "/healthz").status == 200)
    second = live.Worker(tmp_path / "b", health_address=address, **CALM)
    assert second.ended() == 3
    assert "FG_HEALTH_ADDRESS" in second.words()
    assert "Traceback" not in second.words()
    assert scrape.get(address, "/healthz").status == 200
    assert first.stop() == 0
