"""How the log of a site is laid out: its generations, told by the compacted topic `layout`, and what of it the settings must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fraud_guard.adapters.relaid_log import Generation, Generations, RelaidLog, generation_of, topic_of
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import LAYOUT, LOG
from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.log import Log, Record
from fraud_guard.tags.block import POSITIONS_PER_RECORD

if TYPE_CHECKING:
    from fraud_guard.app.history.writing import HistoryWriter


def read_layout(log: Log, partitions: int) -> Generations:
    """The generations of the log; one of so many partitions when it was never laid out anew. Raises IntegrityError."""
    log.declare(LAYOUT, 1)
    end = log.end(LAYOUT, 0)
    last = [r for at in range(log.start(LAYOUT, 0), end) for r in log.read(LAYOUT, 0, at, 1)][-1:]
    if not last:
        return (Generation(1, partitions),)
    try:
        return msgspec.json.decode(last[0].value, type=Generations)
    except msgspec.DecodeError as error:
        raise IntegrityError(f"topic {LAYOUT}: its last record is damaged ({error}); restore it from a backup of the brokers") from error


def write_layout(log: Log, generations: Generations) -> None:
    """From here on the log is laid out so."""
    log.append(LAYOUT, 0, [Record(LOG.encode(), msgspec.json.encode(generations))])


def laid_out(log: Log, settings: Settings) -> Log:
    """The log as this site laid it out. Raises ConfigurationError when the settings say otherwise."""
    generations = read_layout(log, settings.tags_partitions)
    newest = generations[-1]
    if (newest.number, newest.partitions) != (settings.tags_generation, settings.tags_partitions):
        raise ConfigurationError(
            f"the log is in generation {newest.number} with {newest.partitions} partitions, the settings say generation {settings.tags_generation} "
            f"with {settings.tags_partitions}; set FG_TAGS_GENERATION={newest.number} and FG_TAGS_PARTITIONS={newest.partitions} for all workers"
        )
    return RelaidLog(log, LOG, generations) if newest.number > 1 else log


def log_topic(settings: Settings) -> str:
    """The topic of the log's generation."""
    return topic_of(LOG, settings.tags_generation)


def base_of(log: Log) -> int:
    """The offset that the records of the log's topic count from."""
    return log.generations[-1].base if isinstance(log, RelaidLog) else 0


def kept_id(history: HistoryWriter | None, log: Log, place: tuple[int, bytes, int]) -> str | None:
    """The id of a tag by (partition, token, position), from the history; it is kept by the partition of its time."""
    partition, token, position = place
    if history is None:
        return None
    if not isinstance(log, RelaidLog):
        return history.id_at(partition, token, position)
    then = generation_of(log.generations, position // POSITIONS_PER_RECORD).partitions
    return history.id_at(partition % then, token, position, then)
