"""A few read-only pages over HTTP, from a thread of their own: they answer also while the worker's loop is busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from aiohttp import web

from fraud_guard.errors import ConfigurationError

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "fraud-guard"}
_GRACE_S = 1.0


class Page(NamedTuple):
    """An answer: status, text and its media type with the charset."""

    status: int
    text: bytes
    media_type: str = "text/plain; charset=utf-8"


class PageServer:
    """Serves `pages` (path: what makes the page) at `address`, host:port. The makers are called in the server's thread."""

    def __init__(self, address: str, pages: Mapping[str, Callable[[], Page]]) -> None:
        host, _, port = address.rpartition(":")
        self.address, self._host, self._port = address, host.strip("[]"), int(port)
        self._pages = pages
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pages", daemon=True)

    def start(self) -> None:
        """Listen. Raises ConfigurationError when the address cannot be had."""
        self._thread.start()
        try:
            self._call(self._serve())
        except (OSError, OverflowError) as error:
            self.close()
            raise ConfigurationError(
                f"health_address {self.address}: {error}; free it or set FG_HEALTH_ADDRESS to another host:port of this machine"
            ) from None

    def close(self) -> None:
        """Stop listening; harmless when it was closed."""
        if self._thread.is_alive():
            self._call(self._runner.cleanup())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=0)
        app.on_response_prepare.append(_make_safe)
        app.add_routes([web.get(path, partial(_answer, make)) for path, make in self._pages.items()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    def _call(self, act: Awaitable[None]) -> None:
        asyncio.run_coroutine_threadsafe(_awaited(act), self._loop).result()


async def _awaited(act: Awaitable[None]) -> None:
    await act


async def _answer(make: Callable[[], Page], _: web.Request) -> web.StreamResponse:
    page = make()
    return web.Response(status=page.status, body=page.text, headers={"Content-Type": page.media_type})


async def _make_safe(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SAFE)
