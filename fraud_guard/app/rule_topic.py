"""The topic `rules`: generations of rules, policies and behaviour model."""

from __future__ import annotations

from collections.abc import Mapping

from fraud_guard.app.text_topic import Published, TextTopic, publish_texts
from fraud_guard.app.topics import RULES
from fraud_guard.errors import ConfigurationError
from fraud_guard.generation import build
from fraud_guard.log import Log


def publish(log: Log, files: Mapping[str, str]) -> Published:
    """Put a generation into force for all workers that read the topic. Raises RuleError before anything is written."""
    build(files)
    return publish_texts(log, RULES, files)


def newest_rules(topic: TextTopic) -> dict[str, str]:
    """The texts in force. Raises ConfigurationError when nothing was published, else like `TextTopic.newest`."""
    texts = topic.newest()
    if texts is None:
        raise ConfigurationError(f"no rules in the topic {RULES}; run `fraud-guard rules publish FOLDER`, or set FG_RULES_FROM=folder")
    return texts
