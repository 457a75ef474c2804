"""An APK file that waits for its dissection: the record of `apk.submitted`, and how a file becomes one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from apk_analysis.errors import ApkError
from apk_analysis.intake.store import Store, Stored
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import APK_DEEP, APK_SUBMITTED
from fraud_guard.errors import ConfigurationError
from fraud_guard.log import Log, Record
from fraud_guard.tags.wire import Sha256

MAX_SUBMISSION_BYTES = 64 << 10


class Submission(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file. Its bytes lie in the store under `sha256`; `name` and `by` are for people.

    `deep`: the slow analysis is wanted behind the fast one. `again`: a verdict that is known already does not do.
    """

    sha256: Sha256
    submitted_ms: int = 0
    v: Literal[1] = 1
    name: str = ""
    by: str = ""
    deep: bool = False
    again: bool = False

    def record(self) -> Record:
        """As it goes into the log."""
        return Record(self.sha256.encode(), msgspec.json.encode(self))


_decode = msgspec.json.Decoder(Submission).decode


def read_submission(value: bytes) -> Submission:
    """Raises msgspec.DecodeError or UnicodeError."""
    if len(value) > MAX_SUBMISSION_BYTES:
        raise msgspec.ValidationError("too long")
    return _decode(value)


def declare_topics(log: Log, settings: Settings) -> None:
    """Make the topics of APK files where they are missing. Raises ConfigurationError, DependencyError."""
    for topic in (APK_SUBMITTED, APK_DEEP):
        log.declare(topic, settings.apk_partitions)


def partition_of(sha256: str, partitions: int) -> int:
    """The same file comes to the same partition."""
    return int.from_bytes(hashlib.sha256(sha256.encode()).digest()[:4], "big") % partitions


def submit(log: Log, store: Store, settings: Settings, files: Iterable[Path], wish: Submission) -> Iterable[Stored]:
    """Keep each file and queue it as `wish` says; yields what was kept. A file counts when it was yielded.

    Raises OSError for a file that cannot be read, ConfigurationError for one that is too large, DependencyError.
    """
    for path in files:
        with path.open("rb") as source:
            try:
                stored = store.put(source)
            except ApkError as refused:
                raise ConfigurationError(f"{path}: {refused}") from refused
        one = msgspec.structs.replace(wish, sha256=stored.sha256, name=path.name)
        log.append(APK_SUBMITTED, partition_of(stored.sha256, settings.apk_partitions), [one.record()])
        yield stored
