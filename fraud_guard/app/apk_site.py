"""The parts of a worker for APK files, beside the stream workers of a site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from apk_analysis.errors import ApkError
from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.apk_desk import ApkDesk
from fraud_guard.app.apk_scanner import site_scanner
from fraud_guard.app.apk_submission import declare_topics
from fraud_guard.app.settings import Settings, site_key
from fraud_guard.app.stores import open_log
from fraud_guard.app.topics import APK_DEEP, APK_SUBMITTED, APK_VERDICTS
from fraud_guard.app.waits import Waits
from fraud_guard.errors import ConfigurationError
from fraud_guard.ports import Now

GROUP = "apk"


class ApkSite:
    """The parts of one worker. Nothing is opened before `open`; `deep`: it does the slow analyses."""

    def __init__(self, settings: Settings, *, jobs: int = 1, deep: bool = False, now_ms: Now = wall_clock_ms) -> None:
        self.settings, self.jobs, self.deep, self._now_ms = settings, jobs, deep, now_ms
        self.waits = Waits()
        self.stopping = False
        self.failure: Exception | None = None
        self.lag: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self._opened: list[Callable[[], object]] = []

    @property
    def is_open(self) -> bool:
        """Whether it can dissect."""
        return hasattr(self, "desk")

    @property
    def topic(self) -> str:
        """What it reads."""
        return APK_DEEP if self.deep else APK_SUBMITTED

    @property
    def group(self) -> str:
        """Who reads it."""
        return f"{GROUP}-deep" if self.deep else GROUP

    def open(self) -> None:
        """Open everything. Raises ConfigurationError, DependencyError or IntegrityError with a remedy."""
        settings = self.settings
        self.log, close = open_log(settings, Sealer(Keys.from_site_key(site_key(settings)).log))
        self._opened.append(close)
        declare_topics(self.log, settings)
        self.log.declare(APK_VERDICTS, 1)
        try:
            scanner = site_scanner(settings, deep=self.deep)
        except ApkError as fault:
            raise ConfigurationError(str(fault)) from fault
        self.desk = ApkDesk(self.log, settings.apk_folder, scanner, settings.apk_partitions, self._now_ms, jobs=self.jobs, deep=self.deep)
        self._opened.append(self.desk.close)

    def be_the_only_one(self) -> None:
        """Say at once that somebody else of this group reads the log file; from the start of the consumer on the lock is held."""
        if isinstance(self.log, EmbeddedLog):
            lock = ConsumerLock(self.log.path, self.group)
            lock.acquire()
            lock.release()

    async def take(self, partition: int, records: list[Any]) -> None:
        """Dissect these, while the loop goes on."""
        self._next[partition] = records[0].offset
        await asyncio.to_thread(self.desk.handle, [record.value for record in records])
        self._next[partition] = records[-1].offset + 1

    def count_waiting(self) -> None:
        """How many submissions of each partition that it reads are not done yet. Raises DependencyError."""
        self.lag = {p: self.log.end(self.topic, p) - at for p, at in self._next.items()} if self.is_open else {}

    def close(self) -> None:
        """Close what is open."""
        self.stopping = True
        while self._opened:
            self._opened.pop()()
