"""The worker for APK files: a Faust app of its own, in a group of its own, beside the stream workers of a site."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, cast

import structlog

from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.app.agents import persist
from fraud_guard.app.apk_health import apk_health
from fraud_guard.app.apk_site import ApkSite
from fraud_guard.app.health import BEAT_S
from fraud_guard.app.observer import EVERY_S
from fraud_guard.app.wiring import SiteWorker, engine_of
from fraud_guard.errors import FraudGuardError
from fraud_guard.failpoints import failpoint


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
            self._tell_health()
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
        if self.site.is_open:
            await asyncio.to_thread(self.site.desk.close)
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Everything has stopped."""
        await super().on_shutdown()
        self.site.close()
        self.show_no_more()

    def _tell_health(self) -> None:
        """Answer at the health address, if there is one, from now on."""
        if (address := self.site.settings.health_address) is None:
            return
        health = apk_health(self.site)
        self.show(health.server(address))
        self.add_future(self.every(BEAT_S, health.beat))
        self.add_future(self.every(EVERY_S, partial(persist, self.site, self.site.count_waiting)))


def apk_app(site: ApkSite) -> ApkApp:
    """The app on the embedded transport or on Kafka."""
    settings = site.settings
    name = f"{settings.worker_name}-{site.group}" if settings.worker_name else None
    app = ApkApp(site, topic_partitions=settings.apk_partitions, **engine_of(settings, name, site.group))

    @app.agent(app.topic(site.topic, schema=ChunkSchema(max_records=site.jobs)), name="dissector")
    async def dissector(stream: Any) -> None:
        async for event in stream.noack().events():
            if await persist(site, partial(site.take, event.message.partition, event.value)):
                failpoint("apk-before-ack")
                event.ack()

    return app
