"""The worker for APK files: a Faust app of its own, in a group of its own, beside the stream workers of a site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import structlog

from apk_analysis.errors import ApkError
from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.agents import persist
from fraud_guard.app.apk_desk import ApkDesk
from fraud_guard.app.apk_scanner import site_scanner
from fraud_guard.app.apk_submission import declare_topics
from fraud_guard.app.settings import Settings, site_key
from fraud_guard.app.stores import open_log
from fraud_guard.app.topics import APK_DEEP, APK_SUBMITTED, APK_VERDICTS
from fraud_guard.app.waits import Waits
from fraud_guard.app.wiring import SiteWorker, engine_of
from fraud_guard.errors import ConfigurationError, FraudGuardError
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import Now

GROUP = "apk"


class ApkSite:
    """The parts of one worker. Nothing is opened before `open`; `deep`: it does the slow analyses."""

    def __init__(self, settings: Settings, *, jobs: int = 1, deep: bool = False, now_ms: Now = wall_clock_ms) -> None:
        self.settings, self.jobs, self.deep, self._now_ms = settings, jobs, deep, now_ms
        self.waits = Waits()
        self.stopping = False
        self.failure: Exception | None = None
        self._opened: list[Callable[[], object]] = []

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

    async def take(self, records: list[Any]) -> None:
        """Dissect these, while the loop goes on."""
        await asyncio.to_thread(self.desk.handle, [record.value for record in records])

    def close(self) -> None:
        """Close what is open."""
        self.stopping = True
        while self._opened:
            self._opened.pop()()


class ApkApp(QuietApp):
    """The Faust app that owns the site; a file is acknowledged when its verdict is told."""

    def __init__(self, site: ApkSite, **options: Any) -> None:
        self.site = site
        super().__init__(f"fraud_guard_{site.group}".replace("-", "_"), **options)
        self.conf.Worker = cast(Any, SiteWorker)

    async def on_first_start(self) -> None:
        """Open log, rules and index before anything is consumed, as soon as the brokers are there."""
        site = self.site
        try:
            if site.settings.kafka is None:
                site.open()
            elif not await site.waits.outwait(site, site.open, lambda: site.stopping):
                raise asyncio.CancelledError
            site.be_the_only_one()
        except FraudGuardError as refusal:
            site.failure = refusal
            structlog.get_logger().error("refused", why=str(refusal))
            raise asyncio.CancelledError from None  # ends the worker without Faust's traceback
        await super().on_first_start()

    async def on_stop(self) -> None:
        """From here on nothing new is begun, and what is under way is given up."""
        self.site.stopping = True
        if hasattr(self.site, "desk"):
            await asyncio.to_thread(self.site.desk.close)
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Everything has stopped."""
        await super().on_shutdown()
        self.site.close()


def apk_app(site: ApkSite) -> ApkApp:
    """The app on the embedded transport or on Kafka."""
    settings = site.settings
    name = f"{settings.worker_name}-{site.group}" if settings.worker_name else None
    app = ApkApp(site, topic_partitions=settings.apk_partitions, **engine_of(settings, name, site.group))

    @app.agent(app.topic(site.topic, schema=ChunkSchema(max_records=site.jobs)), name="dissector")
    async def dissector(stream: Any) -> None:
        async for event in stream.noack().events():
            if await persist(site, partial(site.take, event.value)):
                failpoint("apk-before-ack")
                event.ack()

    return app
