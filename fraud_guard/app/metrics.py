"""Metrics: every name that a worker tells Prometheus stands in one table, which is also `docs/metrics.md`.

No label holds a number, a token or anything else about a person. What a worker counts anyway is read from it when it
is observed (`app.observer`); here are only the few that are counted as they happen, once a chunk or an alert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

STAGES = ("door", "decide", "store", "checkpoint", "relay", "dissect")
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Row(NamedTuple):
    """One metric: its kind, its unit, its labels and what it says."""

    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    meaning: str


TABLE: Mapping[str, Row] = {
    "fraud_guard_ready": Row("gauge", "0 or 1", (), "1 while `/readyz` answers 200"),
    "fraud_guard_waiting": Row("gauge", "0 or 1", (), "1 while the worker waits for a server that it cannot reach"),
    "fraud_guard_recovery_remaining_records": Row("gauge", "records", (), "records of the log between the scorers and where its end was when the worker got its partitions"),
    "fraud_guard_conservation_tags": Row("gauge", "tags", ("place",), "every tag since the site began, by where it went: `accepted` = `scored` + `duplicate` + `dead_letter` + those in flight. Summed over the workers; a remainder while nothing lags is a loss, a negative one was appended twice around a crash"),
    "fraud_guard_gap_records": Row("gauge", "records", ("topic",), "records that a topic no longer held when they were to be read: of `tags` those that an operator let go (`FG_ACCEPT_GAP`), of an inlet those that this worker found missing when it became its door"),
    "fraud_guard_tags_accepted_total": Row("counter", "records", (), "raw records that the door of this worker took up since it started"),
    "fraud_guard_tags_decided_total": Row("counter", "tags", ("outcome",), "tags that this worker decided since it started (again after a recovery): `scored`, `duplicate`, `dead` (an id used twice), `failed` (a defect)"),
    "fraud_guard_tags_late_total": Row("counter", "tags", (), "scored tags that came behind the watermark"),
    "fraud_guard_lag_records": Row("gauge", "records", ("topic", "partition"), "records that wait: of an inlet for the door, of `tags` for the scorer, of `apk.submitted` for `apk work` since its first file. A record of `tags` holds up to 1,000 tags"),
    "fraud_guard_stage_seconds": Row("histogram", "seconds", ("stage",), "time that a stage took for a chunk: `door`, `decide`, `store` (effects into truth), `checkpoint`, `relay` (a round of the outbox), `dissect` (one APK file)"),
    "fraud_guard_degraded_mode": Row("gauge", "step", ("partition",), "what a worker that lags behind leaves out (`FG_DEGRADE_MS`): 0 nothing, 1 the reasons of the model that change no level, 2 also the model on people of whom no rule speaks. Rules never"),
    "fraud_guard_checkpoint_age_seconds": Row("gauge", "seconds", ("partition",), "since memory was last stored, or found unchanged"),
    "fraud_guard_outbox_messages": Row("gauge", "messages", ("state",), "messages in the outbox: `waiting`, or `failed` and set aside for a person"),
    "fraud_guard_outbox_oldest_seconds": Row("gauge", "seconds", (), "age of the oldest message that waits; 0 when none does"),
    "fraud_guard_deliveries_total": Row("counter", "messages", ("result",), "attempts of this worker's relay: `delivered`, `failed` (comes again), `set_aside`, `lease_lost`"),
    "fraud_guard_alert_changes_total": Row("counter", "changes", ("change", "level"), "changes of alerts that this worker stored, by the level they led to"),
    "fraud_guard_orders_issued_total": Row("counter", "orders", ("level",), "orders that this worker stored as issued"),
    "fraud_guard_dead_letters": Row("gauge", "letters", ("reason",), "dead letters since the site began, those that were replayed among them"),
    "fraud_guard_apk_files_total": Row("counter", "files", ("result",), "submissions that this `apk work` is done with: told as `benign`, `suspicious` or `malicious`, of these from a kept report (`known`); `refused` for what is no submission, `lost` without the sample"),
    "fraud_guard_rules_generation_info": Row("gauge", "partitions", ("generation",), "how many partitions of this worker decide by this generation of rules and models"),
    "fraud_guard_build_info": Row("gauge", "always 1", ("version",), "the version that runs"),
    "process_cpu_seconds_total": Row("counter", "seconds", (), "CPU time of the worker's process"),
    "process_resident_memory_bytes": Row("gauge", "bytes", (), "memory of the worker's process"),
    "process_virtual_memory_bytes": Row("gauge", "bytes", (), "address space of the worker's process"),
    "process_start_time_seconds": Row("gauge", "seconds", (), "when the process started, Unix time"),
    "process_open_fds": Row("gauge", "files", (), "open files and sockets"),
    "process_max_fds": Row("gauge", "files", (), "how many it may open"),
}  # fmt: skip
"""Name: what it is. Nothing else is exposed (a histogram also as `_bucket`, `_sum` and `_count`)."""

Figures = Mapping[str, Mapping[tuple[str, ...], float]]
"""Metric: values by the values of its labels."""

REGISTRY = CollectorRegistry()
"""What is counted as it happens; one a process."""
ProcessCollector(registry=REGISTRY)
disable_created_metrics()  # type: ignore[no-untyped-call]
_STAGE_S = Histogram(
    "fraud_guard_stage_seconds", TABLE["fraud_guard_stage_seconds"].meaning, ("stage",), registry=REGISTRY, buckets=_BUCKETS_S
)
_TIMED = {stage: _STAGE_S.labels(stage) for stage in STAGES}
_CHANGES = Counter("fraud_guard_alert_changes", TABLE["fraud_guard_alert_changes_total"].meaning, ("change", "level"), registry=REGISTRY)
_ORDERS = Counter("fraud_guard_orders_issued", TABLE["fraud_guard_orders_issued_total"].meaning, ("level",), registry=REGISTRY)


def timed(stage: str) -> AbstractContextManager[object]:
    """Measure what a stage does with one chunk; `stage` is one of STAGES."""
    return _TIMED[stage].time()


def count_change(change: str, level: int) -> None:
    """A change of an alert was stored."""
    _CHANGES.labels(change, str(level)).inc()


def count_order(level: int) -> None:
    """An order was stored as issued."""
    _ORDERS.labels(str(level)).inc()


class Exposed(Collector):
    """Figures as Prometheus takes them; `figures` is asked at every scrape."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """One family a metric of the table that has figures."""
        for name, values in self._figures.items():
            row = TABLE[name]
            family = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
            metric = family(name, row.meaning, labels=row.labels)
            for labels, value in values.items():
                metric.add_metric(labels, value)
            yield metric
