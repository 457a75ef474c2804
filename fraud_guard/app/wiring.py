"""The composition root: settings become a site and a Faust app."""

from __future__ import annotations

from typing import Any, cast

import faust

from fraud_guard.adapters.embedded.transport import Transport, register
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.app.logs import log_where_nobody_said
from fraud_guard.app.settings import Settings
from fraud_guard.app.site import Site


def site(settings: Settings) -> Site:
    """The site of these settings, not opened yet."""
    return Site(settings)


def faust_app(settings: Settings, site: Site) -> faust.App:
    """The Faust app on the embedded transport; it opens the site when it starts and closes it last."""
    register()
    path = (settings.data_dir / "log.db").absolute()
    return SiteApp(
        site, "fraud_guard", broker=f"embedded://{path}", datadir=str(settings.data_dir / "faust"),
        topic_partitions=settings.tags_partitions, topic_disable_leader=True, stream_wait_empty=False,
        stream_buffer_maxsize=16, broker_commit_interval=0.5, consumer_auto_offset_reset="earliest",
        topic_allow_declare=True, stream_recovery_delay=0.0,
    )  # fmt: skip


class SiteApp(QuietApp):
    """A Faust app that owns a site."""

    def __init__(self, site: Site, *args: Any, **options: Any) -> None:
        self.site = site
        super().__init__(*args, **options)

    async def on_first_start(self) -> None:
        """Open log, memory, truth and vault before anything is consumed."""
        log_where_nobody_said()
        self.site.open()
        cast(Transport, self.transport).on_assigned = self.site.on_assigned
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
