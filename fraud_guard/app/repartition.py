"""Repartition: the log goes on in a new generation with more partitions, when all of the old one is scored.

Memory is kept by shard, so it is cut by shard, under new names beside the old ones; one record of `layout`, written last,
puts the new generation into force. Broken off before that record nothing has happened, and the command may be given again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.relaid_log import Generation, topic_of
from fraud_guard.app.layout import read_layout, write_layout
from fraud_guard.app.scorer import steps
from fraud_guard.app.settings import Settings
from fraud_guard.app.site import Site
from fraud_guard.app.stores import embedded_log_path, open_kafka
from fraud_guard.app.topics import LOG
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Record
from fraud_guard.memory.parting import part
from fraud_guard.ports import Now, Snapshot
from fraud_guard.tags.block import POSITIONS_PER_RECORD

READ_AT_ONCE = 64
SHARDS = 512


class Repartitioned(NamedTuple):
    """The new generation, and how many records of the old one were scored first."""

    generation: Generation
    drained: int


def repartition(settings: Settings, partitions: int, now_ms: Now) -> Repartitioned:
    """Lay the log out anew; no worker may run. Raises ConfigurationError, DependencyError or IntegrityError, each with its remedy."""
    old = settings.tags_partitions
    if partitions <= old or partitions % old or SHARDS % partitions:
        raise ConfigurationError(f"{partitions} partitions cannot follow {old}; choose a larger number that {old} divides and that divides {SHARDS}")
    with _alone(settings):
        site = Site(settings, now_ms)
        site.open()
        try:
            site.assign(range(old), ())
            drained = _drain(site)
            new = _prepare(site, partitions)
            _part_memory(site, new)
            failpoint("repartition-before-layout")
            write_layout(site.log, (*read_layout(site.log, old), new))
            for one in site.scorers.values():  # nobody's record is kept twice
                site.store.empty(one.partition)
        finally:
            site.abandon()
    return Repartitioned(new, drained)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """No worker runs meanwhile."""
    if settings.kafka is None:
        lock = ConsumerLock(embedded_log_path(settings))
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
        return
    with closing(open_kafka(settings)) as log:
        if members := log.members():
            raise DependencyError(f"{members} workers are in the group; stop them all, wait until they are missed (8 s), and try again")
    yield


def _drain(site: Site) -> int:
    """Score what is in the log, and store it; every partition then stands at the same watermark."""
    site.door.mark()
    before = sum(one.next_offset for one in site.scorers.values())
    for partition, one in site.scorers.items():
        while one.next_offset < site.log.end(LOG, partition):
            for step in steps((r.offset, r.value) for r in site.log.read(LOG, partition, one.next_offset, READ_AT_ONCE)):
                site.book_outcomes(one.handle(step))
    site.release()
    if site.history is not None:
        site.history.write_all()
    return sum(one.next_offset for one in site.scorers.values()) - before


def _prepare(site: Site, partitions: int) -> Generation:
    """Make the topic of the next generation. Its first records tell the watermark, by which doors go on."""
    base = max(site.log.end(LOG, p) for p in site.scorers)
    new = Generation(site.settings.tags_generation + 1, partitions, base)
    name = topic_of(LOG, new.number)
    _declare(site, name, partitions)
    last = site.log.read(LOG, 0, site.log.end(LOG, 0) - 1, 1)[0].value
    site.log.append_many([(name, p, [Record(None, last)]) for p in range(partitions)])
    return new


def _declare(site: Site, topic: str, partitions: int) -> None:
    if site.settings.kafka is None:
        site.log.declare(topic, partitions)
        return
    later = site.settings.model_copy(update={"tags_partitions": partitions, "tags_generation": site.settings.tags_generation + 1})
    with closing(open_kafka(later)) as log:  # it knows how the topic is to be kept
        log.declare(topic, partitions)


def _part_memory(site: Site, new: Generation) -> None:
    name, old = topic_of(LOG, new.number), len(site.scorers)
    for partition, one in sorted(site.scorers.items()):
        stored = site.store.stored(one.partition)
        for q, blobs in part(stored.blobs, partition, old, new.partitions).items():
            place = f"{name}-{q}"
            snapshot = Snapshot(new.base * POSITIONS_PER_RECORD - 1, stored.watermark_ms, stored.generation, blobs)
            epoch = site.store.take_epoch(place)
            site.store.checkpoint(place, epoch, snapshot, site.store.stored(place).blobs.keys() - blobs.keys())
            failpoint("repartition-parted")
