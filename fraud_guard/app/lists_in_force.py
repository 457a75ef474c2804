"""The lists that a worker's door goes by: read from the folder or the topic, looked at again from time to time.

The door alone knows them, and what it made of a tag stands in the log; so nothing need be kept for a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import structlog

from fraud_guard.app.list_files import read_list_files
from fraud_guard.app.settings import Settings
from fraud_guard.app.text_topic import Published, TextTopic, publish_texts
from fraud_guard.app.topics import LISTS
from fraud_guard.door.lists import use_lists
from fraud_guard.door.tables import replaced
from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.generation import content_id
from fraud_guard.log import Log

log = structlog.get_logger()


class ListsInForce:
    """Opened from the folder of lists, or from the topic up to its end. Raises ConfigurationError or IntegrityError when they are no good."""

    def __init__(self, settings: Settings, records: Log) -> None:
        self._read: Callable[[], Mapping[str, str]]
        if settings.lists_from == "topic":
            records.declare(LISTS, 1)
            topic = TextTopic(records, LISTS)
            self._read = lambda: topic.newest() or {}
        else:
            self._read = partial(read_list_files, settings.lists_dir)
        self._texts: Mapping[str, str] = self._read()
        use_lists(self._texts)

    def changed(self) -> bool:
        """Whether other lists are in force from here on; False also when they were refused, which is said once. Between two chunks only."""
        try:
            texts = self._read()
            if texts == self._texts:
                return False
            self._texts = texts
            use_lists(texts)
        except (ConfigurationError, IntegrityError) as bad:
            log.error("lists_refused", why=str(bad))  # noqa: TRY400  expected: the words are enough
            return False
        log.info("lists_loaded", lists=content_id(texts), replaced=sorted(texts))
        return True

    def close(self) -> None:
        """The shipped lists are in force again."""
        use_lists({})


def texts_in_force(settings: Settings, records: Log | None = None) -> Mapping[str, str]:
    """What takes the place of shipped lists by these settings; `records` is asked where they come from a topic."""
    if settings.lists_from == "topic" and records is not None:
        records.declare(LISTS, 1)
        return TextTopic(records, LISTS).newest() or {}
    return read_list_files(settings.lists_dir)


@contextmanager
def in_force(texts: Mapping[str, str]) -> Iterator[None]:
    """These lists are in force for a while, then those of before. Raises ConfigurationError with file, line and what is wrong."""
    before = replaced()
    use_lists(texts)
    try:
        yield
    finally:
        use_lists(before)


def check_lists(texts: Mapping[str, str]) -> None:
    """Whether a door could go by these lists. Raises ConfigurationError with file, line and what is wrong."""
    with in_force(texts):
        pass


def publish_lists(log: Log, texts: Mapping[str, str]) -> Published:
    """Put lists into force for all doors that read the topic. Raises ConfigurationError before anything is written."""
    check_lists(texts)
    return publish_texts(log, LISTS, texts)
