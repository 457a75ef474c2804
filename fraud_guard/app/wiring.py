"""The composition root: settings become a site and a Faust app."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any, NoReturn, cast

import faust
import structlog
from faust.types import AppT
from mode import ServiceT

from fraud_guard.adapters.embedded import transport as embedded
from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.quiet_app import QuietApp, QuietWorker
from fraud_guard.app.agents import persist
from fraud_guard.app.health import BEAT_S, site_health
from fraud_guard.app.logs import faust_logging, log_where_nobody_said
from fraud_guard.app.observer import EVERY_S, Observer
from fraud_guard.app.servers import open_when_reachable
from fraud_guard.app.settings import Settings
from fraud_guard.app.site import Site
from fraud_guard.app.stores import WORKERS, embedded_log_path, kafka_access
from fraud_guard.errors import FraudGuardError
from fraud_guard.log import RECORD_BYTES_MOST

GROUP = {
    "broker_session_timeout": 8.0, "broker_heartbeat_interval": 2.0, "broker_rebalance_timeout": 20.0, "broker_request_timeout": 25.0,
}  # fmt: skip
"""Seconds of Kafka's group: a worker that died is missed after the first; no request is waited for longer than the last."""


def site(settings: Settings) -> Site:
    """The site of these settings, not opened yet."""
    return Site(settings)


def faust_app(settings: Settings, site: Site) -> faust.App:
    """The Faust app on the embedded transport or on Kafka; it opens the site when it starts and closes it last."""
    return SiteApp(site, WORKERS, topic_partitions=settings.tags_partitions, **engine_of(settings, settings.worker_name))


def engine_of(settings: Settings, worker_name: str | None, group: str = "") -> dict[str, Any]:
    """Options of a Faust app on the engine of these settings; `group` keeps another app than the stream workers apart on files."""
    engine = _embedded(settings, group) if settings.kafka is None else _kafka(settings, settings.kafka, worker_name)
    return {
        "datadir": str(settings.data_dir / "-".join(filter(None, ("faust", group)))), "topic_disable_leader": True, "stream_wait_empty": False,
        "stream_buffer_maxsize": 16, "broker_commit_interval": 0.5, "consumer_auto_offset_reset": "earliest",
        "stream_recovery_delay": 0.0, "logging_config": faust_logging(), **engine,
    }  # fmt: skip


def _embedded(settings: Settings, group: str) -> dict[str, Any]:
    embedded.register()
    ending = f"?group={group}" if group else ""
    return {"broker": f"embedded://{embedded_log_path(settings).absolute()}{ending}", "topic_allow_declare": True}


def _kafka(settings: Settings, servers: str, worker_name: str | None) -> dict[str, Any]:
    from fraud_guard.adapters.kafka import transport as kafka  # noqa: PLC0415  the driver, which files do without

    kafka.register()
    return {
        "broker": kafka.broker_url(servers), "broker_credentials": kafka_access(settings), "topic_allow_declare": False,
        "consumer_group_instance_id": worker_name, "consumer_max_fetch_size": RECORD_BYTES_MOST, **GROUP,
    }  # fmt: skip


class SiteWorker(QuietWorker):
    """A worker that logs as its site does, and ends with exit code 1 when that failed; the log says why."""

    def __init__(self, app: AppT, *services: ServiceT, **options: Any) -> None:
        super().__init__(app, *services, **options)
        self.spinner = None  # it would write control codes into stdout

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        """Before anything is said."""
        log_where_nobody_said(cast(SiteApp, self.app).site.settings.log_format)
        super().on_setup_root_logger(logger, level)

    def execute_from_commandline(self) -> NoReturn:
        """Run until stopped."""
        try:
            super().execute_from_commandline()
        except SystemExit as end:
            site = cast(SiteApp, self.app).site
            raise SystemExit(end.code or int(site.failure is not None)) from None


class SiteApp(QuietApp):
    """A Faust app that owns a site."""

    def __init__(self, site: Site, *args: Any, **options: Any) -> None:
        self.site = site
        super().__init__(*args, **options)
        self.conf.Worker = cast(Any, SiteWorker)

    async def on_first_start(self) -> None:
        """Open log, memory, truth and vault before anything is consumed, as soon as their servers are there."""
        try:
            self._tell_health()
            if not await open_when_reachable(self.site):
                raise asyncio.CancelledError
            self._be_the_only_worker()
            self._say_what_lacks()
        except FraudGuardError as refusal:
            self.site.failure = refusal
            structlog.get_logger().error("refused", why=str(refusal))
            raise asyncio.CancelledError from None  # ends the worker without Faust's traceback
        transport = cast(embedded.Transport, self.transport)  # or Kafka's: both carry the two hooks
        transport.on_assigned, transport.on_revoked = self.site.on_assigned, self.site.on_revoked
        await super().on_first_start()

    async def on_stop(self) -> None:
        """From here on nothing new is begun."""
        self.site.stopping = True
        await super().on_stop()

    async def on_shutdown(self) -> None:
        """Everything has stopped: let out what is held, checkpoint, close."""
        await super().on_shutdown()
        await self.site.close_relay()
        self.site.close()
        self.show_no_more()

    def _tell_health(self) -> None:
        """Answer at the health address, if there is one, from now on; nothing is observed without."""
        address = self.site.settings.health_address
        if address is None:
            return
        observer = Observer(self.site)
        health = site_health(self.site, observer)
        self.show(health.server(address))
        self.add_future(self.every(BEAT_S, health.beat))
        self.add_future(self.every(EVERY_S, partial(persist, self.site, observer.observe)))

    def _say_what_lacks(self) -> None:
        """A worker without stations raises alerts that nobody gets."""
        if not self.site.desk.stations.by_id:
            structlog.get_logger().warning("no_stations", why="alerts are kept, but no order can be sent; set FG_STATIONS")

    def _be_the_only_worker(self) -> None:
        """Say at once that there is another worker on the log file; from the start of the consumer on the lock is held."""
        if self.site.settings.kafka is not None:
            return
        lock = ConsumerLock(embedded_log_path(self.site.settings))
        lock.acquire()
        lock.release()
