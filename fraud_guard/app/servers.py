"""The servers behind a site: whether they answer, and the patience of a worker that starts before they do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from fraud_guard.app.settings import Settings
from fraud_guard.app.site import Site
from fraud_guard.app.stores import kafka_access, open_memory, truth_place
from fraud_guard.errors import DependencyError

Probe = Callable[[], str]
"""Asks one server once; returns what it found. Raises DependencyError (try again) or ConfigurationError (never)."""


def probes(settings: Settings) -> Mapping[str, Probe]:
    """The servers that the settings name, and how to ask each whether it will have this worker."""
    found: dict[str, Probe] = {}
    if settings.kafka is not None:
        found["log"] = lambda: _kafka(settings, settings.kafka or "")
    if settings.truth_url is not None:
        found["truth"] = lambda: _postgresql(settings)
    if settings.memory_url is not None:
        found["memory"] = lambda: _memory(settings)
    return found


async def open_when_reachable(site: Site) -> bool:
    """Open the site, waiting for its servers as long as it takes; False: it was stopped meanwhile.

    Raises ConfigurationError, IntegrityError, and without servers DependencyError.
    """
    asked, waits = probes(site.settings), site.waits

    def stopping() -> bool:
        return site.stopping

    await asyncio.gather(*(waits.outwait(name, partial(_in_thread, probe), stopping) for name, probe in asked.items()))
    if asked:
        return await waits.outwait(site, partial(_open, site), stopping)
    if stopping():
        return False
    _open(site)
    return True


def _open(site: Site) -> None:
    try:
        site.open()
    except DependencyError:
        site.abandon()
        raise


async def _in_thread(probe: Probe) -> str:
    """What the probe says. Its thread does not keep the process alive: a server may take long not to answer."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(found: str | BaseException) -> None:
        if answer.done():
            return
        if isinstance(found, BaseException):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: str | BaseException
        try:
            found = probe()
        except Exception as error:  # noqa: BLE001  handed to who waits for it
            found = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="probe", daemon=True).start()
    return await answer


def _kafka(settings: Settings, servers: str) -> str:
    from fraud_guard.adapters.kafka.reach import reach  # noqa: PLC0415  the driver, which files do without

    reach(servers, kafka_access(settings))
    return f"log in Kafka {servers}"


def _postgresql(settings: Settings) -> str:
    from fraud_guard.adapters.sql.engine import server_version  # noqa: PLC0415

    return f"truth in PostgreSQL {server_version(str(truth_place(settings)))}"


def _memory(settings: Settings) -> str:
    store = open_memory(settings)
    try:
        store.load("doctor-0")
    finally:
        store.close()
    return "memory answers, and drops nothing"
