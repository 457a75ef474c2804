"""The rules that a worker decides by: read from the folder or the topic, archived by generation, looked at again from time to time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from fraud_guard.adapters.generation_archive import GenerationArchive
from fraud_guard.app.rule_files import read_generation_files
from fraud_guard.app.rule_topic import newest_rules
from fraud_guard.app.settings import Settings
from fraud_guard.app.text_topic import TextTopic
from fraud_guard.app.topics import RULES
from fraud_guard.errors import ConfigurationError, IntegrityError, RuleError
from fraud_guard.generation import Generation
from fraud_guard.log import Log

log = structlog.get_logger()


class RulesInForce:
    """Opened from the folder of rules, or from the topic up to its end: nothing is scored before that is read.

    Raises RuleError, ConfigurationError or IntegrityError when what it opens is no good.
    """

    def __init__(self, settings: Settings, records: Log) -> None:
        folder = settings.data_dir / "generations"
        self._read: Callable[[], dict[str, str]]
        if settings.rules_from == "topic":
            records.declare(RULES, 1)
            topic = TextTopic(records, RULES)
            self._read, self.archive = partial(newest_rules, topic), GenerationArchive(folder, topic.texts_of)
        else:
            self._read, self.archive = partial(read_generation_files, settings.rules), GenerationArchive(folder)
        self._files = self._read()
        self.opened: Generation = self.archive.put(self._files)

    def changed(self) -> str:
        """The id of the generation that is new, archived; "" when nothing has changed, or it was refused, which is said once."""
        try:
            files = self._read()
            if files == self._files:
                return ""
            self._files = files
            generation = self.archive.put(files)
        except (RuleError, ConfigurationError, IntegrityError) as bad:
            log.error("rules_refused", why=str(bad))  # noqa: TRY400  expected: the words are enough
            return ""
        log.info("rules_loaded", generation=generation.id, rules=len(generation.book.rules))
        return generation.id
