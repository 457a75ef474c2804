"""Scorer, clocks and people at the same alert at the same moment, on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from fraud_guard.adapters.sql.truth import SqlTruth
from tests.histories import DESK, PARTITION, T0, closure, seen
from tests.servers import SQL, NewDatabase, empty_truth

ROUNDS = 15
Opened = Callable[[], SqlTruth]


@pytest.fixture(params=SQL)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens one and the same truth, as another process would."""
    place = empty_truth(request, request.param, tmp_path)
    with ExitStack() as stack:

        def make() -> SqlTruth:
            truth = SqlTruth.open(place, DESK, webhook=True)
            stack.callback(truth.close)
            return truth

        yield make


def test_several_may_open_an_empty_database(new_database: NewDatabase) -> None:
    """Workers that open an empty database at the same moment all get the same truth; one of them lays it out."""
    url, together = new_database(bare=True), Barrier(4)

    def open_it(_: int) -> int:
        together.wait(60)
        truth = SqlTruth.open(url, DESK)
        epoch = truth.take_epoch(PARTITION)
        truth.close()
        return epoch

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(open_it, range(4))) == [1, 2, 3, 4]


def refused(act: Callable[[], object]) -> None:
    """Do it, unless it is no longer possible."""
    try:
        act()
    except ValueError:
        return


def test_nobody_waits_in_a_circle(opened: Opened) -> None:
    """Evidence, deadlines, acceptances, closures and levels set by hand at one alert at once: each is done or refused, never given up."""
    scorer, clocks, station, chief = opened(), opened(), opened(), opened()
    epoch = scorer.take_epoch(PARTITION)
    scorer.apply(PARTITION, epoch, 0, [seen(level=3, position=0)])
    (alert,) = scorer.alerts()

    def evidence() -> None:
        for n in range(1, ROUNDS):
            scorer.apply(PARTITION, epoch, n, [seen("evidence", 3, position=n, ts_ms=T0 + n)])

    def strike() -> None:
        for n in range(ROUNDS):
            for clock in clocks.due_clocks(T0 + n * 300_000):
                clocks.strike(clock, T0 + n * 300_000)

    def answer() -> None:
        for n in range(ROUNDS):
            for order in station.orders(limit=3):
                refused(lambda o=order.order_id, n=n: station.accept(o, "王警官", T0 + n))  # type: ignore[misc]
        refused(lambda: station.close_order(closure(station.orders()[-1].order_id)))

    def set_level() -> None:
        for n in range(ROUNDS):
            chief.set_level(alert.alert_id, 1 + n % 3, "值班长", "核实", T0 + n)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(act) for act in (evidence, strike, answer, set_level)]:
            done.result()
    (after,) = scorer.alerts()
    assert [c.seq for c in sorted(scorer.changes(alert.alert_id), key=lambda c: c.seq)] == list(range(after.seq + 1))
