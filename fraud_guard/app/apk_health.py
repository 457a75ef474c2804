"""What an APK worker answers at FG_HEALTH_ADDRESS."""

from __future__ import annotations

from functools import partial

from fraud_guard.app.apk_site import ApkSite
from fraud_guard.app.health import Health
from fraud_guard.app.metrics import Figures


def apk_health(site: ApkSite) -> Health:
    """The pages of this worker."""
    return Health(partial(_not_ready, site), partial(_figures, site))


def _not_ready(site: ApkSite) -> str:
    if site.stopping:
        return "stopping"
    return site.waits.words() or ("" if site.is_open else "opening")


def _figures(site: ApkSite) -> Figures:
    counts = dict(site.desk.counts) if site.is_open else {}
    return {
        "fraud_guard_waiting": {(): bool(site.waits.words())},
        "fraud_guard_apk_files_total": {(result,): count for result, count in counts.items()},
        "fraud_guard_lag_records": {(site.topic, str(p)): waiting for p, waiting in site.lag.items()},
    }
