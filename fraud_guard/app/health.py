"""What a worker answers at FG_HEALTH_ADDRESS: whether it lives, whether it is ready, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from fraud_guard import __version__
from fraud_guard.adapters.page_server import Page, PageServer
from fraud_guard.app.metrics import REGISTRY, Exposed, Figures
from fraud_guard.app.observer import Observer
from fraud_guard.app.site import Site

STANDS_S = 60.0
"""A loop that has not turned for so long hangs; calls that wait for a server give up long before."""
BEAT_S = 1.0


class Health:
    """The pages of one worker. `beat` is called from its loop every BEAT_S; `unready` says why it is not ready, "" when it is; `note` follows "ready"."""

    def __init__(self, unready: Callable[[], str], figures: Callable[[], Figures], note: Callable[[], str] = str) -> None:
        self._unready, self._figures, self._note = unready, figures, note
        self._beat_s = time.monotonic()

    def server(self, address: str) -> PageServer:
        """The server of the pages, not started."""
        return PageServer(address, {"/healthz": self.alive, "/readyz": self.ready, "/metrics": self.metrics})

    def beat(self) -> None:
        """The loop turns."""
        self._beat_s = time.monotonic()

    def alive(self) -> Page:
        """503 when the loop stands."""
        stands_s = time.monotonic() - self._beat_s
        return Page(200, b"ok\n") if stands_s < STANDS_S else Page(503, f"the loop has stood for {stands_s:.0f} s\n".encode())

    def ready(self) -> Page:
        """503 with the reason until it works on what comes in, and again when it stops."""
        why = self._unready()
        return Page(503, f"{why}\n".encode()) if why else Page(200, f"ready{self._note()}\n".encode())

    def metrics(self) -> Page:
        """All metrics in Prometheus' text format."""
        own = CollectorRegistry()
        own.register(Exposed({**self._figures(), "fraud_guard_ready": {(): not self._unready()}, "fraud_guard_build_info": {(__version__,): 1}}))
        return Page(200, generate_latest(REGISTRY) + generate_latest(own), CONTENT_TYPE_LATEST)


def site_health(site: Site, observer: Observer) -> Health:
    """The pages of a stream worker."""
    return Health(partial(not_ready, site), partial(_figures, site, observer), partial(_degraded, site))


def _figures(site: Site, observer: Observer) -> Figures:
    return {
        **observer.figures, "fraud_guard_waiting": {(): bool(site.waits.words())},
        "fraud_guard_recovery_remaining_records": {(): recovery_left(site)},
    }  # fmt: skip


def not_ready(site: Site) -> str:
    """Why the site does not score what comes in; empty when it does."""
    if site.stopping:
        return "stopping"
    if why := site.waits.words():
        return why
    if not site.is_open:
        return "opening"
    if not site.holds:
        return "waiting for a share of the partitions"
    left = recovery_left(site)
    return f"recovering, {left:,} left" if left else ""


def recovery_left(site: Site) -> int:
    """Records of the log between the scorers and the ends that they found."""
    ends = site.recovery_ends
    return sum(max(0, ends.get(p, 0) - one.next_offset) for p, one in list(site.scorers.items()))


def _degraded(site: Site) -> str:
    mode = max((one.memory.journal.mode for one in list(site.scorers.values())), default=0)
    return f", degraded (step {mode})" if mode else ""
