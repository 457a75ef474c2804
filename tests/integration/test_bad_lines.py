"""Lines between a worker and its servers that are slow, silent, half closed, broken or drip: it stalls, says so, and tells the same in the end."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from fraud_guard.testing import lines_of
from tests.fault_proxy import Fault
from tests.integration import live
from tests.integration.actors import Actors, undisturbed
from tests.integration.history import complaints
from tests.integration.test_seeded_kills import city
from tests.servers import needs_apache_kafka

pytestmark = [pytest.mark.service, pytest.mark.timeout(0), pytest.mark.usefixtures(needs_apache_kafka.__name__)]  # `Actors.until` sees what is stuck
SERVICES = ("kafka", "memory_url", "truth_url")
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
SOME = [
    ("kafka", Fault.RESET), ("memory_url", Fault.BLACK_HOLE), ("truth_url", Fault.HALF_CLOSE), ("kafka", Fault.BLACK_HOLE),
    ("memory_url", Fault.TRICKLE), ("truth_url", Fault.LATENCY),
]  # fmt: skip
"""Each fault, each service twice."""


def told_over(folder: Path, tags: Path, lines: list[tuple[str, Fault]]) -> None:
    """Feed the tags in as many pieces as there are bad lines, each while its line is bad; compare."""
    records = lines_of(tags)
    piece = len(records) // (len(lines) + 1) + 1
    tables = {"subjects": tags.parent / "subjects.csv", "stations": tags.parent / "stations.csv"}
    with Actors(folder, ("one",), proxied=True, **tables) as actors:
        actors.feed(records[:piece])
        actors.until(actors.all_scored)
        for number, (service, fault) in enumerate(lines, 1):
            go_through(actors, service, fault, records[number * piece : (number + 1) * piece])
        assert actors.ended == [], actors.words()
        actors.stop()
        told = live.told(folder / "one", **actors.settings)
    expected = undisturbed(folder / "alone", tags, **tables)
    assert len(expected["orders"]) > 5, "the tags say too little"
    assert complaints(told, expected) == []


def go_through(actors: Actors, service: str, fault: Fault, records: list[bytes]) -> None:
    """The line gets bad while tags come in; the worker notices or copes; the line is mended."""
    proxy, silent = actors.proxies[service], len(actors.workers["one"].words())
    proxy.be(fault)
    actors.feed(records)
    actors.until(lambda: actors.all_scored() or len(actors.workers["one"].words()) > silent)
    proxy.be(Fault.NONE)
    actors.until(actors.all_scored)


def test_some_bad_lines(tmp_path: Path) -> None:
    """One worker lives through every kind of bad line, to each of its servers; it tells what an undisturbed one tells."""
    tags = city(tmp_path / "city", "--people", "200", "--days", "1", "--seed", "7", "--prior", "teaching")
    told_over(tmp_path, tags, SOME)


@pytest.mark.soak
def test_all_bad_lines(tmp_path: Path) -> None:
    """Every fault at every service."""
    tags = city(tmp_path / "city", "--people", "400", "--days", "1", "--seed", "7", "--prior", "teaching")
    told_over(tmp_path, tags, list(product(SERVICES, FAULTS)))
