"""Which partition a key belongs to: murmur2, as the Java client of Kafka does it."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key: the same as every other Kafka producer's with murmur2."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
