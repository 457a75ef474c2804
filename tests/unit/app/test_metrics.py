"""The table of metrics and what is exposed."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from fraud_guard.app.metrics import REGISTRY, STAGES, TABLE, Exposed, count_change, count_order, timed
from tests.scrape import samples

PERSONAL = {"subject", "token", "peer", "number", "alert_id", "order_id", "station", "station_id", "area", "officer"}


def test_what_is_counted_as_it_happens_stands_in_the_table() -> None:
    """Every name of the process's registry is documented, with its kind and its labels."""
    count_change("raised", 2)
    count_order(1)
    for stage in STAGES:
        with timed(stage):
            pass
    for family in REGISTRY.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert TABLE[name].kind == family.type
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(TABLE[name].labels), sample


@pytest.mark.parametrize("name", TABLE)
def test_a_metric_is_named_well_and_says_nothing_about_people(name: str) -> None:
    """Counters end in `_total`, and no label is about a person, a number or a station."""
    row = TABLE[name]
    assert name.endswith("_total") == (row.kind == "counter")
    assert not PERSONAL & set(row.labels)
    assert row.meaning and row.unit


def test_figures_come_out_as_they_went_in() -> None:
    """What an observer found can be read back by Prometheus' own parser."""
    figures = {
        "fraud_guard_lag_records": {("tags", "0"): 3, ("tags.mixed", "0"): 0},
        "fraud_guard_tags_decided_total": {("scored",): 5.0},
        "fraud_guard_ready": {(): True},
    }
    registry = CollectorRegistry()
    registry.register(Exposed(figures))
    assert samples(generate_latest(registry).decode()) == {
        ("fraud_guard_lag_records", "0", "tags"): 3, ("fraud_guard_lag_records", "0", "tags.mixed"): 0,
        ("fraud_guard_tags_decided_total", "scored"): 5, ("fraud_guard_ready",): 1,
    }  # fmt: skip
