"""Whether a broker tells truly where its log ends; memory would end there, too."""

from __future__ import annotations

from collections.abc import Sequence

from fraud_guard.app.topics import LOG
from fraud_guard.errors import ConfigurationError
from fraud_guard.log import Log


def check_ends(log: Log, written: Sequence[int]) -> None:
    """`written`: offsets of records that the broker just took, by partition. Raises ConfigurationError when it says that the log ends before one."""
    for partition, offset in enumerate(written):
        if (end := log.end(LOG, partition)) <= offset:
            raise ConfigurationError(
                f"{LOG}-{partition}: the broker took record {offset} and says that the log ends at {end}; "
                "it does not tell true end offsets (ListOffsets), so it cannot hold the log: use Apache Kafka"
            )
