"""What retention takes from an inlet before a door has read it is lost, and told; the rest is scored."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from fraud_guard.app.observer import Observer
from fraud_guard.app.topics import INLETS, MIXED
from fraud_guard.testing import lines_of
from tests.integration import live
from tests.integration.actors import Actors
from tests.integration.test_whole_log import EVER_MS, opened
from tests.servers import needs_apache_kafka

TAGS = lines_of(live.DAY / "tags.ndjson")[:90]
READ, LOST = 30, 20


def test_a_gap_is_seen_once(tmp_path: Path) -> None:
    """A door counts what is missing of an inlet when it gets it, not again at the next rebalance, and shows it to an operator."""
    with opened(tmp_path) as site, closing(live.open_log(tmp_path)) as log:
        log.append_values(MIXED, 0, TAGS[:READ])
        log.commit({(MIXED, 0): 10})
        log.trim_older(MIXED, EVER_MS, {0: READ})
        for _ in range(2):
            site.assign([0], [(topic, 0) for topic in INLETS])
        gone = log.start(MIXED, 0) - 10
        assert gone > 0 and site.door.gaps() == {MIXED: gone}
        observer = Observer(site)
        observer.observe()
        assert observer.figures["fraud_guard_gap_records"][MIXED,] == gone


@pytest.mark.service
@pytest.mark.timeout(0)  # `Actors.until` sees what is stuck
@pytest.mark.usefixtures(needs_apache_kafka.__name__)
def test_a_worker_goes_on_behind_a_gap(tmp_path: Path) -> None:
    """A broker deletes records while the worker is away: it says how many, once, and scores all that are left."""
    with Actors(tmp_path, ("one",)) as actors:
        actors.feed(TAGS[:READ])
        actors.until(actors.all_scored)
        actors.kill("one")
        actors.feed(TAGS[READ:])
        asyncio.run(delete_records(actors.broker.direct_address, READ + LOST))
        actors.start("one")
        actors.until(actors.all_scored)
        words = actors.workers["one"].words()
        actors.stop()
    assert words.count('"event": "records_lost"') == 1
    assert f'"records": {LOST}' in words


async def delete_records(address: str, before: int) -> None:
    """As retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(MIXED, 0): RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()
