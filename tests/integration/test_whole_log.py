"""Log and memory must fit each other: what is missing is noticed at the start, and never passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.app.observer import Observer
from fraud_guard.app.site import Site
from fraud_guard.app.topics import INLETS, LOG, MIXED
from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.log import Record
from fraud_guard.testing import lines_of
from tests.integration import live

TAGS = lines_of(live.DAY / "tags.ndjson")[:50]
EVER_MS = 1 << 60
INLET_PARTITIONS = [(topic, 0) for topic in INLETS]


class ShortSighted(EmbeddedLog):
    """A log that tells its end too low, as a broker does whose ListOffsets is wrong."""

    def end(self, topic: str, partition: int) -> int:
        return max(0, super().end(topic, partition) - 9)


@contextmanager
def opened(folder: Path, **more: Any) -> Iterator[Site]:
    """An open site without a worker."""
    site = Site(live.settings_of(folder, **more))
    site.open()
    try:
        yield site
    finally:
        site.abandon()


def score_all(site: Site) -> None:
    """Score what the log holds."""
    one = site.scorers[0]
    for offset, value in [(r.offset, r.value) for r in site.log.read(LOG, 0, one.next_offset, 100)]:
        one.handle([(offset, value)])


def take(site: Site) -> None:
    """Bring some tags through the door."""
    first = site.log.append_values(MIXED, 0, TAGS)
    site.take(site.log.read(MIXED, 0, first, len(TAGS)))


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """A site that has scored and checkpointed some tags, and has more in its log that it has not."""
    with opened(tmp_path) as site:
        site.assign([0], INLET_PARTITIONS)
        take(site)
        score_all(site)
        site.release()
        take(site)
        take(site)
    return tmp_path


def cut(folder: Path) -> int:
    """Lose the oldest records of the log, unread ones among them; where it begins now."""
    with closing(live.open_log(folder)) as log:
        end = log.end(LOG, 0)
        log.append(LOG, 0, [Record(None, log.read(LOG, 0, end - 1, 1)[0].value)])
        log.trim_older(LOG, EVER_MS, {0: end})
        return log.start(LOG, 0)


def test_records_that_nobody_read(scored: Path) -> None:
    """A log that lost records before they were read is refused, with the setting that lets them go; then they are counted."""
    start = cut(scored)
    with opened(scored) as site, pytest.raises(IntegrityError, match="FG_ACCEPT_GAP=true"):
        site.assign([0], INLET_PARTITIONS)
    with opened(scored, accept_gap=True) as site:
        site.assign([0], INLET_PARTITIONS)
        assert site.scorers[0].next_offset == start
        observer = Observer(site)
        observer.observe()
        lost = observer.figures["fraud_guard_gap_records"][LOG,]
        assert lost > 0
        score_all(site)
        site.release()
    with opened(scored) as site:
        site.assign([0], INLET_PARTITIONS)
        assert site.scorers[0].memory.journal.gap == lost


def test_a_log_that_is_shorter_than_memory(scored: Path) -> None:
    """A topic that was made anew is refused: memory would pass over all that comes."""
    with opened(scored) as site:
        site.assign([0], INLET_PARTITIONS)
        site.scorers[0].skip_to(site.log.end(LOG, 0) + 1)
        site.release()
    with opened(scored, accept_gap=True) as site, pytest.raises(IntegrityError, match="made anew"):
        site.assign([0], INLET_PARTITIONS)


def test_a_broker_that_lies_about_its_end(tmp_path: Path) -> None:
    """A broker whose end lies before a record that it took is refused: memory would end there, too."""
    with opened(tmp_path) as site:
        site.log = ShortSighted(tmp_path / "data" / "log.db", seal=site.log._seal, unseal=site.log._unseal)
        with pytest.raises(ConfigurationError, match="true end offsets"):
            site.assign([0], INLET_PARTITIONS)
        site.log.close()
