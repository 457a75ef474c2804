"""What a worker answers at FG_HEALTH_ADDRESS: whether it lives, whether it is ready, and its metrics."""

from __future__ import annotations

import time

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
    """The pages of one site. `beat` is called from the worker's loop every BEAT_S."""

    def __init__(self, site: Site, observer: Observer) -> None:
        self._site, self._observer = site, observer
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
        """503 with the reason until it scores what comes in, and again when it stops."""
        why = not_ready(self._site)
        return Page(503, f"{why}\n".encode()) if why else Page(200, f"ready{_degraded(self._site)}\n".encode())

    def metrics(self) -> Page:
        """All metrics in Prometheus' text format."""
        own = CollectorRegistry()
        own.register(Exposed({**self._observer.figures, **self._now()}))
        return Page(200, generate_latest(REGISTRY) + generate_latest(own), CONTENT_TYPE_LATEST)

    def _now(self) -> Figures:
        site = self._site
        return {
            "fraud_guard_ready": {(): not not_ready(site)},
            "fraud_guard_waiting": {(): bool(site.waits.words())},
            "fraud_guard_recovery_remaining_records": {(): recovery_left(site)},
            "fraud_guard_build_info": {(__version__,): 1},
        }


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
