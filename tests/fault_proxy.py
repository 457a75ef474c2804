"""A TCP proxy that misbehaves on demand: slow, silent, half closed, resetting, or one byte a second.

It runs on a loop of its own thread. What is held back by a silent or slow line arrives when the fault is over, as it
would after retransmission; what was reset or half closed stays so.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

LATENCY_S = 0.25
TRICKLE_S = 1.0
CHUNK_BYTES = 65_536
_RESET = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What the line does."""

    NONE = "none"
    LATENCY = "latency"
    RESET = "reset"
    HALF_CLOSE = "half-close"
    BLACK_HOLE = "black hole"
    TRICKLE = "1 byte/s"


class Link(NamedTuple):
    """One connection: to who called, and to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter


class FaultProxy:
    """Listens on 127.0.0.1:`port` and talks to 127.0.0.1:`target`, until `close`."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._fault = Fault.NONE
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def be(self, fault: Fault) -> None:
        """From now on the line does this, also to the connections that are there."""
        self._soon(lambda: self._change(fault))

    def close(self) -> None:
        """Reset everything and stop listening."""
        self._soon(lambda: self._change(Fault.RESET))
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _soon(self, act: Callable[[], None]) -> None:
        async def call() -> None:
            act()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    async def _open(self) -> None:
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def _shut(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _change(self, fault: Fault) -> None:
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        for link in list(self._links):
            self._strike(link)

    def _strike(self, link: Link) -> None:
        if self._fault == Fault.RESET:
            _reset(link.client)
            _reset(link.server)
        elif self._fault == Fault.HALF_CLOSE and not link.client.is_closing():
            with suppress(OSError):
                link.client.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._fault == Fault.RESET:
            _reset(client)
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(client)
            return
        link = Link(client, server)
        self._links.add(link)
        self._strike(link)
        await asyncio.gather(self._pump(reader, server), self._pump(answers, client))
        self._links.discard(link)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(CHUNK_BYTES):
                await self._pass(data, writer)
        writer.close()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._fault == Fault.LATENCY:
            await asyncio.sleep(LATENCY_S)
        while self._fault == Fault.BLACK_HOLE:
            await self._changed.wait()
        while data and self._fault == Fault.TRICKLE:
            writer.write(data[:1])
            data = data[1:]
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), TRICKLE_S)
        if data and writer.can_write_eof() and not _ended(writer):
            writer.write(data)
            await writer.drain()


def _ended(writer: asyncio.StreamWriter) -> bool:
    """Whether our side of it was closed: what still comes is swallowed."""
    return writer.is_closing() or bool(getattr(writer.transport, "_eof", False))


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
