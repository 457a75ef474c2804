"""A Faust app that opens no port: no web server, no debug console, whatever the command line says.

Faust's own pages serve table contents without credentials, and `faust worker` overwrites the setting
that should switch them off.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.types import AppT
from mode import ServiceT

from fraud_guard.adapters.page_server import PageServer


class QuietBootStrategy(BootStrategy):
    """Starts the services of a worker without the web server."""

    enable_web = False


class QuietWorker(faust.Worker):
    """A worker whose `--debug` opens no console port; it also corrects the setting that the banner shows."""

    def __init__(self, app: AppT, *services: ServiceT, **options: Any) -> None:
        app.conf.web_enabled = False
        super().__init__(app, *services, **options)

    async def _add_monitor(self) -> Any:
        return None

    def _install_signal_handlers_unix(self) -> None:
        """As in mode, but SIGUSR1 prints no variables of the process and SIGUSR2 opens no debugger."""
        self.loop.add_signal_handler(signal.SIGINT, self._on_sigint)
        self.loop.add_signal_handler(signal.SIGTERM, self._on_sigterm)
        for unused in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(unused, signal.SIG_IGN)


class QuietApp(faust.App):
    """`faust.App` without any listening port but that of the pages it is given to show."""

    BootStrategy = QuietBootStrategy

    def __init__(self, *args: Any, **options: Any) -> None:
        self._pages: PageServer | None = None
        super().__init__(*args, **(options | {"web_enabled": False, "Worker": QuietWorker}))

    def show(self, pages: PageServer) -> None:
        """Serve these until `show_no_more`. Raises ConfigurationError when their address cannot be had."""
        pages.start()
        self._pages = pages

    def show_no_more(self) -> None:
        """Stop serving; harmless when nothing is shown."""
        if self._pages is not None:
            self._pages.close()

    async def every(self, interval_s: float, act: Callable[[], object]) -> None:
        """Call `act` again and again until the app stops."""
        while not self.should_stop:
            done = act()
            if isinstance(done, Awaitable):
                await done
            await asyncio.sleep(interval_s)
