"""Servers that cannot be reached: what the worker waits for now, said once and then once a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from fraud_guard.errors import DependencyError

log = structlog.get_logger()
SAID_AGAIN_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


class Waits:
    """Several tasks may wait for one server; `now_s` is a clock in seconds that never goes back."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._waiting: dict[object, str] = {}
        self._said_s: dict[str, float] = {}

    def begin(self, who: object, away: DependencyError) -> None:
        """`who` waits because of this; may be called again at each attempt."""
        self._waiting[who] = str(away)
        server, now_s = _server(str(away)), self._now_s()
        if now_s - self._said_s.get(server, -SAID_AGAIN_S) >= SAID_AGAIN_S:
            self._said_s[server] = now_s
            log.warning("waiting", why=str(away))

    def end(self, who: object) -> None:
        """`who` waits no longer; harmless when it did not."""
        why = self._waiting.pop(who, None)
        if why is None or _server(why) in map(_server, list(self._waiting.values())):
            return
        if self._said_s.pop(_server(why), None) is not None:
            log.warning("reached", server=_server(why))

    async def outwait(self, who: object, act: Callable[[], Any], stopping: Callable[[], bool]) -> bool:
        """Do it; while a server is away do it again later. False: stopped meanwhile. Raises whatever else `act` raises."""
        wait_s = FIRST_WAIT_S
        while not stopping():
            try:
                done = act()
                if asyncio.iscoroutine(done):
                    await done
            except DependencyError as away:
                self.begin(who, away)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            else:
                self.end(who)
                return True
        return False

    def words(self) -> str:
        """`waiting for …`, or nothing."""
        whys = sorted(set(self._waiting.copy().values()))
        return f"waiting for {'; '.join(whys)}" if whys else ""


def _server(why: str) -> str:
    """Errors begin with the name of what is away: `kafka host:port: …`, `redis://host: …`."""
    name, _, rest = why.partition(" ")
    return f"{name} {rest.partition(' ')[0]}".rstrip(":") if name == "kafka" else name.rstrip(":")
