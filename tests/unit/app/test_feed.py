"""Feeds: a file is written into the inlet once, line by line, and goes on where it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraud_guard.app.feed import CityFeed, FileFeed, stop_when_idle
from fraud_guard.app.settings import read
from fraud_guard.app.site import Site
from fraud_guard.app.topics import MIXED
from fraud_guard.errors import ConfigurationError
from fraud_guard.testing import Driver, ToldClock

KEY = "feed tests: a key that is no secret at all"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    """An open site without a loop."""
    run = Driver(read(data_dir=tmp_path / "data", site_key=KEY), ToldClock())
    yield run
    run.close()


def inlet(site: Site) -> list[bytes]:
    """Every record of the inlet."""
    return [r.value for r in site.log.read(MIXED, 0, 0, 100_000)]


def tag(number: int) -> dict[str, Any]:
    return {"id": f"t-{number}", "source": "s", "channel": "sms", "subject": "19900000001", "peer": "95588", "direction": "in"}


def test_a_file_is_fed_line_by_line(driver: Driver, tmp_path: Path) -> None:
    """Every line becomes one record, in order."""
    path = tmp_path / "tags.ndjson"
    path.write_bytes(b"".join(b'{"n":%d}\n' % n for n in range(2_500)))
    feed = FileFeed(driver.site, str(path))
    asyncio.run(feed.run())
    assert (feed.fed, feed.done) == (2_500, True)
    assert inlet(driver.site) == path.read_bytes().splitlines()


def test_a_feed_goes_on_where_it_was(driver: Driver, tmp_path: Path) -> None:
    """A restarted feed writes only what was added to the file since."""
    path = tmp_path / "tags.ndjson"
    path.write_bytes(b'{"n":1}\n{"n":2}\n')
    asyncio.run(FileFeed(driver.site, str(path)).run())
    with path.open("ab") as file:
        file.write(b'{"n":3}\n')
    again = FileFeed(driver.site, str(path))
    asyncio.run(again.run())
    assert again.fed == 1
    assert inlet(driver.site) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']


def test_a_missing_file_is_told_before_anything_starts(driver: Driver) -> None:
    """The worker does not start for a feed that cannot be read."""
    with pytest.raises(ConfigurationError, match="give a readable file"):
        FileFeed(driver.site, "gone.ndjson")


def test_a_city_is_stamped_when_it_is_due(driver: Driver) -> None:
    """Tags without a time get the clock's; those with one, such as bad records, keep theirs."""
    city = iter([(0.0, tag(1)), (0.0, {**tag(2), "ts_ms": 5}), (0.06, tag(3))])
    feed = CityFeed(driver.site, city)
    asyncio.run(feed.run())
    first, second, third = inlet(driver.site)
    assert feed.fed == 3
    assert f'"ts_ms":{driver.clock()}'.encode() in first
    assert b'"ts_ms":5}' in second
    assert b'"id":"t-3"' in third


def test_stop_when_idle_waits_for_the_whole_way(driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The worker is asked to stop once everything fed is scored and delivered, and not before."""
    path = tmp_path / "tags.ndjson"
    path.write_bytes(b'{"n":1}\n')
    feed, stopped = FileFeed(driver.site, str(path)), []
    monkeypatch.setattr(driver.site, "request_stop", lambda: stopped.append(driver.site.door_offset))

    async def too_early() -> None:
        waiting = asyncio.create_task(stop_when_idle(driver.site, feed))
        await feed.run()
        for _ in range(10):
            await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(too_early())
    assert stopped == []
    driver.settle()
    asyncio.run(stop_when_idle(driver.site, feed))
    assert stopped == [1]
